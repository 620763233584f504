"""Drill: an event is moved while its reminders are being sent. Everybody hears of the last time, nobody of an old
one after it, and nothing twice."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

import django

PEOPLE = int(os.environ.get("DRILL_PEOPLE", "40"))
MOVES = int(os.environ.get("DRILL_MOVES", "10"))


def main() -> int:
    django.setup()
    from django.conf import settings
    from django.core import mail
    from django.db import connection
    from django.utils import timezone

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    from events import registrations, schedule
    from events.models import Event
    from members.ledger import at, sending
    from members.models import Notification, User

    now = timezone.now()
    start = now + timedelta(hours=23)
    event = Event.objects.create(
        title="Moving target", starts_at=start, ends_at=start + timedelta(hours=1), place="Hall 1"
    )
    for number in range(PEOPLE):
        person = User.objects.create_user(f"person{number}@club.example", name=f"Person {number}")
        registrations.register(event, person, now=now - timedelta(days=2))
    stop = threading.Event()
    wrong: list[str] = []

    def sender() -> None:
        try:
            while not stop.is_set():
                sending.sweep(timezone.now())
        except Exception as problem:
            wrong.append(f"{type(problem).__name__}: {problem}")
        finally:
            connection.close()

    senders = [threading.Thread(target=sender) for _ in range(2)]
    for thread in senders:
        thread.start()
    began = time.monotonic()
    for number in range(MOVES):
        schedule.move(event, starts_at=start + timedelta(minutes=5 * (number + 1)))
        time.sleep(0.3)
    time.sleep(1)
    stop.set()
    for thread in senders:
        thread.join()
    for _ in range(3):
        sending.sweep(timezone.now())
    event.refresh_from_db()

    sent = Notification.objects.filter(status="sent")
    twice = [key for key, n in Counter(sent.values_list("person", "kind", "slot")).items() if n > 1]
    last = sent.filter(kind="event-moved", slot=f"version {event.schedule_version}").count()
    stale = 0
    for row in sent.filter(kind="event-reminder").order_by("sent_at"):
        current = row.slot.partition(" ")[0] == at(event.starts_at)
        told = sent.filter(
            person=row.person, kind="event-moved", slot=f"version {event.schedule_version}"
        ).first()
        if not current and told and told.sent_at and row.sent_at and row.sent_at > told.sent_at:
            stale += 1
    if twice:
        wrong.append(f"{len(twice)} messages were sent twice")
    if last != PEOPLE:
        wrong.append(f"{last} of {PEOPLE} heard of the last time")
    if stale:
        wrong.append(f"{stale} reminders of an old time came after the last move")
    print(
        json.dumps(
            {
                "drill": "reschedule",
                "people": PEOPLE,
                "moves": MOVES,
                "sent": sent.count(),
                "skipped": Notification.objects.filter(status="skipped").count(),
                "wrong": wrong,
                "seconds": round(time.monotonic() - began, 1),
            }
        )
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
