"""The feeds: what is in them, for whom, and how they are served. What others read in them: test_calendar_readers."""

import gzip
import logging
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import icalendar
import pytest
from django.urls import reverse
from django.utils import timezone

from events import calendar_links, feeds, ical, registrations, schedule
from events.models import CalendarFeed
from mlclub.middleware import RedactTokens
from tests.factories import make_club, make_event, make_member, make_series, make_talk, make_user

pytestmark = pytest.mark.django_db


def address_of(user):
    return reverse("events:personal_feed", args=[feeds.renew(user, timezone.now())])


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


def test_an_event_goes_into_the_calendars_of_google_outlook_and_apple(client):
    make_club()
    event = make_event(
        title="Papers & tea",
        starts_at=datetime(2031, 3, 5, 2, tzinfo=UTC),
        online_url="https://meet.example/secret",
        visibility="members",
    )
    member, other = make_member(), make_member()
    registrations.register(event, member)
    links = {link.name: link.url for link in calendar_links.of_event(event)}
    google = parse_qs(urlsplit(links["Google"]).query)
    assert google["text"] == ["Papers & tea"]
    assert google["dates"] == ["20310305T020000Z/20310305T040000Z"]
    outlook = parse_qs(urlsplit(links["Outlook"]).query)
    assert (outlook["startdt"], outlook["location"]) == (["2031-03-05T02:00:00Z"], ["Hall 3"])
    assert links["Apple and others (.ics)"] == reverse("events:event_file", args=[event.pk])
    assert not any("secret" in url for url in links.values())
    seen = []
    for person in (member, other):
        client.force_login(person)
        page = client.get(event.get_absolute_url()).content.decode()
        assert "https://calendar.google.com/calendar/render?action=TEMPLATE" in page
        seen.append("meet.example%2Fsecret" in page)
    assert seen == [True, False], "the meeting link goes with whoever has a seat"


def test_a_feed_is_subscribed_to_at_a_click_in_each_of_them(client):
    make_club()
    series = make_series(times=2)
    page = client.get(series.get_absolute_url()).content.decode()
    feed = reverse("events:series_feed", args=[series.slug])
    assert f"webcal://localhost:8000{feed}" in page
    assert "https://calendar.google.com/calendar/render?cid=webcal" in page
    assert "https://outlook.live.com/calendar/0/addfromweb?url=http" in page
    assert (
        "webcal://localhost:8000/events/public.ics"
        in client.get(reverse("events:event_list")).content.decode()
    )


def test_a_feed_is_compressed_sets_no_cookie_and_stays_unchanged_when_compressed(client):
    make_club()
    member = make_member()
    for _ in range(5):
        registrations.register(make_event(), member)
    client.force_login(member)  # a browser sends its cookies along; the feed neither needs nor sets one
    url = address_of(member)
    packed = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == client.get(url).content
    assert not packed.cookies
    assert packed["X-Robots-Tag"] == "noindex"
    again = client.get(url, headers={"Accept-Encoding": "gzip", "If-None-Match": packed["ETag"]})
    assert again.status_code == 304


def test_the_log_of_who_fetched_what_does_not_hold_the_secret():
    make_club()
    url = address_of(make_member())
    line = logging.LogRecord("gunicorn.access", 20, "", 0, '"GET %s HTTP/1.1" 200', (url,), None)
    RedactTokens().filter(line)
    assert line.getMessage() == '"GET /events/feed/….ics HTTP/1.1" 200'
