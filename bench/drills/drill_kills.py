"""Drill 3: senders are killed (SIGKILL) 40 times while 2,000 mails go out. None may be lost."""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import django

from mlclub.supervisor.engines import free_port

MAILS = int(os.environ.get("DRILL_MAILS", "2000"))
KILLS = int(os.environ.get("DRILL_KILLS", "40"))
SENDERS = 2


def main() -> int:
    django.setup()
    from bench.drills._mail import Sink, a_report, in_a_process, kill, use
    from members.ledger import Due, tell_many
    from members.ledger.sending import LEASE, sweep
    from members.models import Notification
    from members.notifications import ProblemReported

    def send_on_and_on() -> None:
        while True:
            sweep(always_tick=False)
            time.sleep(0.2)

    chance = random.Random(3)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        sink = Sink(Path(folder) / "taken", port, seconds=0.03)
        server = sink.start()
        use(port)
        report = a_report()
        people = [f"officer{number}@club.example" for number in range(MAILS)]
        tell_many(ProblemReported, [Due(address=address, about=report) for address in people])
        rows = Notification.objects.filter(kind="problem-reported")
        senders = [in_a_process(send_on_and_on) for _ in range(SENDERS)]
        for number in range(KILLS):
            time.sleep(chance.uniform(0.3, 1.0))
            kill(senders[number % SENDERS])
            senders[number % SENDERS] = in_a_process(send_on_and_on)
        began = time.monotonic()
        limit = LEASE.total_seconds() + 60
        while rows.exclude(status="sent").exists() and time.monotonic() - began < limit:
            time.sleep(1)
        seconds = time.monotonic() - began
        for pid in [*senders, server]:
            kill(pid)
        taken = sink.taken()
        ids = dict(rows.values_list("address", "message_id"))
        doubles = len(taken) - len(set(taken))
        lost = len(set(people) - {address for address, _ in taken})
        other_ids = sum(ids[address] != found for address, found in taken)
        not_sent = rows.exclude(status="sent").count()
    print(
        json.dumps(
            {
                "mails": MAILS, "kills": KILLS, "lost": lost, "duplicates": doubles, "under_another_id": other_ids,
                "not_recorded_as_sent": not_sent, "seconds_after_the_last_kill": round(seconds, 1), "limit": limit,
            }
        ),
        flush=True,
    )  # fmt: skip
    return int(bool(lost or other_ids or not_sent) or doubles > KILLS * 0.05)


if __name__ == "__main__":
    sys.exit(main())
