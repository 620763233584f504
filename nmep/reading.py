"""A handed-in piece as it is read on a page: cells and lines with their threads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.utils.safestring import SafeString

from mlclub import notebooks, uploads
from mlclub.markdown.code import LANGUAGES, highlighted
from mlclub.notebooks import Cell, Notebook, NotebookError
from nmep.models import Comment, Part, Piece, Submission

LARGEST_TEXT = 200_000
MOST_LINES = 3_000
READABLE = {"text/plain", "application/json", "text/html", "image/svg+xml", "application/xml"}
"""Files that are shown by their lines, as plain text whatever they are."""


@dataclass(frozen=True)
class Thread:
    """A comment with its answers; `is_earlier` when it was written about an older version.

    `line` is where its line stands now, counted from 1. `quote` is that line, or what it was about where that is gone.
    """

    comment: Comment
    replies: list[Comment]
    is_earlier: bool
    line: int | None = None
    quote: str = ""


@dataclass(frozen=True)
class Lines:
    """A text by its lines: for a cell of a notebook, a text, a file."""

    source: str

    @property
    def count(self) -> int:
        return len(self.source.splitlines())

    @property
    def numbers(self) -> str:
        return "\n".join(str(n) for n in range(1, self.count + 1))

    def at(self, line: int | None) -> str:
        """The line, or nothing where there is none of that number."""
        lines = self.source.splitlines()
        return lines[line - 1] if line is not None and 1 <= line <= len(lines) else ""

    def has(self, line: int) -> bool:
        return 1 <= line <= self.count


@dataclass(frozen=True)
class ShownCell:
    """A cell and what was said about it."""

    cell: Cell
    threads: list[Thread]

    @property
    def lines(self) -> Lines:
        return Lines(self.cell.source)


@dataclass(frozen=True)
class ShownText:
    """A text or a plain file by its lines, and what was said about them."""

    lines: Lines
    html: SafeString
    threads: list[Thread]
    is_cut: bool = False


@dataclass(frozen=True)
class Page:
    """One piece, ready for the template. `problem` is a sentence when a notebook cannot be shown."""

    piece: Piece | None = None
    notebook: Notebook | None = None
    cells: list[ShownCell] = field(default_factory=list)
    text: ShownText | None = None
    problem: str = ""
    threads: list[Thread] = field(default_factory=list)
    left_over: list[Thread] = field(default_factory=list)


def notebook_of(piece: Piece) -> Notebook:
    """The notebook of a piece; raises NotebookError when there is none that can be shown."""
    return notebooks.kept(piece.sha256, lambda: content_of(piece))


def content_of(piece: Piece) -> bytes:
    """The bytes of a piece's file; raises NotebookError when they are not there."""
    try:
        with piece.file.open("rb") as file:
            content: bytes = file.read()
            return content
    except (OSError, ValueError):
        raise NotebookError("The file of this piece is not where it should be. Tell the webmaster.") from None


def text_of(piece: Piece) -> str | None:
    """What can be read of a piece line by line: a text as it was typed, a file if it is a plain one; else None."""
    if piece.part.kind == Part.Kind.TEXT:
        return piece.text
    if piece.is_notebook or not piece.file or piece.size > LARGEST_TEXT:
        return None
    try:
        return plain(content_of(piece))
    except NotebookError:
        return None


def plain(content: bytes) -> str | None:
    """The text of a plain file, or None."""
    if uploads.sniff(content[:1024]) not in READABLE:
        return None
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None


def lines_of(piece: Piece, cell: int | None) -> Lines:
    """The lines that a comment on a piece, or on a cell of it, can name."""
    if cell is None:
        return Lines(text_of(piece) or "")
    return Lines(_source(_older(piece) if piece.is_notebook else None, cell))


