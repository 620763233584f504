"""Writing pages: creating, saving, bringing back, moving, trashing. Nobody's edit is lost, and no click counts twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Lower

from members.audit import record
from members.models import Club
from mlclub import locks
from wiki import (
    citing,
    diffs,
    linking,
    merging,
    moving,
    naming,
    paths,
    pictures,
    proposing,
    starters,
    vocabulary,
)
from wiki.models import Attachment, Link, Move, Page, Passage, Redirect, Revision
from wiki.rendering import Anatomy, anatomy, bibliography_of, pictures_in
from wiki.saving import Saved

LONGEST_TEXT = 250_000


class Conflict(Exception):
    """Somebody else saved since the author began, and changed the same words. Holds the revision that is newest now,
    and both texts in one draft where each stands beside the other."""

    def __init__(self, head: Revision, draft: str) -> None:
        super().__init__(f"Revision {head.number} came first.")
        self.head = head
        self.draft = draft


class PathTaken(Exception):
    """There is already something at this path."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.path)
        self.page = page


def as_written(text: str) -> str:
    """A text as a browser sends it, with the line ends and the last line that a file has."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return text.rstrip() + "\n" if text.strip() else ""


def page_at(path: str) -> Page | None:
    """The page at `path`, whatever its case, in the trash or not."""
    return Page.objects.annotate(lower=Lower("path")).filter(lower=path.lower()).first()


@transaction.atomic
def create(
    *,
    path: str,
    text: str,
    author: Any,
    now: datetime,
    summary: str = "",
    author_name: str = "",
    source: str = Revision.Source.WEB,
    held: Anatomy | None = None,
) -> Page:
    """Write a new page. A second click of the same person gets the page that the first one made."""
    paths.validate_path(path)
    _lock_path(path)
    there = page_at(path)
    if there is not None:
        if (
            there.trashed_at is None
            and there.head
            and (there.text, there.head.author) == (text, author)
            and author
        ):
            return there
        raise PathTaken(there)
    page = begin(path, now=now, owner=author)
    _append(
        page,
        text,
        number=1,
        base=0,
        author=author,
        author_name=author_name,
        summary=summary,
        source=source,
        now=now,
        held=held,
    )
    linking.settle(linking.keys_of(path))
    return page


def begin(path: str, *, now: datetime, owner: Any = None, trashed_at: datetime | None = None) -> Page:
    """The row of a page that has no text yet; a redirect at its path goes. The caller gives it a revision."""
    Redirect.objects.annotate(lower=Lower("path")).filter(lower=path.lower()).delete()
    return Page.objects.create(
        path=path,
        key=paths.key(paths.segments_of(path)[1]),
        title=paths.title_of(path),
        created_at=now,
        content_at=now,
        owner=owner,
        trashed_at=trashed_at,
    )


@transaction.atomic
def save(
    page: Page,
    text: str,
    *,
    base: int,
    author: Any,
    now: datetime,
    summary: str = "",
    author_name: str = "",
    source: str = Revision.Source.WEB,
    held: Anatomy | None = None,
) -> Saved[Revision]:
    """Make `text` the newest revision. If somebody saved since the author began from `base`, both changes are brought
    together; raises Conflict where they contradict each other.

    A double click gets the revision of the first click. A text that changes nothing makes no revision.
    """
    locked = Page.objects.select_for_update(of=("self",)).get(pk=page.pk)
    head = Revision.objects.select_related("author").get(headed_page=locked)
    if head.text == text:
        return Saved(head, is_new=False)
    if head.number != base:
        twin = locked.revisions.filter(base_number=base, author=author, text=text).first() if author else None
        if twin is not None:
            return Saved(twin, is_new=False)
        if source not in (Revision.Source.WEB, Revision.Source.SUGGESTION):
            raise Conflict(head, text)
        return _save_merged(
            page,
            locked,
            head,
            text,
            base=base,
            author=author,
            author_name=author_name,
            now=now,
            summary=summary,
        )
    revision = _append(
        locked,
        text,
        number=base + 1,
        base=base,
        author=author,
        author_name=author_name,
        summary=summary,
        source=source,
        now=now,
        held=held,
    )
    page.refresh_from_db()
    return Saved(revision, is_new=True)


def _save_merged(
    page: Page,
    locked: Page,
    head: Revision,
    text: str,
    *,
    base: int,
    author: Any,
    author_name: str,
    now: datetime,
    summary: str,
) -> Saved[Revision]:
    """Bring a text together with what others saved since its author began. Raises Conflict."""
    began = locked.revisions.filter(number=base).first()
    merged = merging.merge(began.text if began else "", text, head.text)
    if began is None or not merged.is_clean or len(merged.text) > LONGEST_TEXT:
        raise Conflict(head, merged.text)
    if merged.text == head.text:
        return Saved(head, is_new=False)
    others = tuple(locked.revisions.filter(number__gt=base).select_related("author").order_by("number"))
    revision = _append(
        locked,
        merged.text,
        number=head.number + 1,
        base=base,
        author=author,
        author_name=author_name,
        summary=summary,
        source=Revision.Source.MERGE,
        now=now,
        held=None,
    )
    page.refresh_from_db()
    return Saved(revision, is_new=True, merged_with=others)


def revert(page: Page, revision: Revision, *, base: int, author: Any, now: datetime) -> Saved[Revision]:
    """Bring back the text of an earlier revision as a new one."""
    return save(
        page,
        revision.text,
        base=base,
        author=author,
        now=now,
        summary=f"Brought back version {revision.number}",
        source=Revision.Source.REVERT,
    )


@transaction.atomic
def rename(page: Page, path: str, *, by: Any, now: datetime) -> Move | None:
    """Move a page. Its old path leads to it from then on, and no link to it breaks. None when it is there already.
    Raises PathTaken, and Refused where somebody else moves it at the same moment."""
    paths.validate_path(path)
    _lock_path(path)
    locked = Page.objects.get(pk=page.pk)
    if locked.path == path:
        return None
    there = page_at(path)
    if there is not None and there.pk != page.pk:
        raise PathTaken(there)
    step = moving.Step(locked, locked.path, path)
    moved = moving.carry_out([step], before=locked.path, after=path, by=by, now=now)
    page.refresh_from_db()
    return moved


@transaction.atomic
def trash(page: Page, *, by: Any, now: datetime) -> bool:
    """Move a page to the trash; links to it turn red. False when it was there already."""
    won = Page.objects.filter(pk=page.pk, trashed_at=None).update(trashed_at=now, trashed_by=by)
    if won:
        Passage.objects.create(page=page, before=page.path, by=by, at=now)
        vocabulary.count(fewer=vocabulary.words_of(Page.objects.get(pk=page.pk)))
        record(by, "wiki.page-trashed", page, before=page.path)
        linking.settle(_all_keys(page))
    return bool(won)


@transaction.atomic
def restore(page: Page, *, by: Any, now: datetime) -> bool:
    """Take a page out of the trash again. False when it was not there."""
    won = Page.objects.filter(pk=page.pk).exclude(trashed_at=None).update(trashed_at=None, trashed_by=None)
    if won:
        Passage.objects.create(page=page, after=page.path, by=by, at=now)
        vocabulary.count(more=vocabulary.words_of(Page.objects.get(pk=page.pk)))
        record(by, "wiki.page-restored", page, after=page.path)
        linking.settle(_all_keys(page))
    return bool(won)


def _all_keys(page: Page) -> set[str]:
    return {*linking.keys_of(page.path), *page.redirects.values_list("key", flat=True)}


def _lock_path(path: str) -> None:
    """Two people who make the same page at the same moment wait for each other; the constraint is the last word."""
    locks.hold(f"wiki:{path.lower()}")


def _append(
    page: Page,
    text: str,
    *,
    number: int,
    base: int,
    author: Any,
    author_name: str,
    summary: str,
    source: str,
    now: datetime,
    held: Anatomy | None,
) -> Revision:
    """Add a revision to a page whose row is locked, and bring the columns that follow from the text up to date."""
    before = page.text if number > 1 else ""
    added, removed = diffs.size(before, text)
    revision = Revision.objects.create(
        page=page,
        number=number,
        base_number=base,
        text=text,
        summary=summary,
        source=source,
        author=author,
        author_name=author_name,
        at=now,
        added=added,
        removed=removed,
    )
    page.head = revision
    page.content_at = now
    keep_in_step(page, held or anatomy(text, folder=page.folder, macros=Club.current().tex_macros))
    if source != Revision.Source.IMPORT:  # an import proposes when all its pages are here
        proposing.propose({page.pk: text}, now=now)
    return revision


def keep_in_step(page: Page, held: Anatomy, *, learns_words: bool = True) -> None:
    """Store what follows from the text: columns for search, links, pictures, and the words it brings."""
    known = vocabulary.words_of(page) if page.head and page.head.number > 1 else set()
    follow(page, held)
    page.dead_pictures = pictures.missing(page, held)
    page.save(
        update_fields=["head", "content_at", "aliases", "names", "headings", "plain_text", "dead_pictures"]
    )
    _keep_links(page, held)
    citing.keep(page, held.cited, bibliography_of(page.text))
    shown = pictures_in(page.text) | {embed.sha for embed in held.embeds}
    page.attachments.set(Attachment.objects.filter(sha256__in=shown))
    if learns_words:
        vocabulary.count(more=vocabulary.words_of(page), fewer=known)


def follow(page: Page, held: Anatomy) -> None:
    """Set the columns that follow from the text, without saving."""
    page.aliases = held.alias if held.alias and paths.key(held.alias) != paths.key(page.title) else ""
    page.names = paths.names_of(
        page.title, [*page.aliases.splitlines(), *naming.names_of(page.title, held.defined)]
    )
    page.headings, page.plain_text = held.search_columns


def _keep_links(page: Page, held: Anatomy) -> None:
    # What a template for new pages names is no wish of the library's.
    links = () if page.path.startswith(f"{starters.FOLDER}/") else held.links
    names = dict.fromkeys(name for name, _ in links if not name.startswith("#") and len(name) <= 500)
    page.links.exclude(name__in=names).delete()
    directory = linking.directory_for((page.folder, name) for name in names)
    rows = []
    for name in names:
        place = directory.find(page.folder, name)
        rows.append(
            Link(source=page, name=name, key=linking.key_of(name), target_id=place.page if place else None)
        )
    Link.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["source", "name"], update_fields=["target", "key"]
    )


def check_text(text: str) -> None:
    """Raises ValidationError for a text that no page can hold."""
    if len(text) > LONGEST_TEXT:
        raise ValidationError(
            f"The text is longer than {LONGEST_TEXT:,} characters. Split it into several pages that link to each other."
        )
