"""What goes into a rendering and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from mlclub.markdown.embeds import Embed


@dataclass(frozen=True, slots=True)
class Target:
    """Where a name leads: a page, a picture, or the address where the missing page can be written."""

    url: str
    exists: bool = True
    title: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """One paper as a page shows it: `label` in the sentence, `text` in the list of references, with the address where it
    can be read and that of its own `page` here."""

    label: str
    url: str = ""
    text: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table of all pages that `<<GlobalTOC()>>` prints."""

    title: str
    url: str
    depth: int = 0


@dataclass(frozen=True)
class Context:
    """What a page's text may refer to.

    Each function is asked once a page, with every name at once. `state` is a word that changes whenever their
    answers change (a version number, say); left empty, they are asked each time and the cache looks at what they said.
    `dialect` is "auto", "plain" (never un-escape), or "kramdown" (`$$` is inline unless it stands alone).
    """

    links: Callable[[Sequence[str]], Mapping[str, Target]] | None = None
    citations: Callable[[Sequence[str]], Mapping[str, Citation]] | None = None
    images: Callable[[Sequence[str]], Mapping[str, Target]] | None = None
    contents: Callable[[], Sequence[Entry]] | None = None
    #: Where the originals of active HTML are kept, by the hash of each.
    embeds: Callable[[Sequence[str]], Mapping[str, Target]] | None = None
    macros: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    dialect: str = "auto"


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading; `anchor` is the `id` it carries on the page."""

    level: int
    text: str
    anchor: str
    #: Within a list or a quotation, so that it begins no section of its own.
    is_inner: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A section: its heading, and the lines up to the next one that is no deeper; `end` is not in it, both count from 0."""

    heading: Heading
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Link:
    """One `[[…]]` to a page. `target` is empty when it leads to a heading of its own page."""

    target: str
    fragment: str
    text: str
    url: str
    exists: bool
    line: int


@dataclass(frozen=True, slots=True)
class Cited:
    """One `@key` or `[@key]`. `number` is its place in the list of references, 0 when nothing is known of it. It `is_meant`
    when it cannot be anything but a citation."""

    key: str
    found: bool
    number: int
    line: int
    is_meant: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture. `found` is None when it lies on another site, which no page of ours loads from."""

    name: str
    url: str
    found: bool | None
    line: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the author should know; `line` counts from 1 and is 0 when it concerns the whole text."""

    text: str
    line: int = 0

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


@dataclass(frozen=True)
class Rendered:
    """A text made safe to show, and all that was found in it."""

    html: SafeString = field(default_factory=lambda: SafeString(""))
    toc: tuple[Heading, ...] = ()
    links: tuple[Link, ...] = ()
    citations: tuple[Cited, ...] = ()
    images: tuple[Picture, ...] = ()
    embeds: tuple[Embed, ...] = ()
    formulas: int = 0
    formulas_failed: int = 0
    formula_kinds: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Remark, ...] = ()
    plain_text: str = ""
    front_matter: Mapping[str, Any] = field(default_factory=dict)
