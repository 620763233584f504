"""One work under two numbers: its two rows become one, and nothing that hangs on either is lost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.forms import model_to_dict

from members.audit import record
from mlclub import gather
from mlclub.refusal import Refused
from wiki import citing
from wiki.models import FormerPaper, OtherKey, Paper, PaperLookup, ReadMark

#: What the row that stays takes from the other where it says nothing itself.
_TAKEN = ("authors_text", "year", "venue", "short_name", "arxiv_id", "doi", "url", "bibtex", "abstract")
#: As long as the note of a place may be.
LONGEST_NOTE = 300
#: How far somebody is, where both rows were marked.
_FAR = [ReadMark.State.WANT, ReadMark.State.READING, ReadMark.State.READ]


@transaction.atomic
def merge(gone: Paper, *, into: Paper, by: Any, now: datetime) -> Paper:
    """Move everything of `gone` over to `into`; its address, numbers and key lead there from then on.

    A second click finds it done. Raises Refused for a paper with itself.
    """
    if gone.pk == into.pk:
        raise Refused("That is the same paper.")
    rows = {
        row.pk: row
        for row in Paper.objects.select_for_update()
        .filter(pk__in=[gone.pk, into.pk])
        .order_by("pk")
        .defer("search")
    }
    if gone.pk not in rows and FormerPaper.objects.filter(number=gone.pk, paper=into.pk).exists():
        return into
    if len(rows) < 2:
        raise Refused("One of the two is no longer there. Look at the page again.")
    kept, gone = rows[into.pk], rows[gone.pk]
    said = model_to_dict(gone)
    _move_marks(kept, gone)
    _move_places(kept, gone)
    gone.notes.update(paper=kept)
    gone.citings.update(paper=kept)
    gone.entries.update(paper=kept)
    gone.other_keys.update(paper=kept)
    for post in gone.posts.all():
        post.papers.add(kept)
        post.papers.remove(gone)
    gone.former.update(paper=kept)
    if not PaperLookup.objects.filter(paper=kept).exists():
        PaperLookup.objects.filter(paper=gone).update(paper=kept)
    for _ in gather.each("paper_merged", kept, gone):
        pass
    FormerPaper.objects.create(
        number=gone.pk,
        paper=kept,
        arxiv_id=gone.arxiv_id,
        doi=gone.doi,
        url=gone.url,
        said=said,
        merged_at=now,
    )
    number, key = gone.pk, gone.key
    gone.delete()
    if kept.is_untitled and not gone.is_untitled:
        kept.title, kept.is_untitled = gone.title, False
    for name in _TAKEN:
        setattr(kept, name, getattr(kept, name) or getattr(gone, name))
    kept.save()
    if key:
        OtherKey.objects.create(key=key, paper=kept)
    record(by, "wiki.paper-merged", kept, before=number, after=kept.pk)
    citing.settle([kept.key])
    return kept


def _move_marks(kept: Paper, gone: Paper) -> None:
    there = {mark.person_id: mark for mark in kept.marks.all()}
    for mark in gone.marks.all():
        known = there.get(mark.person_id)
        if known is None:
            mark.paper = kept
            mark.save(update_fields=["paper"])
        elif _FAR.index(ReadMark.State(mark.state)) > _FAR.index(ReadMark.State(known.state)):
            known.state, known.marked_at = mark.state, mark.marked_at
            # The name shows only where it was allowed both times.
            known.shows_name = known.shows_name and mark.shows_name
            known.save(update_fields=["state", "marked_at", "shows_name"])


def _move_places(kept: Paper, gone: Paper) -> None:
    """Places of `gone`; where both stand under one topic, one stays with the words and the weight of both."""
    there = {(place.list_id, place.topic_id): place for place in kept.placements.all()}
    for place in gone.placements.all():
        known = there.get((place.list_id, place.topic_id))
        if known is None:
            place.paper = kept
            place.save(update_fields=["paper"])
            continue
        if place.relevance is not None:
            known.relevance = max(place.relevance, known.relevance or 0)
        notes = dict.fromkeys(filter(None, [known.note, place.note]))
        if len(" ".join(notes)) <= LONGEST_NOTE:
            known.note = " ".join(notes)
        known.is_automatic = known.is_automatic and place.is_automatic
        known.is_for_members = known.is_for_members and place.is_for_members
        known.save(update_fields=["relevance", "note", "is_automatic", "is_for_members"])
        place.delete()


def twins_of(paper: Paper, *, limit: int = 5) -> list[Paper]:
    """Papers that are probably the same work: the same title, whatever its capitals and marks."""
    if paper.is_untitled or len(paper.title) < 8:
        return []
    rows = Paper.objects.exclude(pk=paper.pk).filter(title__iexact=paper.title)
    return list(rows.only("title", "authors_text", "year", "key", "arxiv_id", "doi", "url")[:limit])
