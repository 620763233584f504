"""A handed-in piece as it is read on a page: cells with their threads, and what changed between versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mlclub import notebooks
from mlclub.notebooks import Cell, CellChange, Notebook, NotebookError
from nmep.models import Comment, Piece, Submission


@dataclass(frozen=True)
class Thread:
    """A comment with its answers; `is_earlier` when it was written about an older version."""

    comment: Comment
    replies: list[Comment]
    is_earlier: bool


@dataclass(frozen=True)
class ShownCell:
    """A cell and what was said about it."""

    cell: Cell
    threads: list[Thread]


@dataclass(frozen=True)
class Page:
    """One piece, ready for the template. `problem` is a sentence when a notebook cannot be shown."""

    piece: Piece | None = None
    notebook: Notebook | None = None
    cells: list[ShownCell] = field(default_factory=list)
    problem: str = ""
    threads: list[Thread] = field(default_factory=list)
    left_over: list[Thread] = field(default_factory=list)


def notebook_of(piece: Piece) -> Notebook:
    """The notebook of a piece; raises NotebookError when there is none that can be shown."""
    try:
        with piece.file.open("rb") as file:
            return notebooks.parse(file.read())
    except (OSError, ValueError):
        raise NotebookError("The file of this piece is not where it should be. Tell the webmaster.") from None


def page_of(submission: Submission, piece: Piece | None, comments: Iterable[Comment]) -> Page:
    """What to show of `piece`, with the threads of this version and those of earlier ones that still fit."""
    threads = _threads(submission, comments)
    whole = [thread for thread in threads if thread.comment.cell_index is None]
    on_cells = [thread for thread in threads if thread.comment.cell_index is not None]
    if piece is None or not piece.is_notebook:
        return Page(piece=piece, threads=whole, left_over=on_cells if piece is None else [])
    try:
        notebook = notebook_of(piece)
    except NotebookError as problem:
        return Page(piece=piece, problem=str(problem), threads=whole, left_over=on_cells)
    mine = [
        thread
        for thread in on_cells
        if thread.comment.piece_id == piece.pk
        or (thread.is_earlier and thread.comment.piece and thread.comment.piece.part_id == piece.part_id)
    ]
    placed, left_over = _placed(notebook, piece, mine)
    return Page(
        piece=piece,
        notebook=notebook,
        cells=[ShownCell(cell, placed[cell.index]) for cell in notebook.cells],
        threads=whole,
        left_over=left_over,
    )


def _threads(submission: Submission, comments: Iterable[Comment]) -> list[Thread]:
    """Comments of this version and of those before it, answers under what they answer."""
    rows = list(comments)
    replies: dict[int, list[Comment]] = defaultdict(list)
    for row in rows:
        if row.parent_id:
            replies[row.parent_id].append(row)
    return [
        Thread(row, replies[row.pk], is_earlier=row.submission_id != submission.pk)
        for row in rows
        if row.parent_id is None and row.submission.n <= submission.n
    ]


def _placed(
    notebook: Notebook, piece: Piece, threads: Sequence[Thread]
) -> tuple[dict[int, list[Thread]], list[Thread]]:
    """Threads by the cell they belong to now: by key, by the same source, by likeness; the others are left over."""
    placed: dict[int, list[Thread]] = defaultdict(list)
    left_over: list[Thread] = []
    matches: dict[int, dict[int, int]] = {}
    for thread in threads:
        comment = thread.comment
        at = comment.cell_index
        older = comment.piece
        if older is not None and older.pk != piece.pk:
            if older.pk not in matches:
                matches[older.pk] = _match(older, notebook)
            at = matches[older.pk].get(comment.cell_index or 0)
        if at is not None and at < len(notebook.cells):
            placed[at].append(thread)
        else:
            left_over.append(thread)
    return placed, left_over


def _match(older: Piece, notebook: Notebook) -> dict[int, int]:
    try:
        return notebooks.match_cells(notebook_of(older).cells, notebook.cells)
    except NotebookError:
        return {}


def picture(piece: Piece, cell: int, output: int) -> tuple[bytes, str] | None:
    """The bytes and type of a picture that a cell put out."""
    if not piece.is_notebook or not piece.file:
        return None
    try:
        return notebooks.output_image(notebook_of(piece), cell, output)
    except (NotebookError, LookupError):
        return None


@dataclass(frozen=True)
class Changed:
    """One part in two versions."""

    piece: Piece
    is_same: bool
    cells: list[CellChange] = field(default_factory=list)
    before: str = ""


def changes(before: Submission, after: Submission) -> list[Changed]:
    """What changed between two versions, part by part; notebooks cell by cell, in their sources only."""
    old = {piece.part_id: piece for piece in before.pieces.all()}
    found = []
    for piece in after.pieces.all():
        earlier = old.get(piece.part_id)
        if earlier is not None and earlier.sha256 == piece.sha256:
            found.append(Changed(piece, is_same=True))
            continue
        cells: list[CellChange] = []
        if earlier is not None and piece.is_notebook:
            try:
                cells = notebooks.diff(notebook_of(earlier), notebook_of(piece))
            except NotebookError:
                cells = []
        shown = [change for change in cells if change.state != "same"]
        found.append(Changed(piece, is_same=False, cells=shown, before=earlier.text if earlier else ""))
    return found
