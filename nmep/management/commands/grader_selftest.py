from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from nmep import grader
from nmep.grading import selftest
from nmep.grading.attacks import ATTACKS
from nmep.grading.box import Machine
from nmep.grading.command import NoBox


class Command(BaseCommand):
    help = (
        "Run every attack of the list against the boxes of this machine, and keep whether they held. "
        "Students' code is run only where this has passed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--only", metavar="NAME", help="One attack, to look at it; nothing is kept.", default=""
        )

    def handle(self, *args: Any, only: str, **options: Any) -> None:
        attacks = [attack for attack in ATTACKS if only in ("", attack.name)]
        if not attacks:
            sys.exit(f"There is no attack {only!r}: {', '.join(attack.name for attack in ATTACKS)}.")
        try:
            machine = Machine.here(settings.GRADER_IMAGE)
        except NoBox as problem:
            if not only:
                grader.record_no_box(problem, now=timezone.now())
            sys.exit(f"{problem} Nothing is run here.")
        rows = []
        for row in selftest.prove(machine, attacks):
            rows.append(row)
            word = self.style.SUCCESS("held  ") if row.ok else self.style.ERROR("LEAKED")
            self.stdout.write(f"{word} {row.seconds:5.1f} s  {row.title}{f': {row.saw}' if row.saw else ''}")
            self.stdout.flush()
        leaked = sum(not row.ok for row in rows)
        self.stdout.write(
            f"\n{len(rows) - leaked} of {len(rows)} held, in {sum(row.seconds for row in rows):.0f} s, on "
            f"{selftest.described(machine)}."
        )
        if not only:
            grader.record_proof(machine, rows, now=timezone.now())
        if leaked:
            sys.exit("Nothing is run on this machine.")
        if not only and not settings.GRADER:
            self.stdout.write("The grader is still off: GRADER=1 turns it on.")
