"""What changed between two texts: lines first, then words inside the lines that changed.

A wiki's paragraph is one long line, so lines alone say little, and comparing a whole page word by word takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

CONTEXT = 2
#: Hunks with more words than this are shown as whole lines.
MOST_WORDS = 4000

Pieces = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Line:
    """One line of a diff. `kind` is same, added, removed or, in `marked`, changed; `pieces` are (kind, text) within it."""

    kind: str
    pieces: Pieces
    old: int | None = None
    new: int | None = None


@dataclass(frozen=True)
class Hunk:
    """Neighbouring changes with a little of what surrounds them."""

    lines: tuple[Line, ...]
    heading: str = ""


def compare(old: str, new: str) -> list[Hunk]:
    """The hunks between two texts, in order; none when they are the same."""
    return _hunks(old, new, _changed)


def marked(old: str, new: str) -> list[Hunk]:
    """The same hunks, with what goes and what comes beside each other within one text, as CriticMarkup has it."""
    return _hunks(old, new, _interleaved)


def taken(old: str, new: str, chosen: Collection[int]) -> str:
    """`old` with only those hunks of `compare(old, new)` whose numbers, from 0, are `chosen`."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    sides = old.splitlines(), new.splitlines()
    number = {
        (i1, i2): at
        for at, group in enumerate(matcher(*sides).get_grouped_opcodes(CONTEXT))
        for tag, i1, i2, _, _ in group
        if tag != "equal"
    }
    text: list[str] = []
    for tag, i1, i2, j1, j2 in matcher(*sides).get_opcodes():
        text += after[j1:j2] if tag != "equal" and number[i1, i2] in chosen else before[i1:i2]
    return "".join(text)


def _hunks(
    old: str, new: str, changed: Callable[[Sequence[str], Sequence[str], int, int], list[Line]]
) -> list[Hunk]:
    before, after = old.splitlines(), new.splitlines()
    hunks = []
    for group in matcher(before, after).get_grouped_opcodes(CONTEXT):
        lines: list[Line] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [
                    Line("same", (("same", before[i1 + at]),), i1 + at + 1, j1 + at + 1)
                    for at in range(i2 - i1)
                ]
            else:
                lines += changed(before[i1:i2], after[j1:j2], i1 + 1, j1 + 1)
        hunks.append(Hunk(tuple(lines), _heading_above(after, group[0][3])))
    return hunks


def size(old: str, new: str) -> tuple[int, int]:
    """(characters added, characters removed), counted in words within changed lines."""
    added = removed = 0
    for hunk in compare(old, new):
        for line in hunk.lines:
            for kind, text in line.pieces:
                added += len(text) if kind == "added" else 0
                removed += len(text) if kind == "removed" else 0
    return added, removed


def matcher(before: Sequence[str], after: Sequence[str]) -> SequenceMatcher[str]:
    """Compares two sequences of lines or words."""
    # Thousands of equal lines make the exact comparison quadratic; there the quick one is good enough.
    return SequenceMatcher(None, before, after, autojunk=len(before) + len(after) > 3000)


def _heading_above(lines: Sequence[str], at: int) -> str:
    for line in reversed(lines[:at]):
        if re.match(r"#{1,6}\s", line):
            return line.lstrip("#").strip()
    return ""


def _changed(before: Sequence[str], after: Sequence[str], old: int, new: int) -> list[Line]:
    if before and after:
        left, right = "\n".join(before), "\n".join(after)
        words = words_of(left), words_of(right)
        if len(words[0]) + len(words[1]) <= MOST_WORDS:
            removed, added = _by_words(*words)
            return [
                *(Line("removed", pieces, old=old + at) for at, pieces in enumerate(_split_lines(removed))),
                *(Line("added", pieces, new=new + at) for at, pieces in enumerate(_split_lines(added))),
            ]
    return [
        *(Line("removed", (("removed", text),), old=old + at) for at, text in enumerate(before)),
        *(Line("added", (("added", text),), new=new + at) for at, text in enumerate(after)),
    ]


def _interleaved(before: Sequence[str], after: Sequence[str], old: int, new: int) -> list[Line]:
    words = words_of("\n".join(before)), words_of("\n".join(after))
    if not before or not after or len(words[0]) + len(words[1]) > MOST_WORDS:
        return _changed(before, after, old, new)
    pieces: list[tuple[str, str]] = []
    for tag, i1, i2, j1, j2 in matcher(*words).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(words[0][i1:i2])))
            continue
        if i2 > i1:
            pieces.append(("removed", "".join(words[0][i1:i2])))
        if j2 > j1:
            pieces.append(("added", "".join(words[1][j1:j2])))
    return [Line("changed", tuple(pieces), old=old, new=new)]


def words_of(text: str) -> list[str]:
    """The words, spaces and signs of a text, which joined are the text again."""
    return re.findall(r"\n|[^\S\n]+|\w+|[^\w\s]", text)


def _by_words(before: list[str], after: list[str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    removed: list[tuple[str, str]] = []
    added: list[tuple[str, str]] = []
    for tag, i1, i2, j1, j2 in matcher(before, after).get_opcodes():
        kind = "same" if tag == "equal" else ""
        if i2 > i1:
            removed.append((kind or "removed", "".join(before[i1:i2])))
        if j2 > j1:
            added.append((kind or "added", "".join(after[j1:j2])))
    return removed, added


def _split_lines(pieces: Sequence[tuple[str, str]]) -> list[Pieces]:
    lines: list[list[tuple[str, str]]] = [[]]
    for kind, text in pieces:
        first, *rest = text.split("\n")
        if first:
            lines[-1].append((kind, first))
        for part in rest:
            lines.append([(kind, part)] if part else [])
    return [tuple(line) for line in lines]
