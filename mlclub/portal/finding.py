"""One box for everything: what the search page and the list under the box answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mlclub import gather
from mlclub.gather import Hit
from mlclub.search import Source, look, normalised, words
from mlclub.search.sources import ANY, BEGINNING, EVERY

#: So many of each kind are looked at; where somebody asks for one kind, so many of it.
FROM_EACH, FROM_ONE = 30, 100
#: How many a page shows, and the list under the box.
A_PAGE, UNDER_THE_BOX = 20, 8
#: How many ways to put typing errors right are tried.
RESPELLINGS = 3


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was found for `query`; `shown` are those of the page and the kind that was asked for.

    `typed` is what the person wrote where something else was looked for, `some` that nothing has all the words.
    """

    query: str
    hits: list[Hit] = field(default_factory=list)
    shown: list[Hit] = field(default_factory=list)
    typed: str = ""
    some: bool = False

    @property
    def kinds(self) -> dict[str, int]:
        """How many there are of each kind, the kind of the best hit first."""
        return Counter(hit.kind for hit in self.hits)


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
    vocabulary knows those of things that this person must not know of.
    """
    query = normalised(query)
    there = sources(user, now)

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
