"""Drill 1: 200 people press one button for 20 seats, again and again, over real HTTP with sessions of their own; every
second round ten of those with a seat leave and the hall grows meanwhile. The control takes the lock away and must
oversell, or the drill says nothing."""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from datetime import timedelta
from functools import partial

import django

ROUNDS = int(os.environ.get("DRILL_ROUNDS", "50"))
PEOPLE, SEATS, MORE, LEAVING, THREADS = 200, 20, 25, 10, 4


def main() -> int:
    django.setup()
    from django.utils import timezone

    from bench.drills._rush import Answers, Person, people, rush, served
    from events import registrations
    from events.models import Event, Registration

    rng = random.Random(1)
    wrong: list[str] = []
    slowest: list[float] = []
    seconds: list[float] = []

    def an_event(number: int) -> Event:
        start = timezone.now() + timedelta(days=3)
        return Event.objects.create(
            title=f"Round {number}",
            starts_at=start,
            ends_at=start + timedelta(hours=1),
            capacity=SEATS,
            visibility="public",
        )

    def plain_round(number: int, crowd: list[Person], port: int) -> None:
        event = an_event(number)
        path = f"/events/{event.pk}/register/"
        jobs = [(person, path) for person in crowd]
        jobs += [(person, path) for person in rng.sample(crowd, 10)]  # who clicks twice
        rng.shuffle(jobs)
        answers = rush(port, jobs, threads=THREADS)
        judge(number, event, answers, len(crowd), SEATS)

    def changing_round(number: int, crowd: list[Person], port: int) -> None:
        event = an_event(number)
        path = f"/events/{event.pk}/register/"
        first = rush(port, [(person, path) for person in crowd[:SEATS]], threads=THREADS)
        jobs = [(person, path) for person in crowd[SEATS:]]
        jobs += [(person, f"/events/{event.pk}/leave/") for person in crowd[:LEAVING]]
        rng.shuffle(jobs)
        growing = threading.Timer(0.3, lambda: registrations.change_capacity(event, MORE))
        growing.start()
        answers = rush(port, jobs, threads=THREADS, answers=first)
        growing.join()
        event.refresh_from_db()
        kept = {person.pk for person in crowd[LEAVING:SEATS]}
        order = judge(number, event, answers, len(crowd) - LEAVING, MORE)
        if not kept <= set(order[:MORE]):
            wrong.append(f"round {number}: somebody lost a seat")

    def judge(number: int, event: Event, answers: Answers, expected: int, seats: int) -> list[int]:
        rows = Registration.objects.live().filter(event=event).in_order()
        order = list(rows.values_list("user_id", flat=True))
        if len(order) != expected or len(set(order)) != len(order) or event.capacity != seats:
            wrong.append(f"round {number}: {len(order)} registrations of {expected}")
        by_write = list(rows.order_by("pk").values_list("user_id", flat=True))
        if by_write != order:
            wrong.append(f"round {number}: the line is not in the order of the writes")
        if bad := answers.count(lambda status: status >= 400) + answers.broken:
            wrong.append(f"round {number}: {bad} bad answers")
        slowest.append(answers.p95)
        seconds.extend(answers.seconds)
        return [key for key in order if key]

    began = time.monotonic()
    with served() as (port, _):
        crowd = people(PEOPLE)
        for number in range(ROUNDS):
            (changing_round if number % 2 else plain_round)(number, crowd, port)
    sold = without_the_lock([person.pk for person in crowd], an_event(ROUNDS))
    if sold <= SEATS:
        wrong.append(f"the control sold {sold} of {SEATS} seats: the drill says nothing")
    seconds.sort()
    print(
        json.dumps(
            {
                "drill": "seats_http",
                "rounds": ROUNDS,
                "people": PEOPLE,
                "seats": SEATS,
                "requests": len(seconds),
                "p95_seconds": round(seconds[int(len(seconds) * 0.95) - 1], 3),
                "worst_round_p95_seconds": max(slowest),
                "control_sold": sold,
                "wrong": wrong[:5],
                "seconds": round(time.monotonic() - began, 1),
            }
        ),
        flush=True,
    )
    return int(bool(wrong) or max(slowest) >= 3)


def without_the_lock(users: list[int], event: object) -> int:
    """How many get a seat when everybody counts before anybody has written."""
    from django.db import transaction
    from django.utils import timezone

    from bench.drills._race import race
    from events.models import Event, Registration

    assert isinstance(event, Event)
    sold: list[int] = []

    def one(user: int) -> None:
        now = timezone.now()
        with transaction.atomic():
            if Registration.objects.live().filter(event=event).count() < SEATS:
                Registration.objects.create(event=event, user_id=user, created_at=now, updated_at=now)
                sold.append(user)

    race([partial(one, user) for user in users[:40]])
    return len(sold)


if __name__ == "__main__":
    sys.exit(main())
