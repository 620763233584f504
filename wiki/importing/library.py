"""What only an export of ours holds: settings of pages, papers in no bibliography, reading lists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower

from members.models import User
from wiki import bibtex
from wiki.exporting.names import BOOK, LISTS
from wiki.exporting.reading_lists import SHOWN
from wiki.importing.reading import SourceFile
from wiki.importing.report import Report
from wiki.importing.storing import new_paper
from wiki.models import BibEntry, Page, Paper, Placement, ReadingList, ReadingTopic

# ── Settings of pages ──


def store_settings(
    files: Iterable[SourceFile], pages: Mapping[str, Page], report: Report, *, since: int
) -> None:
    """What the portal knew of the pages that came with this import; `since` is the highest key before it.

    Whoever is not here, by their handle, looks after nothing.
    """
    book = next((file for file in files if file.path == BOOK), None)
    try:
        said = json.loads(book.content) if book else {}
        known = dict(said["pages"])
    except (ValueError, KeyError, TypeError):
        report.drop(BOOK, 0, "Not readable; who may see a page, and who looks after it, was not taken over.")
        return
    people = {handle: pk for pk, handle in User.objects.real().values_list("pk", "handle")}
    for path, page in pages.items():
        told = known.get(path)
        if page.pk <= since or not isinstance(told, dict):
            continue
        try:
            page.is_public = told.get("public") is True
            page.review_by = date.fromisoformat(told["review_by"]) if told.get("review_by") else None
            page.checked_at = datetime.fromisoformat(told["checked_at"]) if told.get("checked_at") else None
        except (ValueError, TypeError):
            report.drop(BOOK, 0, f"What is said of {path} is not readable.")
            continue
        page.owner_id = people.get(told.get("owner"))
        page.checked_by_id = people.get(told.get("checked_by"))
        page.trashed_by_id = people.get(told.get("trashed_by"))
        page.save(update_fields=["is_public", "review_by", "checked_at", "owner", "checked_by", "trashed_by"])


# ── Papers ──


def store_papers(entries: Iterable[bibtex.Entry], *, now: datetime) -> dict[str, Paper]:
    """The papers that no bibliography of a page names, found or made, by their keys."""
    by: dict[tuple[str, str], Paper] = {}
    for paper in Paper.objects.defer("search").order_by("-pk"):
        by |= dict.fromkeys(_known_by(paper), paper)
    found = {}
    for entry in entries:
        known = _known_by(Paper(**bibtex.as_paper(entry), bibtex=entry.source))
        paper = next((by[each] for each in known if each in by), None) or new_paper(entry, now)
        by |= dict.fromkeys(known, paper)
        found[entry.key] = paper
    return found


def _known_by(paper: Paper) -> list[tuple[str, str]]:
    """What the same work is known by again, the surest first."""
    named = [
        ("arxiv", paper.arxiv_id.lower()),
        ("doi", paper.doi.lower()),
        ("bibtex", paper.bibtex),
        ("named", "\n".join([paper.title, paper.authors_text, str(paper.year or ""), paper.url])),
    ]
    return [pair for pair in named if pair[1]]


# ── Reading lists ──


def lists_in(files: Iterable[SourceFile], report: Report) -> list[tuple[str, dict[str, Any], str]]:
    """(file, front matter, description) of each reading list."""
    found = []
    for file in files:
        if not (file.path.startswith(f"{LISTS}/") and file.suffix == ".md"):
            continue
        front, body = parted(file)
        if not isinstance(front.get("title"), str) or not isinstance(front.get("slug"), str):
            report.drop(file.path, 1, "Not a reading list: its front matter has no title and slug.")
            continue
        found.append((file.path, front, body.partition(SHOWN)[0].strip("\n")))
    return found


def parted(file: SourceFile) -> tuple[dict[str, Any], str]:
    """The front matter of a file, empty where it cannot be read, and what follows it."""
    text = file.content.decode("utf-8", errors="replace")
    match = re.match(r"---\n(.*?)^---\n\n?", text, re.DOTALL | re.MULTILINE)
    if match is None:
        return {}, text
    try:
        front = yaml.load(match[1], Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return {}, text
    return (front if isinstance(front, dict) else {}), text[match.end() :]


def store_lists(
    lists: Iterable[tuple[str, dict[str, Any], str]],
    others: Mapping[str, Paper],
    report: Report,
    *,
    now: datetime,
) -> None:
    """Lists that are not here yet. One of the same name stays as it is, and the report says where it is another."""
    keyed = {
        f"{row.bibliography}:{row.key}": row.paper for row in BibEntry.objects.select_related("paper")
    } | dict(others)
    people = {person.handle: person for person in User.objects.real()}
    for file, front, description in lists:
        there = ReadingList.objects.annotate(lower=Lower("slug")).filter(lower=front["slug"].lower()).first()
        if there is not None:
            if (there.title, _papers_of(there)) != (front["title"], _papers_in(front, keyed)):
                report.drop(file, 0, "A list of this name is here already; it was left as it is.")
            continue
        try:
            _ListReader(file, keyed, people, report, now).store(front, description)
        except (ValueError, TypeError, KeyError, AttributeError, ValidationError) as problem:
            report.drop(file, 0, f"Not readable as a reading list ({problem}).")


def _papers_of(there: ReadingList) -> set[int]:
    return set(Placement.objects.filter(list=there).values_list("paper", flat=True))


def _papers_in(branch: Mapping[str, Any], keyed: Mapping[str, Paper]) -> set[int]:
    here = {keyed[row["paper"]].pk for row in branch.get("papers") or () if row.get("paper") in keyed}
    return here.union(*(_papers_in(topic, keyed) for topic in branch.get("topics") or ()))


class _ListReader:
    def __init__(
        self,
        file: str,
        keyed: Mapping[str, Paper],
        people: Mapping[str, User],
        report: Report,
        now: datetime,
    ) -> None:
        self.file, self.keyed, self.people, self.report, self.now = file, keyed, people, report, now

    def store(self, front: dict[str, Any], description: str) -> None:
        made = ReadingList(
            title=front["title"][:120],
            slug=front["slug"][:80],
            description=description,
            visibility=str(front.get("visibility")),
            created_at=self._instant(front.get("created_at")),
        )
        made.clean_fields()
        made.save()
        made.curators.set(
            [self.people[handle] for handle in front.get("curators") or () if handle in self.people]
        )
        self.report.lists += 1
        self._branch(made, None, front)

    def _branch(self, made: ReadingList, topic: ReadingTopic | None, branch: dict[str, Any]) -> None:
        for row in branch.get("papers") or ():
            paper = self.keyed.get(row["paper"])
            if paper is None:
                self.report.drop(self.file, 0, f"No bibliography has {row['paper']}; its place is left out.")
                continue
            placement = Placement(
                list=made,
                topic=topic,
                paper=paper,
                relevance=row.get("relevance"),
                note=str(row.get("note") or "")[:300],
                position=int(row.get("position") or 0),
                is_automatic=row.get("came_by_itself") is True,
                is_for_members=row.get("for_members") is True,
                added_by=self.people.get(row.get("added_by") or ""),
                added_at=self._instant(row.get("added_at")),
            )
            placement.clean_fields()
            placement.save()
        for below in branch.get("topics") or ():
            inner = ReadingTopic.objects.create(
                list=made,
                parent=topic,
                title=str(below["title"])[:120],
                position=int(below.get("position") or 0),
            )
            self._branch(made, inner, below)

    def _instant(self, said: Any) -> datetime:
        at = said if isinstance(said, datetime) else datetime.fromisoformat(said) if said else self.now
        return at if at.tzinfo else self.now