def page_of(submission: Submission, piece: Piece | None, comments: Iterable[Comment]) -> Page:
    """What to show of `piece`, with the threads of this version and those of earlier ones that still fit."""
    threads = _threads(submission, comments)
    whole = [
        thread for thread in threads if thread.comment.piece_id is None and thread.comment.cell_index is None
    ]
    placed = [thread for thread in threads if thread not in whole]
    if piece is None:
        return Page(threads=whole, left_over=placed)
    mine = [
        thread
        for thread in placed
        if thread.comment.piece_id == piece.pk
        or (thread.is_earlier and thread.comment.piece and thread.comment.piece.part_id == piece.part_id)
    ]
    if not piece.is_notebook:
        text, left_over = _text_page(piece, mine)
        return Page(piece=piece, text=text, threads=whole, left_over=left_over)
    try:
        notebook = notebook_of(piece)
    except NotebookError as problem:
        return Page(piece=piece, problem=str(problem), threads=whole, left_over=mine)
    on_cells, left_over = _on_cells(notebook, piece, mine)
    return Page(
        piece=piece,
        notebook=notebook,
        cells=[ShownCell(cell, on_cells[cell.index]) for cell in notebook.cells],
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


def _text_page(piece: Piece, threads: Sequence[Thread]) -> tuple[ShownText | None, list[Thread]]:
    source = text_of(piece)
    if source is None:
        return None, list(threads)
    lines = Lines(source)
    here: list[Thread] = []
    gone: list[Thread] = []
    for thread in threads:
        older = thread.comment.piece
        before = source if older is None or older.pk == piece.pk else text_of(older)
        moved = None if before is None else _on_line(thread, Lines(before), lines)
        (gone if moved is None else here).append(moved or replace(thread, quote=_quote(before, thread)))
    shown = "\n".join(source.splitlines()[:MOST_LINES])
    ending = piece.name.rpartition(".")[2].lower()
    html = SafeString(highlighted(shown, ending if ending in LANGUAGES else ""))
    here.sort(key=lambda thread: thread.line or 0)
    return ShownText(lines, html, here, is_cut=lines.count > MOST_LINES), gone


def _quote(source: str | None, thread: Thread) -> str:
    return Lines(source).at(thread.comment.line) if source is not None else ""


def _on_line(thread: Thread, before: Lines, now: Lines) -> Thread | None:
    """The thread where its line stands now; None when the line is gone."""
    line = thread.comment.line
    if line is None or not before.has(line):
        return thread
    if before.source != now.source:
        line = notebooks.match_lines(before.source, now.source).get(line)
    return None if line is None else replace(thread, line=line, quote=now.at(line))


def _on_cells(
    notebook: Notebook, piece: Piece, threads: Sequence[Thread]
) -> tuple[dict[int, list[Thread]], list[Thread]]:
    """Threads by the cell they belong to now: by key, by the same source, by likeness; the others are left over."""
    placed: dict[int, list[Thread]] = defaultdict(list)
    left_over: list[Thread] = []
    older: dict[int, Notebook | None] = {}
    matches: dict[int, dict[int, int]] = {}
    for thread in threads:
        comment, at = thread.comment, thread.comment.cell_index or 0
        before: Notebook | None = notebook
        if comment.piece is not None and comment.piece_id != piece.pk:
            if comment.piece.pk not in older:
                older[comment.piece.pk] = _older(comment.piece)
            before = older[comment.piece.pk]
            if before is not None and comment.piece.pk not in matches:
                matches[comment.piece.pk] = notebooks.match_cells(before.cells, notebook.cells)
            at = matches.get(comment.piece.pk, {}).get(at, -1)
        source = _source(before, comment.cell_index)
        moved = None
        if 0 <= at < len(notebook.cells):
            moved = _on_line(thread, Lines(source), Lines(notebook.cells[at].source))
        if moved is not None:
            placed[at].append(moved)
        else:
            quote = Lines(source).at(comment.line) or next(iter(source.splitlines()), "")
            left_over.append(replace(thread, quote=quote))
    for rows in placed.values():
        rows.sort(key=lambda thread: thread.line or 0)
    return placed, left_over


def _older(piece: Piece) -> Notebook | None:
    try:
        return notebook_of(piece)
    except NotebookError:
        return None


def _source(notebook: Notebook | None, index: int | None) -> str:
    if notebook is None or index is None or index >= len(notebook.cells):
        return ""
    return notebook.cells[index].source


def picture(piece: Piece, cell: int, output: int) -> tuple[bytes, str] | None:
    """The bytes and type of a picture that a cell put out."""
    if not piece.is_notebook or not piece.file:
        return None
    try:
        return notebooks.output_image(content_of(piece), cell, output)
    except (NotebookError, LookupError):
        return None
