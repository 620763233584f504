"""Finished reviews are held together and released together, so that none is published by an accident."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet

from members import audit
from members.models import User
from nmep import reviewing
from nmep.models import Assignment, Review, Submission

if TYPE_CHECKING:
    from nmep.review_times import Times


@dataclass(frozen=True)
class Batch:
    """The finished reviews of an assignment that wait for their release."""

    assignment: Assignment
    done: int
    returned: int
    oldest: datetime | None
    unreviewed: int

    @property
    def count(self) -> int:
        return self.done + self.returned


def with_held(rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """Adds `done` and `returned`, how many finished reviews are held, and `oldest`, since when."""
    held = Q(submissions__reviews__state=Review.State.HELD)
    outcome = "submissions__reviews__outcome"
    return rows.annotate(
        done=Count("submissions__reviews", filter=held & Q(**{outcome: Review.Outcome.DONE}), distinct=True),
        returned=Count(
            "submissions__reviews", filter=held & Q(**{outcome: Review.Outcome.RETURN}), distinct=True
        ),
        oldest=Min("submissions__reviews__held_at", filter=held),
    )


def batches(work: Iterable[tuple[Any, Times]]) -> list[Batch]:
    """The assignments of a table of times that hold reviews, or have held ones."""
    return [
        Batch(row, row.done, row.returned, row.oldest, spent.waiting)
        for row, spent in work
        if row.holds_reviews or row.done or row.returned
    ]


def held(assignment: Assignment) -> QuerySet[Review]:
    """The held reviews of `assignment`, in the order they were finished, with what a list of them shows."""
    return (
        Review.objects.held()
        .filter(submission__assignment=assignment)
        .select_related("reviewer", "submission__assignment__offering")
        .prefetch_related("submission__authors__enrolment__person", "marks__criterion")
        .order_by("held_at", "pk")
    )


@transaction.atomic
def set_holding(assignment: Assignment, *, holds: bool, by: User) -> bool:
    """Begin or end to hold what is finished from now on; what is held stays held. False where it was so already.

    Raises Refused where the offering is archived.
    """
    assignment.offering.check_changes()
    changed = bool(
        Assignment.objects.filter(pk=assignment.pk).exclude(holds_reviews=holds).update(holds_reviews=holds)
    )
    if changed:
        audit.record(by, "reviews-held", assignment, before=not holds, after=holds)
    return changed


@transaction.atomic
def release(assignment: Assignment, *, by: User, now: datetime, keep_holding: bool = False) -> int:
    """Post every held review of `assignment` at once and tell its learners; how many there were.

    Of two leads who release at the same moment, one posts and the other gets 0. Later reviews go out as they are
    finished, unless `keep_holding`. Raises Refused where the offering is archived.
    """
    assignment.offering.check_changes()
    waiting = Review.objects.held().filter(submission__assignment=assignment)
    # In the order of their keys, like everybody who locks several versions.
    locked = Submission.objects.select_for_update(of=("self",)).filter(pk__in=waiting.values("submission"))
    submissions = {row.pk: row for row in locked.select_related("assignment__offering").order_by("pk")}
    reviews = list(
        Review.objects.held()
        .filter(submission__in=submissions)
        .select_related("reviewer")
        .select_for_update(of=("self",))
        .order_by("held_at", "pk")
    )
    for review in reviews:
        review.submission = submissions[review.submission_id]
        reviewing.publish(review, now=now)
    if not keep_holding:
        set_holding(assignment, holds=False, by=by)
    if reviews:
        audit.record(by, "reviews-released", assignment, after={"reviews": [review.pk for review in reviews]})
    return len(reviews)


@transaction.atomic
def take_back(review: Review, *, by: User) -> bool:
    """A reviewer makes their held review a draft again. False where it was released meanwhile."""
    Submission.objects.select_for_update(of=("self",)).get(pk=review.submission_id)
    return bool(
        Review.objects.held().filter(pk=review.pk, reviewer=by).update(state=Review.State.DRAFT, held_at=None)
    )
