"""The library in numbers, for its front page: how it grew, and which pages the others build on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from django.core.cache import cache
from django.db.models import Count, F, Func, IntegerField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from members.models import Term
from wiki.models import Link, Page, Revision

#: How many terms are told, and for how long a count stands before it is made again.
TERMS, KEPT_FOR = 8, timedelta(minutes=10)
#: How many of the pages that others lead to are remembered; whoever asks may not see all of them.
HUBS = 30


@dataclass(frozen=True)
class Stage:
    """A term: the pages that there were at its end, and who wrote how much in it. `percent` is of the longest bar."""

    term: str
    pages: int
    changes: int
    writers: int
    percent: int
    is_now: bool


def by_term(today: date) -> list[Stage]:
    """The last terms, the latest first; those before the first page are left out. Kept ten minutes."""
    key = f"wiki:growth:{today}"
    kept = cache.get(key)
    if kept is None:
        kept = _by_term(today)
        cache.set(key, kept, int(KEPT_FOR.total_seconds()))
    return cast("list[Stage]", kept)


def _by_term(today: date) -> list[Stage]:
    def number_of(rows: Any, counted: Any, template: str = "count(%(expressions)s)") -> Any:
        counting = Func(counted, template=template, output_field=IntegerField())
        return Coalesce(Subquery(rows.order_by().annotate(n=counting).values("n")), Value(0))

    # In the calendar of the club's zone, which a request has turned on.
    pages = Page.objects.filter(trashed_at=None, created_at__date__lte=OuterRef("ends_on"))
    changes = Revision.objects.filter(at__date__gte=OuterRef("starts_on"), at__date__lte=OuterRef("ends_on"))
    # Whoever wrote elsewhere has no account here; the two kinds of keys must not meet.
    writer = Coalesce(F("author_id"), F("imported_author_id") * -1)
    terms = (
        Term.objects.started(today)
        .annotate(
            pages=number_of(pages, F("pk")),
            changes=number_of(changes, F("pk")),
            writers=number_of(changes, writer, "count(DISTINCT %(expressions)s)"),
        )
        .order_by("-starts_on")[:TERMS]
    )
    rows: list[Any] = [term for term in terms if term.pages or term.changes]
    most = max((row.pages for row in rows), default=0) or 1
    return [
        Stage(
            term=row.name,
            pages=row.pages,
            changes=row.changes,
            writers=row.writers,
            percent=round(100 * row.pages / most),
            is_now=number == 0,
        )
        for number, row in enumerate(rows)
    ]


def hubs() -> list[int]:
    """Keys of the pages that most others lead to; limit them to what the asking person may see. Kept ten minutes."""
    kept = cache.get("wiki:hubs")
    if kept is None:
        leading = Link.objects.filter(target__trashed_at=None, source__trashed_at=None).exclude(
            target=F("source")
        )
        counted = (
            leading.order_by().values("target").annotate(times=Count("source")).order_by("-times", "target")
        )
        kept = [row["target"] for row in counted[:HUBS]]
        cache.set("wiki:hubs", kept, int(KEPT_FOR.total_seconds()))
    return cast("list[int]", kept)
