"""What is new in a version: against the version before, or against the starter that everybody began with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mlclub import notebooks
from mlclub.notebooks import CellChange, Notebook, NotebookError
from nmep.models import Part, Piece, Submission
from nmep.reading import notebook_of, plain, text_of


@dataclass(frozen=True)
class Changed:
    """One part beside its older self. `lines` are (sign, text); `was_there` is false where there was no older self."""

    piece: Piece
    is_same: bool
    was_there: bool = True
    cells: list[CellChange] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    hidden: int = 0

    @property
    def is_shown(self) -> bool:
        return bool(self.cells or self.lines)


def since(before: Submission, after: Submission) -> list[Changed]:
    """What changed between two versions, part by part; notebooks cell by cell, in their sources only."""
    old = {piece.part_id: piece for piece in before.pieces.all()}
    found = []
    for piece in after.pieces.all():
        earlier = old.get(piece.part_id)
        if earlier is None:
            found.append(_compared(piece, None, None))
        elif earlier.sha256 == piece.sha256:
            found.append(Changed(piece, is_same=True))
        elif piece.is_notebook:
            found.append(_compared(piece, _notebook(earlier), None))
        else:
            found.append(_compared(piece, None, text_of(earlier)))
    return found


def beyond_starter(submission: Submission) -> list[Changed]:
    """What the learners wrote: the cells and lines that the starter of a part did not have."""
    found = []
    for piece in submission.pieces.all():
        content = _starter(piece.part)
        if content is None:
            found.append(_compared(piece, None, None))
        elif hashlib.sha256(content).hexdigest() == piece.sha256:
            found.append(Changed(piece, is_same=True))
        elif piece.is_notebook:
            found.append(_compared(piece, _parsed(content), None, is_starter=True))
        else:
            found.append(_compared(piece, None, plain(content)))
    return found


def has_starter(pieces: Iterable[Piece]) -> bool:
    return any(piece.part.skeleton for piece in pieces)


def _compared(
    piece: Piece, notebook: Notebook | None, text: str | None, *, is_starter: bool = False
) -> Changed:
    """`piece` beside a notebook or a text; beside neither, everything in it is new."""
    if piece.is_notebook:
        mine = _notebook(piece)
        if mine is None:
            return Changed(piece, is_same=False)
        cells = notebooks.diff(notebook or Notebook(()), mine, is_starter=is_starter)
        shown = [change for change in cells if change.state != "same"]
        return Changed(
            piece, is_same=False, was_there=notebook is not None, cells=shown, hidden=len(cells) - len(shown)
        )
    written = text_of(piece)
    if written is None:
        return Changed(piece, is_same=False, was_there=text is not None)
    lines = near_changes(notebooks.diff_lines(text or "", written))
    return Changed(piece, is_same=False, was_there=text is not None, lines=lines)


def near_changes(lines: Sequence[tuple[str, str]], *, around: int = 3) -> list[tuple[str, str]]:
    """The lines that changed, with a few around them; "…" stands for the rest."""
    changed = [at for at, (sign, _) in enumerate(lines) if sign != " "]
    wanted = {near for at in changed for near in range(at - around, at + around + 1)}
    shown: list[tuple[str, str]] = []
    for at, line in enumerate(lines):
        if at in wanted:
            shown.append(line)
        elif shown and shown[-1] != ("…", ""):
            shown.append(("…", ""))
    return shown


def _notebook(piece: Piece) -> Notebook | None:
    try:
        return notebook_of(piece)
    except NotebookError:
        return None


def _parsed(content: bytes) -> Notebook | None:
    try:
        return notebooks.kept(hashlib.sha256(content).hexdigest(), lambda: content)
    except NotebookError:
        return None


def _starter(part: Part) -> bytes | None:
    if not part.skeleton:
        return None
    try:
        with part.skeleton.open("rb") as file:
            content: bytes = file.read()
            return content
    except (OSError, ValueError):
        return None
