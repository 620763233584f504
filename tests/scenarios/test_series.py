"""A term of Thursdays from start to end: what an officer types, what members click, and what leaves the mail server."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
import time_machine
import vobject
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import Event, Registration, Series
from members.models import Notification
from tests.factories import make_club, make_member, make_officer
from tests.members.ledger_tools import mail_server

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

HERE = ZoneInfo("America/Los_Angeles")
#: A Monday at noon in autumn: clocks go back before the seventh Thursday.
FIRST_MONDAY = datetime(2031, 9, 22, 12, 0, tzinfo=HERE)
MOVED, CANCELLED = 3, 5


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def typed(answer):
    """What a browser would send back of the form on a page."""
    form = answer.context["form"]
    values = {bound.html_name: bound.value() for bound in form}
    values = {name: form[name].field.widget.format_value(value) for name, value in values.items()}
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def sweep(now):
    """Two senders at once, three times over: once must be enough, and more must add nothing."""
    problems = []

    def send():
        try:
            call_command("notify", "--once", f"--now={now.isoformat()}", stdout=StringIO())
        except BaseException as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    for _ in range(3):
        senders = [threading.Thread(target=send) for _ in range(2)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(60)
    assert problems == []


class Post:
    """What the mail server took, opened."""

    def __init__(self, sink):
        self.sink, self.seen = sink, 0

    def new(self):
        """The mails about events since last time, sorted: (to, subject)."""
        fresh, self.seen = self.sink.messages[self.seen :], len(self.sink.messages)
        return sorted((to, message["Subject"]) for to, message in fresh if is_about_an_event(message))

    def about_events(self):
        return [(to, message) for to, message in self.sink.messages if is_about_an_event(message)]


def is_about_an_event(message):
    return "<event-" in message["List-Id"]


def entry_in(message):
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    (entry,) = calendar.walk("VEVENT")
    assert part.get_param("method") == calendar["METHOD"]
    return calendar["METHOD"], str(entry["UID"]), entry["SEQUENCE"], entry["DTSTART"].dt, entry["STATUS"]


@pytest.fixture
def club(smtp):
    """A club in September, its mail server, and a clock that can be set."""
    with mail_server() as (sink, port), time_machine.travel(FIRST_MONDAY) as clock:
        smtp(port)
        make_club(contact_email="board@club.example")
        people = SimpleNamespace(
            officer=make_officer(email="officer@club.example", name="Olive Officer"),
            ada=make_member(email="ada@club.example"),
            ben=make_member(email="ben@club.example"),
            cy=make_member(email="cy@club.example"),
        )
        yield SimpleNamespace(post=Post(sink), clock=clock, people=people)


def make_the_series(officer):
    """Three steps: "New series" on the desk, type, save."""
    client = signed_in(officer)
    address = reverse("events:series_create")
    assert f'href="{address}"' in client.get(reverse("portal:desk")).content.decode()
    values = typed(client.get(address)) | {
        "name": "Thursday papers",
        "first_on": "2031-09-25",
        "start_time": "18:30",
        "end_time": "20:00",
        "place": "Hall 306",
        "visibility": "members",
    }
    answer = client.post(address, values)
    series = Series.objects.get(name="Thursday papers")
    assert answer.headers["Location"] == series.get_absolute_url()
    events = list(series.events.order_by("starts_at"))
    assert [event.starts_at.astimezone(HERE).strftime("%a %H:%M") for event in events] == ["Thu 18:30"] * 12
    assert events[-1].starts_at - events[0].starts_at == timedelta(weeks=11, hours=1)  # the clocks went back
    return events


def sign_up(person, events):
    client = signed_in(person)
    for event in events:
        assert client.post(reverse("events:event_register", args=[event.pk])).status_code == 302
        assert client.post(reverse("events:event_register", args=[event.pk])).status_code == 302  # and again


def move(officer, event, starts_at):
    client = signed_in(officer)
    address = reverse("events:event_move", args=[event.pk])
    ends_at = starts_at + timedelta(minutes=90)
    values = typed(client.get(address)) | {
        "starts_at": f"{starts_at:%Y-%m-%dT%H:%M}",
        "ends_at": f"{ends_at:%Y-%m-%dT%H:%M}",
        "scope": "this",
    }
    assert client.post(address, values).status_code == 302


def cancel(officer, event):
    address = reverse("events:event_cancel", args=[event.pk])
    values = {"reason": "The hall is flooded.", "scope": "this"}
    assert signed_in(officer).post(address, values).status_code == 302


def personal_feed(person):
    """The secret address from the page that shows it once, read without a cookie."""
    client = signed_in(person)
    page = client.post(reverse("events:feed_renew"), follow=True)
    answer = Client().get(urlsplit(page.context["address"]).path)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return answer.content


def test_twelve_thursdays_send_exactly_the_right_mails_once_and_calendars_agree(club):
    people, post = club.people, club.post
    events = make_the_series(people.officer)
    moved, cancelled = events[MOVED], events[CANCELLED]

    sign_up(people.ada, events)
    sign_up(people.ben, events)
    sign_up(people.cy, events[:1])
    sweep(timezone.now())
    going = "You are going to Thursday papers"
    assert Counter(post.new()) == {
        ("ada@club.example", going): 12,
        ("ben@club.example", going): 12,
        ("cy@club.example", going): 1,
    }

    # Ben gives two seats back and Cy the only one; each leaves a calendar by mail, and nothing comes afterwards.
    for person, event in [(people.ben, moved), (people.ben, cancelled), (people.cy, events[0])]:
        assert signed_in(person).post(reverse("events:event_leave", args=[event.pk])).status_code == 302
    club.clock.move_to(FIRST_MONDAY + timedelta(hours=2))
    old_start = moved.starts_at
    new_start = old_start.astimezone(HERE) + timedelta(days=1, hours=1)
    move(people.officer, moved, new_start)
    cancel(people.officer, cancelled)
    moved.refresh_from_db()
    assert moved.starts_at == new_start
    sweep(timezone.now())
    left = "You are not registered for Thursday papers any more"
    assert post.new() == [
        ("ada@club.example", "Cancelled: Thursday papers"),
        ("ada@club.example", "New time: Thursday papers"),
        ("ben@club.example", left),
        ("ben@club.example", left),
        ("cy@club.example", left),
    ]

    check_the_calendar(personal_feed(people.ada), moved, cancelled)

    # Reminders: a day before, at the hour of the wall, at the new time and not at the old one.
    tomorrow = "Tomorrow: Thursday papers"
    for event in events:
        start = event.starts_at if event != moved else old_start
        goes = ["ada@club.example", "ben@club.example"] if event not in (moved, cancelled) else []
        if event in (events[0], moved, events[6]):  # the seventh is the first after the clocks change
            assert due_at(club, start - timedelta(hours=24, minutes=5)) == []
        assert due_at(club, start - timedelta(hours=23, minutes=55)) == [(to, tomorrow) for to in goes]
        if event == moved:
            goes = [("ada@club.example", tomorrow)]
            assert due_at(club, new_start - timedelta(hours=23, minutes=55)) == goes
            assert due_at(club, new_start - timedelta(minutes=59)) == []

    check_every_mail(post.about_events(), events, moved, cancelled)
    assert not Notification.objects.exclude(status__in=["sent", "skipped"]).exists()
    assert Registration.objects.live().filter(event__in=events).count() == 22


def due_at(club, now):
    """What goes out when the senders look at `now`."""
    club.clock.move_to(now)
    sweep(now)
    return club.post.new()


def check_the_calendar(body, moved, cancelled):
    """Two foreign readers and the portal agree on all twelve."""
    wanted = sorted(
        (f"occ-{event.uid}@localhost", event.starts_at, event.ends_at, event.state.upper() == "CANCELLED")
        for event in Event.objects.filter(series=moved.series_id)
    )
    assert len(wanted) == 12
    assert sum(is_off for *_, is_off in wanted) == 1

    def by_vobject():
        for each in vobject.readOne(body.decode()).vevent_list:
            yield each.uid.value, each.dtstart.value, each.dtend.value, each.status.value, each.summary.value

    def by_recurring():
        calendar = icalendar.Calendar.from_ical(body)
        since, until = datetime(2031, 9, 1, tzinfo=UTC), datetime(2032, 2, 1, tzinfo=UTC)
        for each in recurring_ical_events.of(calendar).between(since, until):
            yield str(each["UID"]), each["DTSTART"].dt, each["DTEND"].dt, each["STATUS"], each["SUMMARY"]

    for reader in (by_vobject, by_recurring):
        found = list(reader())
        assert [
            (uid, start.astimezone(UTC), end.astimezone(UTC), status == "CANCELLED")
            for uid, start, end, status, _ in sorted(found)
        ] == wanted, reader.__name__
        assert {str(title) for *_, status, title in found if status == "CANCELLED"} == {
            "Cancelled: Thursday papers"
        }


def check_every_mail(mails, events, moved, cancelled):
    """Each mail is there once, can be stopped, and carries its event under one UID and the right SEQUENCE."""
    ids = [message["Message-ID"] for _, message in mails]
    assert len(ids) == len(set(ids)) == 25 + 5 + 21
    subjects = Counter()
    for to, message in mails:
        assert message["To"] == to
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["List-Unsubscribe"].strip().startswith("<http://localhost:8000/")
        assert "<mailto:board@club.example?subject=unsubscribe" in message["List-Unsubscribe"]
        assert message["Reply-To"] == "board@club.example"
        assert message.get_body("plain")
        assert message.get_body("html")
        method, uid, sequence, start, status = entry_in(message)
        event = next(event for event in events if uid == f"occ-{event.uid}@localhost")
        what = message["Subject"].partition(":")[0]
        subjects[to, what, event.pk] += 1
        is_later = what != "You are going to Thursday papers"
        left = what == "You are not registered for Thursday papers any more"
        versions = 1 if is_later and event in (moved, cancelled) else 0
        assert sequence == versions + left, message["Subject"]
        if what == "Cancelled":
            assert (event, method, status) == (cancelled, "CANCEL", "CANCELLED")
            assert "The hall is flooded." in message.get_body("plain").get_content()
        elif left:
            assert (method, status) == ("CANCEL", "CANCELLED")
        else:
            assert (method, status) == ("REQUEST", "CONFIRMED")
        if what in ("New time", "Tomorrow"):
            assert start == event.starts_at
    assert set(subjects.values()) == {1}
