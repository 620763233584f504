from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from wiki import exporting
from wiki.reports import ReportingCommand


class Command(ReportingCommand):
    help = "Writes the library as a repository of git with its history. Ends with 1 when something was left out; the report says what."
    refused = "Nothing was exported."
    can_rehearse = False

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
        super().add_arguments(parser)

    def report(self, options: dict[str, Any]) -> exporting.Report:
        return exporting.export_wiki(
            options["target"], everything=options["everything"], is_bare=options["bare"]
        )

    def lines(self, report: exporting.Report) -> Iterable[str]:
        return exporting.lines(report)
