"""The roster: one row for each learner, on the page of the leads and in the admin."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime

from nmep import progress, requirements
from nmep.models import Assignment, Enrolment, Offering
from nmep.progress import Progress
from nmep.requirements import Finding, Requirement


@dataclass(frozen=True)
class Table:
    """Rows to show, with the counts of all of them. `columns` are the requirements that say something here."""

    assignments: list[Assignment]
    columns: list[Requirement]
    rows: list[Progress]
    show: str
    in_all: int
    flagged: int
    owing: int
    no_talk: int

    @property
    def grid(self) -> list[tuple[Progress, list[tuple[str, Finding]]]]:
        """Each row with its cells beside attendance and homework."""
        return [(row, [(each.label, row.findings[each.key]) for each in self.columns]) for row in self.rows]

    @property
    def has_parties(self) -> bool:
        return any(row.parties for row in self.rows)

    @property
    def on_track(self) -> int:
        return self.in_all - self.flagged

    @property
    def flagged_words(self) -> str:
        return f"{self.flagged} flagged"


def table(offering: Offering, now: datetime, *, show: str = "") -> Table:
    """The active learners of an offering; `show` is empty, flagged, owing or no-talk. Three queries."""
    learners = Enrolment.objects.active().learners().filter(offering=offering).select_related("person")
    enrolments = list(progress.with_records(learners.order_by("person__name")))
    for enrolment in enrolments:
        enrolment.offering = offering
    rows = progress.of_many(offering, enrolments, now)
    flagged = [row for row in rows if row.is_flagged]
    owing = [
        row for row in rows if any(work.state in ("overdue", "returned", "do_over") for work in row.work)
    ]
    no_talk = [row for row in rows if row.findings[requirements.PAPER.key].word == "None"]
    views = {"flagged": flagged, "owing": owing, "no-talk": no_talk}
    shown = views.get(show, rows)
    assignments = [work.assignment for work in rows[0].work] if rows else []
    return Table(
        assignments=assignments,
        columns=[
            each
            for each in requirements.EVERY
            if each.is_column and any(row.findings[each.key].word for row in rows)
        ],
        rows=shown,
        show=show if show in views else "",
        in_all=len(rows),
        flagged=len(flagged),
        owing=len(owing),
        no_talk=len(no_talk),
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
            "Excused",
            *(row.label for row in roster.assignments),
            *(each.label for each in roster.columns),
            "Homework parties",
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
                row.excused_count,
                *(work.word for work in row.work),
                *(row.findings[each.key].detail for each in roster.columns),
                row.parties,
                row.late_days,
                " ".join(row.reasons),
            ]
        )
    return out.getvalue()
