"""What every test may ask for: a browser where one is installed, and quiet neighbours."""

import os

import pytest
from django.core.cache import cache

from mlclub.supervisor import browser as chromium

# Playwright's synchronous API runs an event loop in the thread that also talks to the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

WITHOUT_BROWSER = "no Chromium was found (`./run test` installs one where it may)"


def pytest_collection_modifyitems(items):
    if chromium.find() or os.environ.get("CI") == "true":
        return  # in continuous integration a missing browser fails the tests that need it
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=WITHOUT_BROWSER))


def pytest_terminal_summary(terminalreporter):
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if WITHOUT_BROWSER in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} browser tests were skipped: {WITHOUT_BROWSER}.", yellow=True
        )


@pytest.fixture(autouse=True)
def empty_cache():
    """Rate limits and cached pages of one test are nothing to the next."""
    cache.clear()


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()


@pytest.fixture(scope="session")
def browser():
    """Chromium, started once for the run."""
    from playwright.sync_api import sync_playwright

    path = chromium.find()
    assert path, WITHOUT_BROWSER
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser):
    """A fresh page, which fails the test if a script or the content policy complained."""
    context = browser.new_context(reduced_motion="reduce")
    tab = context.new_page()
    complaints = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on(
        "console",
        lambda message: complaints.append(message.text) if "Content Security" in message.text else None,
    )
    yield tab
    context.close()
    assert complaints == []
