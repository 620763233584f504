"""The box in the masthead, as somebody with a keyboard, a finger or no script uses it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.factories import make_member, make_page
from tests.factories.members import make_club, make_term
from tests.factories.projects import make_initiative

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def signed_in(client, live_server, transactional_db):
    """Puts a member's session into a tab, in a club with a page and a project on estuaries."""
    make_club()
    make_term()
    make_page(path="Basics/Estuary models", text="How a river meets the sea.\n")
    make_initiative(name="Estuary gauges")
    client.force_login(make_member(), backend="allauth.account.auth_backends.AuthenticationBackend")

    def signed_in(tab, size=(1280, 800)):
        tab.set_viewport_size({"width": size[0], "height": size[1]})
        tab.context.add_cookies(
            [{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}]
        )
        return tab

    return signed_in


def test_a_keyboard_is_enough(page, live_server, signed_in):
    tab = signed_in(page)
    tab.goto(live_server.url + reverse("wiki:page_wanted"))
    tab.keyboard.press("/")
    box = tab.locator("#q")
    assert box.evaluate("box => box === document.activeElement")
    assert (box.get_attribute("role"), box.get_attribute("aria-expanded")) == ("combobox", "false")
    tab.keyboard.type("estua")
    tab.get_by_role("option").first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    assert tab.get_by_role("option").count() == 2
    tab.keyboard.press("ArrowDown")
    chosen = tab.locator(f"#{box.get_attribute('aria-activedescendant')}")
    assert chosen.get_attribute("aria-selected") == "true"
    tab.keyboard.press("ArrowUp")
    assert box.get_attribute("aria-activedescendant") is None
    tab.keyboard.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    assert box.input_value() == "estua", "the first Escape closes the list alone"
    tab.keyboard.press("ArrowDown")
    tab.get_by_role("option", name="Estuary models").wait_for()
    while "Estuary models" not in (tab.locator("[aria-selected=true]").all_inner_texts() or [""])[0]:
        tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Estuary models").wait_for()


def test_enter_without_a_choice_searches_everything(page, live_server, signed_in):
    tab = signed_in(page)
    tab.goto(live_server.url + reverse("wiki:page_wanted"))
    tab.keyboard.press("/")
    tab.keyboard.type("estuary")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search/?q=estuary")


def test_a_finger_opens_what_it_touches(browser, live_server, signed_in):
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})
    tab = signed_in(context.new_page(), size=(360, 740))
    tab.goto(live_server.url + reverse("portal:search"))
    tab.locator("#query").press_sequentially("estua")
    tab.get_by_role("option", name="Estuary gauges").tap()
    tab.get_by_role("heading", name="Estuary gauges").wait_for()
    context.close()


def test_whoever_types_fast_asks_once(page, live_server, signed_in):
    tab = signed_in(page)
    asked = []
    tab.on("request", lambda request: asked.append(request.url) if "/suggest/" in request.url else None)
    tab.goto(live_server.url + reverse("portal:search"))
    tab.locator("#query").press_sequentially("estuary", delay=5)
    tab.get_by_role("option").first.wait_for()
    assert len(asked) == 1


def test_without_scripts_the_form_does_all(browser, live_server, signed_in):
    context = browser.new_context(java_script_enabled=False)
    tab = signed_in(context.new_page())
    tab.goto(live_server.url + reverse("wiki:page_front"))
    assert tab.locator("[role=combobox]").count() == 0
    tab.locator("#wiki-q").fill("estuary mdels")
    tab.get_by_role("button", name="Search").last.click()
    assert tab.get_by_role("link", name="Estuary models").is_visible()
    context.close()
