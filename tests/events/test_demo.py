"""The demo club's events add up, and nobody is in two places."""

import random
import time
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

import events.demo
import members.demo
from events import gathered
from events.models import Attendance, Event, Material, Registration, Symposium
from events.seats import seat_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo():
    rng = random.Random(2022)
    now = datetime(2026, 11, 3, 12, tzinfo=ZoneInfo(members.demo.ZONE))
    _, terms, people = members.demo.seed(now.date(), rng)
    began = time.monotonic()
    events.demo.seed(people, terms[:4], now, rng)
    return now, terms, people, time.monotonic() - began


def test_the_demo_adds_up(demo):
    now, _, _, seconds = demo
    assert seconds < 10
    # 80 classes and homework parties come from the programme: 334 in all.
    assert Event.objects.count() == 254
    assert 6000 <= Registration.objects.count() <= 7600
    assert 5000 <= Attendance.objects.count() <= 6800
    registered = Registration.objects.live().filter(event__ends_at__lt=now, event__state="scheduled")
    came = sum(
        Attendance.objects.filter(event=row.event_id, user=row.user_id).exists() for row in registered[:600]
    )
    assert 0.65 <= came / 600 <= 0.77
    meetings = Event.objects.filter(kind="meeting", ends_at__lt=now)
    mean = Attendance.objects.filter(event__in=meetings).count() / meetings.count()
    assert 40 <= mean <= 54
    assert 45 <= Material.objects.filter(kind="recording").count() <= 70
    assert not Registration.objects.filter(created_at__gt=now).exists()
    assert not Event.objects.filter(kind__in=["lecture", "homework_party"]).exists()


def test_nobody_is_in_two_places_and_nobody_acts_before_joining(demo):
    rows = Attendance.objects.filter(user__isnull=False).select_related("event", "user")
    ordered = sorted(rows, key=lambda row: (row.user_id, row.event.starts_at))
    for _, mine in groupby(ordered, key=lambda row: row.user_id):
        until = None
        for row in mine:
            assert until is None or row.event.starts_at >= until
            until = row.event.ends_at
            assert row.at >= row.user.created_at - timedelta(days=1)


def test_what_needs_attention_is_planted(demo):
    now, _, people, _ = demo
    full = Event.objects.get(title="Your first fine-tune", starts_at__gt=now)
    seat = seat_of(full, people.cast["officer"], now)
    assert (seat.taken, seat.waiting) == (24, 4)
    titles = [item.title for item in gathered.desk(people.cast["officer"], now)]
    assert "Recording missing for more than 7 days" in titles
    assert (
        Event.objects.filter(place="", starts_at__gt=now, starts_at__lt=now + timedelta(days=14)).count() == 1
    )
    assert Event.objects.filter(state="cancelled").count() == 4


def test_last_terms_symposium_has_a_programme_that_everybody_reads(demo, client):
    now = demo[0]
    past = Symposium.objects.get(event__ends_at__lt=now)
    page = client.get(reverse("events:symposium_program", args=[past.slug])).content.decode()
    assert "Forecasting the ferry queue" in page
    assert "Two hundred labelled knots" in page
    assert "Harbour Data Society" in page


def test_the_home_page_of_a_member_has_something_on_it(demo):
    now, _, people, _ = demo
    assert 2 <= len(gathered.home(people.cast["member"], now)) <= 8
    assert gathered.front(now)
