"""On how many people the library hangs.

The figure is the *truck factor* of Avelino, Passos, Hora and Valente ("A novel approach for estimating truck factors",
ICPC 2016), who ask of a program how many of its authors must leave until more than half of its files have nobody who
knows them. Here the files are pages.

- **Somebody knows a page** who looks after it, who checked it last, or who wrote at least a fifth of the characters that
  all its changes added; and who is still here (`User.objects.still_here`).
- **A page weighs** what it is asked for (`wiki.demand`): 1, and more for every page that leads to it or requires it, and for
  being read.
- **Known** is the share of the weight of all pages that somebody knows.
- **So many must leave**: time and again the one leaves who knows most of what is still known; how many have gone when less
  than half of all the weight is known. 0 says that less than half is known today. Which people to take for the smallest
  number is a hard question; taking the most needed one each time is the paper's answer, and an upper bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from datetime import date, datetime
from typing import Any

from django.db.models import Sum

from members import standing
from members.models import User
from wiki.demand import with_demand
from wiki.models import LibraryFigure, Page, Revision

#: Who wrote this share of what the changes of a page added knows it.
A_FIFTH = 0.2


def figure(now: datetime) -> LibraryFigure:
    """Today's figure, unsaved; four queries."""
    today = standing.today(now)
    weights, knowers = known_by(today)
    return computed(today, weights, knowers)


def computed(day: date, weights: Mapping[int, int], knowers: Mapping[int, Set[int]]) -> LibraryFigure:
    """The figure from the weight of each page and the people who know it."""
    total = sum(weights.values())
    known = sum(weight for page, weight in weights.items() if knowers.get(page))
    return LibraryFigure(
        day=day,
        pages=len(weights),
        known_permille=round(1000 * known / total) if total else 1000,
        leave_for_half=must_leave(weights, knowers),
        people=len({person for people in knowers.values() for person in people}),
    )


def known_by(today: date) -> tuple[dict[int, int], dict[int, set[int]]]:
    """(weight of each page, people who are here and know it)."""
    pages = with_demand(Page.objects.filter(trashed_at=None)).order_by("pk")
    rows = list(pages.values_list("pk", "demand", "owner", "checked_by"))
    knowers: dict[int, set[int]] = {pk: {owner, checker} - {None} for pk, _, owner, checker in rows}
    added: dict[int, dict[int | None, int]] = defaultdict(dict)
    written: Any = (
        Revision.objects.filter(page__trashed_at=None)
        .order_by()
        .values_list("page", "author")
        .annotate(size=Sum("added"))
    )
    for page, author, size in written:
        added[page][author] = size
    for page, sizes in added.items():
        whole = sum(sizes.values())
        knowers[page] |= {
            author for author, size in sizes.items() if author and whole and size >= A_FIFTH * whole
        }
    everybody = {person for people in knowers.values() for person in people}
    here = set(User.objects.still_here(today).filter(pk__in=everybody).values_list("pk", flat=True))
    return {pk: demand for pk, demand, _, _ in rows}, {pk: people & here for pk, people in knowers.items()}


def must_leave(weights: Mapping[int, int], knowers: Mapping[int, Set[int]]) -> int:
    """How many people leave, the most needed of those left first, until less than half of the weight is known."""
    left = {page: set(people) for page, people in knowers.items() if people and page in weights}
    half = sum(weights.values()) / 2
    known = sum(weights[page] for page in left)
    gone = 0
    while left and known >= half:
        needed: dict[int, int] = defaultdict(int)
        for page, people in left.items():
            for person in people:
                needed[person] += weights[page]
        goes = max(needed, key=lambda person: (needed[person], -person))
        for page in [page for page, people in left.items() if goes in people]:
            left[page].discard(goes)
            if not left[page]:
                known -= weights[page]
                del left[page]
        gone += 1
    return gone


def is_due(now: datetime) -> bool:
    """Whether today has no figure yet."""
    return not LibraryFigure.objects.filter(day=standing.today(now)).exists() and bool(
        Page.objects.filter(trashed_at=None).exists()
    )


def keep(now: datetime) -> bool:
    """Keep today's figure, once a day; says whether it was this call."""
    if not is_due(now):
        return False
    made = LibraryFigure.objects.bulk_create([figure(now)], ignore_conflicts=True)
    return bool(made)


def latest(now: datetime) -> LibraryFigure | None:
    """The newest figure that is kept."""
    return LibraryFigure.objects.filter(day__lte=standing.today(now)).order_by("-day").first()
