"""What coming in and leaving have in common: a report that says what was left out, and the commands that print it."""

from __future__ import annotations

import json
import sys
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mlclub.refusal import Refused


@dataclass
class Report:
    """`warnings` are lines with the file they speak of, and its line where there is one."""

    warnings: list[str] = field(default_factory=list, kw_only=True)
    #: Whether something was left out.
    has_dropped: bool = field(default=False, repr=False, kw_only=True)

    def warn(self, file: str, line: int, words: str) -> None:
        self.warnings.append(f"{file}:{line}: {words}" if line else f"{file}: {words}")

    def drop(self, file: str, line: int, words: str) -> None:
        """Say that something was left out, and remember that it was."""
        self.warn(file, line, words)
        self.has_dropped = True

    def as_json(self) -> dict[str, Any]:
        data = asdict(self)
        del data["has_dropped"]
        warnings = data.pop("warnings")
        return data | {"warnings": warnings}


class ReportingCommand(BaseCommand):
    """Prints what was done, for people or with `--json`. Ends with 1 when something was left out."""

    #: What did not happen where the whole of it was refused.
    refused = "Nothing was imported."
    can_rehearse = True

    def add_arguments(self, parser: CommandParser) -> None:
        if self.can_rehearse:
            parser.add_argument("--dry-run", action="store_true", help="report only; nothing is stored")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    @abstractmethod
    def report(self, options: dict[str, Any]) -> Report:
        """Do it. Raises Refused."""

    @abstractmethod
    def lines(self, report: Any) -> Iterable[str]:
        """The report for a person to read."""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self.report(options)
        except Refused as problem:
            raise CommandError(f"{self.refused} {problem}") from problem
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            for line in self.lines(report):
                self.stdout.write(line)
            if options.get("dry_run"):
                self.stdout.write("\nThis was a rehearsal: nothing was stored.")
        if report.has_dropped:
            sys.exit(1)
