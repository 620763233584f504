from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wiki import exporting


class Command(BaseCommand):
    help = "Writes the library as a repository of git with its history. Ends with 1 when something was left out; the report says what."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", type=Path, help="a folder that is not there yet")
        parser.add_argument(
            "--everything",
            action="store_true",
            help="also what members do not see: pages in the trash, and posts that are not published",
        )
        parser.add_argument(
            "--bare", action="store_true", help="the repository alone, without its files beside it"
        )
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = exporting.export_wiki(
                options["target"], everything=options["everything"], is_bare=options["bare"]
            )
        except exporting.Refused as problem:
            raise CommandError(f"Nothing was exported. {problem}") from problem
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            for line in exporting.lines(report):
                self.stdout.write(line)
        if report.has_dropped:
            sys.exit(1)
