"""What a learner has done, owes and needs. Learners and staff are told the same, in the same words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Extract, JSONObject

from events.models import Attendance
from nmep.models import (
    Assignment,
    Deviation,
    Enrolment,
    MarkChange,
    Offering,
    Session,
    Submission,
    SubmissionAuthor,
)

SLOW_TO_MEND = timedelta(days=14)


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
    def is_late(self) -> bool:
        return self.late_by > timedelta(0)

    @property
    def is_owed(self) -> bool:
        return self.state in ("open", "draft", "overdue", "returned", "do_over")

    @property
    def is_settled(self) -> bool:
        return self.state in ("done", "exempt")


@dataclass(frozen=True)
class Progress:
    """One learner's standing. `reasons` are why the roster shows a flag; empty means on track."""

    enrolment: Enrolment
    work: tuple[Work, ...]
    attended: tuple[bool, ...]
    absences: int
    reasons: tuple[str, ...]
    late_days: int = 0
    needs: tuple[str, ...] = field(default=())

    @property
    def is_flagged(self) -> bool:
        return bool(self.reasons)

    @property
    def attended_count(self) -> int:
        return sum(self.attended)

    @property
    def held_count(self) -> int:
        return len(self.attended)

    @property
    def done(self) -> tuple[Work, ...]:
        return tuple(work for work in self.work if work.is_settled)

    @property
    def owed(self) -> tuple[Work, ...]:
        return tuple(work for work in self.work if work.is_owed)


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
            Deviation(extra_days=row["extra_days"], is_without_penalty=row["is_without_penalty"])
        )
    for row in enrolment.marks_json:
        found[row["assignment"]].marks.append(
            MarkChange(pk=row["pk"], kind=row["kind"], at=datetime.fromisoformat(row["at"]))
        )
    return found


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def of(enrolment: Enrolment, now: datetime, works: Mapping[int, tuple[Work, ...]] | None = None) -> Progress:
    """The standing of one learner; `works` where `work_of` was asked already."""
    return of_many(enrolment.offering, [enrolment], now, works)[0]


def of_many(
    offering: Offering,
    enrolments: Sequence[Enrolment],
    now: datetime,
    works: Mapping[int, tuple[Work, ...]] | None = None,
) -> list[Progress]:
    """The standing of many learners of an offering, in their order; three queries however many they are."""
    works = works or work_of({offering.pk: offering}, enrolments, now)
    held, present = _classes(offering, enrolments, now)
    result = []
    for enrolment in enrolments:
        since = [session for session in held if session.event.ends_at >= enrolment.created_at]
        attended = tuple((session.event_id, enrolment.person_id) in present for session in since)
        result.append(_judged(enrolment, offering, works[enrolment.pk], attended, now))
    return result


def work_of(
    offerings: Mapping[int, Offering], enrolments: Sequence[Enrolment], now: datetime
) -> dict[int, tuple[Work, ...]]:
    """Where each learner stands on each published assignment; two queries, or one for rows of `with_records`."""
    if not all(hasattr(row, "versions_json") for row in enrolments):
        enrolments = list(with_records(Enrolment.objects.filter(pk__in=[row.pk for row in enrolments])))
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


def _classes(
    offering: Offering, enrolments: Sequence[Enrolment], now: datetime
) -> tuple[list[Session], set[tuple[int, int]]]:
    """The classes that have been held and were checked in to, and who of these learners was there; one query."""
    there = Attendance.objects.filter(event=OuterRef("event"), user__isnull=False).order_by()
    mine = there.filter(user__in=[row.person_id for row in enrolments])
    sessions: list[Any] = list(
        Session.objects.classes()
        .filter(offering=offering, event__ends_at__lte=now, event__state="scheduled")
        # A class where nobody checked in says nothing about who was there.
        .filter(Exists(there))
        .annotate(present=ArraySubquery(mine.values("user")))
        .select_related("event")
        .defer("summary", "search", "event__description", "event__search")
        .order_by("event__starts_at")
    )
    return sessions, {(session.event_id, person) for session in sessions for person in session.present}


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


def _judged(
    enrolment: Enrolment,
    offering: Offering,
    work: tuple[Work, ...],
    attended: tuple[bool, ...],
    now: datetime,
) -> Progress:
    absences = attended.count(False)
    late_days = sum(-(-row.late_by // timedelta(days=1)) for row in work if row.is_late)
    reasons = []
    if absences > offering.max_absences:
        reasons.append(f"Missed {absences} classes; {offering.max_absences} are allowed.")
    reasons += [f"{row.assignment.label} was not handed in." for row in work if row.state == "missed"]
    overdue = [row.assignment.label for row in work if row.state == "overdue"]
    if len(overdue) > 1:
        reasons.append(f"{' and '.join(overdue)} are overdue.")
    reasons += [
        f"{row.assignment.label} went back and has not been mended for two weeks."
        for row in work
        if row.state == "returned" and row.answered_at and now - row.answered_at > SLOW_TO_MEND
    ]
    if offering.slip_days and late_days > offering.slip_days:
        reasons.append(f"{late_days} late days used; {offering.slip_days} are free.")
    needs = [f"{row.assignment.label}: {_need(row)}" for row in work if row.is_owed]
    return Progress(
        enrolment=enrolment,
        work=work,
        attended=attended,
        absences=absences,
        reasons=tuple(reasons),
        late_days=late_days,
        needs=tuple(needs),
    )


def _need(row: Work) -> str:
    return {
        "open": "hand it in",
        "draft": "hand in your draft",
        "overdue": "hand it in late; it is still taken",
        "returned": "read the review and hand in again",
        "do_over": "do it once more",
    }[row.state]
