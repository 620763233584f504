"""A learner asks for another look at a review; a lead answers in the open thread, and may mend the mark."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from members.ledger import tell
from members.models import User
from mlclub.refusal import Refused
from nmep import people, reviewing
from nmep.models import Comment, MarkChange, Offering, Review, SecondLook, Submission
from nmep.notifications import SecondLookAnswered


def _locked(submission_pk: int) -> Submission:
    return (
        Submission.objects.select_for_update(of=("self",))
        .select_related("assignment__offering")
        .get(pk=submission_pk)
    )


@transaction.atomic
def ask(review: Review, by: User, text: str, *, now: datetime) -> SecondLook:
    """Ask for another look at a posted review of one's own work; what is said opens a thread on the whole."""
    submission = _locked(review.submission_id)
    submission.assignment.offering.check_changes()
    posted = Review.objects.posted().filter(pk=review.pk, submission__authors__enrolment__person=by)
    if not posted.exists():
        raise Refused("Another look can be asked for at a posted review of your own work.")
    if SecondLook.objects.open().filter(review=review).exists():
        raise Refused("Another look at this review was asked for already; it waits for its answer.")
    comment = reviewing.comment(submission, by, text, now=now)
    return SecondLook.objects.create(review=review, comment=comment, asked_at=now)


@transaction.atomic
def answer(look: SecondLook, by: User, text: str, *, outcome: str, now: datetime) -> Comment:
    """Answer in the thread, and mend the mark where the work is done after all; every author is told once."""
    submission = _locked(look.review.submission_id)
    submission.assignment.offering.check_changes()
    if submission.authors.filter(enrolment__person=by).exists() or not people.may_lead(
        by, submission.assignment.offering
    ):
        raise Refused("A lead who did not write the work answers this.")
    is_done = outcome == SecondLook.Outcome.DONE
    if is_done and submission.state != Submission.State.RETURNED:
        raise Refused("This version counts as done already.")
    won = (
        SecondLook.objects.open().filter(pk=look.pk).update(answered_at=now, answered_by=by, outcome=outcome)
    )
    if not won:
        raise Refused("Another lead has answered meanwhile. What you wrote was not sent.")
    said = reviewing.comment(submission, by, text, now=now, parent=look.comment)
    Comment.objects.filter(pk=look.comment_id).update(state=Comment.State.SETTLED)
    if is_done:
        submission.state = Submission.State.DONE
        submission.save(update_fields=["state"])
    for author in submission.authors.select_related("enrolment__person"):
        if is_done:
            MarkChange.objects.create(
                enrolment=author.enrolment,
                assignment=submission.assignment,
                submission=submission,
                kind=MarkChange.Kind.DONE,
                by=by,
                why="Looked at again",
                at=now,
            )
        tell(SecondLookAnswered, author.enrolment.person, about=look, slot="answered", now=now)
    return said


def waiting(offering: Offering) -> QuerySet[SecondLook]:
    """What leads have to answer, oldest first."""
    return (
        SecondLook.objects.open()
        .in_offering(offering)
        .select_related("comment__author", "review__submission__assignment__offering", "review__reviewer")
        .order_by("asked_at", "pk")
    )
