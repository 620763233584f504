"""What an initiative leaves behind in the library: a page of what it was, what came of it, and what one would do again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.text import get_text_list

from members import audit
from members.models import User
from mlclub.refusal import Refused
from projects.models import Initiative, Role
from wiki import prefilled
from wiki.models import Page

FOLDER = "Projects"
#: A project that has been over for longer is no longer asked.
ASKED_FOR = timedelta(days=180)

#: What a page holds for search, and a project never shows.
HEAVY = tuple(f"page__{name}" for name in ("search", "names_search", "plain_text", "headings"))

TEXT = """{what}

{kind}, {span}. {team}

## What came of it

{outcome}

## What we would do again

-

## What we would do differently

-

## Where to go on

Updates and outputs stand on [its page]({url}).
"""


def without_page(today: date) -> Any:
    """Initiatives that are over, not long ago, and have left no page; what only its team may see is not asked for one."""
    return Initiative.objects.filter(
        is_left_without_page(today),
    )


def is_left_without_page(today: date) -> Q:
    return (
        Q(state__in=[Initiative.State.DONE, Initiative.State.ARCHIVED], ended_on__gte=today - ASKED_FOR)
        & (Q(page=None) | ~Q(page__trashed_at=None))
        & ~Q(visibility=Initiative.Visibility.TEAM)
    )


def asks(initiative: Initiative) -> bool:
    """Whether its page is asked for on its own page."""
    return (
        initiative.is_over
        and initiative.visibility != Initiative.Visibility.TEAM
        and (initiative.page is None or initiative.page.trashed_at is not None)
    )


@transaction.atomic
def leave(initiative: Initiative, *, by: User, now: datetime, page: Page | None = None) -> Page:
    """Begin the page that an initiative leaves, filled with what is known of it, or take `page`, which somebody has
    written. Two who click at once get one page. Raises Refused while the initiative goes on, or for a private one."""
    locked = Initiative.objects.select_for_update(of=("self",)).get(pk=initiative.pk)
    if locked.page is not None and locked.page.trashed_at is None and page is None:
        return locked.page
    if not locked.is_over:
        raise Refused("It still goes on. Its page is asked for when it is done.")
    if locked.visibility == Initiative.Visibility.TEAM:
        raise Refused("Only its team may know of it, and the library is read by all members.")
    left = page or prefilled.begin(FOLDER, locked.name, text_of(locked), by=by, now=now)
    Initiative.objects.filter(pk=locked.pk).update(page=left)
    audit.record(by, "project-left-page", locked, after=left.path)
    initiative.page = left
    return left


def text_of(initiative: Initiative) -> str:
    """What the initiative says of itself, who was in it, and its outputs."""
    people = dict.fromkeys(
        role.person.display_name
        for role in initiative.roles.leads_first().select_related("person")
        if role.kind in (Role.Kind.LEAD, Role.Kind.CONTRIBUTOR, Role.Kind.MENTOR, Role.Kind.ADVISOR)
    )
    names = get_text_list([prefilled.as_text(name) for name in people], "and")
    days = [date_format(day, "j F Y") for day in (initiative.started_on, initiative.ended_on) if day]
    what = [f"**What it was.** {prefilled.as_text(initiative.summary)}", initiative.description.strip()]
    outputs = [
        f"- {output.get_kind_display()}: "
        + (
            f"[{prefilled.as_text(output.title)}]({output.url})"
            if output.url
            else prefilled.as_text(output.title)
        )
        for output in initiative.outputs.all()
    ]
    outcome = [initiative.outcome.strip() or "In a paragraph.", "\n".join(outputs)]
    return TEXT.format(
        what="\n\n".join(filter(None, what)),
        kind=initiative.get_kind_display(),
        span=" to ".join(days) or "without dates",
        team=f"By {names}." if names else "",
        outcome="\n\n".join(filter(None, outcome)),
        url=initiative.get_absolute_url(),
    )
