"""How long learners wait for their reviews: from the hand-in to the moment they can read the review."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from members.models import Term
from nmep import holding
from nmep.models import Assignment, Offering, Review, Submission

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Times:
    """`median` over `n` posted reviews; `waiting` now, half of them for `waiting_median` or more, one since `oldest`."""

    n: int = 0
    median: timedelta | None = None
    waiting: int = 0
    waiting_median: timedelta | None = None
    oldest: datetime | None = None

    @property
    def median_words(self) -> str:
        return days(self.median)

    @property
    def waiting_words(self) -> str:
        return days(self.waiting_median)

    @property
    def words(self) -> str:
        """The rule in words, with how many it counts."""
        if not self.n:
            return "No review posted yet."
        return (
            f"Half of the {self.n} posted reviews could be read within {days(self.median)} of the hand-in."
            if self.n > 1
            else f"The one posted review could be read {days(self.median)} after the hand-in."
        )


@dataclass(frozen=True)
class Table:
    """An offering's times: in all, by assignment in its order with what is held of it, and by reviewer (None: with nobody yet)."""

    in_all: Times
    assignments: list[tuple[Assignment, Times]]
    reviewers: dict[int | None, Times]


def days(length: timedelta | None) -> str:
    """“3.5 days”; hours where it is less than one."""
    if length is None:
        return ""
    if length < DAY:
        hours = round(length / timedelta(hours=1))
        return f"{hours} hour{'' if hours == 1 else 's'}"
    number = round(length / DAY, 1)
    return f"{number:g} day{'' if number == 1 else 's'}"


def in_all(offering: Offering, now: datetime) -> Times:
    """The times of `offering` without who and what; two queries."""
    return _times(*_rows(offering), now)


def _rows(offering: Offering) -> tuple[list[Any], list[Any]]:
    """The posted and the waiting, each as (assignment, reviewer, …)."""
    posted = list(_posted().filter(submission__assignment__offering=offering).values_list(*_POSTED))
    waiting = [
        (assignment, reviewer or theirs, handed_in_at)
        for assignment, reviewer, theirs, handed_in_at in _waiting(offering)
    ]
    return posted, waiting


def of(offering: Offering, now: datetime) -> Table:
    """The times of `offering`; three queries."""
    posted, waiting = _rows(offering)
    rows = Assignment.objects.filter(offering=offering).exclude(state=Assignment.State.DRAFT)
    assignments = holding.with_held(rows.defer("text", "search")).order_by("position", "key")
    for row in assignments:
        row.offering = offering
    return Table(
        in_all=_times(posted, waiting, now),
        assignments=[
            (row, _times([p for p in posted if p[0] == row.pk], [w for w in waiting if w[0] == row.pk], now))
            for row in assignments
        ],
        reviewers={
            key: _times([p for p in posted if p[1] == key], [w for w in waiting if w[1] == key], now)
            for key in {row[1] for row in [*posted, *waiting]}
        },
    )


def median_days(term: Term) -> tuple[float, int]:
    """The median of a term in days, and of how many reviews."""
    rows = _posted().filter(submission__assignment__offering__term=term)
    lengths = [after - before for before, after in rows.values_list("submission__handed_in_at", "posted_at")]
    return (round(statistics.median(lengths) / DAY, 1) if lengths else 0, len(lengths))


_POSTED = ("submission__assignment", "reviewer", "submission__handed_in_at", "posted_at")


def _posted() -> Any:
    # A version that came from elsewhere may be younger than its review.
    return Review.objects.posted().filter(posted_at__gte=F("submission__handed_in_at")).order_by()


def _waiting(offering: Offering) -> Iterable[tuple[Any, ...]]:
    """A row for each version that waits, however many authors it has."""
    rows = (
        Submission.objects.waiting()
        .filter(assignment__offering=offering)
        .order_by("pk")
        .values_list("pk", "assignment", "reviewer", "authors__enrolment__reviewer", "handed_in_at")
    )
    seen: dict[int, tuple[Any, ...]] = {}
    for pk, assignment, reviewer, theirs, handed_in_at in rows:
        if pk not in seen or (theirs and not seen[pk][2]):
            seen[pk] = (assignment, reviewer, theirs, handed_in_at)
    return seen.values()


def _times(posted: list[Any], waiting: list[Any], now: datetime) -> Times:
    lengths = [after - before for _, _, before, after in posted]
    ages = [now - at for _, _, at in waiting]
    return Times(
        n=len(lengths),
        median=statistics.median(lengths) if lengths else None,
        waiting=len(ages),
        waiting_median=statistics.median(ages) if ages else None,
        oldest=min((at for _, _, at in waiting), default=None),
    )
