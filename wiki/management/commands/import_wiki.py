from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from wiki import importing
from wiki.reports import ReportingCommand


class Command(ReportingCommand):
    help = "Takes over a Gollum wiki from a folder or a repository of git. Ends with 1 when something was left out; the report says what."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="the folder or repository")
        parser.add_argument(
            "--no-history", action="store_true", help="only the files as they are, also from a repository"
        )
        super().add_arguments(parser)

    def report(self, options: dict[str, Any]) -> importing.Report:
        return importing.import_wiki(
            options["source"],
            now=timezone.now(),
            is_rehearsal=options["dry_run"],
            with_history=not options["no_history"],
        )

    def lines(self, report: importing.Report) -> Iterable[str]:
        return importing.lines(report)
