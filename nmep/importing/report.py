"""What an import of a course site or of module pages says of itself: what every import says, and what only these count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wiki import importing


@dataclass
class Report(importing.Report):
    """Of a course site. A page is a file with text, a link one of the schedule."""

    offering: str = ""
    weeks: int = 0
    sessions: int = 0
    assignments: int = 0
    due_dates: int = 0
    lecturers: int = 0
    materials: int = 0
    milestones: int = 0

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in super().as_json().items() if name != "offering"}


@dataclass
class ModuleReport(importing.Report):
    """Of module pages. `kept` are modules that somebody wrote or edited here; a link is one to another module."""

    modules: int = 0
    strong: int = 0
    weak: int = 0
    kept: int = 0
    guides: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


def lines(report: Report) -> Iterator[str]:
    """The report on a course site for a person to read."""
    yield (
        f"{report.offering}: {report.weeks} weeks, {report.sessions} classes, {report.lecturers} lecturers, "
        f"{report.materials} materials"
    )
    yield (
        f"{report.assignments} assignments with {report.due_dates} due dates, {report.milestones} milestones, "
        f"{report.formulas} formulas, {report.formulas_failed} not readable"
    )
    yield f"{report.links_resolved} of {report.links} links lead somewhere, {report.links_broken} do not"
    yield f"{report.created} rows new, {report.updated} updated, {report.unchanged} unchanged"
    if report.warnings:
        yield ""
        yield from report.warnings


def module_lines(report: ModuleReport) -> Iterator[str]:
    """The report on module pages for a person to read."""
    yield f"{report.modules} modules, {report.strong} strong and {report.weak} weak dependencies"
    yield (
        f"{report.created} new, {report.updated} updated, {report.unchanged} unchanged, "
        f"{report.kept} kept as they are here. None is public until an officer says so."
    )
    if report.warnings:
        yield ""
        yield from report.warnings
