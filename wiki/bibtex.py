"""Reading `.bib` files, as students write them."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

#: More than a file that people keep by hand.
LARGEST = 2 * 1024 * 1024
LONGEST_VALUE = 50_000
_START = re.compile(r"@([A-Za-z]{1,30})\s*([{(])")
_LINE_START = re.compile(r"^[ \t]*(@)[A-Za-z]{1,30}\s{0,20}[{(]", re.MULTILINE)
_KEY = re.compile(r"\s*([^,\s{}()\"=]{1,400})\s*(?:,|(?=[})]))")
_FIELD = re.compile(r"\s*([\w-]{1,60})\s*=\s*")
_COMMA = re.compile(r"\s*,")
_CLOSE = re.compile(r"[\s,]*[})]")
_BARE = re.compile(r"[^\s,#{}()\"]{1,400}")
_HASH = re.compile(r"\s*#\s*")
_MARK = re.compile(r"\\.|[{}\"]", re.DOTALL)
_MONTHS = {
    name[:3].lower(): name
    for name in (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    )
}  # fmt: skip
_ARXIV = re.compile(r"(?:arxiv[.:/]|arxiv\.org/(?:abs|pdf)/)\s*(\d{4}\.\d{4,5}|[a-z-]+/\d{7})", re.IGNORECASE)

#: Fields whose names begin so say letter by letter what a paper of ours says, where TeX would lose some of it.
EXACTLY = "library-"


@dataclass(frozen=True)
class Problem:
    """What could not be read: the line where its entry begins, its key if it has one, and why."""

    line: int
    key: str
    words: str

    def __str__(self) -> str:
        return f"line {self.line}{f', {self.key}' if self.key else ''}: {self.words}"


@dataclass(frozen=True)
class Entry:
    """One entry of a bibliography, with the line where it begins."""

    kind: str
    key: str
    fields: dict[str, str] = field(default_factory=dict)
    source: str = ""
    line: int = 0

    @property
    def doi(self) -> str:
        found = re.search(r"10\.\d{4,9}/\S+", self.fields.get("doi", ""))
        return found.group(0).rstrip(".,") if found else ""

    @property
    def arxiv_id(self) -> str:
        if self.fields.get("archiveprefix", "").lower() == "arxiv" and self.fields.get("eprint"):
            return re.sub(r"v\d+$", "", self.fields["eprint"])
        for name in ("doi", "url", "journal", "note", "eprint"):
            found = _ARXIV.search(self.fields.get(name, ""))
            if found:
                return found.group(1)
        return ""

    @property
    def year(self) -> int | None:
        found = re.search(r"\b(1[5-9]|20)\d\d\b", self.fields.get("year", "") or self.fields.get("date", ""))
        return int(found.group(0)) if found else None

    @property
    def url(self) -> str:
        for name in ("url", "note", "howpublished"):
            found = re.search(r"https?://[^\s{}]+", self.fields.get(name, ""))
            if found:
                return found.group(0)
        return ""

    def text(self, name: str) -> str:
        """A field as plain words."""
        return plain(self.fields.get(name, ""))


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file, in order; what is no entry is passed over, as BibTeX does."""
    yield from read(text)[0]


def as_paper(entry: Entry) -> dict[str, Any]:
    """The columns of the paper that an entry describes."""
    venue = entry.text("journal") or entry.text("booktitle") or entry.text("publisher")
    found: dict[str, Any] = {
        "title": (entry.text("title") or entry.key)[:500],
        "authors_text": entry.text("author")[:1000],
        "year": entry.year,
        "venue": venue[:300],
        "arxiv_id": entry.arxiv_id[:40],
        "doi": entry.doi[:200],
        "url": entry.url[:500],
        "abstract": entry.text("abstract"),
    }
    for name in found:
        exact = entry.fields.get(EXACTLY + name.replace("_", "-"))
        if exact is not None:
            found[name] = unquote(exact)
            if name == "year":
                found[name] = int(exact) if exact.isdigit() else None
    return found


def read(text: str) -> tuple[list[Entry], list[Problem]]:
    """The entries of a file, and what could not be read, each in order. Every character is looked at a few times at most."""
    reader = _Reader(text)
    reader.run()
    return reader.entries, reader.problems


