from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from datetime import date, time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from nmep import importing
from nmep.importing.writing import Hours
from wiki.reports import ReportingCommand


def hour(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not an hour such as 23:59") from None


def hours(text: str) -> tuple[time, time]:
    begins, dash, ends = text.partition("-")
    if not dash:
        raise argparse.ArgumentTypeError(f"“{text}” is not a time such as 20:00-22:00")
    return hour(begins.strip()), hour(ends.strip())


class Command(ReportingCommand):
    help = "Takes over the schedule of a course site (index.md with a table) as an offering of a programme. Ends with 1 when something was left out; the report says what."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="the folder with index.md")
        parser.add_argument("--program", required=True, help="slug or name; made when there is none")
        parser.add_argument("--term", required=True, help="slug or name of the term, e.g. sp26")
        parser.add_argument(
            "--first-meeting", type=date.fromisoformat, help="shifts everything to begin on this day"
        )
        parser.add_argument("--meets", type=hours, help="when classes are, e.g. 20:00-22:00")
        parser.add_argument("--due-time", type=hour, default=time(23, 59), help="when work is due on its day")
        super().add_arguments(parser)

    def report(self, options: dict[str, Any]) -> importing.Report:
        year = re.search(r"\d\d$", options["term"])
        plan = importing.read(options["source"], year=2000 + int(year[0]) if year else None)
        if options["first_meeting"]:
            plan.shifted((options["first_meeting"] - plan.rows[0].on).days)
        begins, ends = options["meets"] or plan.meets or (time(20), time(22))
        return importing.import_syllabus(
            plan,
            program=options["program"],
            term=options["term"],
            hours=Hours(begins, ends, options["due_time"]),
            source=str(options["source"]),
            now=timezone.now(),
            is_rehearsal=options["dry_run"],
        )

    def lines(self, report: importing.Report) -> Iterable[str]:
        return importing.lines(report)
