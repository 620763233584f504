"""The notes page of a paper talk: begun in one step with what is known of the talk, and linked from then on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.formats import date_format
from django.utils.text import get_text_list

from events.models import Claim
from members import audit, standing
from members.models import User
from mlclub.refusal import Refused
from nmep.models import PaperTalk
from wiki import prefilled
from wiki.models import BibEntry, Page

FOLDER = "Paper notes"

TEXT = """**Paper.** {paper}

Presented by {presenters}, {when}, in [{offering}]({offering_url}).{left}

## Summary

What it claims, in your own words, for somebody who has not read it.

## Analysis

What convinced you, what did not, and what they left out.

## Synthesis

What it changes for what the club does, and what one would try next.

## Asked in the room

-
"""


@transaction.atomic
def write(talk: PaperTalk, *, by: User, now: datetime) -> Page:
    """Begin the notes of a talk, or find those that somebody has begun; two presenters who click at once get one page.
    Raises Refused before the slot has a day, and for whoever may not write in the wiki."""
    if not by.standing.writes:
        raise Refused("The wiki is written by the club's members. Ask one of the leads to begin the page.")
    locked = PaperTalk.objects.select_for_update(of=("self",)).get(pk=talk.pk)
    if locked.notes is not None and locked.notes.trashed_at is None:
        return locked.notes
    page = prefilled.begin(FOLDER, talk.paper.title, text_of(talk), by=by, now=now)
    locked.notes = page
    locked.save(update_fields=["notes"])
    audit.record(by, "wiki.paper-notes-begun", page, after=talk.paper.title)
    return page


def text_of(talk: PaperTalk) -> str:
    """Paper, presenters, day, slides and recording; then what only the presenters can say."""
    claims = Claim.objects.filter(slot=talk.slot, state__in=[Claim.State.HELD, Claim.State.DONE])
    names = [
        claim.person.display_name for claim in claims.select_related("person").order_by("claimed_at", "pk")
    ]
    begins = talk.slot.begins_at
    day = date_format(standing.today(begins), "j F Y") if begins else "on a day to come"
    return TEXT.format(
        paper=_paper(talk),
        presenters=get_text_list([prefilled.as_text(name) for name in names], "and") or "nobody yet",
        when=day,
        offering=prefilled.as_text(str(talk.offering)),
        offering_url=talk.offering.get_absolute_url(),
        left=_left(talk),
    )


def _paper(talk: PaperTalk) -> str:
    paper = talk.paper
    title = f"[{prefilled.as_text(paper.title)}]({paper.get_absolute_url()})"
    entry = BibEntry.objects.filter(paper=paper).order_by("pk").first()
    if entry is not None:
        return f"{title}, @{entry.key}"
    return f"{title}, {paper.address}" if paper.address else title


def _left(talk: PaperTalk) -> str:
    """Where slides and recording are, for whoever may see them; their page asks who does."""
    if talk.slot.event is None:
        return ""
    return f" Slides and recording stand with [its class]({talk.slot.event.get_absolute_url()})."