class _Unclosed(Exception):
    """A value does not end before the next entry begins."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.entries: list[Entry] = []
        self.problems: list[Problem] = []
        self.words = dict(_MONTHS)
        self.line, self.counted = 1, 0
        #: Where entries begin on lines of their own, the last one first: what is not closed ends there.
        self.starts = [match.start(1) for match in _LINE_START.finditer(text)][::-1]

    def run(self) -> None:
        at = 0
        while match := _START.search(self.text, at):
            begins = match.start()
            while self.starts and self.starts[-1] <= begins:
                self.starts.pop()
            limit = self.starts[-1] if self.starts else len(self.text)
            self.line += self.text.count("\n", self.counted, begins)
            self.counted = begins
            try:
                at = self._entry(match, limit)
            except _Unclosed as problem:
                self.problems.append(
                    Problem(self.line, str(problem), "A brace or a quote is never closed; left out.")
                )
                at = limit

    def _entry(self, match: re.Match[str], limit: int) -> int:
        kind, at = match.group(1).lower(), match.end()
        if kind in {"comment", "preamble"}:
            return self._braced(match.end() - 1, limit, "") if match.group(2) == "{" else at
        if kind == "string":
            fields, at = self._fields(at, limit, "@string")
            self.words |= {name: plain(value[:1000]) for name, value in fields.items()}
            return at
        named = _KEY.match(self.text, at, limit)
        if named is None:
            self.problems.append(Problem(self.line, "", f"An @{kind} without a key; left out."))
            return at
        key, at = named.group(1), named.end()
        fields, at = self._fields(at, limit, key)
        source = self.text[match.start() : at].strip()
        self.entries.append(Entry(kind, key, fields, source, self.line))
        return at

    def _fields(self, at: int, limit: int, key: str) -> tuple[dict[str, str], int]:
        fields: dict[str, str] = {}
        while match := _FIELD.match(self.text, at, limit):
            value, at = self._value(match.end(), limit, key)
            fields.setdefault(match.group(1).lower(), " ".join(value.split()))
            comma = _COMMA.match(self.text, at, limit)
            if not comma:
                break
            at = comma.end()
        end = _CLOSE.match(self.text, at, limit)
        if end is None:
            raise _Unclosed(key)
        return fields, end.end()

    def _value(self, at: int, limit: int, key: str) -> tuple[str, int]:
        """The value that begins at `at`: pieces in braces, in quotes, or bare, with # between."""
        pieces: list[str] = []
        length = 0
        while True:
            first = self.text[at : at + 1]
            if first in {"{", '"'}:
                end = self._braced(at, limit, key)
                pieces.append(self.text[at + 1 : end - 1])
            else:
                bare = _BARE.match(self.text, at, limit)
                end = bare.end() if bare else at
                word = self.text[at:end]
                pieces.append(self.words.get(word.lower(), word))
            length += len(pieces[-1])
            if length > LONGEST_VALUE:  # strings made of strings grow without end
                pieces[-1] = ""
            more = _HASH.match(self.text, end, limit)
            if more is None:
                return "".join(pieces), end
            at = more.end()

    def _braced(self, at: int, limit: int, key: str) -> int:
        """Where the value ends that is opened at `at`."""
        closing = "}" if self.text[at] == "{" else '"'
        depth = 0
        for match in _MARK.finditer(self.text, at + 1, limit):
            mark = match.group()
            if mark == closing and depth == 0:
                return match.end()
            depth += (mark == "{") - (mark == "}")
        raise _Unclosed(key)


_ACCENTS = {
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    "c": "\u0327",
    "v": "\u030c",
    "=": "\u0304",
}


def plain(value: str) -> str:
    """A field without TeX: accents composed, braces and stray commands dropped."""
    value = html.unescape(value)
    value = re.sub(
        r"\{?\\(['`^\"~=]|[cv](?=[{\s]))\s*\{?\\?(\w)\}?\}?",
        lambda match: unicodedata.normalize("NFC", match.group(2) + _ACCENTS[match.group(1)]),
        value,
    )
    value = re.sub(r"\\([&%$#_])", r"\1", value)
    value = re.sub(r"\\[A-Za-z]+\s*", "", value)
    return " ".join(value.replace("{", "").replace("}", "").replace("--", "–").split())
