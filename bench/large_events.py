"""What the pages of events cost in a club with very many of them."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench import crowd
from events.models import Event
from members.models import User
from mlclub import planner

PEOPLE = 500
#: So many dates are still to come, over a year; the rest is history.
COMING = 10


def fill(events: int, registrations: int) -> tuple[User, Event]:
    """A club with so many events and registrations. Returns a member, and an event to come that everybody goes to."""
    now = timezone.now()
    _, term = crowd.club()
    people = crowd.people(PEOPLE, [term], prefix="guest")
    coming = crowd.events(
        events // COMING, now + timedelta(hours=3), now + timedelta(days=365), hosts=people, term=term
    )
    over = crowd.events(
        events - len(coming), now - timedelta(days=3650), now - timedelta(days=1), hosts=people
    )
    popular = coming[1]
    Event.objects.filter(pk=popular.pk).update(capacity=None)
    crowd.registrations([popular], people, PEOPLE)
    each = max(1, (registrations - PEOPLE) // (events - 1))
    crowd.registrations([event for event in [*coming, *over] if event.pk != popular.pk], people, each)
    planner.look_again()
    return people[0], popular


def measure(member: User, event: Event, *, times: int = 5) -> list[dict[str, Any]]:
    """Queries and the median of milliseconds of each page, for a member and without HTTP in between."""
    client = Client(HTTP_HOST="localhost")
    client.force_login(member)
    figures = []
    for name, path in {
        "list": reverse("events:event_list"),
        "month": reverse("events:event_list") + "?view=month",
        "mine": reverse("events:event_list") + "?whom=mine",
        "event": event.get_absolute_url(),
        "recordings": reverse("events:recording_list"),
    }.items():
        for _ in range(2):
            assert client.get(path).status_code == 200, path
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        asked = len(queries)  # before the next request, which forgets them
        took = []
        for _ in range(times):
            began = time.perf_counter()
            client.get(path)
            took.append(1000 * (time.perf_counter() - began))
        figures.append({"page": name, "queries": asked, "ms": round(statistics.median(took), 1)})
    return figures
