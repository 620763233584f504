"""Rooms: what is in them, who is there when, and two who want the same one."""

import threading
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from events import gathered, rooms, schedule
from events.forms import EventForm
from events.models import Event, HelperOffer, Room
from events.schedule import Scope
from tests.events.test_races import all_at_once
from tests.factories import (
    make_club,
    make_event,
    make_member,
    make_officer,
    make_room,
    make_series,
    make_user,
)

pytestmark = pytest.mark.django_db

START = datetime(2031, 3, 5, 2, tzinfo=UTC)  # Tue 4 March, 18:00 in Los Angeles
TUESDAY = date(2031, 3, 4)


def new(room, **typed):
    return {
        "title": "Open lab",
        "kind": "workshop",
        "starts_at": "2031-03-04T18:00",
        "ends_at": "2031-03-04T20:00",
        "room": str(room.pk),
        "visibility": "members",
        "guests_allowed": "0",
        **typed,
    }


def test_a_room_says_where_an_event_is(client):
    make_club()
    client.force_login(make_officer())
    room = make_room(name="Room 112")
    client.post(reverse("events:event_create"), new(room))
    event = Event.objects.get()
    assert (event.room, event.place, event.where) == (room, "Room 112, Marlow Hall", "Room 112, Marlow Hall")
    both = client.post(reverse("events:event_create"), new(room, place="The pier"))
    assert both.status_code == 422
    assert "not both" in both.content.decode()


def test_whoever_books_a_taken_room_is_told_by_whom_and_may_book_it_all_the_same(client):
    make_club()
    client.force_login(make_officer())
    room = make_room()
    make_event(title="Papers", room=room, starts_at=START + timedelta(hours=1))
    page = client.post(reverse("events:event_create"), new(room))
    assert page.status_code == 422
    form = page.context["form"]
    assert form.errors == {"room": ["“Papers” is there on Tue 4 Mar, 19:00 to 21:00."]}
    box = str(form["anyway"])
    assert 'type="checkbox"' in box
    assert "checked" not in box
    other = Event.objects.get()
    client.post(reverse("events:event_create"), new(room, anyway=str(other.pk)))
    assert Event.objects.count() == 2


def test_a_confirmed_clash_confirms_no_other(client):
    make_club()
    client.force_login(make_officer())
    room = make_room()
    seen = make_event(title="Papers", room=room, starts_at=START)
    make_event(title="Chess", room=room, starts_at=START + timedelta(hours=1))
    page = client.post(reverse("events:event_create"), new(room, anyway=str(seen.pk)))
    assert page.status_code == 422
    assert "“Chess” is there" in page.context["form"].errors["room"][0]
    assert "Papers" not in page.context["form"].errors["room"][0]
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("begins", "hours", "is_clash"),
    [(-2, 2, False), (2, 1, False), (-1, 2, True), (1, 4, True), (-3, 9, True)],
)
def test_beginning_when_another_ends_is_no_clash(begins, hours, is_clash):
    make_club()
    room = make_room()
    event = make_event(room=room, starts_at=START)
    make_event(room=make_room(), starts_at=START)
    span = (START + timedelta(hours=begins), START + timedelta(hours=begins + hours))
    assert rooms.clashes(room, [span]) == ([event] if is_clash else [])
    assert rooms.clashes(room, [span], besides=[event.pk]) == []
    schedule.cancel(event, "Storm")
    assert rooms.clashes(room, [span]) == []


def test_what_somebody_may_not_know_of_has_no_name_in_a_warning():
    make_club()
    event = make_event(title="Board", visibility="invited", starts_at=START)
    assert "Something by invitation is there" in rooms.sentence([event], make_member())
    assert "“Board” is there" in rooms.sentence([event], make_officer())


