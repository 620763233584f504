"""What people have to do with a paper: marks of how far they are, and short notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count

from members.audit import record
from members.models import User
from mlclub.refusal import Refused
from wiki.models import Paper, PaperNote, ReadMark

#: So many readers are named on a paper's page.
NAMED = 40


def mark(paper: Paper, person: User, state: str, *, shows_name: bool, now: datetime) -> None:
    """Say how far somebody is with a paper; an empty state takes the mark away. A second click changes nothing."""
    if not state:
        ReadMark.objects.filter(paper=paper, person=person).delete()
        return
    if state not in ReadMark.State.values:
        raise Refused("Say whether you want to read it, read it, or have read it.")
    row, is_new = ReadMark.objects.get_or_create(
        paper=paper,
        person=person,
        defaults={"state": state, "shows_name": shows_name, "marked_at": now},
    )
    if not is_new and (row.state, row.shows_name) != (state, shows_name):
        if row.state != state:
            row.marked_at = now
        row.state, row.shows_name = state, shows_name
        row.save(update_fields=["state", "shows_name", "marked_at"])


@dataclass
class Readers:
    """Who has to do with a paper: how many in each state, those who show their name, and one's own mark."""

    counts: dict[str, int]
    shown: list[ReadMark]
    mine: ReadMark | None


def readers(paper: Paper, user: Any) -> Readers:
    """What all marks of a paper come to; one query."""
    found = Readers(dict.fromkeys(ReadMark.State.values, 0), [], None)
    for mark in paper.marks.select_related("person"):
        found.counts[mark.state] += 1
        if mark.person_id == user.pk:
            found.mine = mark
        if (
            mark.shows_name
            and mark.state != ReadMark.State.WANT
            and mark.person.is_active
            and len(found.shown) < NAMED
        ):
            found.shown.append(mark)
    return found


def states_of(person: Any, papers: Iterable[Paper]) -> dict[int, str]:
    """{paper's key: state} of what somebody marked among these."""
    if not person.is_authenticated:
        return {}
    rows = ReadMark.objects.filter(person=person, paper__in=[paper.pk for paper in papers])
    return dict(rows.values_list("paper", "state"))


def progress(person: Any, lists: Iterable[int]) -> dict[int, int]:
    """{list's key: how many of its papers somebody has read}."""
    if not person.is_authenticated:
        return {}
    rows = (
        ReadMark.objects.filter(person=person, state=ReadMark.State.READ, paper__placements__list__in=lists)
        .order_by()
        .values_list("paper__placements__list")
        .annotate(times=Count("paper", distinct=True))
    )
    return dict(rows)


# ── Notes ──


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise Refused("Write a few words.")
    if len(text) > PaperNote.LONGEST:
        raise Refused(
            f"A note has {PaperNote.LONGEST:,} characters at most; this one has {len(text):,}. "
            "Longer thoughts are a page of the wiki that cites the paper."
        )
    return text


@transaction.atomic
def write(paper: Paper, author: User, text: str, *, now: datetime) -> PaperNote:
    """A new note. The same words by the same author are the first click's."""
    text = _checked(text)
    Paper.objects.select_for_update(no_key=True).filter(pk=paper.pk).exists()
    twin = PaperNote.objects.filter(paper=paper, author=author, text=text).first()
    return twin or PaperNote.objects.create(paper=paper, author=author, text=text, written_at=now)


def change(note: PaperNote, text: str, *, now: datetime) -> None:
    """Other words for a note of one's own. What a keeper hid stays hidden."""
    text = _checked(text)
    if text != note.text:
        PaperNote.objects.filter(pk=note.pk).update(text=text, changed_at=now)


@transaction.atomic
def hide(note: PaperNote, *, by: User, now: datetime) -> bool:
    """Take a note out of sight of all but its author and keepers, or bring it back. Whether it is hidden now."""
    locked = PaperNote.objects.select_for_update().get(pk=note.pk)
    locked.hidden_at = None if locked.hidden_at else now
    locked.save(update_fields=["hidden_at"])
    record(by, "wiki.note-hidden" if locked.hidden_at else "wiki.note-shown", locked)
    return locked.hidden_at is not None


def seen(paper: Paper, user: Any) -> list[PaperNote]:
    """The notes on a paper that `user` may see, the oldest first."""
    return list(PaperNote.objects.visible_to(user).filter(paper=paper).select_related("author")[:100])
