"""Drafts, bibliographies and pictures into the database, inside the caller's transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models.functions import Lower

from mlclub import uploads
from wiki import bibtex, editing, linking, paths, pictures
from wiki.exporting.names import FILES
from wiki.importing.reading import REDIRECTS, Draft, SourceFile
from wiki.importing.report import Report
from wiki.models import Attachment, BibEntry, Page, Paper, Redirect, Revision
from wiki.models.papers import KEY

#: A picture of an export of ours that texts name by the hash of its bytes.
BY_HASH = re.compile(rf"{FILES}/[0-9a-f]{{64}}\.(?:png|jpg|webp|gif)")


def known_keys(bibliographies: Mapping[str, list[bibtex.Entry]]) -> frozenset[str]:
    """The citation keys, in lower case, of what comes in and of what is here."""
    here = BibEntry.objects.annotate(lower=Lower("key")).values_list("lower", flat=True)
    return frozenset(
        {entry.key.lower() for entries in bibliographies.values() for entry in entries} | {*here}
    )


def store_papers(bibliographies: Mapping[str, list[bibtex.Entry]], report: Report, *, now: datetime) -> None:
    rows = {(row.bibliography, row.key.lower()): row for row in BibEntry.objects.select_related("paper")}
    papers = list(Paper.objects.all())
    by_arxiv = {paper.arxiv_id.lower(): paper for paper in papers if paper.arxiv_id}
    by_doi = {paper.doi.lower(): paper for paper in papers if paper.doi}
    by_bibtex = {paper.bibtex: paper for paper in papers if paper.bibtex}
    for file, entries in bibliographies.items():
        seen: set[str] = set()
        for entry in entries:
            if entry.key.lower() in seen:
                report.drop(file, entry.line, f"The key {entry.key} stands twice; the first one counts.")
                continue
            seen.add(entry.key.lower())
            if (file, entry.key.lower()) in rows:
                continue
            paper = (
                by_arxiv.get(entry.arxiv_id.lower())
                or by_doi.get(entry.doi.lower())
                or by_bibtex.get(entry.source)
                or new_paper(entry, now)
            )
            by_bibtex[entry.source] = paper
            if paper.arxiv_id:
                by_arxiv[paper.arxiv_id.lower()] = paper
            if paper.doi:
                by_doi[paper.doi.lower()] = paper
            BibEntry.objects.create(key=entry.key[:400], bibliography=file[:300], paper=paper)


def new_paper(entry: bibtex.Entry, now: datetime) -> Paper:
    """The paper that an entry describes."""
    is_untitled = f"{bibtex.EXACTLY}untitled" in entry.fields
    may_have = not is_untitled and KEY.fullmatch(entry.key)
    is_free = may_have and not Paper.objects.filter(key__iexact=entry.key).exists()
    return Paper.objects.create(
        **bibtex.as_paper(entry),
        key=entry.key if is_free else "",
        bibtex=entry.source,
        is_untitled=is_untitled,
        created_at=now,
    )


def store_pictures(
    files: Iterable[SourceFile],
    report: Report,
    *,
    now: datetime,
    by: Any,
    is_rehearsal: bool,
    is_ours: bool = False,
) -> None:
    """Keep the pictures, made anew from their pixels. In an export of ours they were, and their hashes stand in texts:
    one that is a picture and nothing besides stays as it is."""
    there = set(Attachment.objects.exclude(path="").values_list("path", flat=True))
    for file in files:
        if file.path in there:
            continue
        picture = ContentFile(file.content, name=Path(file.path).name)
        try:
            again = uploads.image(picture)
        except ValidationError as problem:
            report.drop(file.path, 0, f"Not taken over: {problem.messages[0]}")
            continue
        by_hash = is_ours and bool(BY_HASH.fullmatch(file.path))
        if is_ours and uploads.is_bare_picture(file.content):
            again = picture
        if by_hash and uploads.sha256(again) != Path(file.path).stem:
            report.drop(file.path, 0, "Not the picture that its name says; left out.")
            continue
        if not is_rehearsal:  # a file on the disk is not undone with the transaction
            pictures.keep(again, now=now, by=by, path="" if by_hash else file.path)


def store_pages(drafts: list[Draft], report: Report, *, now: datetime, by: Any) -> dict[str, Page]:
    there = {
        page.path.lower(): page
        for page in Page.objects.select_related("head").filter(
            pk__in=Page.objects.annotate(lower=Lower("path"))
            .filter(lower__in=[draft.path.lower() for draft in drafts])
            .values("pk")
        )
    }
    last_import: dict[int, str] = {}
    for pk, text in (
        Revision.objects.filter(page__in=[page.pk for page in there.values()], source=Revision.Source.IMPORT)
        .order_by("number")
        .values_list("page_id", "text")
    ):
        last_import[pk] = text
    pages: dict[str, Page] = {}
    for draft in drafts:
        page = there.get(draft.path.lower())
        if page is None:
            pages[draft.path] = editing.create(
                path=draft.path,
                text=draft.text,
                author=None,
                author_name=_author_name(by),
                now=now,
                summary="Imported",
                source=Revision.Source.IMPORT,
                held=draft.held,
            )
            report.created += 1
            continue
        pages[draft.path] = page
        _renew(page, draft, last_import.get(page.pk), report, now=now, by=by)
    return pages


def _author_name(by: Any) -> str:
    return by.display_name if by is not None else ""


def _renew(page: Page, draft: Draft, before: str | None, report: Report, *, now: datetime, by: Any) -> None:
    """Bring a page that is here already up to date, unless somebody has worked on it since."""
    head = page.head
    if head is None or page.trashed_at is not None:
        report.unchanged += 1
        report.drop(draft.file, 0, "This page is in the trash here; it stays there.")
    elif draft.text in (head.text, before):
        report.unchanged += 1
    elif head.source != Revision.Source.IMPORT:
        report.unchanged += 1
        report.drop(
            draft.file,
            0,
            "Edited here since the last import; the newer text of the folder was not taken over.",
        )
    else:
        editing.save(
            page,
            draft.text,
            base=head.number,
            author=None,
            author_name=_author_name(by),
            now=now,
            summary="Imported",
            source=Revision.Source.IMPORT,
            held=draft.held,
        )
        report.updated += 1


def store_redirects(moved: Iterable[tuple[str, str]], report: Report, *, now: datetime) -> None:
    """Old paths, chains followed to their end. One that is written twice, with and without %20, is one."""
    moved = list(moved)
    # A path may stand for itself, where only the way of writing spaces has changed.
    onward = {old: new for old, new in moved if old != new}
    pages = {path.lower(): pk for path, pk in Page.objects.values_list("path", "pk")}
    there = {row.path.lower(): row for row in Redirect.objects.all()}
    for old, new in moved:
        target, seen = onward.get(old, new), {old}
        while target in onward and target not in seen:
            seen.add(target)
            target = onward[target]
        page = pages.get(target.lower())
        if page is None:
            report.drop(REDIRECTS, 0, f"“{old}” leads to “{target}”, which is not here; left out.")
            continue
        report.redirects += 1
        if old.lower() in pages:
            if pages[old.lower()] != page:
                report.warn(REDIRECTS, 0, f"There is a page at “{old}” itself; links go there.")
            continue
        row = there.get(old.lower())
        if row is None:
            there[old.lower()] = Redirect.objects.create(
                path=old[: paths.LONGEST],
                key=paths.key(paths.segments_of(old)[1]),
                page_id=page,
                created_at=now,
            )
        elif row.page_id != page:
            row.page_id = page
            row.save(update_fields=["page"])


def store_moves(moves: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """Paths that pages had before they were renamed, where nothing else stands today."""
    pages = {path.lower(): pk for path, pk in Page.objects.values_list("path", "pk")}
    there = {path.lower() for path in Redirect.objects.values_list("path", flat=True)}
    for old, new in moves:
        if old.lower() not in pages and old.lower() not in there and new.lower() in pages:
            there.add(old.lower())
            Redirect.objects.create(
                path=old, key=paths.key(paths.segments_of(old)[1]), page_id=pages[new.lower()], created_at=now
            )


def store_links(
    drafts: list[Draft], pages: Mapping[str, Page], report: Report, *, renamed: Set[str] = frozenset()
) -> None:
    """Now that everything is here: where does each link lead? `renamed` are paths that only the history knows."""
    directory = linking.whole_directory()
    keys = set()
    for draft in drafts:
        folder = pages[draft.path].folder
        for name, line in draft.held.links:
            report.links += 1
            place = None if name.startswith("#") else directory.find(folder, name)
            if name.startswith("#") or place:
                report.links_resolved += 1
                report.links_recovered += bool(place and place.path.lower() in renamed)
            else:
                report.links_broken += 1
                report.warn(draft.file, line, f"[[{name}]] leads to no page.")
            if not name.startswith("#"):
                keys.add(linking.key_of(name))
    linking.settle(keys)
