"""What every test may ask for: a browser where one is installed, and quiet neighbours."""

import os

import pytest
from django.core.cache import cache
from django.db import connection

from mlclub.supervisor import boxes
from mlclub.supervisor import browser as chromium
from tests.plugin import TEMPLATE

# Playwright's synchronous API runs an event loop in the thread that also talks to the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

WITHOUT_BROWSER = "no Chromium was found (`./run test` installs one where it may)"
WITHOUT_BOX = "no boxes here: "


def pytest_collection_modifyitems(items):
    _skip_boxes([item for item in items if item.get_closest_marker("sandbox")])
    if chromium.find() or os.environ.get("CI") == "true":
        return  # in continuous integration a missing browser fails the tests that need it
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=WITHOUT_BROWSER))


def _skip_boxes(items):
    """Where the machine refuses namespaces, tests of the box are skipped, and the summary says so. Where it permits
    them and bubblewrap is missing, they fail in continuous integration: there nobody reads a summary."""
    if not items:
        return
    reason = boxes.why_none()
    if not reason or (os.environ.get("CI") == "true" and boxes.permits_namespaces()):
        return
    for item in items:
        item.add_marker(pytest.mark.skip(reason=WITHOUT_BOX + reason))


def pytest_terminal_summary(terminalreporter):
    boxless = [row for row in terminalreporter.stats.get("skipped", []) if WITHOUT_BOX in str(row.longrepr)]
    if boxless:
        terminalreporter.write_line(
            f"{len(boxless)} tests of the box that students' code runs in were skipped: {boxes.why_none()}",
            yellow=True,
        )
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if WITHOUT_BROWSER in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} browser tests were skipped: {WITHOUT_BROWSER}.", yellow=True
        )


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """A server of our own holds a migrated database: the tests' one is a copy of it."""
    if os.environ.get(TEMPLATE):
        connection.settings_dict["TEST"] |= {"TEMPLATE": os.environ[TEMPLATE], "MIGRATE": False}


@pytest.fixture(autouse=True)
def empty_cache():
    """Rate limits and cached pages of one test are nothing to the next."""
    cache.clear()


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()


@pytest.fixture(scope="session")
def chromium_of_the_run():
    """Chromium, started once for the run."""
    from playwright.sync_api import sync_playwright

    path = chromium.find()
    assert path, WITHOUT_BROWSER
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def browser(chromium_of_the_run):
    """Chromium, with nothing left open for the next test: a page that stays goes on asking the server."""
    yield chromium_of_the_run
    for context in chromium_of_the_run.contexts:
        context.close()


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
