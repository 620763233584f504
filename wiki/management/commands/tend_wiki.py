from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from wiki import tending


class Command(BaseCommand):
    help = "Reads every page once more: which pictures are missing, and which sentences ask for another page first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="report only; nothing is stored")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        report = tending.tend(now=timezone.now(), is_rehearsal=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps(report))
            return
        self.stdout.write(
            f"{report['pages']} pages read: {report['requirements_proposed']} new proposals of what is read first, "
            f"{report['with_missing_pictures']} pages with a missing picture."
        )
        if options["dry_run"]:
            self.stdout.write("This was a rehearsal: nothing was stored.")
