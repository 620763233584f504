from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from mlclub.refusal import Refused
from wiki.importing.lists import import_lists


class Command(BaseCommand):
    help = "Takes over reading lists from nested JSON, a file or a folder of them. Ends with 1 when something was left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="the .json file, or the folder that holds them")
        parser.add_argument("--dry-run", action="store_true", help="report only; nothing is stored")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = import_lists(options["source"], now=timezone.now(), is_rehearsal=options["dry_run"])
        except Refused as problem:
            raise CommandError(f"Nothing was imported. {problem}") from problem
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self.stdout.write(
                f"{report.pages} lists: {report.links} papers, {report.links_broken} without a link; "
                f"{report.created} new places, {report.unchanged} unchanged"
            )
            for line in report.warnings:
                self.stdout.write(line)
            if options["dry_run"]:
                self.stdout.write("\nThis was a rehearsal: nothing was stored.")
        if report.has_dropped:
            sys.exit(1)
