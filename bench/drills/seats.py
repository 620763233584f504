"""Drill: 200 people want 20 seats at once, again and again, while some leave and the hall grows."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial

import django

ROUNDS = int(os.environ.get("DRILL_ROUNDS", "20"))
PEOPLE, SEATS, MORE, LEAVING = 200, 20, 25, 15


def main() -> int:
    django.setup()
    from datetime import timedelta

    from django.utils import timezone

    from bench.drills._race import race
    from events import registrations
    from events.models import Event, Registration
    from members.models import User

    people = [
        User.objects.create_user(f"person{number}@club.example", name=f"Person {number}")
        for number in range(PEOPLE)
    ]
    rng = random.Random(1)
    wrong: list[str] = []
    slowest: list[float] = []

    began = time.monotonic()
    for number in range(ROUNDS):
        start = timezone.now() + timedelta(days=3)
        event = Event.objects.create(
            title=f"Round {number}", starts_at=start, ends_at=start + timedelta(hours=1), capacity=SEATS
        )
        early = [registrations.register(event, person).registration for person in people[:SEATS]]
        jobs: list[Callable[[], object]] = [
            *(partial(registrations.cancel, row) for row in early[:LEAVING] if row),
            *(partial(registrations.register, event, person) for person in people[SEATS:]),
            partial(registrations.change_capacity, event, MORE),
        ]
        rng.shuffle(jobs)
        seconds, problems = race(jobs)
        slowest += seconds
        wrong += problems
        order = list(
            Registration.objects.live().filter(event=event).in_order().values_list("user_id", flat=True)
        )
        kept = {row.user_id for row in early[LEAVING:] if row}
        if len(order) != PEOPLE - LEAVING or len(set(order)) != len(order):
            wrong.append(f"round {number}: {len(order)} registrations")
        if not kept <= set(order[:MORE]):
            wrong.append(f"round {number}: somebody lost a seat")
    print(
        json.dumps(
            {
                "drill": "seats",
                "rounds": ROUNDS,
                "people": PEOPLE,
                "seats": SEATS,
                "wrong": wrong[:5],
                "seconds": round(time.monotonic() - began, 1),
                "slowest_request_seconds": round(max(slowest), 2),
            }
        )
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
