"""Is there already a page on this? And which page is meant by the letters typed so far?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Greatest

from wiki import linking, paths
from wiki.models import Page

#: From this likeness on, whoever makes a page is asked before it is made.
MUCH_LIKE = 0.6
MOST_COMPLETIONS = 8


def similar(pages: Any, path: str, *, limit: int = 5, at_least: float = 0.3) -> list[Page]:
    """Pages whose title or other names are like the one somebody is about to write; not the page at that very path."""
    title = paths.title_of(paths.tidy(path))
    if len(title) < 3:
        return []
    return list(
        pages.filter(Q(title__trigram_similar=title) | Q(names__trigram_word_similar=title))
        .exclude(path__startswith="_")
        .exclude(path__iexact=paths.tidy(path))
        .annotate(likeness=Greatest(TrigramSimilarity("title", title), TrigramWordSimilarity(title, "names")))
        .filter(likeness__gt=at_least)
        .order_by(F("likeness").desc(), "path")
        .only("path", "title", "names")[:limit]
    )


@dataclass(frozen=True)
class Completion:
    """A page that may be meant, and the name by which a link from the folder in question leads to it."""

    page: Page
    name: str


def completions(pages: Any, typed: str, *, folder: str) -> list[Completion]:
    """The pages among `pages` that `typed` may become: those that begin so, then those that are much like it."""
    wanted = paths.key(typed)[:80]
    if not wanted:
        return []
    rows = pages.exclude(path__startswith="_").only("path", "title", "names")
    starts = Case(
        When(title__istartswith=typed.strip(), then=Value(0)),
        When(key__startswith=wanted, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    begins = (
        Q(key__startswith=wanted) | Q(title__istartswith=typed.strip()) | Q(path__istartswith=typed.strip())
    )
    found = list(rows.filter(begins).alias(rank=starts).order_by("rank", "path")[:MOST_COMPLETIONS])
    if len(found) < MOST_COMPLETIONS and len(wanted) > 2:
        found += (
            rows.filter(Q(title__trigram_word_similar=wanted) | Q(names__trigram_word_similar=wanted))
            .exclude(pk__in=[page.pk for page in found])
            .alias(
                likeness=Greatest(
                    TrigramWordSimilarity(wanted, "title"), TrigramWordSimilarity(wanted, "names")
                )
            )
            .order_by(F("likeness").desc(), "path")[: MOST_COMPLETIONS - len(found)]
        )
    directory = linking.directory_for((folder, page.name) for page in found)
    return [Completion(page, _name(page, folder, directory)) for page in found]


def _name(page: Page, folder: str, directory: linking.Directory) -> str:
    """The shortest name that means this page from there."""
    if page.name == paths.HOME and page.folder:
        return page.folder if "/" in page.folder else page.path
    place = directory.find(folder, page.name)
    return page.name if place and place.page == page.pk else page.path
