"""Reading `.bib` files, as students write them."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

_START = re.compile(r"@(\w+)\s*[{(]\s*([^,\s]+)\s*,", re.MULTILINE)
_FIELD = re.compile(r"\s*([\w-]+)\s*=\s*")
_ARXIV = re.compile(r"(?:arxiv[.:/]|arxiv\.org/(?:abs|pdf)/)\s*(\d{4}\.\d{4,5}|[a-z-]+/\d{7})", re.IGNORECASE)

#: Fields whose names begin so say letter by letter what a paper of ours says, where TeX would lose some of it.
EXACTLY = "library-"


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
    at = 0
    while match := _START.search(text, at):
        kind, key = match.group(1).lower(), match.group(2)
        fields, at = _fields(text, match.end())
        if kind not in {"comment", "string", "preamble"}:
            yield Entry(kind, key, fields, text[match.start() : at], text.count("\n", 0, match.start()) + 1)


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


def _fields(text: str, at: int) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    while match := _FIELD.match(text, at):
        value, at = _value(text, match.end())
        fields.setdefault(match.group(1).lower(), " ".join(value.split()))
        comma = re.compile(r"\s*,").match(text, at)
        if not comma:
            break
        at = comma.end()
    end = re.compile(r"\s*[})]").match(text, at)
    return fields, end.end() if end else at


def _value(text: str, at: int) -> tuple[str, int]:
    """The value that begins at `at`: in braces, in quotes, or bare."""
    if text[at : at + 1] not in {"{", '"'}:
        end = at
        while end < len(text) and text[end] not in ",})" and not text[end].isspace():
            end += 1
        return text[at:end], end
    closing = "}" if text[at] == "{" else '"'
    depth, start = 0, at + 1
    at = start
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == closing and depth == 0:
            return text[start:at], at + 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
        at += 1
    return text[start:], at


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
