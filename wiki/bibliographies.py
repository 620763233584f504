"""A `.bib` file that somebody brings along: what is new, what is here already, what contradicts; and then taking it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower

from members.audit import record
from mlclub import locks
from mlclub.refusal import Refused
from wiki import bibtex, citing
from wiki.models import BibEntry, FormerPaper, OtherKey, Paper
from wiki.models.papers import KEY, key_of

#: More entries at once than a field's whole bibliography.
MOST = 5_000
_WORDS = {
    "title": "title",
    "authors_text": "authors",
    "year": "year",
    "venue": "venue",
    "arxiv_id": "arXiv number",
    "doi": "DOI",
    "url": "address",
}


@dataclass(frozen=True)
class Difference:
    """Where an entry says something else than what stands here."""

    name: str
    ours: str
    theirs: str

    @property
    def label(self) -> str:
        return _WORDS[self.name]


@dataclass
class Row:
    """One entry of a file, with the paper that it is here, if any."""

    entry: bibtex.Entry
    said: dict[str, Any]
    paper: Paper | None = None
    differences: list[Difference] = field(default_factory=list)
    #: What it says where the paper here says nothing.
    adds: dict[str, Any] = field(default_factory=dict)

    @property
    def more(self) -> str:
        """What it adds, in words."""
        return ", ".join(_WORDS[name] for name in self.adds)


@dataclass
class Comparison:
    """What a file holds, sorted by what would come of it."""

    new: list[Row] = field(default_factory=list)
    same: list[Row] = field(default_factory=list)
    fuller: list[Row] = field(default_factory=list)
    contradicting: list[Row] = field(default_factory=list)
    problems: list[bibtex.Problem] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.same or self.fuller or self.contradicting)


@dataclass(frozen=True)
class Taken:
    """How many papers came, were filled in, and were changed as the file says."""

    new: int
    filled: int
    changed: int


def compare(text: str) -> Comparison:
    """Sort the entries of a file. Raises Refused for one that is too large to be looked through."""
    if len(text) > bibtex.LARGEST:
        raise Refused("The file is larger than 2 MB. Split it.")
    entries, problems = bibtex.read(text)
    if len(entries) > MOST:
        raise Refused(f"The file has {len(entries):,} entries; {MOST:,} are taken at once. Split it.")
    found = Comparison(problems=problems)
    known = _Known()
    seen: dict[str, bibtex.Entry] = {}
    for entry in entries:
        first = seen.setdefault(entry.key.lower(), entry)
        if first is not entry:
            words = f"This key stands in line {first.line} already; left out."
            found.problems.append(bibtex.Problem(entry.line, entry.key, words))
            continue
        said = _said(entry)
        if not said["title"]:
            found.problems.append(bibtex.Problem(entry.line, entry.key, "It has no title; left out."))
            continue
        row = Row(entry, said, known.find(said))
        if row.paper is None:
            if twin := known.remember(said):
                words = f"The same work as {twin}; left out."
                found.problems.append(bibtex.Problem(entry.line, entry.key, words))
            else:
                found.new.append(row)
                known.expect(said, entry.key)
            continue
        _compare(row)
        kind = found.contradicting if row.differences else found.fuller if row.adds else found.same
        kind.append(row)
    found.problems.sort(key=lambda problem: problem.line)
    return found


def _said(entry: bibtex.Entry) -> dict[str, Any]:
    venue = entry.text("journal") or entry.text("booktitle") or entry.text("publisher")
    url = entry.url if re.match(r"https?://", entry.url) and len(entry.url) <= 500 else ""
    return {
        "title": _clean(entry.text("title"))[:500],
        "authors_text": _clean(entry.text("author"))[:1000],
        "year": entry.year,
        "venue": _clean(venue)[:300],
        "arxiv_id": _clean(entry.arxiv_id) if len(entry.arxiv_id) <= 40 else "",
        "doi": _clean(entry.doi) if len(entry.doi) <= 200 else "",
        "url": url,
    }


def _clean(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


class _Known:
    """Every paper that is here, by what it can be known by; three queries."""

    def __init__(self) -> None:
        self.by: dict[tuple[str, str], Paper] = {}
        self.coming: dict[tuple[str, str], str] = {}
        papers = {paper.pk: paper for paper in Paper.objects.defer("search", "abstract", "bibtex")}
        former = FormerPaper.objects.only("paper_id", "arxiv_id", "doi", "url")
        rows: list[tuple[Any, Paper]] = [(paper, paper) for paper in papers.values()]
        rows += [(row, papers[row.paper_id]) for row in former]
        for row, paper in rows:
            for name in ("arxiv_id", "doi"):
                if value := getattr(row, name):
                    self.by.setdefault((name, value.lower()), paper)
        for paper in papers.values():
            self.by.setdefault(("title", _bare(paper.title)), paper)

    def find(self, said: dict[str, Any]) -> Paper | None:
        for name in ("arxiv_id", "doi"):
            if said[name] and (paper := self.by.get((name, said[name].lower()))):
                return paper
        paper = self.by.get(("title", _bare(said["title"])))
        if paper is None or (paper.year and said["year"] and abs(paper.year - said["year"]) > 2):
            return None
        # Another number of the same kind is another work.
        for name in ("arxiv_id", "doi"):
            ours = getattr(paper, name)
            if ours and said[name] and ours.lower() != said[name].lower():
                return None
        return paper

    def remember(self, said: dict[str, Any]) -> str:
        """The key of an entry of the same file that is the same work; empty when there is none."""
        return next((self.coming[name] for name in self._names(said) if name in self.coming), "")

    def expect(self, said: dict[str, Any], key: str) -> None:
        self.coming.update(dict.fromkeys(self._names(said), key))

    @staticmethod
    def _names(said: dict[str, Any]) -> list[tuple[str, str]]:
        return [(name, said[name].lower()) for name in ("arxiv_id", "doi") if said[name]]


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in plain if char.isalnum())


def _people(text: str) -> set[str]:
    """Each author by the letters of the whole name, whichever part comes first."""
    return {
        "".join(sorted(_bare(part) for part in re.split(r"[\s,]+", name) if part))
        for name in text.split(" and ")
    }


def _compare(row: Row) -> None:
    paper = row.paper
    for name, theirs in row.said.items():
        ours = getattr(paper, name)
        if not theirs:
            continue
        if not ours or (name == "title" and paper is not None and paper.is_untitled):
            row.adds[name] = theirs
        elif name == "year":
            if ours != theirs:
                row.differences.append(Difference(name, str(ours), str(theirs)))
        elif name == "authors_text":
            if _people(ours) != _people(theirs):
                row.differences.append(Difference(name, ours, theirs))
        elif name == "url":
            # An address more is no contradiction: a work stands in many places.
            continue
        elif _bare(ours) != _bare(theirs):
            row.differences.append(Difference(name, ours, theirs))


@transaction.atomic
def take(text: str, *, chosen: Collection[str], by: Any, now: datetime) -> Taken:
    """Take the new entries and fill in what is empty; of those that contradict, only the `chosen` keys are taken as the
    file has them. A second click finds all of it here already. Raises Refused."""
    locks.hold("wiki bibliography")
    found = compare(text)
    keys = _Keys()
    made = []
    for row in found.new:
        key = keys.take(row)
        made.append(Paper(**row.said, key=key, bibtex=row.entry.source[:20_000], created_at=now))
    Paper.objects.bulk_create(made, batch_size=500)
    entries = [
        OtherKey(key=row.entry.key, paper=paper)
        for row, paper in zip(found.new, made, strict=True)
        if paper.key.lower() != row.entry.key.lower() and keys.is_free(row.entry.key)
    ]
    filled = [row for row in (*found.fuller, *found.contradicting) if row.adds]
    changed = [row for row in found.contradicting if row.entry.key in chosen]
    taken = {row.entry.key for row in changed}
    for row in (*found.fuller, *found.contradicting):
        _apply(row, is_chosen=row.entry.key in taken, by=by)
    for row in (*found.same, *found.fuller, *found.contradicting):
        paper = row.paper
        if paper and paper.key.lower() != row.entry.key.lower() and keys.is_free(row.entry.key):
            entries.append(OtherKey(key=row.entry.key, paper=paper))
    OtherKey.objects.bulk_create(entries, batch_size=500)
    citing.settle()
    if made or changed:
        record(by, "wiki.bibliography-taken", "wiki.paper", after={"new": len(made), "changed": len(changed)})
    return Taken(len(made), sum(row.entry.key not in taken for row in filled), len(changed))


def _apply(row: Row, *, is_chosen: bool, by: Any) -> None:
    paper = row.paper
    if paper is None:
        return
    values = dict(row.adds)
    if is_chosen:
        values |= {difference.name: row.said[difference.name] for difference in row.differences}
    for name in ("arxiv_id", "doi"):
        # The number may be another paper's by now; what that means, somebody decides by merging.
        if (
            name in values
            and Paper.objects.exclude(pk=paper.pk).filter(**{f"{name}__iexact": values[name]}).exists()
        ):
            del values[name]
    if not values:
        return
    if is_chosen:
        before = {name: getattr(paper, name) for name in values}
        record(by, "wiki.paper-changed", paper, before=before, after=values)
    for name, value in values.items():
        setattr(paper, name, value)
    names = set(values)
    if "title" in values:
        paper.is_untitled = False
        names.add("is_untitled")
    paper.save(update_fields=names)


class _Keys:
    """Which keys are taken."""

    def __init__(self) -> None:
        keys = Paper.objects.exclude(key="").annotate(lower=Lower("key"))
        self.taken = set(keys.values_list("lower", flat=True))
        # A key of any bibliography means something to somebody.
        for model in (BibEntry, OtherKey):
            rows: Any = model._default_manager.annotate(lower=Lower("key"))
            self.taken |= set(rows.values_list("lower", flat=True))

    def is_free(self, key: str) -> bool:
        """Whether nobody has the key; from then on somebody has."""
        if key.lower() in self.taken:
            return False
        self.taken.add(key.lower())
        return True

    def take(self, row: Row) -> str:
        """The file's own key where it is free and can be written, another one else."""
        if KEY.fullmatch(row.entry.key) and self.is_free(row.entry.key):
            return row.entry.key
        base = key_of(row.said["title"], row.said["authors_text"], row.said["year"])
        key, number = base, 2
        while not self.is_free(key):
            key, number = f"{base}{number}", number + 1
        return key
