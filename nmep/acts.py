"""What a lead does about one learner: marks past the review, more time, notes. Every act has its reason."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from members import audit
from members.models import User
from mlclub.refusal import Refused
from nmep.models import (
    Assignment,
    Deviation,
    Enrolment,
    LearnerNote,
    MarkChange,
    Offering,
    Submission,
    SubmissionAuthor,
)

#: What a lead may write into the journal past the review.
MARKS = (
    MarkChange.Kind.EXEMPT,
    MarkChange.Kind.DO_OVER,
    MarkChange.Kind.DONE,
    MarkChange.Kind.NOT_YET,
)


def is_frozen(enrolment: Enrolment) -> bool:
    """Whether how it ended for this learner is settled."""
    return enrolment.offering.state == Offering.State.ARCHIVED or enrolment.state in (
        Enrolment.State.COMPLETED,
        Enrolment.State.DID_NOT_FINISH,
    )


def guard(enrolment: Enrolment, by: User, action: str, why: str) -> None:
    """Let an act through. What is settled only an officer changes, with a reason that goes into the audit trail."""
    if not is_frozen(enrolment):
        return
    if not by.has_perm("nmep.change_enrolment"):
        raise Refused("This is settled and frozen. The officer for education can change it, with a reason.")
    if not why.strip():
        raise Refused("This is settled and frozen: say why it changes.")
    audit.record(by, action, enrolment, after={"why": why, "after": "it was settled"})


def locked(enrolment: Enrolment) -> Enrolment:
    """The enrolment as it stands, held until the end of the transaction."""
    rows = Enrolment.objects.select_for_update(of=("self",)).select_related("person", "offering__term")
    return rows.get(pk=enrolment.pk)


def not_ones_own(enrolment: Enrolment, by: User) -> None:
    """Whoever both learns and leads in an offering is judged by another lead."""
    if enrolment.person_id == by.pk:
        raise Refused("This is about yourself: another lead or the officer for education does it.")


@transaction.atomic
def mark(
    enrolment: Enrolment, assignment: Assignment, kind: str, *, why: str, by: User, now: datetime
) -> bool:
    """Write into the journal where the work stands, past any review; False when it says so already."""
    enrolment = locked(enrolment)
    not_ones_own(enrolment, by)
    guard(enrolment, by, "mark-changed", why)
    entries = list(MarkChange.objects.filter(enrolment=enrolment, assignment=assignment))
    current = MarkChange.fold(entries)
    if current is not None and current.kind == kind and not _answered_since(current, enrolment, assignment):
        return False
    # The latest counts, so an entry is never earlier than the one it follows.
    at = max([now, *(entry.at for entry in entries)])
    MarkChange.objects.create(enrolment=enrolment, assignment=assignment, kind=kind, why=why, by=by, at=at)
    return True


def _answered_since(entry: MarkChange, enrolment: Enrolment, assignment: Assignment) -> bool:
    """Whether something was handed in after the entry, so that it may be said again."""
    return Submission.objects.filter(
        authors__enrolment=enrolment, assignment=assignment, handed_in_at__gt=entry.at
    ).exists()


@transaction.atomic
def give_time(
    enrolment: Enrolment,
    assignment: Assignment,
    *,
    days: int,
    reason: str,
    by: User,
    now: datetime,
    why: str = "",
    spent: int = 0,
) -> Deviation:
    """`days` more than the learner has now, without being marked late; what came meanwhile is judged by it."""
    enrolment = locked(enrolment)
    if not spent:
        not_ones_own(enrolment, by)
    guard(enrolment, by, "more-time", why or "more time")
    held = list(Deviation.objects.filter(enrolment=enrolment, assignment=assignment))
    extra = max((row.extra_days for row in held if row.is_without_penalty), default=0) + days
    if extra > 90:
        raise Refused("More than 90 days on one assignment is not more time: exempt them instead.")
    MarkChange.objects.create(
        enrolment=enrolment,
        assignment=assignment,
        kind=MarkChange.Kind.EXTENSION,
        value=f"{days} day{'' if days == 1 else 's'} more",
        why=why,
        by=by,
        at=now,
    )
    given = Deviation.objects.create(
        enrolment=enrolment,
        assignment=assignment,
        extra_days=extra,
        is_without_penalty=True,
        reason=reason,
        spent_days=spent,
        granted_by=by,
        granted_at=now,
    )
    _judge_again(enrolment, assignment, [*held, given])
    return given


def _judge_again(enrolment: Enrolment, assignment: Assignment, held: list[Deviation]) -> None:
    """What was handed in before the time was given is as late as it would have been with it."""
    due_at = assignment.due_for(held)
    rows = SubmissionAuthor.objects.filter(
        enrolment=enrolment, assignment=assignment, submission__handed_in_at__isnull=False
    ).select_related("submission")
    first = rows.order_by("n").first()
    if due_at is None or first is None or first.submission.handed_in_at is None:
        return
    late_by = max(first.submission.handed_in_at - due_at, timedelta(0))
    rows.filter(late_by__gt=late_by).update(late_by=late_by)


@transaction.atomic
def add_note(enrolment: Enrolment, author: User, text: str, *, now: datetime) -> LearnerNote:
    """Write something down that the learner and the leads read."""
    # Not what it says: a note is for the learner and the leads, the trail for every officer who reads it.
    guard(enrolment, author, "note-added", "a note")
    return LearnerNote.objects.create(enrolment=enrolment, author=author, text=text, created_at=now)


def remove_note(note: LearnerNote, by: User) -> bool:
    """Take back what one wrote oneself."""
    deleted, _ = LearnerNote.objects.filter(pk=note.pk, author=by).delete()
    return bool(deleted)
