from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from wiki.importing import Report
from wiki.importing.lists import import_lists
from wiki.reports import ReportingCommand


class Command(ReportingCommand):
    help = "Takes over reading lists from nested JSON, a file or a folder of them. Ends with 1 when something was left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="the .json file, or the folder that holds them")
        super().add_arguments(parser)

    def report(self, options: dict[str, Any]) -> Report:
        return import_lists(options["source"], now=timezone.now(), is_rehearsal=options["dry_run"])

    def lines(self, report: Report) -> Iterable[str]:
        yield (
            f"{report.pages} lists: {report.links} papers, {report.links_broken} without a link; "
            f"{report.created} new places, {report.unchanged} unchanged"
        )
        yield from report.warnings
