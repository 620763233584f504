from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from wiki.importing import Refused, lines
from wiki.importing.posts import import_posts


class Command(BaseCommand):
    help = "Takes over the posts of a Jekyll blog from a folder or a repository of git. Ends with 1 when something was left out; the report says what."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="the folder or repository")
        parser.add_argument("--dry-run", action="store_true", help="report only; nothing is stored")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = import_posts(options["source"], now=timezone.now(), is_rehearsal=options["dry_run"])
        except Refused as problem:
            raise CommandError(f"Nothing was imported. {problem}") from problem
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            for line in lines(report):
                self.stdout.write(line)
            if options["dry_run"]:
                self.stdout.write("\nThis was a rehearsal: nothing was stored.")
        if report.has_dropped:
            sys.exit(1)
