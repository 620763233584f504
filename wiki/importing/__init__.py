"""Taking over a Gollum wiki from a folder or a repository of git, without losing a line in silence.

Everything is read and rendered first, the rendering in a process of its own, because what people wrote has been seen
to end one; then all of it is stored in one transaction, or nothing.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from members.models import Club
from wiki import paths, proposing, vocabulary
from wiki.exporting.bibliographies import OTHERS
from wiki.exporting.names import BOOK
from wiki.importing import exported_posts, history, keeping, library, originals, reading, storing
from wiki.importing.reading import Draft, Refused
from wiki.importing.report import Report, lines
from wiki.models import Attachment, Page

__all__ = ["Refused", "Report", "import_wiki", "lines"]


def import_wiki(
    folder: Path, *, now: datetime, is_rehearsal: bool = False, by: Any = None, with_history: bool = True
) -> Report:
    """Import the wiki in `folder`; with `is_rehearsal` everything is done and then undone.

    From a repository every commit becomes a version of its page, deleted pages come into the trash, and pictures that
    were deleted later are found again; without `with_history` only the files of the folder count.
    """
    report = Report()
    past = history.read(folder, report) if with_history and history.is_repository(folder) else None
    files = past.files if past else reading.files_in(folder)
    is_ours = any(file.path == BOOK for file in files)
    if is_ours and not past:
        files = reading.called_as_pages(files)
    drafts = reading.drafts_from(files, report, is_ours=is_ours)
    moved = reading.redirects_from(files, report)
    remembered = _remembered(past, drafts, report) if past else []
    renamed = keeping.moves_of(remembered)
    bibliographies = reading.bibliographies_from(files, report)
    uncited = bibliographies.pop(OTHERS, []) if is_ours else []
    lists = library.lists_in(files, report) if is_ours else []
    posts = exported_posts.posts_in(files, past.posts if past else [], report) if is_ours else []
    pictures = {file.path: file for file in files if file.suffix in reading.PICTURES}
    for file in past.lost_pictures if past else ():
        pictures.setdefault(file.path, file)
    known_pictures = {*pictures, *Attachment.objects.exclude(path="").values_list("path", flat=True)}
    thrown_away = [each.draft for each in remembered if each.track.gone_at]
    reading.anatomies(
        [*drafts, *thrown_away, *(post.draft for post in posts)],
        report,
        keys=storing.known_keys(bibliographies) | library.keys_in(files, uncited),
        pictures=frozenset(known_pictures),
        macros=Club.current().tex_macros,
    )
    reading.mention_others(files, report)
    since = Page.objects.aggregate(last=Max("pk"))["last"] or 0
    with transaction.atomic():
        storing.store_papers(bibliographies, report, now=now)
        others = library.store_papers(uncited, now=now)
        if is_ours:
            library.store_names(files, others, report, now=now)
        storing.store_pictures(
            pictures.values(), report, now=now, by=by, is_rehearsal=is_rehearsal, is_ours=is_ours
        )
        for draft in drafts:
            originals.keep(
                draft.held.embeds, report, file=draft.file, now=now, by=by, is_rehearsal=is_rehearsal
            )
        if past:
            pages = keeping.store(remembered, report)
        else:
            pages = storing.store_pages(drafts, report, now=now, by=by)
        storing.store_redirects(moved, report, now=now)
        if is_ours:
            library.store_settings(files, pages, report, since=since)
            library.store_lists(lists, others, report, now=now)
            exported_posts.store_posts(posts, report, now=now)
        else:  # an export says itself which old paths still lead to a page
            storing.store_moves(renamed, now=now)
        storing.store_links(drafts, pages, report, renamed={old.lower() for old, _ in renamed})
        report.requirements_proposed = proposing.propose(
            {pages[draft.path].pk: draft.text for draft in drafts if draft.path in pages}, now=now
        )
        vocabulary.count_all()
        if is_rehearsal:
            transaction.set_rollback(True)
    reading.count(drafts, report)
    shown = {name for draft in drafts for name in draft.held.images}
    report.images_recovered = sum(file.path in shown for file in past.lost_pictures) if past else 0
    return report


def _remembered(past: history.History, drafts: list[Draft], report: Report) -> list[keeping.Remembered]:
    """The pages of the newest commit and those that were deleted, each with what the repository knows of it."""
    found = [keeping.Remembered(draft, past.tracks[draft.file]) for draft in drafts]
    taken = {draft.path.lower() for draft in drafts}
    for track in past.gone:
        path = reading.allowed_path(track.file)
        if path.lower() in taken:
            path = f"{path[: paths.LONGEST - 10]} (earlier)"
        if path.lower() in taken:
            report.drop(track.file, 0, "A deleted page whose name another one has; left out.")
            continue
        taken.add(path.lower())
        text = reading.decoded(track.file, track.states[-1].content, Report())
        found.append(keeping.Remembered(Draft(track.file, path, text), track))
    return found
