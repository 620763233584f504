"""Drill 5: two beats and two senders at once for ten minutes; the clock looks every second instead of every 30."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

from mlclub.supervisor.engines import free_port

SECONDS = int(os.environ.get("DRILL_SECONDS", "600"))
PEOPLE = 50
EVERY = 10


def main() -> int:
    django.setup()
    from django.utils import timezone

    from bench.drills._mail import Sink, a_report, in_a_process, kill, use
    from members.ledger import Category, Due, at, kind
    from members.ledger.sending import sweep
    from members.models import Notification

    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        sink = Sink(Path(folder) / "taken", port, seconds=0.002)
        server = sink.start()
        use(port)
        report = a_report()
        began = timezone.now()
        last = began + timedelta(seconds=SECONDS)

        def due(self: object, now: datetime) -> Iterator[Due]:
            """A reminder falls due every ten seconds for everybody."""
            moment = int(min(now, last).timestamp()) // EVERY * EVERY
            for start in (moment - EVERY, moment):
                due_at = datetime.fromtimestamp(start, UTC)
                if due_at >= began:
                    for number in range(PEOPLE):
                        yield Due(address=f"person{number}@club.example", slot=at(due_at), due_at=due_at)

        def context(self: object, row: Notification) -> dict[str, Any]:
            return {"report": report, "url": ""}

        kind(
            "drill-reminder", label="Reminders of the drill", template="members/mail/problem_reported",
            category=Category.REMINDER, why="because of a drill",
        )(type("DrillReminder", (), {"due": due, "context": context}))  # fmt: skip

        def beat() -> None:
            while True:
                sweep()
                time.sleep(1)

        def send() -> None:
            while True:
                sweep(always_tick=False)
                time.sleep(0.1)

        workers = [in_a_process(work) for work in (beat, beat, send, send)]
        time.sleep(SECONDS + EVERY + 5)
        for pid in [*workers, server]:
            kill(pid)
        taken = sink.taken()
        rows = Notification.objects.filter(kind="drill-reminder")
        slots = rows.order_by().values("slot").distinct().count()
        # Reminders to one person that were due together went as one mail.
        mails = {merged_as or own for merged_as, own in rows.values_list("merged_as", "message_id")}
        figures = {
            "seconds": SECONDS,
            "slots": slots,
            "mails": len(taken),
            "duplicates": len(taken) - len({found for _, found in taken}),
            "reminders": rows.count(),
            "missing": slots * PEOPLE - rows.count() + len(mails - {found for _, found in taken}),
            "not_sent": rows.exclude(status="sent").count(),
        }
    print(json.dumps(figures), flush=True)
    return int(
        bool(
            figures["duplicates"] or figures["missing"] or figures["not_sent"] or slots < SECONDS // EVERY - 1
        )
    )


if __name__ == "__main__":
    sys.exit(main())
