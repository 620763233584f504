"""The points of a meeting, and what becomes of those that were not reached."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError
from django.urls import reverse

from events import agenda, gathered, schedule
from events.models import AgendaItem
from mlclub.refusal import Refused
from tests.factories import (
    make_agenda_item,
    make_club,
    make_event,
    make_member,
    make_officer,
    make_series,
    make_user,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 3, 1, 12, tzinfo=UTC)
MONDAY = date(2031, 3, 3)


def points(event):
    return [row.title for row in AgendaItem.objects.shown().filter(event=event)]


def test_any_officer_adds_a_point_and_nobody_else_but_the_hosts(client):
    make_club()
    host, officer, member = make_member(), make_officer(slug="library"), make_member()
    event = make_event(hosts=[host])
    url = reverse("events:agenda_edit", args=[event.pk])
    for person, title in ((officer, "Budget"), (host, "Projects")):
        client.force_login(person)
        client.post(url, {"title": title, "who": "Ada", "minutes": "10", "notes": "Read it before."})
    assert points(event) == ["Budget", "Projects"]
    assert event.agenda.first().added_by == officer
    client.force_login(member)
    assert client.post(url, {"title": "Mine"}).status_code == 403
    client.force_login(host)
    bad = client.post(url, {"title": "", "minutes": "0"})
    assert bad.status_code == 422
    assert points(event) == ["Budget", "Projects"]


def test_the_page_and_the_projector_show_the_agenda_and_only_members_its_notes(client):
    make_club()
    host = make_member()
    event = make_event(hosts=[host])
    make_agenda_item(event=event, title="Budget", who="Ada Quill", minutes=15, notes="Forty for pizza.")
    seen = []
    for person in (None, make_user(), make_member(), host):
        client.logout()
        if person:
            client.force_login(person)
        page = client.get(event.get_absolute_url()).content.decode()
        seen.append(("Budget" in page, "Ada Quill" in page, "Forty for pizza." in page))
    assert seen == [(True, True, False), (True, True, False), (True, True, True), (True, True, True)]
    screen = client.get(reverse("events:event_screen", args=[event.pk])).content.decode()
    assert "Budget" in screen
    assert "Forty for pizza." not in screen


def test_points_are_ticked_ordered_and_taken_off(client):
    make_club()
    host = make_member()
    event = make_event(hosts=[host])
    first, second, third = (make_agenda_item(event=event, title=title) for title in "ABC")
    client.force_login(host)

    def do(item, what):
        return client.post(
            reverse("events:agenda_item_change", args=[event.pk, item.pk]), {"do": what}
        ).status_code

    do(third, "up")
    do(first, "up")
    assert points(event) == ["A", "C", "B"]
    do(first, "down")
    assert points(event) == ["C", "A", "B"]
    do(second, "done")
    do(second, "done")
    second.refresh_from_db()
    assert second.is_done
    do(second, "open")
    second.refresh_from_db()
    assert (second.is_open, second.settled_at) == (True, None)
    do(third, "remove")
    assert points(event) == ["A", "B"]
    assert do(first, "nonsense") == 400
    other = make_agenda_item(event=make_event(hosts=[host]))
    assert do(other, "done") == 404, "a point of another event"


def test_editing_a_point_does_not_undo_what_became_of_it(client):
    make_club()
    host = make_member()
    event = make_event(hosts=[host])
    item = make_agenda_item(event=event, title="Budjet")
    client.force_login(host)
    agenda.tick(item, is_done=True, now=NOW)
    client.post(reverse("events:agenda_item_edit", args=[event.pk, item.pk]), {"title": "Budget"})
    item.refresh_from_db()
    assert (item.title, item.is_done) == ("Budget", True)


def test_what_was_not_reached_moves_on_before_the_points_of_the_next_meeting():
    make_club()
    series = make_series(first_on=MONDAY, times=3)
    first, second, third = series.events.all()
    schedule.cancel(second, "Storm", now=NOW)
    done, left, later = (make_agenda_item(event=first, title=title) for title in "ABC")
    make_agenda_item(event=third, title="D")
    agenda.tick(done, is_done=True, now=NOW)
    assert agenda.carry(first, now=NOW) == (2, third)
    assert agenda.carry(first, now=NOW) == (0, third)
    assert points(first) == ["A"]
    assert points(third) == ["B", "C", "D"]
    left.refresh_from_db()
    assert left.carried_to.event == third
    assert not agenda.tick(later, is_done=True, now=NOW), "it has moved on"


def test_a_meeting_without_a_later_date_keeps_its_points():
    make_club()
    event = make_event()
    make_agenda_item(event=event)
    with pytest.raises(Refused, match="no later date"):
        agenda.carry(event, now=NOW)
    assert len(points(event)) == 1


def test_the_rest_moves_on_by_itself_once_something_was_ticked():
    make_club()
    series = make_series(first_on=MONDAY, times=2)
    first, second = series.events.all()
    done = make_agenda_item(event=first, title="A")
    make_agenda_item(event=first, title="B")
    after = first.ends_at + timedelta(hours=3)
    assert agenda.carry_over(after) == 0, "nobody can know what was reached"
    agenda.tick(done, is_done=True, now=first.ends_at)
    assert agenda.carry_over(first.ends_at + timedelta(hours=1)) == 0, "people may still be there"
    gathered.tick(after)
    gathered.tick(after)
    assert points(second) == ["B"]


def test_a_template_brings_its_points():
    make_club()
    event = make_event()
    lines = "Welcome | Ada | 5\n\nNews\nTalk | | many"
    assert agenda.add_lines(event, lines, by=None, now=NOW) == 3
    assert [(row.title, row.who, row.minutes) for row in event.agenda.all()] == [
        ("Welcome", "Ada", 5),
        ("News", "", None),
        ("Talk", "", None),
    ]


def test_the_database_wants_to_know_when_a_point_was_settled():
    make_club()
    with pytest.raises(IntegrityError, match="agenda_item_says_when_it_was_settled"):
        make_agenda_item(event=make_event(), state="done")


def test_the_agenda_costs_the_same_for_any_number_of_points(client, django_assert_max_num_queries):
    make_club()
    host = make_member()
    client.force_login(host)
    for size in (1, 5):
        event = make_event(hosts=[host])
        for _ in range(size):
            make_agenda_item(event=event)
        for url in (event.get_absolute_url(), reverse("events:agenda_edit", args=[event.pk])):
            client.get(url)
            with django_assert_max_num_queries(15):
                client.get(url)
