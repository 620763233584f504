"""Ten thousand weekly digests: written into the ledger, built, and sent to a mail server on this machine."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from bench import crowd
from bench.drills._mail import Sink, in_a_process, kill, use
from members.ledger import sending
from members.models import Notification, User
from mlclub import planner
from mlclub.portal import digest, readers
from mlclub.supervisor.engines import free_port
from nmep.models import Offering


def peak_mb() -> float:
    """The most memory that this process has held so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)


def just_after_the_evening() -> datetime:
    return readers.sent_at(timezone.now()) + timedelta(minutes=5)


def fill(members: int) -> None:
    """A club of that size with a week worth telling after the Sunday evening that has just been."""
    _, term = crowd.club()
    found = crowd.people(members, [term], prefix="reader")
    monday = just_after_the_evening() + timedelta(hours=12)
    soon = crowd.events(12, monday, monday + timedelta(days=6), hosts=found[:20], term=term)
    crowd.registrations(soon, found, max(1, members // 10))
    crowd.pages(40, found[:20])
    learners = found[20 : 20 + max(1, members // 20)]
    crowd.offering(term, learners, found[:5], state=Offering.State.RUNNING)
    crowd.initiatives(30, found, term)
    planner.look_again()


def digests(members: int = 10_000) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        sink = Sink(Path(folder) / "taken", free_port(), seconds=0)
        server = sink.start()
        try:
            return _digests(members, sink)
        finally:
            kill(server)


def _digests(members: int, sink: Sink) -> list[dict[str, Any]]:
    # In a process of its own, so that the memory measured is what the digests take.
    os.waitpid(in_a_process(lambda: fill(members)), 0)
    now = just_after_the_evening()
    expected = readers.recipients(now).count()
    use(sink.port)

    processor = time.process_time()
    began = time.perf_counter()
    sending.tick(now)
    queued = time.perf_counter() - began
    rows = Notification.objects.filter(kind__in=readers.EVERY)
    waiting = rows.count()

    began = time.perf_counter()
    week = readers.week_of(now + timedelta(days=1))
    keys = list(rows.values_list("person", flat=True))
    told = 0
    for start in range(0, len(keys), digest.AT_ONCE):
        people = list(User.objects.filter(pk__in=keys[start : start + digest.AT_ONCE]))
        told += sum(not each.is_empty for each in digest.build(people, week, now).values())
    built = time.perf_counter() - began

    began = time.perf_counter()
    report = sending.sweep(now, budget=3600, always_tick=False)
    sent = time.perf_counter() - began
    ours = set(rows.values_list("message_id", flat=True))
    taken = [address for address, message_id in sink.taken() if message_id in ours]
    return [
        {
            "members": members,
            "recipients": expected,
            "queued": waiting,
            "not_empty": told,
            "seconds_to_queue": round(queued, 1),
            "seconds_to_build": round(built, 1),
            "seconds_to_send": round(sent, 1),
            "seconds_of_processor": round(time.process_time() - processor, 1),
            "sent": rows.filter(status="sent").count(),
            "skipped_as_empty": rows.filter(status="skipped").count(),
            "other_mails": report.counts["sent"] - len(taken),
            "distinct_recipients": len(set(taken)),
            "duplicates": len(taken) - len(set(taken)),
            "peak_mb": round(peak_mb()),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    ]
