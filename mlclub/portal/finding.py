"""One box for everything: what the search page and the list under the box answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mlclub import gather
from mlclub.gather import Hit
from mlclub.search import Source, look, normalised, wanted, words
from mlclub.search.sources import ANY, BEGINNING, EVERY
from wiki import meanings

#: So many of each kind are looked at; where somebody asks for one kind, so many of it.
FROM_EACH, FROM_ONE = 30, 100
#: How many a page shows, and the list under the box.
A_PAGE, UNDER_THE_BOX = 20, 8
#: Fewer than this with all the words are little: then what is close in meaning is looked for as well, so many at most.
LITTLE, CLOSE_ONES = 5, 5
#: Where nothing has all the words, so many of what has some of them stand above what is close in meaning.
BEST_OF_SOME = 1
#: How many ways to put typing errors right are tried.
RESPELLINGS = 3


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was found for `query`; `shown` are those of the page and the kind that was asked for.

    `typed` is what the person wrote where something else was looked for, `some` that nothing has all the words. `close`
    is what says much the same in other words, where words found little.
    """

    query: str
    hits: list[Hit] = field(default_factory=list)
    shown: list[Hit] = field(default_factory=list)
    typed: str = ""
    some: bool = False
    close: list[Hit] = field(default_factory=list)

    @property
    def kinds(self) -> dict[str, int]:
        """How many there are of each kind, the kind of the best hit first."""
        return Counter(hit.kind for hit in self.hits)

    @property
    def rows(self) -> list[tuple[Hit, bool]]:
        """What the page shows, and of each whether it is there for what it says: what has all the words goes first; of
        what has some of them the best goes first, and the rest last."""
        first = BEST_OF_SOME if self.some else len(self.shown)
        above = self.shown[:first]
        close = [hit for hit in self.close if hit.url not in {one.url for one in above}]
        told = {hit.url for hit in close}
        return (
            [(hit, False) for hit in above]
            + [(hit, True) for hit in close]
            + [(hit, False) for hit in self.shown[first:] if hit.url not in told]
        )


def sources(user: Any, now: datetime) -> list[Source]:
    """Everything that `user` may find."""
    return gather.flat("findable", user, now)


def answer(
    query: str,
    user: Any,
    now: datetime,
    *,
    kind: str = "",
    term: Any = None,
    page: int = 1,
    exact: bool = False,
) -> Answer:
    """What fits the words; if nothing does, what fits them put right; if nothing does, what has some of them.

    With `exact` nothing is put right. A word put right is shown only where one of the results shown has it: the
    vocabulary knows those of things that this person must not know of. Where that is little, and search by meaning is
    on, what says much the same comes with the first page.
    """
    query = normalised(query)
    there = sources(user, now)
    found = _by_words(query, there, kind=kind, term=term, page=page, exact=exact)
    if page > 1 or not (found.some or len(found.hits) < LITTLE) or not by_meaning(found.query):
        return found
    of_kind = [source for source in there if source.kind == kind] or there
    return replace(found, close=meanings.close_to(found.query, of_kind, limit=CLOSE_ONES, term=term))


def by_meaning(query: str) -> bool:
    """Whether somebody may mean more than the words: quotes and minus ask for the words themselves."""
    return bool(words(query)) and '"' not in query and wanted(query) == " ".join(query.split())


def _by_words(query: str, there: Sequence[Source], *, kind: str, term: Any, page: int, exact: bool) -> Answer:

    def found(asked: str, how: Any = EVERY) -> Answer:
        results = look(there, asked, limit=FROM_ONE if kind else FROM_EACH, how=how, term=term)
        of_kind = [hit for hit in results.hits if hit.kind == kind] or results.hits
        shown = results.with_excerpts(of_kind[(page - 1) * A_PAGE : page * A_PAGE])
        return Answer(query=asked, hits=results.hits, shown=shown)

    first = found(query)
    if first.hits or not words(query):
        return first
    for respelt in [] if exact else gather.flat("respellings", query)[:RESPELLINGS]:
        better = found(respelt)
        if better.hits and _stand_in(set(words(respelt)) - set(words(query)), better.shown):
            return replace(better, typed=query)
    return replace(found(query, ANY), some=True) if len(words(query)) > 1 else first


def _stand_in(put_right: set[str], shown: Sequence[Hit]) -> bool:
    """Whether the person reads each of these words in what is shown."""
    return put_right <= {
        word for hit in shown for text in (hit.title, hit.headline, *hit.meta) for word in words(text)
    }


def suggestions(query: str, user: Any, now: datetime) -> list[tuple[str, list[Hit]]]:
    """What somebody who is still typing may mean, by kind, the kind of the best one first; a few in all."""
    if len(query) < 2:
        return []
    hits = look(sources(user, now), query, limit=UNDER_THE_BOX, how=BEGINNING).hits[:UNDER_THE_BOX]
    by_kind: dict[str, list[Hit]] = {}
    for hit in hits:
        by_kind.setdefault(hit.kind, []).append(hit)
    return list(by_kind.items())
