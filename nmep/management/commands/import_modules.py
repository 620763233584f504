from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from nmep import importing


class Command(BaseCommand):
    help = "Takes over the module pages of a wiki (a folder with Modules/*.md) into the library."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="the folder with the pages, or with a folder Modules")
        parser.add_argument("--dry-run", action="store_true", help="report only; nothing is stored")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = importing.import_modules(
                importing.read_modules(options["source"]),
                now=timezone.now(),
                is_rehearsal=options["dry_run"],
            )
        except importing.Refused as problem:
            raise CommandError(f"Nothing was imported. {problem}") from problem
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
            return
        self.stdout.write(
            f"{report.modules} modules, {report.strong} strong and {report.weak} weak dependencies.\n"
            f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged, "
            f"{report.kept} kept as they are here. None is public until an officer says so."
        )
        for line in report.warnings:
            self.stdout.write(f"  {line}")
        if options["dry_run"]:
            self.stdout.write("This was a rehearsal: nothing was stored.")
