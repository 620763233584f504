"""A notebook as a page needs it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.safestring import SafeString


class NotebookError(Exception):
    """The file is no notebook that we can show; the sentence is for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Output:
    """One output: `kind` is text, error, table, image or note. An image is fetched by its place, never inlined."""

    index: int
    kind: str
    html: SafeString = field(default_factory=lambda: SafeString(""))
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """`key` names a cell across versions: nbformat's id, or a hash of its source. `id` is its anchor on the page."""

    index: int
    key: str
    kind: str
    source: str
    html: SafeString
    outputs: tuple[Output, ...] = ()
    count: int | None = None

    @property
    def id(self) -> str:
        return f"c{self.index + 1}"


@dataclass(frozen=True, slots=True)
class Notebook:
    cells: tuple[Cell, ...]
    language: str = "python"
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell beside its older self. `state` is same, changed, added or removed; `lines` are (sign, text)."""

    state: str
    old: Cell | None
    new: Cell | None
    lines: tuple[tuple[str, str], ...] = ()