def test_a_series_says_which_of_its_dates_clash(client):
    make_club()
    officer, room = make_officer(), make_room()
    client.force_login(officer)
    for week in (1, 3):
        make_event(
            title=f"Evening {week}",
            room=room,
            starts_at=datetime(2031, 3, 12, 1, 30, tzinfo=UTC) + timedelta(weeks=week - 1),
        )
    data = {
        "name": "Papers",
        "kind": "reading_group",
        "first_on": "2031-03-04",
        "start_time": "18:00",
        "end_time": "19:00",
        "count": "12",
        "interval_weeks": "1",
        "visibility": "members",
        "room": str(room.pk),
    }
    url = reverse("events:series_create")
    shown = client.post(url, {**data, "preview": "1"}, headers={"HX-Request": "true"})
    assert shown.content.decode().count("The room is taken") == 2
    refused = client.post(url, data)
    assert refused.status_code == 422
    assert "“Evening 1” is there on Tue 11 Mar" in refused.context["form"].errors["room"][0]
    assert Event.objects.filter(series__isnull=False).count() == 0
    keys = ",".join(str(event.pk) for event in Event.objects.all())
    client.post(url, {**data, "anyway": keys})
    assert Event.objects.filter(series__name="Papers", room=room, place=room.spoken).count() == 12


def test_moving_into_a_taken_room_is_asked_about_and_leaving_it_is_not(client):
    make_club()
    host, room = make_member(), make_room()
    client.force_login(host)
    event = make_event(starts_at=START, hosts=[host])
    other = make_event(title="Chess", starts_at=START, room=room)
    url = reverse("events:event_move", args=[event.pk])
    data = {"starts_at": "2031-03-04T18:00", "ends_at": "2031-03-04T20:00", "scope": "this", "place": ""}
    page = client.post(url, {**data, "room": str(room.pk)})
    assert page.status_code == 422
    assert "“Chess” is there" in page.content.decode()
    client.post(url, {**data, "room": str(room.pk), "anyway": str(other.pk)})
    event.refresh_from_db()
    assert (event.room, event.place, event.schedule_version) == (room, room.spoken, 1)
    client.post(url, {**data, "room": "", "place": "The pier"})
    event.refresh_from_db()
    assert (event.room, event.place, event.schedule_version) == (None, "The pier", 2)


def test_later_dates_go_to_another_room_except_one_that_was_put_elsewhere_by_hand():
    make_club()
    small, large = make_room(), make_room()
    series = make_series(first_on=TUESDAY, times=4, room=small, place=small.spoken)
    first, _, third, _ = series.events.all()
    schedule.move(third, place="The pier", now=START - timedelta(days=2))
    change = schedule.move(first, room=large, scope=Scope.ALL, now=START - timedelta(days=1))
    assert change.events == 3
    assert [event.place for event in series.events.all()] == [
        large.spoken,
        large.spoken,
        "The pier",
        large.spoken,
    ]
    series.refresh_from_db()
    assert (series.room, series.place) == (large, large.spoken)
    schedule.move(first, room=small, scope=Scope.ALL, overwrites=True, now=START - timedelta(days=1))
    assert {event.room for event in series.events.all()} == {small}


def test_a_series_that_moves_does_not_clash_with_itself(client):
    make_club()
    host, room = make_member(), make_room()
    client.force_login(host)
    series = make_series(first_on=TUESDAY, times=3, hosts=[host], room=room, place=room.spoken)
    url = reverse("events:event_move", args=[series.events.first().pk])
    later = {
        "starts_at": "2031-03-11T18:30",
        "ends_at": "2031-03-11T19:30",
        "room": str(room.pk),
        "place": "",
    }
    assert client.post(url, {**later, "scope": "all"}).status_code == 302
    assert (
        client.post(
            url, {**later, "scope": "this", "starts_at": "2031-03-18T18:30", "ends_at": "2031-03-18T19:30"}
        ).status_code
        == 422
    )


def test_a_room_that_got_another_name_says_so_in_what_is_to_come_and_mails_nobody():
    make_club()
    room = make_room(name="Room 112")
    now = timezone.now()
    coming = make_event(room=room, place=room.spoken)
    over = make_event(room=room, place=room.spoken, starts_at=now - timedelta(days=9))
    before = coming.updated_at
    room.name = "The Green Room"
    room.save()
    assert rooms.respell(room, now + timedelta(seconds=1)) == 1
    coming.refresh_from_db()
    over.refresh_from_db()
    assert (coming.place, over.place) == ("The Green Room, Marlow Hall", "Room 112, Marlow Hall")
    assert coming.updated_at > before, "calendars notice"
    assert coming.schedule_version == 0


