"""Papers as BibTeX, such that reading it again gives the same papers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import quote

from django.utils.text import slugify

from wiki import bibtex
from wiki.exporting.names import PAPERS, is_safe
from wiki.models import BibEntry, Paper

#: The papers that no bibliography of a page names.
OTHERS = f"{PAPERS}/other-papers.bib"
#: What a paper knows that an entry may get wrong: {field of the paper: field of the entry}.
FIELDS = {
    "title": "title",
    "authors_text": "author",
    "year": "year",
    "venue": "journal",
    "arxiv_id": "eprint",
    "doi": "doi",
    "url": "url",
    "abstract": "abstract",
}
_TEX = re.compile(r"([&%$#_])")


def files() -> Iterator[tuple[str, str]]:
    """(file, text) of every bibliography, and one of the papers that stand in none."""
    keyed: dict[str, list[tuple[str, Paper]]] = defaultdict(list)
    for row in BibEntry.objects.select_related("paper").order_by("bibliography", "pk"):
        file = row.bibliography if is_safe(row.bibliography) else f"{PAPERS}/{slugify(row.bibliography)}.bib"
        keyed[file].append((row.key, row.paper))
    for file, entries in sorted(keyed.items()):
        yield file, "\n\n".join(entry(paper, key) for key, paper in entries) + "\n"
    others = list(Paper.objects.filter(entries=None).order_by("title", "arxiv_id", "doi", "pk"))
    if others:
        keys = keys_of(others)
        yield OTHERS, "\n\n".join(entry(paper, keys[paper.pk]) for paper in others) + "\n"


def names() -> dict[int, str]:
    """By what the rest of an export names a paper: its first key in a bibliography, else that in the file of the others."""
    found = keys_of(list(Paper.objects.filter(entries=None).order_by("title", "arxiv_id", "doi", "pk")))
    for paper, file, key in BibEntry.objects.order_by("-bibliography", "-pk").values_list(
        "paper", "bibliography", "key"
    ):
        found[paper] = f"{file}:{key}"
    return found


def keys_of(papers: list[Paper]) -> dict[int, str]:
    """A key for each paper: the one its own entry has, else the one by which it is cited, then b, c, …"""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for paper in papers:
        own = next(bibtex.entries(paper.bibtex), None)
        base = own.key if own else paper.key or slugify(paper.label).replace("-", "") or "paper"
        key, number = base, 1
        while key.lower() in taken:
            number += 1
            key = f"{base}-{number}" if number > 26 else f"{base}{chr(96 + number)}"
        taken.add(key.lower())
        found[paper.pk] = key
    return found


def entry(paper: Paper, key: str) -> str:
    """The entry of a paper under a key: as it came, where that says what the portal knows."""
    own = next(bibtex.entries(paper.bibtex), None)
    if own is not None and own.key == key and told_by(own) == known_of(paper):
        return own.source
    fields = {
        name: value
        for name, value in (own.fields if own else {}).items()
        if not name.startswith(bibtex.EXACTLY)
    }
    told = told_by(own) if own else {}
    for attribute, value in known_of(paper).items():
        if told.get(attribute) != value:
            fields.pop(FIELDS[attribute], None)
            if value:
                fields[FIELDS[attribute]] = _TEX.sub(r"\\\1", str(value))
    if paper.arxiv_id and "eprint" in fields:
        fields["archiveprefix"] = "arXiv"
    if paper.is_untitled:
        fields[f"{bibtex.EXACTLY}untitled"] = "yes"
    kind = own.kind if own else "article" if paper.venue else "misc"
    made = _written(kind, key, fields)
    read = next(bibtex.entries(made), None)
    for attribute, value in known_of(paper).items():
        if read is None or told_by(read)[attribute] != value:
            fields[bibtex.EXACTLY + attribute.replace("_", "-")] = quote(str(value or ""), safe=" /:")
    return _written(kind, key, fields)


def _written(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{_balanced(value)}}}" for name, value in fields.items()]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def _balanced(value: str) -> str:
    """A value whose braces would end it too early goes without them."""
    depth = 0
    for sign in re.sub(r"\\.", "", value):
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            break
    return value if depth == 0 and not value.endswith("\\") else re.sub(r"[{}\\]", "", value)


def known_of(paper: Paper) -> dict[str, object]:
    return {name: getattr(paper, name) for name in FIELDS}


def told_by(own: bibtex.Entry) -> dict[str, object]:
    """What an import makes of an entry."""
    return bibtex.as_paper(own)
