"""Registrations on one event, as many at once as there are connections, beside a bare insert under a lock."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction
from django.utils import timezone

from bench import crowd
from events import registrations
from events.models import Event, Registration
from members.models import User

CONNECTIONS = 50
BARE = """
CREATE TABLE IF NOT EXISTS bare_event (id bigint PRIMARY KEY, seats integer NOT NULL);
CREATE TABLE IF NOT EXISTS bare_seat (
    id bigserial PRIMARY KEY, event_id bigint NOT NULL REFERENCES bare_event, person_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(), UNIQUE (event_id, person_id)
);
TRUNCATE bare_event CASCADE;
INSERT INTO bare_event VALUES (1, 20);
"""


def at_once(work: Callable[[Any], str], items: Sequence[Any], connections: int) -> tuple[float, Counter[str]]:
    """Do `work` for all items on so many connections; the seconds it took, and how often each answer came."""
    waiting: SimpleQueue[Any] = SimpleQueue()
    for item in items:
        waiting.put(item)
    answers: list[str] = []
    ready = threading.Barrier(connections + 1)

    def one() -> None:
        connection.ensure_connection()
        ready.wait()
        try:
            while True:
                answers.append(work(waiting.get_nowait()))
        except Empty:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(connections)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, Counter(answers)


def bare_insert(person: int) -> str:
    """Lock the row, count, insert: the least that can be right."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT seats FROM bare_event WHERE id = 1 FOR NO KEY UPDATE")
        (seats,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM bare_seat WHERE event_id = 1")
        (taken,) = cursor.fetchone()
        cursor.execute("INSERT INTO bare_seat (event_id, person_id) VALUES (1, %s)", [person])
    return "going" if taken < seats else "waiting"


def without_http(people: int = 1000, connections: int = CONNECTIONS) -> list[dict[str, Any]]:
    """`register()` for everybody, and the bare insert for as many; each is tried in turn, three times over."""
    _, term = crowd.club()
    found = crowd.people(people, [term], prefix="seat")
    rounds: list[tuple[float, float, bool]] = []
    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.execute(BARE)
        bare, counted = at_once(bare_insert, [user.pk for user in found], connections)
        bare_exact = counted == Counter(going=20, waiting=people - 20)
        event = one_event(found[0], seats=20)
        ours, answers = at_once(
            lambda user, event=event: str(registrations.register(event, user).answer), found, connections
        )
        exact = answers == Counter(going=20, waiting=people - 20) and people == len(
            set(Registration.objects.live().filter(event=event).values_list("user", flat=True))
        )
        rounds.append((people / bare, people / ours, exact and bare_exact))
    bare_rate, rate, _ = sorted(rounds, key=lambda row: row[1] / row[0])[1]
    return [
        {
            "what": "register() without HTTP",
            "registrations": people,
            "connections": connections,
            "per_second": round(rate, 1),
            "bare_per_second": round(bare_rate, 1),
            "of_bare": round(rate / bare_rate, 2),
            "exact": all(row[2] for row in rounds),
        }
    ]


def one_event(host: User, *, seats: int) -> Event:
    soon = timezone.now() + timedelta(days=3)
    (event,) = crowd.events(
        1, soon, soon + timedelta(days=1), hosts=[host], capacity=seats, visibility="members"
    )
    return event


def over_http(
    port: int, people: int = 500, connections: int = CONNECTIONS, seats: int = 100
) -> dict[str, Any]:
    """Everybody posts the button of an event's card, each with a session and a CSRF token of their own; a tenth of
    them click twice."""
    from django.conf import settings
    from django.urls import reverse
    from django.utils.crypto import get_random_string

    from bench.inside import signed_in

    _, term = crowd.club()
    found = crowd.people(people, [term], prefix="post")
    event = one_event(found[0], seats=seats)
    path = reverse("events:event_register", args=[event.pk])
    clicks = []
    for n, user in enumerate(found):
        session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
        token = get_random_string(32)
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"
        clicks += [(cookie, token)] * (2 if n % 10 == 0 else 1)
    own = threading.local()

    def click(who: tuple[str, str]) -> str:
        cookie, token = who
        if not hasattr(own, "connection"):
            own.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {
            "Cookie": cookie,
            "Host": f"localhost:{port}",
            "Content-Type": "application/x-www-form-urlencoded",
            "HX-Request": "true",
        }
        own.connection.request("POST", path, urlencode({"csrfmiddlewaretoken": token}), headers)
        response = own.connection.getresponse()
        words = response.read().decode()
        if response.status != 200:
            return str(response.status)
        return "going" if "You are going to" in words else "waiting" if "in the line" in words else "other"

    seconds, answers = at_once(click, clicks, connections)
    rows = Registration.objects.live().filter(event=event).values_list("user", flat=True)
    return {
        "what": "over HTTP",
        "requests": len(clicks),
        "connections": connections,
        "per_second": round(len(clicks) / seconds, 1),
        "answers": dict(answers),
        "registrations": len(rows),
        "exact": len(rows) == len(set(rows)) == people and not set(answers) - {"going", "waiting"},
    }
