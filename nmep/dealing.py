"""The lead deals what waits among the reviewers: evenly, and never somebody's own work to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from members import audit
from members.models import User
from nmep import review_times
from nmep.models import Assignment, Comment, Enrolment, Offering, Review, Submission
from nmep.models.submissions import SubmissionQuerySet
from nmep.review_times import Times


@dataclass(frozen=True)
class Holder:
    """Somebody who reviews, and what is with them."""

    enrolment: Enrolment
    times: Times
    untouched: int

    @property
    def person(self) -> User:
        return self.enrolment.person


@dataclass(frozen=True)
class Proposal:
    """Whom a hand-in would go to, and why; nobody where everyone who reviews wrote it."""

    submission: Submission
    reviewer: User | None
    why: str


@dataclass(frozen=True)
class Dealt:
    """How many went out, and how many had been taken, answered or dealt by somebody else meanwhile."""

    dealt: int
    skipped: int


def untouched() -> SubmissionQuerySet:
    """What waits and nobody has begun: not taken, no draft of a review, no word said that waits for one."""
    begun = Review.objects.filter(submission=OuterRef("pk"))
    said = Comment.objects.filter(submission=OuterRef("pk"), posted_at=None)
    rows = Submission.objects.waiting().filter(state=Submission.State.HANDED_IN)
    return rows.filter(~Exists(begun), ~Exists(said))


def holders(offering: Offering, table: review_times.Table) -> list[Holder]:
    """Everybody who reviews in `offering` with what is with them, by name; two queries."""
    dealt = Counter(
        untouched()
        .filter(assignment__offering=offering, reviewer__isnull=False)
        .order_by()
        .values_list("reviewer", flat=True)
    )
    return [
        Holder(row, table.reviewers.get(row.person_id, Times()), dealt[row.person_id])
        for row in _reviewers(offering)
    ]


def _reviewers(offering: Offering) -> Iterable[Enrolment]:
    """One row a person, however many roles they have."""
    found: dict[int, Enrolment] = {}
    for row in Enrolment.objects.staff().filter(offering=offering).select_related("person"):
        found.setdefault(row.person_id, row)
    return found.values()


def plan(
    assignment: Assignment, reviewers: Sequence[User], table: review_times.Table, *, again: bool = False
) -> list[Proposal]:
    """Who would get what: first a learner's own reviewer, else whoever of `reviewers` has least; oldest work first.

    `again` deals anew what was dealt and not begun; who reviewed the version before keeps the next one.
    """
    staff = {row.person_id: row.person for row in _reviewers(assignment.offering)}
    rows = untouched().filter(assignment=assignment).select_related("assignment__offering", "reviewer")
    rows = rows.filter(Q(reviewer=None) | Q(n=1)) if again else rows.filter(reviewer=None)
    waiting = list(rows.with_people().order_by("handed_in_at", "pk"))
    load = Counter({person.pk: table.reviewers.get(person.pk, Times()).waiting for person in staff.values()})
    for row in waiting:
        holder = row.reviewer_id or _own_reviewer(row)
        if holder is not None:
            load[holder] -= 1
    proposals = []
    for row in waiting:
        authors = {author.enrolment.person_id for author in row.authors.all()}
        own = _own_reviewer(row)
        if own in staff and own not in authors:
            reviewer, why = staff[own], "reviews this learner"
        else:
            free = [person for person in reviewers if person.pk in staff and person.pk not in authors]
            if not free:
                proposals.append(Proposal(row, None, "everybody chosen wrote it"))
                continue
            reviewer = min(free, key=lambda person: (load[person.pk], person.display_name, person.pk))
            n = load[reviewer.pk]
            why = f"has {n} waiting, the fewest" if len(free) > 1 else "the only one who may"
        load[reviewer.pk] += 1
        proposals.append(Proposal(row, reviewer, why))
    return proposals


def _own_reviewer(submission: Submission) -> int | None:
    """Whose queue the work goes to by itself."""
    chosen = (author.enrolment.reviewer_id for author in submission.authors.all())
    return next((pk for pk in chosen if pk), None)


@transaction.atomic
def deal(
    assignment: Assignment,
    pairs: Mapping[int, tuple[int | None, int]],
    *,
    by: User,
) -> Dealt:
    """Deal hand-ins: for each, whom the preview saw it with, and whom it goes to now.

    What was begun, answered or dealt otherwise since the preview stays as it is, and so does one's own work. Raises
    Refused where the offering is archived.
    """
    assignment.offering.check_changes()
    staff = {row.person_id for row in _reviewers(assignment.offering)}
    chosen = untouched().filter(assignment=assignment, pk__in=pairs)
    rows = Submission.objects.select_for_update(of=("self",)).filter(pk__in=chosen.values("pk"))
    before, after = {}, {}
    for row in rows.with_people().order_by("pk"):
        seen, reviewer = pairs[row.pk]
        authors = {author.enrolment.person_id for author in row.authors.all()}
        if row.state != Submission.State.HANDED_IN or row.reviewer_id != seen:
            continue
        if reviewer not in staff or reviewer in authors:
            continue
        before[row.pk], after[row.pk] = row.reviewer_id, reviewer
        row.reviewer_id = reviewer
        row.save(update_fields=["reviewer"])
    if after:
        audit.record(by, "reviews-dealt", assignment, before=before, after=after)
    return Dealt(len(after), len(pairs) - len(after))


@transaction.atomic
def take_back(offering: Offering, reviewer: User, *, by: User, now: datetime) -> int:
    """Put what was dealt to `reviewer` and not begun back into the queue; how many. Raises Refused as `deal` does."""
    offering.check_changes()
    rows = untouched().filter(assignment__offering=offering, reviewer=reviewer)
    locked = Submission.objects.select_for_update(of=("self",)).filter(pk__in=rows.values("pk"))
    found = [
        row.pk
        for row in locked.order_by("pk")
        if row.state == Submission.State.HANDED_IN and row.reviewer_id == reviewer.pk
    ]
    Submission.objects.filter(pk__in=found).update(reviewer=None, updated_at=now)
    if found:
        audit.record(by, "reviews-taken-back", offering, before={"reviewer": reviewer.pk}, after=found)
    return len(found)
