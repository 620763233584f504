"""The feeds, read by other people's parsers."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
import vobject
from django.urls import reverse
from django.utils import timezone

from events import feeds, ical, registrations, schedule
from events.models import CalendarFeed
from tests.factories import make_club, make_event, make_member, make_series, make_talk, make_user

pytestmark = pytest.mark.django_db

ZONES = [
    "America/Los_Angeles",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Sydney",
    "Asia/Kolkata",
    "UTC",
]


def address_of(user):
    return reverse("events:personal_feed", args=[feeds.renew(user, timezone.now())])


@pytest.mark.parametrize("zone", ZONES)
def test_three_parsers_agree_with_us_over_two_years(zone):
    make_club(time_zone=zone)
    first = date(2031, 1, 6)
    series = make_series(first_on=first, times=60, start_time=time(18, 30))
    rest = make_series(first_on=first + timedelta(weeks=60), times=44, start_time=time(18, 30))
    events = [*series.events.all(), *rest.events.all()]
    schedule.move(
        events[3], starts_at=events[3].starts_at + timedelta(hours=3), now=datetime(2031, 1, 1, tzinfo=UTC)
    )
    events[3].refresh_from_db()
    body = ical.feed([ical.entry_of(event) for event in events], name="Club", zone=ZoneInfo(zone))
    wanted = sorted((f"occ-{event.uid}@localhost", event.starts_at, event.ends_at) for event in events)

    ours = icalendar.Calendar.from_ical(body)
    assert len(ours.walk("VEVENT")) == 104

    recurring = recurring_ical_events.of(ours).between(
        datetime(2030, 12, 1, tzinfo=UTC), datetime(2033, 3, 1, tzinfo=UTC)
    )
    found = sorted(
        (str(each["UID"]), each["DTSTART"].dt.astimezone(UTC), each["DTEND"].dt.astimezone(UTC))
        for each in recurring
    )
    assert found == wanted

    # vobject reads the zone from the VTIMEZONE that we wrote, not from the machine.
    parsed = vobject.readOne(body.decode())
    found = sorted(
        (str(each.uid.value), each.dtstart.value.astimezone(UTC), each.dtend.value.astimezone(UTC))
        for each in parsed.vevent_list
    )
    assert found == wanted


@pytest.mark.parametrize(
    "zone", ["America/Los_Angeles", "Europe/Berlin", "Australia/Sydney", "Europe/Dublin"]
)
def test_a_zone_has_a_rule_for_each_change_and_no_list_of_dates(zone):
    component = ical.zone_component(zone, 2030).to_ical().decode()
    assert component.count("RRULE:FREQ=YEARLY") == 2
    assert "BEGIN:STANDARD" in component
    assert "BEGIN:DAYLIGHT" in component
    assert "RDATE" not in component


def test_the_form_of_a_feed(client):
    make_club(name="Tidewater, Club; of \\ Learning")
    event = make_event(
        title="A, b; c\\d\r\nBEGIN:VEVENT",
        summary="é" * 120,
        place="Hall\x0b 3",
        online_url="https://meet.example/x",
    )
    answer = client.get(reverse("events:public_feed"))
    body = answer.content
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert "Content-Disposition" not in answer
    assert answer["Cache-Control"] == "public, max-age=900"
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert body.count(b"\r\nBEGIN:VEVENT\r\n") == 1
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H" in body
    assert b"X-PUBLISHED-TTL:PT1H" in body
    assert b"ATTENDEE" not in body
    assert b"meet.example" not in body.replace(b"\r\n ", b"")
    (entry,) = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert entry["UID"] == f"occ-{event.uid}@localhost"
    assert entry["DTSTAMP"].dt == event.updated_at.replace(microsecond=0)


def test_an_unchanged_feed_answers_304_cheaply_and_a_changed_one_does_not(
    client, django_assert_max_num_queries
):
    make_club()
    member, event = make_member(), make_event()
    registrations.register(event, member)
    url = address_of(member)
    first = client.get(url)
    assert first["Cache-Control"] == "private, max-age=900"
    assert first["Referrer-Policy"] == "no-referrer"
    assert not first.cookies
    with django_assert_max_num_queries(5):  # whose it is, the events, the registrations; two for due dates
        again = client.get(url, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert client.get(url, headers={"If-Modified-Since": first["Last-Modified"]}).status_code == 304
    assert client.get(url).content == first.content, "the same bytes whenever it is asked for"
    schedule.move(event, starts_at=event.starts_at + timedelta(hours=1))
    changed = client.get(url, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert icalendar.Calendar.from_ical(changed.content).walk("VEVENT")[0]["SEQUENCE"] == 1
    head = client.head(url)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", changed["ETag"])


def test_a_personal_feed_holds_what_one_goes_to_hosts_and_speaks_at(client):
    make_club()
    member, other = make_member(), make_user()
    going = make_event(title="Going", visibility="members", online_url="https://meet.example/x")
    make_event(title="Hosting", hosts=[member])
    make_talk(event=make_event(title="Speaking"), speakers=[member])
    waiting = make_event(title="Waiting", capacity=1, online_url="https://meet.example/secret")
    make_event(title="Not mine")
    registrations.register(going, member)
    registrations.register(waiting, other)
    registrations.register(waiting, member)
    url = address_of(member)
    body = client.get(url).content
    entries = {
        str(each["SUMMARY"]): str(each["STATUS"])
        for each in icalendar.Calendar.from_ical(body).walk("VEVENT")
    }
    assert entries == {
        "Going": "CONFIRMED",
        "Hosting": "CONFIRMED",
        "Speaking": "CONFIRMED",
        "Waiting": "TENTATIVE",
    }
    flat = body.replace(b"\r\n ", b"")
    assert b"https://meet.example/x" in flat
    assert b"secret" not in flat
    etag = client.get(url)["ETag"]
    registrations.cancel(other.registrations.get())
    moved_up = client.get(url, headers={"If-None-Match": etag})
    assert moved_up.status_code == 200, "moving up from the line changes the feed"
    assert b"TENTATIVE" not in moved_up.content


def test_a_cancelled_event_stays_in_feeds_as_cancelled_for_ninety_days():
    make_club()
    now = timezone.now()
    event = make_event(starts_at=now + timedelta(days=120), title="Papers")
    schedule.cancel(event, "Storm", now=now)
    soon, late = feeds.public_body(now + timedelta(days=89)), feeds.public_body(now + timedelta(days=92))
    assert b"STATUS:CANCELLED" in soon
    assert b"VEVENT" not in late
    assert (
        feeds.public_mark(now + timedelta(days=89)).digest
        != feeds.public_mark(now + timedelta(days=92)).digest
    )


def test_a_secret_address_is_shown_once_replaced_and_revoked(client):
    make_club()
    member = make_member()
    client.force_login(member)
    page = reverse("events:calendar_settings")
    client.post(reverse("events:feed_renew"))
    shown = client.get(page)
    url = shown.context["address"].removeprefix("http://localhost:8000")
    assert shown.context["webcal"].startswith("webcal://localhost:8000/events/feed/")
    assert url not in client.get(page).content.decode()
    token = url.rpartition("/")[2].removesuffix(".ics")
    assert len(token) == 43
    assert not CalendarFeed.objects.filter(token_hash=token).exists()
    assert client.post(page, {"alarm": "60"}).status_code == 302
    assert client.post(page, {"alarm": "7"}).status_code == 422
    registrations.register(make_event(), member)
    client.logout()
    body = client.get(url).content
    assert b"BEGIN:VALARM" in body
    assert b"TRIGGER:-PT1H" in body

    client.force_login(member)
    client.post(reverse("events:feed_renew"))
    assert client.get(url).status_code == 410
    newer = client.get(page).context["address"].removeprefix("http://localhost:8000")
    assert client.get(newer).status_code == 200
    client.post(reverse("events:feed_revoke"))
    client.logout()
    assert client.get(newer).status_code == 410
    assert client.get(reverse("events:personal_feed", args=["x" * 43])).status_code == 404


def test_a_suspended_person_has_no_feed(client):
    make_club()
    member = make_member()
    url = address_of(member)
    member.is_active = False
    member.save()
    assert client.get(url).status_code == 404


def test_a_series_has_a_feed_when_it_is_public(client):
    make_club()
    public, inner = make_series(times=3), make_series(times=3, visibility="members")
    body = client.get(reverse("events:series_feed", args=[public.slug])).content
    assert body.count(b"BEGIN:VEVENT") == 3
    assert client.get(reverse("events:series_feed", args=[inner.slug])).status_code == 404


def test_an_event_can_be_put_into_a_calendar_by_hand(client):
    make_club()
    event, inner = make_event(), make_event(visibility="members")
    answer = client.get(reverse("events:event_file", args=[event.pk]))
    assert answer["Content-Disposition"] == f'attachment; filename="{event.slug}.ics"'
    assert answer.content.count(b"BEGIN:VEVENT") == 1
    assert client.get(reverse("events:event_file", args=[inner.pk])).status_code == 404


def test_an_empty_feed_is_a_calendar(client):
    make_club()
    assert (
        icalendar.Calendar.from_ical(client.get(reverse("events:public_feed")).content).walk("VEVENT") == []
    )
