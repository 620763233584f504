"""A reviewer takes a hand-in, comments on it, and posts one review."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery, Value, prefetch_related_objects
from django.db.models.functions import Coalesce

from members import audit
from members.ledger import at, tell
from members.models import Notification, User
from mlclub.refusal import Refused
from nmep import mastery, people, phrases
from nmep.models import (
    Assignment,
    Comment,
    MarkChange,
    Offering,
    Piece,
    Review,
    RubricCriterion,
    RubricMark,
    Submission,
)
from nmep.models.submissions import SubmissionQuerySet
from nmep.notifications import ReviewPosted


class AlreadyReviewed(Refused):
    """Somebody else's review was posted first."""


def _shown(rows: SubmissionQuerySet) -> SubmissionQuerySet:
    return rows.select_related("assignment__offering", "reviewer").with_people()


def queue(user: User, offering: Offering) -> SubmissionQuerySet:
    """What waits for `user`, oldest first: what they took or were dealt; leads see all that waits."""
    rows = Submission.objects.visible_to(user).waiting().filter(assignment__offering=offering)
    return _shown(rows.exclude(pk__in=Submission.objects.authored_by(user))).order_by("handed_in_at", "pk")


def mine(user: User, offering: Offering) -> SubmissionQuerySet:
    """The part of the queue that is nobody else's: taken by `user`, dealt to them, or not yet taken by anybody."""
    rows = Submission.objects.waiting().filter(assignment__offering=offering)
    rows = rows.exclude(pk__in=Submission.objects.authored_by(user))
    taken = rows.filter(reviewer=user)
    dealt = rows.filter(reviewer=None, authors__enrolment__reviewer=user)
    free = rows.filter(reviewer=None, authors__enrolment__reviewer=None)
    return _shown(
        rows.filter(pk__in=taken.values("pk"))
        | rows.filter(pk__in=dealt.values("pk"))
        | rows.filter(pk__in=free.values("pk"))
    ).order_by("handed_in_at", "pk")


@transaction.atomic
def take_next(user: User, offering: Offering, *, now: datetime) -> Submission | None:
    """The oldest hand-in that waits for `user`, now theirs; None when nothing waits.

    What they took before or were dealt comes first; two who ask at once get different ones.
    """
    if not people.may_review(user, offering):
        raise Refused("You do not review in this offering.")
    if offering.is_archived:
        return None
    waiting = Submission.objects.waiting().filter(assignment__offering=offering)
    waiting = waiting.exclude(pk__in=Submission.objects.authored_by(user)).order_by("handed_in_at", "pk")
    for holder, rows in (
        (user, waiting),
        (None, waiting.filter(authors__enrolment__reviewer=user)),
        (None, waiting.filter(authors__enrolment__reviewer=None)),
    ):
        # What somebody else may change stands beside the lock: PostgreSQL looks at it again in the row that it locked,
        # and not at what a subquery found before.
        found = (
            Submission.objects.filter(
                reviewer=holder, state__in=Submission.ANSWERABLE, pk__in=rows.values("pk")
            )
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("handed_in_at", "pk")
            .first()
        )
        if found is not None:
            _take(found, user, now)
            return found
    return None


def _take(submission: Submission, user: User, now: datetime) -> None:
    if submission.reviewer_id == user.pk and submission.state == Submission.State.IN_REVIEW:
        return
    submission.reviewer = user
    submission.taken_at = now
    submission.state = Submission.State.IN_REVIEW
    submission.save(update_fields=["reviewer", "taken_at", "state"])


@transaction.atomic
def assign(submission: Submission, reviewer: User | None, *, by: User, now: datetime) -> None:
    """A lead or officer deals a hand-in to somebody, or puts it back into the queue."""
    submission.assignment.offering.check_changes()
    locked = Submission.objects.select_for_update(of=("self",)).get(pk=submission.pk)
    if not locked.is_answerable or Review.objects.held().filter(submission=locked).exists():
        raise AlreadyReviewed("This version has been answered already.")
    before = locked.reviewer_id
    locked.reviewer, locked.taken_at, locked.state = reviewer, None, Submission.State.HANDED_IN
    locked.save(update_fields=["reviewer", "taken_at", "state"])
    audit.record(
        by,
        "review-assigned",
        locked,
        before={"reviewer": before},
        after={"reviewer": reviewer.pk if reviewer else None},
    )


