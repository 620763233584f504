"""Where a learner stands on each piece of homework, folded from what was handed in, granted and marked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import Extract, JSONObject

from nmep.models import (
    Assignment,
    Deviation,
    Enrolment,
    MarkChange,
    Offering,
    Submission,
    SubmissionAuthor,
)


@dataclass(frozen=True)
class Version:
    """What of a learner's version decides where they stand."""

    pk: int
    n: int
    state: str
    late_by: timedelta
    handed_in_at: datetime | None
    taken_at: datetime | None

    @property
    def is_answerable(self) -> bool:
        return self.state in Submission.ANSWERABLE


@dataclass(frozen=True)
class Work:
    """Where a learner stands on one assignment. `state` is one of the keys of WORDS."""

    assignment: Assignment
    state: str
    due_at: datetime | None
    closes_at: datetime | None
    submission: Version | None = None
    late_by: timedelta = timedelta(0)
    has_draft: bool = False
    answered_at: datetime | None = None
    spent_days: int = 0

    #: state: (word, tone, icon)
    WORDS = {
        "done": ("Done", "ok", "check"),
        "exempt": ("Exempt", "ok", "minus"),
        "review": ("In review", "info", "clock"),
        "returned": ("To mend", "warn", "arrow-uturn-left"),
        "do_over": ("To do over", "warn", "arrow-path"),
        "draft": ("Draft", "", "pencil"),
        "open": ("Open", "", "pencil"),
        "overdue": ("Overdue", "warn", "exclamation-triangle"),
        "missed": ("Missed", "bad", "x-mark"),
        "ahead": ("Not open yet", "", ""),
    }

    @property
    def word(self) -> str:
        return self.WORDS[self.state][0]

    @property
    def tone(self) -> str:
        return self.WORDS[self.state][1]

    @property
    def icon(self) -> str:
        return self.WORDS[self.state][2]

    @property
    def late_days(self) -> int:
        """Late days used on it: those it came late by, begun ones counted whole, and those spent beforehand."""
        return -(-self.late_by // timedelta(days=1)) + self.spent_days

    @property
    def is_late(self) -> bool:
        return self.late_by > timedelta(0)

    @property
    def is_owed(self) -> bool:
        return self.state in ("open", "draft", "overdue", "returned", "do_over")

    @property
    def need(self) -> str:
        """What to do next about it."""
        return {
            "open": "hand it in",
            "draft": "hand in your draft",
            "overdue": "hand it in late; it is still taken",
            "returned": "read the review and hand in again",
            "do_over": "do it once more",
        }.get(self.state, "")

    @property
    def is_settled(self) -> bool:
        return self.state in ("done", "exempt")


@dataclass
class Record:
    """A learner's versions (newest first), extra time and marks on one assignment."""

    versions: list[Version] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)
    marks: list[MarkChange] = field(default_factory=list)


def with_records(enrolments: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """The enrolments with all that was handed in, granted and marked, in the same query."""

    def gathered(rows: QuerySet[Any], **values: Any) -> ArraySubquery:
        return ArraySubquery(rows.filter(enrolment=OuterRef("pk")).values(row=JSONObject(**values)))

    return enrolments.annotate(
        versions_json=gathered(
            SubmissionAuthor.objects.order_by("-n"),
            assignment="assignment",
            pk="submission",
            n="n",
            state="submission__state",
            late_seconds=Extract("late_by", "epoch"),
            handed_in_at="submission__handed_in_at",
            taken_at="submission__taken_at",
        ),
        deviations_json=gathered(
            Deviation.objects.order_by("pk"),
            assignment="assignment",
            extra_days="extra_days",
            is_without_penalty="is_without_penalty",
            spent_days="spent_days",
        ),
        marks_json=gathered(
            MarkChange.objects.order_by("at", "pk"), assignment="assignment", pk="pk", kind="kind", at="at"
        ),
    )


def _records(enrolment: Any) -> dict[int, Record]:
    found: dict[int, Record] = defaultdict(Record)
    for row in enrolment.versions_json:
        found[row["assignment"]].versions.append(
            Version(
                pk=row["pk"],
                n=row["n"],
                state=row["state"],
                late_by=timedelta(seconds=float(row["late_seconds"])),
                handed_in_at=_instant(row["handed_in_at"]),
                taken_at=_instant(row["taken_at"]),
            )
        )
    for row in enrolment.deviations_json:
        found[row["assignment"]].deviations.append(
            Deviation(
                extra_days=row["extra_days"],
                is_without_penalty=row["is_without_penalty"],
                spent_days=row["spent_days"],
            )
        )
    for row in enrolment.marks_json:
        found[row["assignment"]].marks.append(
            MarkChange(pk=row["pk"], kind=row["kind"], at=datetime.fromisoformat(row["at"]))
        )
    return found


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def work_of(
    offerings: Mapping[int, Offering], enrolments: Sequence[Enrolment], now: datetime
) -> dict[int, tuple[Work, ...]]:
    """Where each learner, a row of `with_records`, stands on each published assignment; one query."""
    published = Assignment.objects.filter(offering__in=offerings, state=Assignment.State.PUBLISHED)
    assignments: dict[int, list[Assignment]] = defaultdict(list)
    for assignment in published.order_by("position", "key").defer("text", "search"):
        assignment.offering = offerings[assignment.offering_id]
        assignments[assignment.offering_id].append(assignment)
    works = {}
    for enrolment in enrolments:
        records = _records(enrolment)
        works[enrolment.pk] = tuple(
            _work(assignment, records.get(assignment.pk) or Record(), now)
            for assignment in assignments[enrolment.offering_id]
        )
    return works


def _work(assignment: Assignment, record: Record, now: datetime) -> Work:
    handed_in = [row for row in record.versions if row.state != Submission.State.DRAFT]
    latest = handed_in[0] if handed_in else None
    has_draft = len(handed_in) < len(record.versions)
    due_at, closes_at = assignment.due_for(record.deviations), assignment.closes_for(record.deviations)
    mark = MarkChange.fold(record.marks)
    return Work(
        assignment=assignment,
        state=_state(assignment, latest, mark, due_at, closes_at, now, has_draft=has_draft),
        due_at=due_at,
        closes_at=closes_at,
        submission=latest,
        late_by=latest.late_by if latest else timedelta(0),
        has_draft=has_draft,
        answered_at=mark.at if mark else None,
        spent_days=sum(row.spent_days for row in record.deviations),
    )


def _state(
    assignment: Assignment,
    latest: Version | None,
    mark: MarkChange | None,
    due_at: datetime | None,
    closes_at: datetime | None,
    now: datetime,
    *,
    has_draft: bool,
) -> str:
    answered = latest is not None and not latest.is_answerable
    if mark is not None and mark.kind == MarkChange.Kind.EXEMPT:
        return "exempt"
    if mark is not None and mark.kind == MarkChange.Kind.DONE:
        return "done"
    if latest is not None and not answered:
        return "review"
    if mark is not None and mark.kind == MarkChange.Kind.DO_OVER:
        return "do_over"
    if latest is not None:
        return "done" if latest.state == Submission.State.DONE else "returned"
    if not assignment.is_released(now):
        return "ahead"
    if closes_at and now > closes_at:
        return "missed"
    if due_at and now > due_at:
        return "overdue"
    return "draft" if has_draft else "open"
