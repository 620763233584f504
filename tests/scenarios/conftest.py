from tests.members.conftest import smtp  # noqa: F401
