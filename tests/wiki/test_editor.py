"""The editor in a browser: completion, formulas, pictures, drafts, keys, and two people at once."""

import base64
import re

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests.access.world import png
from tests.factories import make_club, make_member, make_page, make_paper, make_post, make_revision
from wiki.models import Attachment, Page, Post, Revision

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def sign_in(page, live_server, person):
    client = Client()
    client.force_login(person)
    page.context.add_cookies(
        [{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}]
    )
    return page


@pytest.fixture
def writer(live_server, page):
    """A browser in which a member is signed in."""
    make_club()
    page.member = make_member(name="Ada Example")
    return sign_in(page, live_server, page.member)


def editor(live_server, browser_page, page):
    browser_page.goto(live_server.url + reverse("wiki:page_edit", args=[page.path]))
    return browser_page.locator("#id_text")


def at_end(text):
    text.focus()
    text.press("Control+End")


def test_two_brackets_offer_pages_which_keys_and_a_click_put_in(live_server, writer):
    make_page(path="Basics/Gradient descent")
    make_page(path="Basics/Gradient clipping")
    page = make_page(path="Basics/Adam", text="Words.\n")
    text = editor(live_server, writer, page)
    at_end(text)

    text.press_sequentially("See [[gra")
    options = writer.get_by_role("option")
    expect(options).to_have_count(2)
    box = writer.get_by_role("combobox", name=re.compile("^Text"))
    expect(box).to_have_attribute("aria-activedescendant", options.nth(0).get_attribute("id"))
    expect(writer.locator("[data-editor-status]")).to_contain_text("2 found")
    box.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(text).to_have_value("Words.\nSee [[Gradient descent]]")
    expect(options).to_have_count(0)
    text.press_sequentially(" and [[clip")
    writer.get_by_role("option", name="Gradient clipping").click()
    expect(text).to_have_value("Words.\nSee [[Gradient descent]] and [[Gradient clipping]]")
    expect(text).to_be_focused()
    text.press_sequentially(", [[grad")
    expect(options).to_have_count(2)
    text.press("Escape")
    expect(options).to_have_count(0)
    text.press("Control+z")


def test_an_at_offers_papers_in_a_sentence_and_in_brackets(live_server, writer):
    make_paper(title="Playing games", authors_text="Vo Mnih", year=2013)
    make_paper(title="Attention", authors_text="Ada Quill", year=2017)
    make_paper(title="Attention again", authors_text="Ada Quill", year=2019)
    page = make_page(path="Adam", text="Words.\n")
    text = editor(live_server, writer, page)
    at_end(text)

    text.press_sequentially("See @quill")
    options = writer.get_by_role("option")
    expect(options).to_have_count(2)
    box = writer.get_by_role("combobox", name=re.compile("^Text"))
    expect(box).to_have_attribute("aria-activedescendant", options.nth(0).get_attribute("id"))
    expect(writer.locator("[data-editor-status]")).to_contain_text("2 found")
    box.press("ArrowDown")
    box.press("Enter")
    expect(text).to_have_value("Words.\nSee @quill2019attention")
    text.press_sequentially(" and [@mnih")
    writer.get_by_role("option", name="Playing games").click()
    expect(text).to_be_focused()
    text.press_sequentially(", p. 3; @attention")
    expect(options).to_have_count(2)
    text.press("Tab")
    text.press_sequentially("].")
    expect(text).to_have_value(
        "Words.\nSee @quill2019attention and [@mnih2013playing, p. 3; @quill2019attention]."
    )
    expect(options).to_have_count(0)
    text.press("Control+Enter")
    expect(writer.locator("[data-editor-shown] a.cite")).to_have_count(3)
    # Over the rest of a key that stands there already.
    text.fill("See @quill2017attention.")
    text.evaluate("(area) => area.setSelectionRange(10, 10)")
    text.press_sequentially("2019")
    expect(options).to_have_count(1)
    text.press("Enter")
    expect(text).to_have_value("See @quill2019attention.")


def test_nothing_is_offered_in_code_in_addresses_and_in_words(live_server, writer):
    make_paper(title="Playing games", authors_text="Vo Mnih", year=2013)
    page = make_page(path="Adam", text="Words.\n")
    text = editor(live_server, writer, page)
    asked = []
    writer.on("request", lambda request: asked.append(request.url) if "?q=" in request.url else None)
    for typed in (
        "write to a@mnih",
        "x_@mnih",
        "https://example.org/@mnih",
        "\\@mnih",
        "in `@mnih",
        "in ``a ` @mnih",
        "```py\n@mnih",
        "> ~~~\n> @mnih",
        "- ```\n  @mnih",
        "$$\n@mnih",
        "Words.\n\n    @mnih",
        "```\n[[Ada",
    ):
        text.fill(typed)
        writer.wait_for_timeout(250)
        assert asked == [], typed
    for typed in (
        "Seen `here` by (@mnih",
        "```\ncode\n```\n$$\nx\n$$\n@mnih",
        "- A list\n\n    @mnih",
        "[-@mnih",
        "**@mnih",
    ):
        text.fill(typed)
        writer.get_by_role("option").wait_for()
        text.press("Escape")
        expect(writer.get_by_role("option")).to_have_count(0)