def test_the_week_of_a_room(client):
    make_club()
    member, room = make_member(), make_room(name="Room 112", way_in="The side door after six.", seats=40)
    make_event(title="Papers", visibility="members", room=room, starts_at=START)
    make_event(title="Board", visibility="invited", room=room, starts_at=START + timedelta(hours=1))
    client.force_login(member)
    page = client.get(room.get_absolute_url() + "?week=2031-03-06").content.decode()
    assert "The side door after six." in page
    assert "Papers" in page
    assert "Board" not in page
    assert "Taken" in page
    assert page.count("Two at once") == 2
    assert "Papers" not in client.get(room.get_absolute_url() + "?week=2031-03-11").content.decode()
    assert client.get(room.get_absolute_url() + "?week=nonsense").status_code == 200
    assert "Room 112" in client.get(reverse("events:room_list")).content.decode()
    client.force_login(make_user())
    assert client.get(room.get_absolute_url()).status_code == 404


def test_pages_of_rooms_cost_the_same_for_any_number(client, django_assert_max_num_queries):
    make_club()
    client.force_login(make_member())
    for size in (1, 5):
        for _ in range(size):
            room = make_room()
            for hour in range(size):
                make_event(room=room, starts_at=START + timedelta(hours=hour))
        client.get(reverse("events:room_list"))
        with django_assert_max_num_queries(8):
            client.get(reverse("events:room_list"))
        with django_assert_max_num_queries(8):
            client.get(room.get_absolute_url() + "?week=2031-03-04")


def test_the_database_refuses_two_rooms_of_a_name_and_a_room_that_events_took_place_in_stays():
    make_club()
    room = make_room(name="Room 112")
    make_event(room=room)
    with pytest.raises(IntegrityError, match="one_room_of_a_name"), transaction.atomic():
        make_room(name="ROOM 112", building="marlow hall")
    with pytest.raises(ProtectedError):
        room.delete()


def test_a_room_out_of_use_is_offered_no_more():
    make_club()
    old, room = make_room(is_in_use=False), make_room()
    assert list(EventForm().fields["room"].queryset) == [room]
    assert old not in Room.objects.in_use()


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_of_two_officers_who_book_a_room_at_once_the_second_is_told_of_the_first():
    make_club()
    room = make_room()
    both_looked, booked, told = threading.Barrier(2), [], []

    def book(title):
        assert rooms.clashes(room, [(START, START + timedelta(hours=1))]) == []
        both_looked.wait(timeout=60)
        try:
            with transaction.atomic():
                rooms.book(room, [(START, START + timedelta(hours=1))])
                booked.append(make_event(title=title, room=room, starts_at=START))
        except rooms.Clash as clash:
            told.append([event.title for event in clash.events])

    all_at_once([lambda: book("Papers"), lambda: book("Chess")])
    connection.close()
    assert len(booked) == 1
    assert told == [[booked[0].title]]
    assert Event.objects.count() == 1
    assert booked[0].starts_at.time() == time(2)


def test_the_desk_names_two_events_in_one_room_and_those_with_too_few_helpers(django_assert_max_num_queries):
    make_club()
    officer, host, room = make_officer(), make_member(), make_room()
    soon = timezone.now() + timedelta(days=2)
    for title in ("Papers", "Chess"):
        make_event(title=title, room=room, place=room.spoken, starts_at=soon, hosts=[host])
    helped = make_event(title="Dinner", starts_at=soon, hosts=[host], helpers_wanted=1)
    HelperOffer.objects.create(event=helped, person=host, said_at=soon)
    make_event(title="Dance", starts_at=soon, hosts=[host], helpers_wanted=1)
    officer.has_perm("events.change_event")
    with django_assert_max_num_queries(3):  # the club, and two of its own
        items = {item.title: item.detail for item in gathered.desk(officer, timezone.now())}
    assert items["Events in the next 7 days with another in the same room"] == "Papers, Chess"
    assert items["Event in the next 7 days with too few helpers"] == "Dance"
