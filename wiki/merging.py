"""Two texts that began from the same one, brought together: lines first, then words inside the lines that both changed.

The method is the three-way merge of Unix's diff3. A wiki's paragraph is one long line, so that two people who mend two
words of it would be in each other's way if lines were all that is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wiki import diffs

#: The lines between which a draft shows both versions of what two people changed differently.
MINE, BETWEEN, THEIRS = "<<<<<<< yours", "=======", ">>>>>>> theirs"


@dataclass(frozen=True)
class Merged:
    """Both changes in one text. Where they contradict each other, `text` holds both, marked, and `clashes` counts."""

    text: str
    clashes: int = 0

    @property
    def is_clean(self) -> bool:
        return self.clashes == 0


@dataclass(frozen=True)
class _Region:
    """A stretch of the base, and what stands there on either side."""

    base: Sequence[str]
    mine: Sequence[str]
    theirs: Sequence[str]

    @property
    def agreed(self) -> Sequence[str] | None:
        """What stands here when both changes count; None when they contradict each other."""
        if self.mine in (self.theirs, self.base):
            return self.theirs
        return self.mine if self.theirs == self.base else None


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Bring `mine` and `theirs`, both written from `base`, together. Nothing of either is left out."""
    text: list[str] = []
    clashes = 0
    for region in _regions(*(side.splitlines(keepends=True) for side in (base, mine, theirs))):
        agreed = region.agreed
        if agreed is None:
            agreed = _by_words(region)
        if agreed is None:
            agreed = _marked(region)
            clashes += 1
        text += agreed
    return Merged("".join(text), clashes)


def is_unsettled(text: str) -> bool:
    """Whether a text still holds the marks of a draft."""
    lines = {line.rstrip() for line in text.splitlines()}
    return {MINE, BETWEEN, THEIRS} <= lines


def _by_words(region: _Region) -> Sequence[str] | None:
    sides = [diffs.words_of("".join(side)) for side in (region.base, region.mine, region.theirs)]
    if sum(map(len, sides)) > 2 * diffs.MOST_WORDS:
        return None
    words: list[str] = []
    for part in _regions(*sides):
        agreed = part.agreed
        if agreed is None:
            return None
        words += agreed
    return words


def _marked(region: _Region) -> list[str]:
    def whole(lines: Sequence[str]) -> list[str]:
        return ["".join(lines).rstrip("\n") + "\n"] if lines else []

    return [f"{MINE}\n", *whole(region.mine), f"{BETWEEN}\n", *whole(region.theirs), f"{THEIRS}\n"]


Hunk = tuple[int, int, Sequence[str]]


def _hunks(before: Sequence[str], after: Sequence[str]) -> list[Hunk]:
    """What was put in the place of `before[start:end]`."""
    opcodes = diffs.matcher(before, after).get_opcodes()
    return [(start, end, after[j1:j2]) for tag, start, end, j1, j2 in opcodes if tag != "equal"]


def _regions(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[_Region]:
    """The base in order, cut where neither, one or both of the sides changed it."""
    sides = (_hunks(base, mine), _hunks(base, theirs))
    queue = sorted((hunk[0], hunk[1], side) for side, hunks in enumerate(sides) for hunk in hunks)
    at = 0
    while queue:
        start, end, _ = queue[0]
        count = 0
        while count < len(queue) and _touches(queue[count], start, end, is_first=not count):
            end = max(end, queue[count][1])
            count += 1
        yield _Region(base[at:start], base[at:start], base[at:start])
        yield _Region(
            base[start:end],
            *(_applied(base, hunks, start, end, queue[:count], side) for side, hunks in enumerate(sides)),
        )
        at = end
        del queue[:count]
    yield _Region(base[at:], base[at:], base[at:])


def _touches(hunk: tuple[int, int, int], start: int, end: int, *, is_first: bool) -> bool:
    """Whether a hunk overlaps the stretch so far. Two insertions at one place do: nobody can say which comes first."""
    return is_first or hunk[0] < end or hunk[0] == start


def _applied(
    base: Sequence[str],
    hunks: Sequence[Hunk],
    start: int,
    end: int,
    taken: Sequence[tuple[int, int, int]],
    side: int,
) -> list[str]:
    """What stands on one side in place of `base[start:end]`."""
    mine = {(first, last) for first, last, whose in taken if whose == side}
    text: list[str] = []
    at = start
    for first, last, instead in hunks:
        if (first, last) in mine:
            text += [*base[at:first], *instead]
            at = last
    return [*text, *base[at:end]]
