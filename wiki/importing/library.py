"""What only an export of ours holds: settings of pages, papers in no bibliography, what else papers are known by, reading
lists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models.functions import Lower

from members.models import User
from wiki import bibtex
from wiki.exporting.names import BOOK, LISTS
from wiki.exporting.reading_lists import SHOWN
from wiki.importing.reading import SourceFile
from wiki.importing.report import Report
from wiki.importing.storing import new_paper
from wiki.models import (
    BibEntry,
    FormerPaper,
    OtherKey,
    Page,
    Paper,
    Placement,
    ReadingList,
    ReadingTopic,
)
from wiki.models.papers import KEY

# ── Settings of pages ──


def store_settings(
    files: Iterable[SourceFile], pages: Mapping[str, Page], report: Report, *, since: int
) -> None:
    """What the portal knew of the pages that came with this import; `since` is the highest key before it.

    Whoever is not here, by their handle, looks after nothing.
    """
    try:
        known = dict(_book(files)["pages"])
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


def _book(files: Iterable[SourceFile]) -> dict[str, Any]:
    """What stands in the book of an export. Raises ValueError or TypeError where it cannot be read."""
    book = next((file for file in files if file.path == BOOK), None)
    return dict(json.loads(book.content)) if book else {}


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


def keys_in(files: Iterable[SourceFile], uncited: Iterable[bibtex.Entry]) -> frozenset[str]:
    """The keys, in lower case, by which texts cite papers besides those of the bibliographies."""
    found = {entry.key.lower() for entry in uncited}
    try:
        for told in dict(_book(files).get("papers") or {}).values():
            found |= {key.lower() for key in (told.get("key"), *(told.get("other_keys") or ())) if key}
    except (ValueError, TypeError, AttributeError):
        pass  # `store_names` says so
    return frozenset(found)


def store_names(
    files: Iterable[SourceFile], others: Mapping[str, Paper], report: Report, *, now: datetime
) -> None:
    """What else the papers of an export are known by: their own keys, those they had, and rows that were merged into
    them. What means another paper here goes on to mean it."""
    keyed = _keyed(others)
    keys = {key.lower(): pk for pk, key in Paper.objects.exclude(key="").values_list("pk", "key")}
    keys |= {key.lower(): pk for pk, key in OtherKey.objects.values_list("paper", "key")}
    try:
        for name, told in dict(_book(files).get("papers") or {}).items():
            paper = keyed.get(name)
            if paper is None:
                report.drop(BOOK, 0, f"No bibliography has {name}; by what else it is known is left out.")
                continue
            with transaction.atomic():
                _name(paper, told, keys, report, now)
    except (ValueError, TypeError, AttributeError, KeyError, DatabaseError) as problem:
        report.drop(BOOK, 0, f"By what else papers are known is not readable ({problem}).")


def _name(paper: Paper, told: Mapping[str, Any], keys: dict[str, int], report: Report, now: datetime) -> None:
    before = paper.key
    wanted = {str(key)[:400] for key in told.get("other_keys") or ()}
    own = str(told.get("key") or "")[:80]
    if own and own != before and KEY.fullmatch(own) and keys.get(own.lower(), paper.pk) == paper.pk:
        # A paper that was here under a key of its own keeps it; one that just came has that of its entry.
        is_fresh = paper.created_at == now
        if is_fresh:
            paper.key = own
            keys.pop(before.lower(), None)
            keys[own.lower()] = paper.pk
        else:
            wanted.add(own)
    if told.get("short_name") and not paper.short_name:
        paper.short_name = str(told["short_name"])[:60]
    paper.save(update_fields=["key", "short_name"])
    for key in sorted(wanted):
        holder = keys.setdefault(key.lower(), paper.pk)
        if holder != paper.pk:
            report.drop(BOOK, 0, f"The key {key} means another paper here; left out for “{paper.title}”.")
        elif key.lower() != paper.key.lower() and not paper.other_keys.filter(key__iexact=key).exists():
            OtherKey.objects.create(key=key, paper=paper)
    there = {(row.arxiv_id, row.doi, row.url, row.merged_at) for row in paper.former.all()}
    for row in told.get("former") or ():
        known = (
            str(row["arxiv_id"]),
            str(row["doi"]),
            str(row["url"]),
            datetime.fromisoformat(row["merged_at"]),
        )
        if known not in there:
            said = dict(row["said"])
            FormerPaper.objects.create(
                paper=paper, arxiv_id=known[0], doi=known[1], url=known[2], said=said, merged_at=known[3]
            )


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
    keyed = _keyed(others)
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


def _keyed(others: Mapping[str, Paper]) -> dict[str, Paper]:
    """The papers by the names that an export gives them."""
    rows = BibEntry.objects.select_related("paper")
    return {f"{row.bibliography}:{row.key}": row.paper for row in rows} | dict(others)


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
