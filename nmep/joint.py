"""Handing in with partners: who is an author of it, and what it means for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, Max

from nmep import teams
from nmep.models import Assignment, Deviation, Enrolment, Submission, SubmissionAuthor

if TYPE_CHECKING:
    from nmep.handing_in import Standing

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def lateness(late_by: timedelta) -> str:
    """On time, 5 hours late, 2 days late: begun days and hours count whole."""
    if late_by <= timedelta(0):
        return "on time"
    unit, name = (DAY, "day") if late_by > DAY else (HOUR, "hour")
    n = -(-late_by // unit)
    return f"{n} {name}{'' if n == 1 else 's'} late"


@dataclass(frozen=True)
class Share:
    """What handing in now means for one of a team. `why_not` says why it would not count for them."""

    enrolment: Enrolment
    late_by: timedelta = timedelta(0)
    answers_review: bool = False
    why_not: str = ""

    @property
    def takes_part(self) -> bool:
        return not self.why_not

    @property
    def words(self) -> str:
        """As a sentence goes on after the name."""
        if self.why_not:
            return self.why_not
        return lateness(self.late_by) + (", as the version before" if self.answers_review else "")


def partners_of(enrolment: Enrolment, assignment: Assignment) -> list[Enrolment]:
    """The published partners of a learner who still learn here, with their extra time."""
    return teams.mates(teams.team_of(enrolment, assignment), enrolment)


def shares(
    enrolment: Enrolment,
    assignment: Assignment,
    held: Standing,
    now: datetime,
    partners: Sequence[Enrolment] | None = None,
) -> list[Share]:
    """What it would mean for each partner if `enrolment` handed in now.

    `partners` come from `partners_of`, which brings along their extra time and what they handed in last.
    """
    partners = partners_of(enrolment, assignment) if partners is None else partners
    mine = {version.pk for version in held.versions}
    return [_share(partner, assignment, mine, now) for partner in partners]


def own_share(enrolment: Enrolment, held: Standing, now: datetime) -> Share:
    """What handing in now means for oneself."""
    if held.latest is not None and held.is_returned:
        own = next((row for row in held.latest.authors.all() if row.enrolment_id == enrolment.pk), None)
        return Share(enrolment, own.late_by if own else timedelta(0), answers_review=True)
    late_by = max(now - held.due_at, timedelta(0)) if held.due_at else timedelta(0)
    return Share(enrolment, late_by)


def _share(partner: Any, assignment: Assignment, mine: set[int], now: datetime) -> Share:
    last = partner.last_version
    if last and last["state"] == Submission.State.DONE:
        return Share(partner, why_not="done already, so this is not theirs")
    if last and last["pk"] not in mine:
        return Share(partner, why_not="handed in without you, so this is not theirs")
    if last and last["state"] == Submission.State.RETURNED:
        late_by = timedelta(seconds=float(last["late_seconds"]))
        return Share(partner, late_by, answers_review=True)
    deviations: list[Deviation] = partner.extra_time
    closes_at = assignment.closes_for(deviations)
    if closes_at and now > closes_at:
        return Share(partner, why_not="closed, so it would not count; a lead can give more time")
    due_at = assignment.due_for(deviations)
    return Share(partner, max(now - due_at, timedelta(0)) if due_at else timedelta(0))


def next_n(authors: Sequence[Enrolment], assignment: Assignment) -> int:
    """The number of the version that these hand in next."""
    rows = SubmissionAuthor.objects.filter(enrolment__in=authors, assignment=assignment)
    latest = rows.exclude(submission__state=Submission.State.DRAFT).aggregate(last=Max("n"))["last"]
    return (latest or 0) + 1


def move_drafts(enrolments: Sequence[Enrolment], assignment: Assignment, number: int) -> None:
    """Drafts of these up to `number` become the version after it: what a partner began is theirs still."""
    drafts = SubmissionAuthor.objects.filter(
        enrolment__in=enrolments,
        assignment=assignment,
        n__lte=number,
        submission__state=Submission.State.DRAFT,
    )
    Submission.objects.filter(pk__in=drafts.values("submission")).update(n=number + 1)
    SubmissionAuthor.objects.filter(
        submission__assignment=assignment,
        submission__state=Submission.State.DRAFT,
        enrolment__in=enrolments,
    ).exclude(n=F("submission__n")).update(n=number + 1)
