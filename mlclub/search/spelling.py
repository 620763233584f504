"""Typing errors: a word that is not known, and the known ones that are most like it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import CharField, F, QuerySet, Value

from mlclub.search.text import normalised, words

#: So many unknown words are put right; whoever types more of them means something else.
UNKNOWN = 6
#: So many known words that look alike are compared letter by letter.
ALIKE = 12


def usable_words(text: str) -> set[str]:
    """The words of a text that are worth knowing for a vocabulary: neither numbers nor too short or long."""
    return {word for word in words(text) if 3 <= len(word) <= 40 and not word.isdigit()}


def corrected(query: str, vocabulary: QuerySet[Any], *, most: int = 3) -> list[str]:
    """Other ways to write the query, the likeliest first: each unknown word replaced by a known one that is like it.

    `vocabulary` are the words that the asking person may know of (`word`, with a trigram index, and `total`, how often
    it is used). Two queries. Empty where every word is known or nothing is like them; three letters are like too many.
    """
    query = normalised(query)
    typed = [word for word in words(query) if len(word) > 3 and not word.isdigit()]
    if not typed:
        return []
    known = set(vocabulary.filter(word__in=typed).values_list("word", flat=True))
    unknown = [word for word in dict.fromkeys(typed) if word not in known][:UNKNOWN]
    if not unknown:
        return []
    near = _near(unknown, vocabulary)
    if not near:
        return []
    best = {word: found[0] for word, found in near.items()}
    ways = [best]
    for word, found in near.items():
        ways += [{**best, word: other} for other in found[1:most]]
    rewritten = [
        re.sub(r"[^\W_]+", lambda match, way=way: way.get(match[0].lower(), match[0]), query)  # type: ignore[misc]
        for way in ways
    ]
    return [text for text in dict.fromkeys(rewritten) if text.lower() != query.lower()][:most]


def _near(unknown: Iterable[str], vocabulary: QuerySet[Any]) -> dict[str, list[str]]:
    """For each word those like it, the fewest wrong letters first, then the commonest."""
    branches = [
        vocabulary.filter(word__trigram_similar=word)
        .annotate(
            typed=Value(word, CharField()), alike=TrigramSimilarity("word", word), uses_of_it=F("total")
        )
        .order_by("-alike", "-uses_of_it")
        .values_list("typed", "word", "uses_of_it")[:ALIKE]
        for word in unknown
    ]
    rows = branches[0].union(*branches[1:], all=True) if len(branches) > 1 else branches[0]
    found: dict[str, list[tuple[int, int, str]]] = {}
    for typed, word, uses in rows:
        wrong = _distance(typed, word)
        if wrong <= 1 + len(typed) // 4:
            found.setdefault(typed, []).append((wrong, -uses, word))
    return {typed: [word for _, _, word in sorted(near)] for typed, near in found.items()}


def _distance(left: str, right: str) -> int:
    """How many letters must be changed, added, left out or swapped to turn one word into the other."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, char in enumerate(left, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(right, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == right[j - 2] and left[i - 2] == other:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]
