"""Drill 2: people in a line accept, decline and let offers run out, while two clocks and an officer who changes the
number of seats work at the same time. A trigger made for the drill refuses every commit at which more seats are held
than there are."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import django

ROUNDS = int(os.environ.get("DRILL_ROUNDS", "10"))
PEOPLE, SEATS, MORE = 30, 10, 14

#: Held or offered: live rows that were told of a seat, by a first answer or by moving up. Deferred: it looks at the commit.
TRIGGER = """
CREATE TABLE IF NOT EXISTS drill_seat (registration bigint PRIMARY KEY);
CREATE OR REPLACE FUNCTION drill_held() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held integer; seats integer;
BEGIN
    SELECT capacity INTO seats FROM events_event WHERE id = NEW.event_id;
    SELECT count(*) INTO held FROM events_registration r
        WHERE r.event_id = NEW.event_id AND r.state = 'going'
          AND (r.moved_up_at IS NOT NULL OR r.id IN (SELECT registration FROM drill_seat));
    IF seats IS NOT NULL AND held > seats THEN
        RAISE EXCEPTION 'drill: % seats held of %', held, seats;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS drill_held ON events_registration;
CREATE CONSTRAINT TRIGGER drill_held AFTER INSERT OR UPDATE ON events_registration
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION drill_held();
"""
AWAY = "DROP TRIGGER IF EXISTS drill_held ON events_registration; DROP TABLE IF EXISTS drill_seat;"


def main() -> int:
    django.setup()
    from django.db import connection

    from members.models import User

    people = [
        User.objects.create_user(f"offer{number}@club.example", name=f"Person {number}")
        for number in range(SEATS + PEOPLE)
    ]
    rng = random.Random(2)
    wrong: list[str] = []
    offers = 0
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)
    try:
        for number in range(ROUNDS):
            offers += one_round(number, people, rng, wrong)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(AWAY)
    print(
        json.dumps(
            {
                "drill": "offers",
                "rounds": ROUNDS,
                "people": PEOPLE,
                "seats": SEATS,
                "offers": offers,
                "wrong": wrong[:5],
                "seconds": round(time.monotonic() - began, 1),
            }
        ),
        flush=True,
    )
    return int(bool(wrong) or not offers)


def one_round(number: int, people: list[object], rng: random.Random, wrong: list[str]) -> int:
    """The last day of an event whose seats come free one after the other. Returns how many offers were made."""
    from django.db import connection
    from django.utils import timezone

    from bench.drills._race import race
    from events import line, registrations
    from events.models import Event, Registration
    from members.models import Notification, User

    now = timezone.now()
    start = now + timedelta(days=2)
    event = Event.objects.create(
        title=f"Offers {number}",
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        capacity=SEATS,
        uses_offers=True,
    )
    rows: list[Registration] = []
    for person in people:
        assert isinstance(person, User)
        made = registrations.register(event, person, now=now).registration
        assert made
        rows.append(made)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO drill_seat VALUES (%s)", [[row.pk] for row in rows[:SEATS]])
    # A clock that everybody shares runs from now to the start; what comes later in the list happens later.
    clock = [now + (start - now) * step / 60 for step in range(60)]

    def at(step: int) -> datetime:
        return clock[min(step, len(clock) - 1)]

    jobs: list[Callable[[], object]] = []
    for place, row in enumerate(rows[:SEATS]):
        jobs.append(partial(registrations.cancel, row, now=at(place * 5)))
    for place, row in enumerate(rows[SEATS:]):
        act = rng.choice([registrations.accept_offer, registrations.cancel, None])
        if act:
            jobs.append(partial(act, row, now=at(rng.randrange(10, 58) + place % 3)))
    for _ in range(2):
        jobs += [partial(line.expire_offers, moment) for moment in rng.sample(clock, 10)]
    jobs += [
        partial(registrations.change_capacity, event, MORE, now=at(20)),
        partial(registrations.change_capacity, event, SEATS, now=at(40)),
    ]
    rng.shuffle(jobs)
    wrong += race(jobs)[1]
    event.refresh_from_db()
    told = Notification.objects.filter(
        kind="event-offer", about__in=[f"events.registration:{row.pk}" for row in rows]
    )
    twice = [about for about, n in Counter(told.values_list("about", flat=True)).items() if n > 1]
    if twice:
        wrong.append(f"round {number}: {len(twice)} were offered a seat twice")
    late = Registration.objects.filter(event=event, offered_at__gt=start - line.LAST_OFFER)
    if late.exists():
        wrong.append(f"round {number}: an offer in the last hour")
    order = line.order_of(event)
    seated = line.seated_of(event, order)
    untold = set(seated) - {row.pk for row in rows[:SEATS]}
    if Registration.objects.filter(pk__in=untold, moved_up_at=None).exists():
        wrong.append(f"round {number}: somebody has a seat and was not told")
    return told.count()


if __name__ == "__main__":
    sys.exit(main())
