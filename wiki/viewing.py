"""How often pages are read, and what was looked for in vain: counted by the day, and never who.

A page that is opened adds one to a counter in Redis; every ten minutes the clock takes the counters away and adds them up
in the database. What stood in Redis when it was lost is lost: the figures are for the order of a queue, not for an audit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast

from django.core.cache import caches
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, Sum

from members import standing
from mlclub.cache import ForgivingRedisCache
from wiki import paths
from wiki.models import Page, PageViews, SearchMiss

#: What counts: the last ninety days. What is older than a year is forgotten, and searches with those that count.
COUNTED, KEPT = timedelta(days=90), timedelta(days=366)
#: From so many searches on, words are shown as wanted.
SHOWN_FROM = 3
EVERY = 600
_READ, _MISSED, _PACE = "wiki:read", "wiki:missed", "wiki:counted"
#: So many different words wait at most, whoever types what.
MOST_WORDS = 2000


def _counters() -> ForgivingRedisCache:
    return cast("ForgivingRedisCache", caches["default"])


def read(page: Page, reader: Any, *, today: date) -> None:
    """A reader opened a page. Whoever looks after it does not count; no query."""
    if page.owner_id != reader.pk:
        _counters().tally(_READ, f"{today}:{page.pk}")


def missed(words: str, *, today: date) -> None:
    """A reader looked for these words, and nothing has them; no query."""
    words = " ".join(words.split()).lower()
    if 2 < len(words) <= 80:
        _counters().tally(_MISSED, f"{today}:{words}", most=MOST_WORDS)


def keep(now: datetime) -> int:
    """Take over what was counted since the last time, if ten minutes have passed; how many rows that touched. Two at once
    take different counts."""
    counters = _counters()
    if not counters.add(_PACE, 1, EVERY):
        return 0
    return sum(
        _take_over(counters, key, store) for key, store in ((_READ, _store_views), (_MISSED, _store_misses))
    )


def _take_over(counters: ForgivingRedisCache, key: str, store: Any) -> int:
    taken = counters.take_tallies(key)
    if not taken:
        return 0
    rows = [(date.fromisoformat(field[:10]), field[11:], times) for field, times in taken.items()]
    try:
        with transaction.atomic():
            store(rows)
    except DatabaseError:
        counters.give_back(key, taken)
        raise
    return len(rows)


def _store_views(rows: Iterable[tuple[date, str, int]]) -> None:
    told = sorted((int(page), day, times) for day, page, times in rows)
    pages = sorted({page for page, _, _ in told})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wiki_pageviews (page_id, day, times) SELECT page.id, new.day, new.times "
            "FROM unnest(%s::bigint[], %s::date[], %s::int[]) AS new(page, day, times) "
            "JOIN wiki_page page ON page.id = new.page ORDER BY page.id, new.day "
            "ON CONFLICT (page_id, day) DO UPDATE SET times = wiki_pageviews.times + EXCLUDED.times",
            [list(column) for column in zip(*told, strict=True)],
        )
    _sum_up(max(day for _, day, _ in told), pages)


def _store_misses(rows: Iterable[tuple[date, str, int]]) -> None:
    told = sorted((words, paths.key(words)[: paths.LONGEST], day, times) for day, words, times in rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wiki_searchmiss (words, key, day, times) "
            "SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::int[]) "
            "ON CONFLICT (words, day) DO UPDATE SET times = wiki_searchmiss.times + EXCLUDED.times",
            [list(column) for column in zip(*told, strict=True)],
        )


def _sum_up(today: date, pages: list[int] | None = None) -> None:
    """Bring `Page.seen` up to date, of these pages or of all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wiki_page page SET seen = found.times FROM ("
            "  SELECT page.id, coalesce(sum(views.times), 0) AS times FROM wiki_page page"
            "  LEFT JOIN wiki_pageviews views ON views.page_id = page.id AND views.day > %s"
            "  WHERE %s::bigint[] IS NULL OR page.id = ANY(%s) GROUP BY page.id"
            ") found WHERE found.id = page.id AND page.seen <> found.times",
            [today - COUNTED, pages, pages],
        )


def tend(now: datetime) -> None:
    """Once a day: what happened longer ago does not count any more, and is forgotten in the end."""
    today = standing.today(now)
    _sum_up(today)
    PageViews.objects.filter(day__lte=today - KEPT).delete()
    SearchMiss.objects.filter(day__lte=today - COUNTED).delete()


def looked_for(today: date, *, limit: int) -> list[Mapping[str, Any]]:
    """Words that were looked for in vain three times or more and that no page is called by, the most wanted first: rows of
    `words` and `times`."""
    there = Page.objects.filter(key=OuterRef("key"), trashed_at=None)
    return list(
        SearchMiss.objects.filter(~Exists(there), day__gt=today - COUNTED)
        .order_by()
        .values("words")
        .annotate(times=Sum("times"))
        .filter(times__gte=SHOWN_FROM)
        .order_by("-times", "words")[:limit]
    )