def test_a_formula_is_written_with_its_picture_beside_and_put_where_the_caret_was(live_server, writer):
    page = make_page(path="Adam", text="Words.\n")
    text = editor(live_server, writer, page)
    at_end(text)
    writer.get_by_role("button", name="Formula").click()
    dialog = writer.get_by_role("dialog", name="Insert a formula")
    dialog.get_by_role("button", name="Fraction").click()
    dialog.locator("math mfrac").wait_for()
    dialog.get_by_label("TeX").fill(r"\nonsense{x}")
    dialog.locator(".tex-error").wait_for()
    dialog.get_by_label("TeX").fill(r"x^2 + y")
    dialog.locator("math msup").wait_for()
    dialog.get_by_role("button", name="Insert", exact=True).click()
    expect(text).to_be_focused()
    expect(text).to_have_value("Words.\n$x^2 + y$")


def paste(text):
    text.evaluate(
        """(area, data) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const held = new DataTransfer();
          held.items.add(new File([bytes], "tide.png", { type: "image/png" }));
          area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true }));
        }""",
        base64.b64encode(png()).decode(),
    )


def test_a_pasted_picture_is_stored_and_asked_what_it_shows(live_server, writer):
    page = make_page(path="Adam", text="Words.\n")
    text = editor(live_server, writer, page)
    expect(writer.get_by_text("Add a picture")).to_be_hidden()
    at_end(text)
    paste(text)
    alt = writer.get_by_label("What does the picture show?")
    expect(alt).to_be_focused()
    alt.fill("The tide at noon")
    alt.press("Enter")
    expect(text).to_be_focused()
    assert text.input_value().startswith("Words.\n![The tide at noon](/wiki/files/")
    text.press("Control+s")
    writer.get_by_text("Your name stands in the history").wait_for()
    picture = writer.get_by_role("img", name="The tide at noon")
    assert picture.evaluate("(img) => img.naturalWidth") == 4


def test_what_was_typed_is_offered_again_after_a_crash_and_gone_once_it_is_saved(live_server, writer):
    page = make_page(path="Adam", text="Words.\n")
    other = make_page(path="Eve", text="Other.\n")
    text = editor(live_server, writer, page)
    at_end(text)
    text.press_sequentially("Half a thought")
    writer.wait_for_timeout(600)
    # The browser goes down: the leaving page is not even asked.
    writer.context.new_page().close()
    crashed = writer.context.new_page()
    writer.close(run_before_unload=False)
    make_revision(page=page, text="More words.\n", author=make_member())

    assert editor(live_server, crashed, other).input_value() == "Other.\n"
    expect(crashed.locator("[data-draft-offer]")).to_have_count(0)
    text = editor(live_server, crashed, page)
    expect(text).to_have_value("More words.\n")
    crashed.get_by_text("You wrote something here a moment ago that was not saved.").wait_for()
    crashed.get_by_role("button", name="Take it up again").click()
    expect(text).to_have_value("Words.\nHalf a thought")
    text.press("Control+s")

    crashed.get_by_text("Saved, together with what").wait_for()
    page.refresh_from_db()
    assert page.text == "More words.\nHalf a thought\n"
    editor(live_server, crashed, page)
    expect(crashed.locator("[data-draft-offer]")).to_have_count(0)


def test_a_session_that_ended_loses_no_word(live_server, writer):
    page = make_page(path="Adam", text="Words.\n")
    text = editor(live_server, writer, page)
    at_end(text)
    text.press_sequentially("Mine")
    writer.context.clear_cookies(name="session")
    text.press("Control+s")
    writer.wait_for_url("**/accounts/login/**")
    sign_in(writer, live_server, writer.member)
    writer.goto(live_server.url + page.get_absolute_url())

    text = editor(live_server, writer, page)
    writer.get_by_role("button", name="Take it up again").click()
    expect(text).to_have_value("Words.\nMine")


def test_whoever_leaves_with_unsaved_words_is_warned_and_whoever_saves_is_not(live_server, writer):
    page = make_page(path="Adam", text="Words.\n")
    asked = []
    writer.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    text = editor(live_server, writer, page)
    at_end(text)
    text.press_sequentially("More")
    text.press("Control+s")
    writer.get_by_text("Your name stands in the history").wait_for()
    assert asked == []
    text = editor(live_server, writer, page)
    text.press_sequentially("X")
    writer.goto(live_server.url + page.get_absolute_url())
    assert asked == ["beforeunload"]


