"""Two versions of a notebook side by side: which cell continues which, and what was written anew."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from mlclub.notebooks.shapes import Cell, CellChange, Notebook

ALIKE = 0.6
MOST_TRIES = 600
"""Cells compared by likeness in one go; what is left counts as new."""
MOST_LINE_PAIRS = 4_000_000


def diff(old: Notebook, new: Notebook, *, is_starter: bool = False) -> list[CellChange]:
    """What changed in the sources, cell by cell, in the order of the newer notebook.

    `is_starter`: the old one was made to be filled in, so a cell that holds most of its lines continues it.
    """
    matched = match_cells(old.cells, new.cells, is_starter=is_starter)
    partner = {place: index for index, place in matched.items()}
    changes: list[CellChange] = []
    told: set[int] = set()
    for cell in new.cells:
        origin = partner.get(cell.index)
        if origin is None:
            changes.append(
                CellChange("added", None, cell, tuple(("+", line) for line in cell.source.splitlines()))
            )
            continue
        for gone in range(origin):
            if gone not in matched and gone not in told:
                told.add(gone)
                changes.append(_removed(old.cells[gone]))
        before = old.cells[origin]
        if before.source == cell.source:
            changes.append(CellChange("same", before, cell))
        else:
            changes.append(CellChange("changed", before, cell, _lines(before.source, cell.source)))
    return changes + [
        _removed(cell) for cell in old.cells if cell.index not in matched and cell.index not in told
    ]


def match_cells(old: Sequence[Cell], new: Sequence[Cell], *, is_starter: bool = False) -> dict[int, int]:
    """Which new cell continues which old one: by id, then by the same source, then by likeness, in order.

    Comments of a cell without a continuation stay with the old version.
    """
    matched: dict[int, int] = {}
    free = {cell.index for cell in new}
    for name in ("key", "source"):
        places: dict[str, list[int]] = {}
        for cell in new:
            if cell.index in free:
                places.setdefault(getattr(cell, name), []).append(cell.index)
        for cell in old:
            waiting = places.get(getattr(cell, name)) if cell.index not in matched else None
            if waiting:
                matched[cell.index] = waiting.pop(0)
                free.discard(matched[cell.index])
    tries = MOST_TRIES
    for cell in old:
        if cell.index in matched or not cell.source.strip():
            continue
        low = max((place for index, place in matched.items() if index < cell.index), default=-1)
        high = min((place for index, place in matched.items() if index > cell.index), default=len(new))
        best, likeness = -1, ALIKE
        for candidate in new[low + 1 : min(high, low + 13) if high > low else low + 13]:
            if tries and candidate.index in free and candidate.kind == cell.kind:
                tries -= 1
                ratio = _likeness(cell.source, candidate.source)
                if is_starter:
                    ratio = max(ratio, _held_by(cell.source, candidate.source))
                if ratio >= likeness and (best < 0 or ratio > likeness):
                    best, likeness = candidate.index, ratio
        if best >= 0:
            matched[cell.index] = best
            free.discard(best)
    return matched


def match_lines(old: str, new: str) -> dict[int, int]:
    """Which line of `new` continues which of `old`, both counted from 1: the same text, or likeness, in order."""
    before, after = old.splitlines(), new.splitlines()
    matched: dict[int, int] = {}
    if len(before) * len(after) > MOST_LINE_PAIRS:
        return matched
    tries = MOST_TRIES
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            matched.update((a + n + 1, c + n + 1) for n in range(b - a))
        elif kind == "replace":
            for line in range(a, b):
                best, likeness = -1, ALIKE
                for candidate in range(c, d):
                    if tries and before[line].strip() and after[candidate].strip():
                        tries -= 1
                        ratio = _likeness(before[line].strip(), after[candidate].strip())
                        if ratio >= likeness and (best < 0 or ratio > likeness):
                            best, likeness = candidate, ratio
                if best >= 0:
                    matched[line + 1], c = best + 1, best + 1
    return matched


def diff_lines(old: str, new: str) -> list[tuple[str, str]]:
    """What changed in a text, as (sign, line)."""
    return list(_lines(old, new))


def _likeness(one: str, other: str) -> float:
    """difflib's ratio, by characters where that is cheap and by lines where it is not."""
    if len(one) + len(other) <= 1_000:
        matcher: difflib.SequenceMatcher[Any] = difflib.SequenceMatcher(None, one, other, autojunk=False)
    else:
        matcher = difflib.SequenceMatcher(
            None, one.splitlines()[:400], other.splitlines()[:400], autojunk=False
        )
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE else 0.0


def _held_by(starter: str, grown: str) -> float:
    """The share of a starter's lines, but for its comments, that stand in what grew from it."""
    lines = [line.strip() for line in starter.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    there = {line.strip() for line in grown.splitlines()}
    return sum(line in there for line in lines) / len(lines) if lines else 0.0


def _removed(cell: Cell) -> CellChange:
    return CellChange("removed", cell, None, tuple(("-", line) for line in cell.source.splitlines()))


def _lines(old: str, new: str) -> tuple[tuple[str, str], ...]:
    before, after = old.splitlines(), new.splitlines()
    if len(before) * len(after) > MOST_LINE_PAIRS:
        return (*(("-", line) for line in before), *(("+", line) for line in after))
    return tuple(_by_line(before, after))


def _by_line(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    """Whole lines only: to look inside them, as ndiff does, takes minutes on long cells."""
    out: list[tuple[str, str]] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            out += [(" ", line) for line in before[a:b]]
        else:
            out += [("-", line) for line in before[a:b]] + [("+", line) for line in after[c:d]]
    return out