def draft_of(submission: Submission, reviewer: User) -> Review | None:
    """What `reviewer` has begun to write about `submission`."""
    drafts = Review.objects.filter(submission=submission, reviewer=reviewer, state=Review.State.DRAFT)
    return drafts.first()


def criteria_of(assignment: Assignment, review: Review | None) -> QuerySet[RubricCriterion]:
    """The rubric, each criterion with the `level` that `review` gives it so far, or nothing."""
    levels = RubricMark.objects.filter(review=review.pk if review else None, criterion=OuterRef("pk"))
    return assignment.criteria.annotate(level=Coalesce(Subquery(levels.values("level")[:1]), Value("")))


@dataclass(frozen=True)
class Reviews:
    """Of one version: the posted review, the held one, and what the person asking has begun to write."""

    posted: Review | None = None
    held: Review | None = None
    draft: Review | None = None

    @property
    def is_finished(self) -> bool:
        return bool(self.posted or self.held)


def reviews_of(submission: Submission, user: User, *, reviews: bool) -> Reviews:
    """What `user` may know of the reviews of a version: held ones and their own drafts only if `user` reviews it."""
    seen = Q(state=Review.State.POSTED)
    if reviews:
        seen |= Q(state=Review.State.HELD) | Q(state=Review.State.DRAFT, reviewer=user)
    rows = Review.objects.filter(seen, submission=submission).select_related("reviewer")
    by_state = {row.state: row for row in rows}
    for row in by_state.values():
        row.submission = submission
    finished = [row for row in by_state.values() if row.state != Review.State.DRAFT]
    prefetch_related_objects(finished, Prefetch("marks", RubricMark.objects.select_related("criterion")))
    return Reviews(
        posted=by_state.get(Review.State.POSTED),
        held=by_state.get(Review.State.HELD),
        draft=by_state.get(Review.State.DRAFT),
    )


@transaction.atomic
def save(
    submission: Submission,
    reviewer: User,
    *,
    summary: str,
    outcome: str,
    marks: Mapping[int, str],
    now: datetime,
    skills: Collection[int] = (),
) -> Review:
    """Keep a review as a draft; learners see nothing of it."""
    locked = _answerable(submission, reviewer)
    review, _ = Review.objects.get_or_create(
        submission=locked, reviewer=reviewer, defaults={"created_at": now}
    )
    review.summary, review.outcome = summary, outcome
    review.save()
    review.skills.set(locked.assignment.skills.filter(pk__in=skills) if skills else ())
    for criterion, level in marks.items():
        if level:
            RubricMark.objects.update_or_create(
                review=review, criterion_id=criterion, defaults={"level": level}
            )
        else:
            RubricMark.objects.filter(review=review, criterion=criterion).delete()
    if locked.reviewer_id is None or locked.state == Submission.State.HANDED_IN:
        _take(locked, reviewer, now)
    return review


@transaction.atomic
def post(
    submission: Submission,
    reviewer: User,
    *,
    summary: str,
    outcome: str,
    marks: Mapping[int, str],
    now: datetime,
    skills: Collection[int] = (),
) -> Review:
    """Finish the one review of a version: it is posted, or held where the assignment holds its reviews."""
    review = save(submission, reviewer, summary=summary, outcome=outcome, marks=marks, now=now, skills=skills)
    if outcome not in Review.Outcome.values:
        raise Refused("Say whether the work is done or goes back.")
    phrases.count_uses(review)
    # Asked under the lock: a lead may have begun to hold, or released, since the page was opened.
    if Assignment.objects.filter(pk=review.submission.assignment_id, holds_reviews=True).exists():
        review.state, review.held_at = Review.State.HELD, now
        review.save(update_fields=["state", "held_at"])
        Submission.objects.filter(pk=review.submission_id).update(reviewer=reviewer)
        return review
    return publish(review, now=now)


