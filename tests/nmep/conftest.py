import pytest


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Every test has an empty place for files."""
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path
