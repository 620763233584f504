"""The bench's own steps, on a few rows: that they run and count rightly, never how fast."""

import pytest
from django.db import connection

from bench import cloning, crowd, inside, tending
from events.models import Registration, Slot
from members.models import Notification, User
from nmep.models import Offering
from wiki.models import Page

PAGES = {"home", "event_list", "event_detail", "syllabus", "assignment", "wiki_page", "search"}


def small_club():
    crowd.small_club(members=12, events_soon=4, library=6)


@pytest.mark.django_db
def test_every_main_page_is_found_and_takes_no_more_queries_in_a_club_three_times_as_large():
    small_club()
    before = inside.addresses()
    sizes = crowd.sizes()
    after_sizes = inside.grow("3")
    after = inside.addresses()

    assert before.keys() == after.keys() == PAGES
    assert all(
        after_sizes[name] >= 2 * sizes[name] for name in ("people", "events", "registrations", "pages")
    )
    assert after_sizes["submissions"] > sizes["submissions"]
    assert {name: page["queries"] for name, page in after.items() if page["queries"] > 15} == {}
    assert {name: page["queries"] for name, page in after.items()} == {
        name: page["queries"] for name, page in before.items()
    }


@pytest.mark.django_db
def test_a_calendar_is_measured_by_its_secret_address(client):
    small_club()
    feed = inside.calendar()
    assert client.get(feed["path"], headers={"if-none-match": feed["etag"]}).status_code == 304


@pytest.mark.django_db
def test_care_and_completion_are_asked_of_a_library_that_is_half_neglected():
    rows = list(tending.figures(60, 12, queries=2))
    assert [row["what"] for row in rows][:2] == ["needs care", "needs care, by one reason"]
    assert all(row["p95_ms"] > 0 for row in rows)
    assert Page.objects.exclude(owner=None).exists()


@pytest.mark.django_db
def test_search_is_asked_words_that_are_there():
    filling, *asked = inside.search("60", "16")
    assert filling["pages"] == Page.objects.count() == 60
    assert [row["what"] for row in asked] == [
        "library",
        "portal",
        "portal, mistyped",
        "under the box",
        "page",
    ]
    assert all(row["p50_ms"] <= row["p95_ms"] for row in asked)
    assert all(row["found"] >= row["queries"] / 2 for row in asked), asked


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_registrations_are_exact_beside_a_bare_insert():
    try:
        (figures,) = inside.seats("40", "5")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bare_seat, bare_event")
    assert figures["exact"]
    assert figures["registrations"] == 40


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_clicks_over_http_are_exact(live_server):
    figures = inside.seats_over_http(str(live_server.thread.port), "12", "3", "5")
    assert figures["exact"], figures
    assert figures["requests"] == 14
    assert figures["answers"] == {"going": 6, "waiting": 8}
    assert Registration.objects.live().count() == 12


@pytest.mark.django_db(transaction=True)
def test_digests_go_to_everybody_who_has_something_to_read_and_to_nobody_twice(settings):
    (figures,) = inside.digests("30")
    assert figures["recipients"] == figures["queued"] == User.objects.count() == 30
    assert figures["duplicates"] == 0
    assert figures["sent"] == figures["distinct_recipients"] == figures["not_empty"] > 0
    assert not Notification.objects.filter(kind="weekly-digest", status="pending").exists()


def test_a_notebook_of_a_megabyte_is_rendered_and_then_comes_from_the_cache():
    rendered, kept = inside.notebook("2")
    assert (rendered["what"], kept["what"]) == ("rendered", "from the cache")
    assert rendered["bytes"] > 1_000_000


@pytest.mark.django_db
def test_a_term_of_twelve_meetings_six_assignments_and_forty_slots_is_cloned():
    figures = cloning.seconds(times=2)
    assert [row["what"] for row in figures] == ["plan", "draft", "stale texts"]
    draft = Offering.objects.filter(cloned_from__slug="bench-clone").first()
    slots = Slot.objects.filter(sheet__in=draft.sheets.values("sheet"))
    assert (draft.sessions.count(), draft.assignments.count(), slots.count()) == (12, 6, 40)
