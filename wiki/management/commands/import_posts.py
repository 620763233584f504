from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from wiki.importing import Report, lines
from wiki.importing.posts import import_posts
from wiki.reports import ReportingCommand


class Command(ReportingCommand):
    help = "Takes over the posts of a Jekyll blog from a folder or a repository of git. Ends with 1 when something was left out; the report says what."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="the folder or repository")
        super().add_arguments(parser)

    def report(self, options: dict[str, Any]) -> Report:
        return import_posts(options["source"], now=timezone.now(), is_rehearsal=options["dry_run"])

    def lines(self, report: Report) -> Iterable[str]:
        return lines(report)