def publish(review: Review, *, now: datetime) -> Review:
    """Learners may read it from now on: the version's state, the journal of each author, the comments, the mail.

    For a review whose version the caller has locked in its transaction.
    """
    reviewer, locked = review.reviewer, review.submission
    review.state, review.posted_at = Review.State.POSTED, now
    review.save(update_fields=["state", "posted_at"])
    Comment.objects.filter(submission=locked, author=reviewer, posted_at=None).update(posted_at=now)
    is_done = review.outcome == Review.Outcome.DONE
    locked.state = Submission.State.DONE if is_done else Submission.State.RETURNED
    locked.reviewer = reviewer
    locked.save(update_fields=["state", "reviewer"])
    for author in locked.authors.select_related("enrolment__person"):
        MarkChange.objects.create(
            enrolment=author.enrolment,
            assignment=locked.assignment,
            submission=locked,
            kind=MarkChange.Kind.DONE if is_done else MarkChange.Kind.NOT_YET,
            by=reviewer,
            at=now,
        )
        _tell(author.enrolment.person, locked, now)
    if is_done:
        mastery.confirm(locked, list(review.skills.all()), by=reviewer, now=now)
    return review


def _answerable(submission: Submission, reviewer: User) -> Submission:
    locked = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("assignment__offering")
        .get(pk=submission.pk)
    )
    locked.assignment.offering.check_changes()
    finished = (
        Review.objects.filter(submission=locked)
        .exclude(state=Review.State.DRAFT)
        .select_related("reviewer")
        .first()
    )
    if finished is None:
        if locked.is_answerable:
            return locked
        raise Refused("This version does not wait for a review.")
    if finished.state == Review.State.HELD and finished.reviewer_id == reviewer.pk:
        raise Refused("Your review of this version is held. Take it back to change it.")
    verb = "finished" if finished.state == Review.State.HELD else "posted"
    raise AlreadyReviewed(
        f"{finished.reviewer.display_name} has {verb} a review of this version meanwhile. Yours was not sent."
    )


def _tell(person: User, submission: Submission, now: datetime) -> None:
    """Once an hour at most: what is posted in the same hour goes into one mail."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    offering = submission.assignment.offering
    if tell(ReviewPosted, person, about=offering, slot=at(hour), now=now):
        return
    still_waits = Notification.objects.filter(
        person=person,
        kind=ReviewPosted.slug,
        about=audit.subject_of(offering),
        slot=at(hour),
        status=Notification.Status.PENDING,
    )
    if not still_waits.exists():
        following = hour + timedelta(hours=1)
        tell(ReviewPosted, person, about=offering, slot=at(following), due_at=following, now=now)


def comment(
    submission: Submission,
    author: User,
    text: str,
    *,
    now: datetime,
    piece: Piece | None = None,
    cell_key: str = "",
    cell_index: int | None = None,
    line: int | None = None,
    parent: Comment | None = None,
    asks_for_change: bool = False,
) -> Comment:
    """Say something about a version. A reviewer's comments on waiting work go out with the review. Raises Refused."""
    submission.assignment.offering.check_changes()
    is_author = submission.authors.filter(enrolment__person=author).exists()
    waits = not is_author and submission.is_answerable and (parent is None or parent.posted_at is None)
    return Comment.objects.create(
        submission=submission,
        author=author,
        text=text,
        piece=parent.piece if parent else piece,
        cell_key=parent.cell_key if parent else cell_key,
        cell_index=parent.cell_index if parent else cell_index,
        line=parent.line if parent else line,
        parent=parent,
        asks_for_change=asks_for_change and not is_author,
        created_at=now,
        posted_at=None if waits else now,
    )


def settle(comment: Comment, state: str, *, by: User) -> bool:
    """Learners mark a comment as addressed, reviewers as settled; anybody may open it again."""
    is_author = comment.submission.authors.filter(enrolment__person=by).exists()
    allowed = {Comment.State.OPEN, Comment.State.ADDRESSED if is_author else Comment.State.SETTLED}
    if state not in allowed or comment.submission.assignment.offering.is_archived:
        return False
    return bool(Comment.objects.filter(pk=comment.pk).update(state=state))


def may_answer(user: Any, submission: Submission) -> bool:
    """Whether `user` may review this version: whoever sees it and is not an author of it."""
    if submission.authors.filter(enrolment__person=user).exists():
        return False
    return people.may_review(user, submission.assignment.offering)