def test_the_preview_follows_the_keys_and_leaves_the_caret_alone(live_server, writer):
    make_page(path="Basics/Eve")
    page = make_page(path="Basics/Adam", text="Words.\n")
    text = editor(live_server, writer, page)
    at_end(text)
    text.press("Control+Enter")
    shown = writer.locator("[data-editor-shown]")
    expect(shown).to_contain_text("Words.")
    text.press_sequentially("**Bold** $x^2$ [[Eve]]")
    expect(shown.locator("strong")).to_have_text("Bold")
    expect(shown.locator("a.wikilink:not(.missing)")).to_have_text("Eve")
    expect(text).to_be_focused()
    assert Revision.objects.filter(page=page).count() == 1


def test_two_browsers_edit_the_same_paragraph_and_both_edits_stand(live_server, writer, browser):
    page = make_page(path="Adam", text="Adam keeps a mean of teh gradients and of their sqares.\n")
    context = browser.new_context()
    try:
        second = sign_in(context.new_page(), live_server, make_member(name="Bo Example"))
        texts = [editor(live_server, each, page) for each in (writer, second)]
        texts[0].fill("Adam keeps a mean of the gradients and of their sqares.")
        texts[1].fill("Adam keeps a mean of teh gradients and of their squares.")
        writer.get_by_role("button", name="Save", exact=True).click()
        writer.get_by_text("Your name stands in the history").wait_for()
        second.get_by_role("button", name="Save", exact=True).click()
        second.get_by_text("Saved, together with what Ada Example changed meanwhile.").wait_for()
        expect(second.locator(".prose")).to_have_text(
            "Adam keeps a mean of the gradients and of their squares."
        )
    finally:
        context.close()
    assert set(Revision.objects.filter(page=page).values_list("author__name", flat=True)[:2]) == {
        "Ada Example",
        "Bo Example",
    }


def test_a_new_page_asks_while_its_name_is_typed_and_its_draft_goes_when_it_is_saved(live_server, writer):
    make_page(path="Basics/Gradient descent")
    writer.goto(live_server.url + reverse("wiki:page_create"))
    writer.get_by_label("Name").press_sequentially("Gradient decent", delay=10)
    writer.get_by_text("Is there already a page on this?").wait_for()
    writer.locator("#id_text").fill("Downhill, slowly.")
    writer.get_by_role("button", name="Save page").click()
    writer.get_by_text("is written. Thank you.").wait_for()
    assert Page.objects.get(path="Gradient decent").text == "Downhill, slowly.\n"
    assert writer.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:'))") == []


def test_a_draft_is_offered_to_nobody_else_at_the_same_computer(live_server, writer):
    page = make_page(path="Adam", text="Words.\n")
    text = editor(live_server, writer, page)
    at_end(text)
    text.press_sequentially("Between us")
    writer.wait_for_timeout(600)
    writer.on("dialog", lambda dialog: dialog.accept())
    sign_in(writer, live_server, make_member())

    expect(editor(live_server, writer, page)).to_have_value("Words.\n")
    expect(writer.locator("[data-draft-offer]")).to_have_count(0)


def crash(tab):
    """The browser goes down: the leaving page is not even asked."""
    context = tab.context
    context.new_page()
    tab.close(run_before_unload=False)
    return context.pages[-1]


def drafts(tab):
    return tab.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length")


def test_a_draft_stays_on_offer_while_something_else_is_typed(live_server, writer):
    page = make_page(path="Adam", text="Words.\n")
    text = editor(live_server, writer, page)
    at_end(text)
    text.press_sequentially("The first thought")
    writer.wait_for_timeout(600)
    tab = crash(writer)
    text = editor(live_server, tab, page)
    offers = tab.locator("[data-draft-offer]")
    expect(offers).to_have_count(1)
    at_end(text)
    text.press_sequentially("The second thought")
    tab.wait_for_timeout(600)
    tab = crash(tab)
    text = editor(live_server, tab, page)
    offers = tab.locator("[data-draft-offer]")
    expect(offers).to_have_count(2)
    expect(offers.nth(0)).to_contain_text("The second thought")
    offers.nth(1).get_by_role("button", name="Take it up again").click()
    expect(text).to_have_value("Words.\nThe first thought")
    expect(offers).to_have_count(1)
    # What stands here now is put aside for the other one, and offered in its place.
    offers.get_by_role("button", name="Take it up again").click()
    expect(text).to_have_value("Words.\nThe second thought")
    expect(offers).to_contain_text("The first thought")
    text.press("Control+s")
    tab.get_by_text("Your name stands in the history").wait_for()
    editor(live_server, tab, page)
    expect(offers).to_have_count(1)
    offers.get_by_role("button", name="Throw it away").click()
    expect(offers).to_have_count(0)
    assert drafts(tab) == 0


