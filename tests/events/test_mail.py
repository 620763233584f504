"""What people get, through the ledger's own sweep."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from django.core import mail

from events import line, registrations, schedule
from members.ledger import sending
from members.models import Notification
from tests.factories import make_club, make_event, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 3, 3, 20, 0, tzinfo=UTC)  # noon in the club's zone


@pytest.fixture(autouse=True)
def club():
    return make_club()


def sent(now):
    """The mails of one sweep: (to, subject), in order."""
    mail.outbox.clear()
    sending.sweep(now)
    return sorted((message.to[0], message.subject) for message in mail.outbox)


def calendar_of(message):
    (part,) = [part for part in message.message().walk() if part.get_content_type() == "text/calendar"]
    return part, icalendar.Calendar.from_ical(part.get_payload(decode=True))


def test_a_confirmation_carries_the_calendar_entry_and_the_meeting_link():
    event = make_event(
        title="Night of kernels", starts_at=NOW + timedelta(days=3), online_url="https://meet.example/k"
    )
    person = make_user(email="ada@post.example")
    registrations.register(event, person, now=NOW)
    assert sent(NOW) == [("ada@post.example", "You are going to Night of kernels")]
    (message,) = mail.outbox
    assert "Thu 6 March 2031, 12:00 to 14:00 PST" in message.body
    assert "https://meet.example/k" in message.body
    part, calendar = calendar_of(message)
    (entry,) = calendar.walk("VEVENT")
    assert part.get_param("method") == "REQUEST"
    assert (calendar["METHOD"], entry["SEQUENCE"], entry["STATUS"]) == ("REQUEST", 0, "CONFIRMED")
    assert entry["UID"] == f"occ-{event.uid}@localhost"
    assert str(entry["ATTENDEE"]).lower() == "mailto:ada@post.example"


def test_who_waits_gets_a_tentative_entry_without_the_meeting_link():
    event = make_event(starts_at=NOW + timedelta(days=3), capacity=1, online_url="https://meet.example/k")
    for person in (make_user(), make_user(email="zoe@post.example")):
        registrations.register(event, person, now=NOW)
    sent(NOW)
    (message,) = [message for message in mail.outbox if message.to == ["zoe@post.example"]]
    assert message.subject.startswith("You are in the line")
    assert "number 1 in the line" in message.body
    _, calendar = calendar_of(message)
    assert calendar.walk("VEVENT")[0]["STATUS"] == "TENTATIVE"
    assert "meet.example" not in message.message().as_string()
    assert b"meet.example" not in calendar.to_ical()
    schedule.move(event, place="Elsewhere", now=NOW)
    sent(NOW)
    linked = {message.to[0]: "meet.example" in message.body for message in mail.outbox}
    assert linked["zoe@post.example"] is False


def test_promotion_and_offer_are_told():
    for asks, subject in ((False, "A seat for you"), (True, "Do you want the seat?")):
        event = make_event(starts_at=NOW + timedelta(days=3), capacity=1, uses_offers=asks)
        first = registrations.register(event, make_user(), now=NOW).registration
        registrations.register(event, make_user(), now=NOW)
        sent(NOW)
        registrations.cancel(first, now=NOW)
        told = dict(sent(NOW))
        assert told.pop(first.user.email).startswith("You are not registered")
        assert [each.startswith(subject) for each in told.values()] == [True]


def test_whoever_is_taken_off_or_lets_an_offer_go_reads_why_and_guests_are_told_too():
    event = make_event(
        title="Papers", starts_at=NOW + timedelta(days=3), capacity=2, guests_allowed=1, uses_offers=True
    )
    ada, zoe = make_user(email="ada@post.example"), make_user(email="zoe@post.example")
    mine = registrations.register(event, ada, now=NOW).registration
    registrations.register(event, name="Gus", email="gus@post.example", guest_of=mine, now=NOW)
    registrations.register(event, zoe, now=NOW)
    sent(NOW)
    registrations.cancel(mine, by=make_user(), now=NOW)
    sent(NOW)
    bodies = {message.to[0]: message.body for message in mail.outbox}
    assert "A host took you off" in bodies["ada@post.example"]
    assert "as a guest" in bodies["gus@post.example"]
    assert "sign up again" not in bodies["gus@post.example"]
    later = NOW + timedelta(hours=30)
    line.expire_offers(later)
    sent(later)
    assert [message.to for message in mail.outbox] == [["zoe@post.example"]]
    assert "nobody answered in time" in mail.outbox[0].body
    assert calendar_of(mail.outbox[0])[1]["METHOD"] == "CANCEL"


def test_nobody_is_told_that_they_left_once_they_are_back_or_it_is_over():
    event = make_event(starts_at=NOW + timedelta(days=3))
    person = make_user()
    for now in (NOW, NOW, event.ends_at):
        row = registrations.register(event, person, by=person, now=NOW).registration
        registrations.cancel(row, by=make_user(), now=now)
    registrations.register(event, person, by=person, now=NOW)
    assert [subject.partition(" for")[0] for _, subject in sent(NOW)] == [f"You are going to {event.title}"]
    assert set(Notification.objects.filter(kind="event-left").values_list("status", "reason")) == {
        ("skipped", "registered again")
    }


def test_a_moved_event_is_told_once_with_the_same_uid_and_a_higher_sequence():
    event = make_event(title="Papers", starts_at=NOW + timedelta(days=3))
    registrations.register(event, make_user(email="ada@post.example"), now=NOW)
    sent(NOW)
    schedule.move(event, starts_at=event.starts_at + timedelta(days=1), now=NOW)
    assert sent(NOW) == [("ada@post.example", "New time: Papers")]
    _, calendar = calendar_of(mail.outbox[0])
    assert (calendar.walk("VEVENT")[0]["SEQUENCE"], calendar["METHOD"]) == (1, "REQUEST")
    assert "It was: Thu 6 March 2031, 12:00 to 14:00 PST" in mail.outbox[0].body
    assert sent(NOW) == []


def test_of_two_moves_in_a_row_only_the_last_is_sent():
    event = make_event(title="Papers", starts_at=NOW + timedelta(days=3))
    registrations.register(event, make_user(), now=NOW)
    sent(NOW)
    schedule.move(event, place="Hall 8", now=NOW)
    schedule.move(event, place="Hall 9", now=NOW)
    assert len(sent(NOW)) == 1
    assert "Hall 9" in mail.outbox[0].body
    assert Notification.objects.get(kind="event-moved", status="skipped").reason == "it moved again"


def test_a_cancelled_event_is_told_with_the_reason_and_leaves_calendars():
    event = make_event(title="Papers", starts_at=NOW + timedelta(days=3))
    registrations.register(event, make_user(email="ada@post.example"), now=NOW)
    registrations.register(event, name="Gus", email="gus@post.example", now=NOW)
    schedule.cancel(event, "The hall is flooded.", now=NOW)
    assert ("ada@post.example", "Cancelled: Papers") in sent(NOW)
    assert {message.to[0] for message in mail.outbox} == {"ada@post.example", "gus@post.example"}
    message = mail.outbox[-1]
    assert "The hall is flooded." in message.body
    part, calendar = calendar_of(message)
    entry = calendar.walk("VEVENT")[0]
    assert (part.get_param("method"), calendar["METHOD"], entry["STATUS"]) == (
        "CANCEL",
        "CANCEL",
        "CANCELLED",
    )


def test_reminders_come_a_day_before_once_and_not_to_who_registered_later():
    start = NOW + timedelta(days=3)
    event = make_event(title="Papers", starts_at=start, capacity=1)
    registrations.register(event, make_user(email="ada@post.example"), now=NOW)
    registrations.register(event, make_user(email="waits@post.example"), now=NOW)
    sent(NOW)
    assert sent(start - timedelta(hours=25)) == []
    assert sent(start - timedelta(hours=24)) == [("ada@post.example", "Tomorrow: Papers")]
    assert sent(start - timedelta(hours=23)) == []
    late = start - timedelta(hours=12)
    registrations.change_capacity(event, 5, now=late)
    registrations.register(event, make_user(email="late@post.example"), now=late)
    assert "Tomorrow: Papers" not in [subject for _, subject in sent(late)]
    assert sent(start - timedelta(minutes=59)) == [], (
        "no hour's notice where it is not online and did not move"
    )


@pytest.mark.parametrize("what", ["online", "moved"])
def test_an_hour_before_a_reminder_comes_when_it_is_online_or_the_place_changed(what):
    start = NOW + timedelta(days=3)
    event = make_event(
        title="Papers", starts_at=start, online_url="https://meet.example/k" if what == "online" else ""
    )
    registrations.register(event, make_user(), now=NOW)
    if what == "moved":
        schedule.move(event, place="Hall 9", now=NOW)
    sent(NOW)
    sent(start - timedelta(hours=24))
    assert [subject for _, subject in sent(start - timedelta(hours=1))] == ["In an hour: Papers"]
    assert ("mind the place" in mail.outbox[0].body) is (what == "moved")


def test_a_moved_event_gets_a_new_reminder_and_the_old_one_does_not_fire():
    start = NOW + timedelta(days=3)
    event = make_event(title="Papers", starts_at=start)
    registrations.register(event, make_user(), now=NOW)
    sent(NOW)
    sending.tick(start - timedelta(hours=24))
    schedule.move(event, starts_at=start + timedelta(days=2), now=start - timedelta(hours=24))
    assert [subject for _, subject in sent(start - timedelta(hours=24))] == ["New time: Papers"]
    assert Notification.objects.get(kind="event-reminder").reason == "the event moved"
    assert [subject for _, subject in sent(start + timedelta(days=1))] == ["Tomorrow: Papers"]


def test_who_left_or_whose_event_was_cancelled_gets_no_reminder():
    start = NOW + timedelta(days=3)
    left, off = make_event(starts_at=start), make_event(starts_at=start)
    row = registrations.register(left, make_user(), now=NOW).registration
    registrations.register(off, make_user(), now=NOW)
    sent(NOW)
    sending.tick(start - timedelta(hours=24))
    registrations.cancel(row, now=start - timedelta(hours=23))
    schedule.cancel(off, "Storm", now=start - timedelta(hours=23))
    told = {
        subject.partition(" for")[0].partition(":")[0] for _, subject in sent(start - timedelta(hours=23))
    }
    assert told == {"Cancelled", "You are not registered"}


def test_a_title_with_a_line_break_or_markup_forges_nothing():
    event = make_event(title="A & B\r\nBcc: all@post.example <b>", starts_at=NOW + timedelta(days=3))
    registrations.register(event, make_user(), now=NOW)
    sent(NOW)
    (message,) = mail.outbox
    assert message.message()["Bcc"] is None
    assert "A & B Bcc: all@post.example <b>" in message.subject
    _, calendar = calendar_of(message)
    assert len(calendar.walk("VEVENT")) == 1
    assert "<b>" not in message.alternatives[0][0].replace("</b>", "")
