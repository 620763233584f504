"""What a learner has done, owes and needs. Learners and staff are told the same, in the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from events.models import Attendance, Event
from nmep import homework, requirements
from nmep.homework import Work, work_of
from nmep.models import Absence, Enrolment, Offering, Session
from nmep.requirements import Facts, Finding, Meeting, Skilled

__all__ = ["Progress", "Work", "of", "of_many", "with_records", "work_of"]

#: Who checks in later than this after the beginning came late.
LATE_AFTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Progress:
    """One learner's standing. `reasons` are why the roster shows a flag; empty means on track."""

    enrolment: Enrolment
    work: tuple[Work, ...]
    meetings: tuple[Meeting, ...]
    skills: tuple[Skilled, ...]
    findings: Mapping[str, Finding]
    parties: int = 0

    @property
    def reasons(self) -> tuple[str, ...]:
        rows = [
            requirements.ABSENCES.key,
            *(key for key in self.findings if key != requirements.ABSENCES.key),
        ]
        return tuple(reason for key in rows for reason in self.findings[key].reasons)

    @property
    def is_flagged(self) -> bool:
        return bool(self.reasons)

    @property
    def absences(self) -> int:
        return self.findings[requirements.ABSENCES.key].count

    @property
    def attended_count(self) -> int:
        return sum(row.is_there for row in self.meetings)

    @property
    def held_count(self) -> int:
        return len(self.meetings)

    @property
    def excused_count(self) -> int:
        return sum(row.state == "excused" for row in self.meetings)

    @property
    def ticks(self) -> tuple[str, ...]:
        return tuple(row.tick for row in self.meetings)

    @property
    def late_days(self) -> int:
        return sum(row.late_days for row in self.work)

    @property
    def late_days_left(self) -> int:
        return max(self.enrolment.offering.slip_days - self.late_days, 0)

    @property
    def done(self) -> tuple[Work, ...]:
        return tuple(work for work in self.work if work.is_settled)

    @property
    def owed(self) -> tuple[Work, ...]:
        return tuple(work for work in self.work if work.is_owed)

    @property
    def asked(self) -> list[Absence]:
        """What they asked to be excused from, the earliest class first."""
        return [
            Absence(
                enrolment=self.enrolment,
                session=Session(pk=row["session"], week=row["week"], title=row["title"]),
                state=row["state"],
                reason=row["reason"],
                text=row["text"],
            )
            for row in self.enrolment.absences_json  # type: ignore[attr-defined]
        ]

    @property
    def others(self) -> tuple[tuple[str, Finding], ...]:
        """What there is beside attendance, homework and skills, with its label."""
        kept = (requirements.PAPER, requirements.ORAL, requirements.CAPSTONE)
        return tuple((each.label, self.findings[each.key]) for each in kept if self.findings[each.key].word)


def with_records(enrolments: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """The enrolments with everything that their standing is worked out from, in the same query."""
    parties = (
        Attendance.objects.filter(user=OuterRef("person"))
        .filter(
            event__in=Session.objects.filter(
                offering=OuterRef(OuterRef("offering")), kind=Session.Kind.PARTY
            ).values("event")
        )
        .order_by("pk")
    )
    return homework.with_records(enrolments).annotate(
        parties_json=ArraySubquery(parties.values("event")), **requirements.columns()
    )


def _recorded(enrolments: Sequence[Enrolment]) -> Sequence[Enrolment]:
    """The same enrolments, with the columns of `with_records` where they had none; a query at most."""
    if all(hasattr(row, "parties_json") for row in enrolments):
        return enrolments
    rows = {
        row.pk: row for row in with_records(Enrolment.objects.filter(pk__in=[row.pk for row in enrolments]))
    }
    for enrolment in enrolments:
        for name, value in vars(rows[enrolment.pk]).items():
            if name.endswith("_json"):
                setattr(enrolment, name, value)
    return enrolments


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
    if not enrolments:
        return []
    enrolments = _recorded(enrolments)
    works = works or work_of({offering.pk: offering}, enrolments, now)
    held, present = _classes(offering, enrolments, now)
    return [_judged(row, offering, works[row.pk], _meetings(row, held, present), now) for row in enrolments]


def _classes(
    offering: Offering, enrolments: Sequence[Enrolment], now: datetime
) -> tuple[list[Session], dict[tuple[int, int], datetime]]:
    """The classes that have been held and were checked in to, and when who of these learners came; one query."""
    there = Attendance.objects.filter(event=OuterRef("event"), user__isnull=False).order_by()
    mine = there.filter(user__in=[row.person_id for row in enrolments])
    sessions: list[Session] = list(
        Session.objects.classes()
        .filter(offering=offering, event__ends_at__lte=now, event__state="scheduled")
        # A class where nobody checked in says nothing about who was there.
        .filter(Exists(there))
        .annotate(present=ArraySubquery(mine.values(row=JSONObject(user="user", at="at"))))
        .select_related("event")
        .defer("summary", "search", "event__description", "event__search")
        .order_by("event__starts_at")
    )
    return sessions, {
        (session.pk, row["user"]): datetime.fromisoformat(row["at"])
        for session in sessions
        for row in session.present  # type: ignore[attr-defined]
    }


def came_late(event: Event, came_at: datetime) -> bool:
    """Whether somebody came after the beginning. Who was written down after the end was there, nobody knows since when."""
    return event.starts_at + LATE_AFTER < came_at <= event.ends_at


def _meetings(
    enrolment: Enrolment, held: Sequence[Session], present: Mapping[tuple[int, int], datetime]
) -> tuple[Meeting, ...]:
    """The classes that were held since the learner came, and whether they were there."""
    asked = {row["session"]: row["state"] for row in enrolment.absences_json}  # type: ignore[attr-defined]
    words: dict[Any, str] = {Absence.State.EXCUSED: "excused", Absence.State.ASKED: "asked"}
    meetings = []
    for session in held:
        if session.event.ends_at < enrolment.created_at:
            continue
        came_at = present.get((session.pk, enrolment.person_id))
        if came_at is not None:
            meetings.append(Meeting(session, "late" if came_late(session.event, came_at) else "here"))
        else:
            meetings.append(Meeting(session, words.get(asked.get(session.pk), "absent")))
    return tuple(meetings)


def _judged(
    enrolment: Enrolment,
    offering: Offering,
    work: tuple[Work, ...],
    meetings: tuple[Meeting, ...],
    now: datetime,
) -> Progress:
    facts = Facts(enrolment, offering, now, work, meetings)
    return Progress(
        enrolment=enrolment,
        work=work,
        meetings=meetings,
        skills=facts.skills,
        findings=requirements.findings(facts),
        parties=len(enrolment.parties_json),  # type: ignore[attr-defined]
    )
