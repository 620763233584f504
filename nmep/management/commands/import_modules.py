from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from nmep import importing
from wiki.reports import ReportingCommand


class Command(ReportingCommand):
    help = "Takes over the module pages of a wiki (a folder with Modules/*.md) into the library."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="the folder with the pages, or with a folder Modules")
        super().add_arguments(parser)

    def report(self, options: dict[str, Any]) -> importing.ModuleReport:
        found = importing.read_modules(options["source"])
        return importing.import_modules(found, now=timezone.now(), is_rehearsal=options["dry_run"])

    def lines(self, report: importing.ModuleReport) -> Iterable[str]:
        return importing.module_lines(report)
