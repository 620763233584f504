"""Taking over a Gollum wiki from a folder, without losing a line in silence.

Everything is read and rendered first, the rendering in a process of its own, because what people wrote has been seen
to end one; then all of it is stored in one transaction, or nothing.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower

from members.models import Club
from wiki import editing
from wiki.importing import reading, storing
from wiki.importing.reading import Draft, Refused
from wiki.importing.report import Report, lines
from wiki.models import Attachment, BibEntry

__all__ = ["Refused", "Report", "import_wiki", "lines"]


class _Rehearsed(Exception):
    """Ends the transaction of a dry run."""


def import_wiki(folder: Path, *, now: datetime, is_rehearsal: bool = False, by: Any = None) -> Report:
    """Import the wiki in `folder`; with `is_rehearsal` everything is done and then undone."""
    report = Report()
    files = reading.files_in(folder)
    drafts = reading.drafts_from(files, report)
    moved = reading.redirects_from(files, report)
    bibliographies = reading.bibliographies_from(files, report)
    known = {entry.key.lower() for entries in bibliographies.values() for entry in entries}
    known |= set(BibEntry.objects.annotate(lower=Lower("key")).values_list("lower", flat=True))
    pictures = {file.path: file for file in files if file.suffix in reading.PICTURES}
    known_pictures = {*pictures, *Attachment.objects.exclude(path="").values_list("path", flat=True)}
    reading.anatomies(
        drafts,
        report,
        keys=frozenset(known),
        pictures=frozenset(known_pictures),
        macros=Club.current().tex_macros,
    )
    reading.mention_others(files, report)
    try:
        with transaction.atomic():
            storing.store_papers(bibliographies, report, now=now)
            storing.store_pictures(pictures.values(), report, now=now, by=by, is_rehearsal=is_rehearsal)
            pages = storing.store_pages(drafts, report, now=now, by=by)
            storing.store_redirects(moved, report, now=now)
            storing.store_links(drafts, pages, report)
            editing.learn_all()
            if is_rehearsal:
                raise _Rehearsed
    except _Rehearsed:
        pass
    _count(drafts, report)
    return report


def _count(drafts: list[Draft], report: Report) -> None:
    report.pages = len(drafts)
    for draft in drafts:
        held = draft.held
        report.formulas += held.formulas
        report.formulas_failed += held.formulas_failed
        report.citations += len(held.citations)
        report.citations_resolved += sum(found for _, found, _ in held.citations)
        report.images_missing += len(held.missing_images)
        for name, line in held.missing_images:
            report.warn(draft.file, line, f"The picture {name} is missing.")
        for key, found, line in held.citations:
            if not found:
                report.warn(draft.file, line, f"No bibliography has the key @{key}.")
        for words, line in held.warnings:
            report.warn(draft.file, line, words)
