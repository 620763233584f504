import os
from pathlib import Path

import pytest

from tests.factories.members import make_club, make_new_member, make_officer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.ui.specimens"),
]

# Where the pictures go, for a person to look at; nowhere unless asked.
PICTURES = os.environ.get("LOOK_AT")


def too_wide(page):
    """What stands out of the window to the right: empty when nothing scrolls sideways."""
    return page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
          .filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
          .map((part) => part.outerHTML.slice(0, 100)).slice(0, 8)"""
    )


def open_page(browser, live_server, path, *, width, theme="light", client=None, javascript=True):
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=javascript
    )
    if client is not None:
        cookie = client.cookies["session"]
        context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.complaints = []
    page.on(
        "console",
        lambda said: page.complaints.append(f"{said.text} {said.location}") if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{live_server.url}{path}", wait_until="networkidle")
    if PICTURES:
        name = path.strip("/").replace("/", "-").replace("?", "-") or "front"
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{theme}.png", full_page=True)
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1280])
def test_every_component_fits_without_sideways_scroll_or_complaint(
    browser, live_server, client, width, theme
):
    make_club()
    client.force_login(make_officer(name="Inés Kaldor"))
    for path in ["/specimens/", "/specimens/?errors=1&messages=1"]:
        page = open_page(browser, live_server, path, width=width, theme=theme, client=client)

        assert too_wide(page) == []
        assert page.complaints == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nowhere/"]
)
def test_the_pages_for_strangers_fit(browser, live_server, path, width):
    make_club()
    for theme in ["light", "dark"]:
        page = open_page(browser, live_server, path, width=width, theme=theme)

        assert too_wide(page) == []
        assert [said for said in page.complaints if "404" not in said] == []


def test_the_summary_of_errors_takes_the_focus_without_javascript(browser, live_server, client):
    make_club()
    page = open_page(browser, live_server, "/specimens/?errors=1", width=1280, javascript=False)

    assert page.locator(".error-summary").evaluate("box => box === document.activeElement")


def test_slash_goes_to_the_search_box_and_the_theme_changes_at_once(browser, live_server, client):
    make_club()
    client.force_login(make_new_member(name="Inés Kaldor"))
    page = open_page(browser, live_server, "/specimens/", width=1280, client=client)

    page.locator("summary", has_text="Inés Kaldor: your menu").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark", exact=True).click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    if page.locator("[data-search-key]").count():
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "q"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_admin_wears_our_colours_and_keeps_to_the_policy(browser, live_server, client, theme):
    make_club()
    officer = make_officer(name="Inés Kaldor")
    client.force_login(officer)
    for path in ["/admin/", "/admin/members/user/", f"/admin/members/user/{officer.pk}/change/"]:
        page = open_page(browser, live_server, path, width=1280, theme=theme, client=client)

        assert page.title()
        assert page.complaints == []
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 22, 29)"}[theme]


def test_long_names_leave_room_in_the_masthead(browser, live_server, client):
    make_club(
        name="The Society for Learning Machines and Other Animals", programme_name="New-member programme"
    )
    client.force_login(make_officer(name="Inés Kaldor"))
    page = open_page(browser, live_server, "/specimens/", width=1024, client=client)

    assert too_wide(page) == []
    assert page.locator(".masthead-row").bounding_box()["height"] < 70
