"""The words of the club, to which typing errors are corrected.

What a page holds is counted when it is saved, thrown away or taken back; what other things are called, and once a day
everything afresh, by a task. Whoever asks is told of no word that he does not see in a result: `mlclub.portal.finding`.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction

from mlclub import gather
from mlclub.search import usable_words
from wiki.models import Page, Word

#: How often what things other than pages are called is counted.
EVERY = timedelta(hours=1)
_COUNTED, _COUNTED_ALL = "wiki:vocabulary", "wiki:vocabulary-of-pages"


def words_of(page: Page) -> set[str]:
    """What the page holds as its row stands."""
    return usable_words(f"{page.title} {page.headings} {page.plain_text}")


def count(*, more: set[str] = frozenset(), fewer: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    """Some page holds the words `more` now, and not any more the words `fewer`."""
    with connection.cursor() as cursor:
        if gone := sorted(fewer - more):
            # In one order, so that two savers never wait for each other.
            cursor.execute(
                "UPDATE wiki_word SET uses = greatest(uses - 1, 0) WHERE word IN "
                "(SELECT word FROM wiki_word WHERE word = ANY(%s) ORDER BY word FOR UPDATE)",
                [gone],
            )
        if come := sorted(more - fewer):
            cursor.execute(
                "INSERT INTO wiki_word (word, uses, others) SELECT unnest(%s::text[]), 1, 0 "
                "ON CONFLICT (word) DO UPDATE SET uses = wiki_word.uses + 1",
                [come],
            )


@transaction.atomic
def count_all() -> None:
    """Count the words of all pages and of all other things afresh."""
    uses: Counter[str] = Counter()
    pages = Page.objects.filter(trashed_at=None).order_by()
    for title, headings, plain in pages.values_list("title", "headings", "plain_text").iterator(
        chunk_size=500
    ):
        uses.update(usable_words(f"{title} {headings} {plain}"))
    others = _others()
    Word.objects.all().delete()
    Word.objects.bulk_create(
        [Word(word=word, uses=uses[word], others=others[word]) for word in sorted(uses | others)],
        batch_size=2000,
    )


@transaction.atomic
def count_others() -> None:
    """Count afresh what events, people, projects, papers and posts are called."""
    others = _others()
    Word.objects.exclude(others=0).exclude(word__in=list(others)).order_by("word").update(others=0)
    Word.objects.bulk_create(
        [Word(word=word, uses=0, others=count) for word, count in sorted(others.items())],
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["word"],
        update_fields=["others"],
    )


def _others() -> Counter[str]:
    found: Counter[str] = Counter()
    for text in gather.flat("names_of_things"):
        found.update(usable_words(text))
    return found


def is_due(now: datetime) -> bool:
    """Whether somebody should count; at most one asker an hour is told so."""
    return bool(cache.add(_COUNTED, now.isoformat(), int(EVERY.total_seconds())))


def catch_up() -> None:
    """What the task does: what things are called each hour, and all pages once a day."""
    if cache.add(_COUNTED_ALL, "1", int(timedelta(days=1).total_seconds())):
        count_all()
    else:
        count_others()


def known() -> Any:
    """Words that stand somewhere, with `total`, for `mlclub.search.corrected`."""
    return Word.objects.in_use()
