from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from mlclub.templatetags import ui

NOW = datetime(2026, 10, 27, 23, 20, tzinfo=UTC)


def shown(source, **context):
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.fixture(autouse=True)
def pacific():
    with timezone.override("America/Los_Angeles"):
        yield


def test_an_icon_is_a_bare_drawing_hidden_from_screen_readers():
    drawing = shown("{% icon 'bell' %}")

    assert drawing.startswith('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path')
    assert "style" not in drawing
    assert "xmlns" not in drawing
    assert 'class="icon micro" viewBox="0 0 16 16"' in shown("{% icon 'check' size='micro' %}")


def test_a_badge_is_icon_word_and_tone():
    badge = shown("{% badge 'warn' label %}", label="<Close>")

    assert badge.startswith('<span class="badge warn"><svg')
    assert badge.endswith("&lt;Close&gt;</span>")


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=5), "in 5 minutes"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(hours=2), "in 2 hours"),
        (timedelta(hours=22), "tomorrow"),
        (timedelta(days=3), "in 3 days"),
        (timedelta(days=-15), "15 days ago"),
        (timedelta(days=30), "in 4 weeks"),
        (timedelta(days=-400), "13 months ago"),
        (timedelta(days=-1500), "4 years ago"),
    ],
)
def test_a_distance_is_said_in_the_unit_one_plans_with(distance, words):
    assert ui.how_far(NOW + distance, NOW) == words


def test_a_moment_has_its_zone_and_its_distance():
    said = ui.when(datetime(2026, 10, 31, 3, 0, tzinfo=UTC), now=NOW)

    assert said == (
        '<span class="moment"><time datetime="2026-10-30T20:00-07:00">Fri 30 Oct, 20:00 PDT</time>'
        ' <span class="far">in 3 days</span></span>'
    )


def test_a_day_without_an_hour_needs_no_zone():
    assert (
        ui.when(date(2027, 1, 5), relative=False, now=NOW)
        == '<time datetime="2027-01-05">Tue 5 Jan 2027</time>'
    )


def test_the_date_column_says_today():
    today = ui.day(NOW + timedelta(hours=2), now=NOW)
    friday = ui.day(datetime(2026, 10, 31, 3, 0, tzinfo=UTC), now=NOW)

    assert "<span>Today</span><b>18:20</b>" in today
    assert "<span>Fri</span><b>30</b><span>20:00</span>" in friday
    assert "<span>Fri</span><b>30</b><span>Oct</span>" in ui.day(
        datetime(2026, 10, 31, 3, 0, tzinfo=UTC), month=True, now=NOW
    )


def test_crumbs_lead_up_and_end_here():
    assert shown("{% crumbs 'Events' '/events/' title %}", title="A & B") == (
        '<nav class="crumbs" aria-label="You are here"><ol><li><a href="/events/">Events</a></li>'
        '<li><span aria-current="page">A &amp; B</span></li></ol></nav>'
    )


def test_a_link_to_a_page_that_does_not_exist_is_left_out():
    assert shown("{% nav_link 'nowhere:at_all' 'Nowhere' %}") == ""
    assert shown("{% address_of 'nowhere:at_all' as url %}[{{ url }}]") == "[]"


def test_the_link_of_the_section_one_is_in_is_marked():
    request = RequestFactory().get("/accounts/login/code/")

    assert shown("{% nav_link 'account_login' 'Sign in' %}", request=request) == (
        '<li><a href="/accounts/login/" aria-current="page">Sign in</a></li>'
    )


def test_pages_keep_the_filters():
    request = RequestFactory().get("/people/?q=vision&page=4")
    page = Paginator(range(300), 10).get_page(4)

    links = shown("{% pages page %}", page=page, request=request)

    assert 'href="?q=vision&amp;page=5"' in links
    assert '<a href="?q=vision&amp;page=4" aria-current="page">4</a>' in links
    assert shown("{% pages page %}", page=Paginator([1], 10).get_page(1), request=request) == ""


def test_blocks_escape_their_titles_and_keep_their_contents():
    assert shown("{% panel title=title %}<p>x</p>{% endpanel %}", title="<b>") == (
        '<section class="panel"><h2>&lt;b&gt;</h2><p>x</p></section>'
    )
    assert '<div class="notice warn"><svg' in shown("{% notice tone='warn' %}<p>x</p>{% endnotice %}")


def test_an_empty_state_names_the_first_step():
    said = shown("{% empty title='No versions yet' text='They stand here.' href='/x/' action='Hand in' %}")

    assert "<h3>No versions yet</h3><p>They stand here.</p>" in said
    assert '<a class="btn" href="/x/">Hand in</a>' in said


def test_the_term_rule_says_its_week_in_words():
    rule = ui.term_rule("Fall", ["past", "now", "next"])

    assert 'aria-label="Fall: week 2 of 3"' in rule
    assert rule.count("<span") == 3
    assert ui.term_rule(None, []) == ""


def test_a_qr_code_has_a_name_and_no_style():
    code = ui.qr("https://club.example/c/x", label="Check in")

    assert 'role="img" aria-label="Check in"' in code
    assert "style" not in code


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("`eps` and **bold**", "<code>eps</code> and <strong>bold</strong>"),
        ("[a](https://club.example)", "[a](https://club.example)"),
        ("# Big", "# Big"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("one\n\ntwo", "one\n\ntwo"),
    ],
)
def test_a_line_of_markdown_is_a_line_and_anything_more_is_what_was_typed(typed, shown):
    assert ui.markdown_line(typed) == shown


def test_a_formula_may_stand_in_a_line():
    assert ui.markdown_line("$3 \\times 3$").startswith("<math")
