"""The roster: one row for each learner, on the page of the leads and in the admin."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime

from nmep import progress
from nmep.models import Assignment, Enrolment, Offering
from nmep.progress import Progress


@dataclass(frozen=True)
class Table:
    """Rows to show, with the counts of all of them."""

    assignments: list[Assignment]
    rows: list[Progress]
    show: str
    in_all: int
    flagged: int
    owing: int

    @property
    def on_track(self) -> int:
        return self.in_all - self.flagged

    @property
    def flagged_words(self) -> str:
        return f"{self.flagged} flagged"


def table(offering: Offering, now: datetime, *, show: str = "") -> Table:
    """The active learners of an offering; `show` is empty, flagged or owing. Seven queries."""
    enrolments = list(
        Enrolment.objects.active()
        .learners()
        .filter(offering=offering)
        .select_related("person")
        .order_by("person__name")
    )
    rows = progress.of_many(offering, enrolments, now)
    flagged = [row for row in rows if row.is_flagged]
    owing = [
        row for row in rows if any(work.state in ("overdue", "returned", "do_over") for work in row.work)
    ]
    shown = {"flagged": flagged, "owing": owing}.get(show, rows)
    assignments = [work.assignment for work in rows[0].work] if rows else []
    return Table(
        assignments=assignments,
        rows=shown,
        show=show if show in ("flagged", "owing") else "",
        in_all=len(rows),
        flagged=len(flagged),
        owing=len(owing),
    )


def guarded(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def csv_of(roster: Table) -> str:
    """The roster as CSV."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            "Name",
            "Mail",
            "Attended",
            "Held",
            *(row.label for row in roster.assignments),
            "Late days",
            "Flag and why",
        ]
    )
    for row in roster.rows:
        person = row.enrolment.person
        writer.writerow(
            guarded(value)
            for value in [
                person.display_name,
                person.email,
                row.attended_count,
                row.held_count,
                *(work.word for work in row.work),
                row.late_days,
                " ".join(row.reasons),
            ]
        )
    return out.getvalue()
