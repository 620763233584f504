"""Drill 4: workers of the web server are killed (SIGKILL) 20 times while 50 people a second sign up. Whatever was
answered is in the database, nothing is there by half, and whoever asks again gets the same registration."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from datetime import timedelta

import django

from bench.load import family_of

KILLS = int(os.environ.get("DRILL_KILLS", "20"))
RATE, THREADS = 50, 8
PEOPLE = int(os.environ.get("DRILL_PEOPLE", "200"))


def main() -> int:
    django.setup()
    from django.utils import timezone

    from bench.drills._rush import people, rush, served
    from events.models import Event, Registration
    from members.models import Notification

    rng = random.Random(4)
    start = timezone.now() + timedelta(days=3)
    # Several events, so that everybody signs up several times.
    span = max(4, KILLS * RATE // PEOPLE)
    events = [
        Event.objects.create(
            title=f"Evening {number}",
            starts_at=start,
            ends_at=start + timedelta(hours=1),
            capacity=20,
            visibility="public",
        )
        for number in range(span)
    ]
    killed = 0
    done = threading.Event()
    with served(log_level="CRITICAL") as (port, master):
        crowd = people(PEOPLE, prefix="kill")
        jobs = [(person, f"/events/{event.pk}/register/") for event in events for person in crowd]

        def kill_on_and_on() -> None:
            nonlocal killed
            while killed < KILLS and not done.wait(rng.uniform(0.4, 0.8)):
                workers = [pid for pid in family_of(master) if pid != master]
                if workers:
                    os.kill(rng.choice(workers), signal.SIGKILL)
                    killed += 1

        killer = threading.Thread(target=kill_on_and_on)
        killer.start()
        began = time.monotonic()
        try:
            first = rush(port, jobs, threads=THREADS, pause=THREADS / RATE)
            rate = len(jobs) / (time.monotonic() - began)
        finally:
            done.set()
            killer.join()
        keys = {
            event.pk: set(Registration.objects.filter(event=event).values_list("user_id", flat=True))
            for event in events
        }
        good = first.count(lambda status: status in (200, 302))
        held = sum(len(each) for each in keys.values())
        # Everybody asks again: who has a row keeps it, who was cut off gets one.
        time.sleep(2)
        again = rush(port, jobs, threads=THREADS)
    rows = Registration.objects.live().filter(event__in=events)
    wrong = []
    if held < good:
        wrong.append(f"{good - held} were answered and are not there")
    if rows.count() != len(jobs):
        wrong.append(f"{rows.count()} registrations of {len(jobs)} after asking again")
    mails = Notification.objects.filter(kind="event-registered").count()
    if mails != len(jobs):
        wrong.append(f"{mails} confirmations of {len(jobs)}: one is there by half")
    if bad := first.count(lambda status: status >= 500) + again.count(lambda status: status >= 400):
        wrong.append(f"{bad} answers were errors")
    if killed < KILLS:
        wrong.append(f"only {killed} kills")
    print(
        json.dumps(
            {
                "drill": "web_kills",
                "kills": killed,
                "requests": len(jobs),
                "per_second": round(rate, 1),
                "answered": good,
                "cut_off": first.broken,
                "registrations": held,
                "p95_seconds": first.p95,
                "wrong": wrong,
            }
        ),
        flush=True,
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
