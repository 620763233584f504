"""More time: asked for in one tap and granted by a lead, or taken out of one's own late days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from members.ledger import at, tell
from members.models import User
from mlclub.refusal import Refused
from nmep import acts, handing_in, people, progress
from nmep.handing_in import Standing
from nmep.models import Assignment, Deviation, Enrolment, ExtensionRequest, Offering
from nmep.notifications import RequestAnswered, RequestWaits

#: What one tap asks for.
USUAL_DAYS = 2


class AlreadyAnswered(Refused):
    """Another lead was faster."""


@dataclass(frozen=True)
class Room:
    """What a learner may do about the due date of one assignment."""

    waiting: ExtensionRequest | None
    may_ask: bool
    late_days_left: int
    due_at: datetime | None

    @property
    def spendable(self) -> range:
        return range(1, self.late_days_left + 1)


def room(enrolment: Enrolment, assignment: Assignment, held: Standing, now: datetime) -> Room:
    """Whether there is something to ask for or to spend; three queries at most. `held` is what they have there."""
    is_open = held.latest is None and _closed_to(enrolment, assignment, now) is None
    waiting = ExtensionRequest.objects.waiting().filter(enrolment=enrolment, assignment=assignment)
    may_spend = is_open and held.due_at is not None and now <= held.due_at
    return Room(
        waiting=waiting.first() if is_open else None,
        may_ask=is_open,
        late_days_left=late_days_left(enrolment, now) if may_spend else 0,
        due_at=held.due_at,
    )


def late_days_left(enrolment: Enrolment, now: datetime) -> int:
    """Late days of their own that a learner has not used; no query where the offering gives none."""
    offering = enrolment.offering
    if not offering.slip_days:
        return 0
    rows = list(progress.with_records(Enrolment.objects.filter(pk=enrolment.pk)))
    used = sum(work.late_days for work in progress.work_of({offering.pk: offering}, rows, now)[enrolment.pk])
    return max(offering.slip_days - used, 0)


def _closed_to(enrolment: Enrolment, assignment: Assignment, now: datetime) -> Refused | None:
    """Why nothing about the due date can change for this learner, or None."""
    if not enrolment.is_learning:
        return Refused("You are not learning in this offering any more.")
    if assignment.offering.state == Offering.State.ARCHIVED:
        return Refused("This offering is archived; nothing in it changes any more.")
    if not assignment.is_released(now):
        return Refused("This assignment is not open yet.")
    return None


def ask(
    enrolment: Enrolment, assignment: Assignment, *, days: int, reason: str, now: datetime
) -> ExtensionRequest:
    """Ask the leads for `days` more; a second tap gives what the first one asked."""
    refused = _closed_to(enrolment, assignment, now)
    if refused:
        raise refused
    try:
        with transaction.atomic():
            request = ExtensionRequest.objects.create(
                enrolment=enrolment, assignment=assignment, days=days, reason=reason, asked_at=now
            )
            for lead in people.leads_of(assignment.offering):
                tell(RequestWaits, lead, about=request, now=now)
            return request
    except IntegrityError:
        return ExtensionRequest.objects.waiting().get(enrolment=enrolment, assignment=assignment)


@transaction.atomic
def answer(
    request: ExtensionRequest, *, is_granted: bool, by: User, now: datetime, days: int | None = None
) -> ExtensionRequest:
    """Grant or decline, once. The learner is told that there is an answer, not which.

    Raises AlreadyAnswered when another lead has done it.
    """
    rows = ExtensionRequest.objects.select_for_update(of=("self",)).select_related(
        "enrolment__person", "enrolment__offering", "assignment__offering", "decided_by"
    )
    request = rows.get(pk=request.pk)
    if request.state != ExtensionRequest.State.ASKED:
        who = request.decided_by.display_name if request.decided_by else "Somebody"
        raise AlreadyAnswered(f"{who} has answered this already: {request.get_state_display().lower()}.")
    request.state = ExtensionRequest.State.GRANTED if is_granted else ExtensionRequest.State.DECLINED
    request.decided_by, request.decided_at, request.days = by, now, days or request.days
    request.save(update_fields=["state", "decided_by", "decided_at", "days"])
    if is_granted:
        acts.give_time(
            request.enrolment,
            request.assignment,
            days=request.days,
            reason=request.reason,
            by=by,
            now=now,
            why="asked for",
        )
    tell(RequestAnswered, request.enrolment.person, about=request, slot=at(now), now=now)
    return request


@transaction.atomic
def spend(
    enrolment: Enrolment, assignment: Assignment, *, days: int, seen_due: datetime | None, now: datetime
) -> bool:
    """Put late days of one's own on an assignment; no lead is asked.

    `seen_due` is the due date that the learner saw: False when it is another by now, as after a second click.
    """
    enrolment = acts.locked(enrolment)
    refused = _closed_to(enrolment, assignment, now)
    if refused:
        raise refused
    here = room(enrolment, assignment, handing_in.standing(enrolment, assignment), now)
    if here.due_at != seen_due:
        return False
    if not here.late_days_left:
        raise Refused("There are no late days to spend on this.")
    if days > here.late_days_left:
        left = here.late_days_left
        raise Refused(f"You have {left} late day{'' if left == 1 else 's'} left.")
    acts.give_time(
        enrolment,
        assignment,
        days=days,
        reason=Deviation.Reason.LATE_DAYS,
        by=enrolment.person,
        now=now,
        why="late days of their own",
        spent=days,
    )
    return True


def waiting_in(offering: Offering) -> list[ExtensionRequest]:
    """What waits for a lead, oldest first."""
    rows = ExtensionRequest.objects.waiting().filter(enrolment__offering=offering)
    return list(rows.select_related("enrolment__person", "assignment__offering"))
