"""Due dates follow meetings: the rule and the event say when; what learners were promised never gets earlier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from events.models import Event
from members.ledger import Due, at, tell_many
from nmep.models import Assignment, Enrolment, Offering
from nmep.models.assignments import AssignmentQuerySet
from nmep.notifications import DueMoved


@dataclass(frozen=True)
class Shift:
    """That the due date of an assignment is not where it was."""

    assignment: Assignment
    before: datetime | None
    after: datetime | None
    # What the rule alone would give; earlier than `after` where a promise holds the date.
    by_rule: datetime | None

    @property
    def is_held(self) -> bool:
        """Whether a promise keeps the date from moving to earlier."""
        return bool(self.by_rule and self.after and self.by_rule < self.after)

    @property
    def changes(self) -> bool:
        return self.before != self.after


def _judged(assignment: Assignment) -> Shift:
    by_rule = assignment.due_by_rule()
    after = by_rule
    if assignment.promised_at and (by_rule is None or by_rule < assignment.promised_at):
        after = assignment.promised_at
    return Shift(assignment, assignment.due_at, after, by_rule)


def _concerned() -> AssignmentQuerySet:
    return (
        Assignment.objects.with_rule()
        .exclude(state=Assignment.State.WITHDRAWN)
        .select_related("open_session__event")
    )


def preview(event: Event, starts_at: datetime) -> list[Shift]:
    """What moving `event` to `starts_at` would do to due dates; nothing is saved."""
    shifts = []
    for assignment in _concerned().filter(due_session__event=event).order_by("position"):
        if assignment.due_session is not None:
            assignment.due_session.event.starts_at = starts_at
            shifts.append(_judged(assignment))
    return shifts


def reconcile(now: datetime, *, offering: Offering | None = None, tells: bool = True) -> list[Shift]:
    """Recompute opening and due dates, wherever their meetings were moved, and tell of each change once.

    Called by nmep's own verbs and by every tick; one query when nothing has changed. Whoever tells of the changes
    in a mail of their own passes `tells=False`.
    """
    rows = _concerned().exclude(offering__state=Offering.State.ARCHIVED)
    if offering is not None:
        rows = rows.filter(offering=offering)
    changed = []
    for assignment in rows:
        shift = _settle(assignment, now, tells=tells)
        if shift is not None and shift.changes:
            changed.append(shift)
    return changed


def refresh(assignment: Assignment, now: datetime) -> Assignment:
    """The assignment with the due date that holds at this instant; handing in asks this before it judges."""
    current = _concerned().get(pk=assignment.pk)
    _settle(current, now)
    return current


def _settle(assignment: Assignment, now: datetime, *, tells: bool = True) -> Shift | None:
    """Write what the rules give; None when it stood there already or somebody else wrote it."""
    shift = _judged(assignment)
    opens_at = assignment.opens_by_rule()
    is_promise = assignment.state == Assignment.State.PUBLISHED and assignment.offering.is_live
    promised_at = shift.after if is_promise else assignment.promised_at
    stood = (assignment.opens_at, assignment.due_at, assignment.promised_at)
    if stood == (opens_at, shift.after, promised_at):
        return None
    was_promised = assignment.promised_at is not None
    with transaction.atomic():
        won = Assignment.objects.filter(
            pk=assignment.pk, due_at=assignment.due_at, promised_at=assignment.promised_at
        ).update(opens_at=opens_at, due_at=shift.after, promised_at=promised_at)
        assignment.opens_at, assignment.due_at, assignment.promised_at = opens_at, shift.after, promised_at
        if (
            tells
            and won
            and shift.changes
            and shift.after
            and was_promised
            and is_promise
            and assignment.is_released(now)
        ):
            _tell(shift, shift.after, now)
    return shift if won else None


def _tell(shift: Shift, after: datetime, now: datetime) -> None:
    learners = Enrolment.objects.active().learners().filter(offering=shift.assignment.offering_id)
    tell_many(
        DueMoved,
        [
            Due(
                person=person,
                about=shift.assignment,
                slot=at(after),
                expires_at=after,
                data={"before": shift.before.isoformat() if shift.before else ""},
            )
            for person in learners.values_list("person", flat=True)
        ],
        now=now,
    )