def test_two_tabs_of_one_page_keep_a_draft_each_and_know_of_each_other(live_server, writer):
    page = make_page(path="Adam", text="Words.\n")
    first = editor(live_server, writer, page)
    at_end(first)
    first.press_sequentially("In one tab")
    writer.wait_for_timeout(600)
    tab = writer.context.new_page()
    second = editor(live_server, tab, page)
    expect(tab.locator("[data-draft-elsewhere]")).to_contain_text("in another tab")
    expect(tab.locator("[data-draft-offer]")).to_have_count(0)
    at_end(second)
    second.press_sequentially("In the other tab")
    expect(writer.locator("[data-draft-elsewhere]")).to_contain_text("in another tab")
    assert drafts(tab) == 2

    first.press("Control+s")
    writer.get_by_text("Your name stands in the history").wait_for()
    expect(tab.locator("[data-draft-elsewhere]")).to_have_count(0)
    expect(second).to_have_value("Words.\nIn the other tab")
    tab = crash(tab)
    second = editor(live_server, tab, page)
    tab.get_by_role("button", name="Take it up again").click()
    expect(second).to_have_value("Words.\nIn the other tab")
    assert drafts(tab) == 1


def test_what_one_tab_saves_takes_no_draft_of_another(live_server, writer):
    page = make_page(path="Adam", text="Words.\n")
    first = editor(live_server, writer, page)
    at_end(first)
    first.press_sequentially("Sent in vain")
    writer.context.clear_cookies(name="session")
    first.press("Control+s")
    writer.wait_for_url("**/accounts/login/**")
    tab = writer.context.new_page()
    sign_in(tab, live_server, writer.member)
    second = editor(live_server, tab, page)
    expect(tab.locator("[data-draft-offer]")).to_contain_text("Sent in vain")
    second.fill("Others.\n")
    second.press("Control+s")
    tab.get_by_text("Your name stands in the history").wait_for()
    editor(live_server, tab, page)
    expect(tab.locator("[data-draft-offer]")).to_contain_text("Sent in vain")


def test_the_editor_of_the_blog_offers_pages_papers_pictures_formulas_and_drafts(live_server, writer):
    make_paper(title="Playing games", authors_text="Vo Mnih", year=2013)
    make_page(path="Basics/Gradient descent")
    writer.goto(live_server.url + reverse("wiki:post_create"))
    writer.get_by_label("Title").fill("Downhill")
    text = writer.locator("#id_text")
    text.press_sequentially("After [@mnih")
    writer.get_by_role("option").click()
    text.press_sequentially("], see [[grad")
    writer.get_by_role("option", name="Gradient descent").click()
    text.press_sequentially(". ")
    paste(text)
    writer.get_by_label("What does the picture show?").press("Enter")
    writer.get_by_role("button", name="Formula").click()
    writer.get_by_role("dialog").get_by_label("TeX").fill("x^2")
    writer.get_by_role("dialog").get_by_role("button", name="Insert", exact=True).click()
    expect(text).to_have_value(
        re.compile(
            r"^After \[@mnih2013playing\], see \[\[Gradient descent\]\]\. !\[\]\(/wiki/files/.+\)\n\$x\^2\$$"
        )
    )
    text.press("Control+Enter")
    shown = writer.locator("[data-editor-shown]")
    expect(shown.locator("a.cite")).to_have_count(1)
    expect(shown.locator("math")).to_have_count(1)
    writer.wait_for_timeout(600)

    tab = crash(writer)
    tab.goto(live_server.url + reverse("wiki:post_create"))
    tab.get_by_role("button", name="Take it up again").click()
    expect(tab.get_by_label("Title")).to_have_value("Downhill")
    tab.get_by_role("button", name="Save draft").click()
    tab.get_by_text("The draft is kept").wait_for()
    assert drafts(tab) == 0
    assert "[@mnih2013playing]" in Post.objects.get(title="Downhill").text
    assert Attachment.objects.get().is_picture


def test_a_change_of_a_post_is_offered_again_after_a_crash_with_its_title(live_server, writer):
    post = make_post(title="Noise", text="Words.\n", authors=[writer.member])
    at = live_server.url + reverse("wiki:post_edit", args=[post.slug])
    writer.goto(at)
    writer.get_by_label("Title").fill("Noise and more")
    writer.wait_for_timeout(600)
    tab = crash(writer)
    tab.goto(at)
    tab.get_by_role("button", name="Take it up again").click()
    expect(tab.get_by_label("Title")).to_have_value("Noise and more")
    tab.get_by_label("Title").press("Control+s")
    tab.wait_for_url(re.compile("/blog/[^/]+/$"))
    post.refresh_from_db()
    assert post.title == "Noise and more"
    assert drafts(tab) == 0
