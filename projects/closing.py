"""What an initiative leaves behind in the library: a page of what it was, what came of it, and what one would do again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.text import get_text_list

from members import audit, ledger, standing
from members.models import User
from mlclub.refusal import Refused
from projects.models import Initiative, NothingLeft, Role
from projects.notifications import PageAsked
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
        & Q(nothing_left=None)
    )


def asks(initiative: Initiative) -> bool:
    """Whether its page is asked for on its own page."""
    return (
        initiative.is_over
        and initiative.visibility != Initiative.Visibility.TEAM
        and (initiative.page is None or initiative.page.trashed_at is not None)
        and not hasattr(initiative, "nothing_left")
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
    NothingLeft.objects.filter(
        initiative=locked
    ).delete()  # whoever writes one after all has something to keep
    audit.record(by, "project-left-page", locked, after=left.path)
    initiative.page = left
    return left


@transaction.atomic
def keep_nothing(initiative: Initiative, reason: str, *, by: User, now: datetime) -> NothingLeft:
    """Write down that there is nothing to keep, and why; it is not asked for any more. Of two clicks the first counts.
    Raises Refused while the initiative goes on, without a reason, and where there is a page."""
    locked = Initiative.objects.select_for_update(of=("self",)).select_related("page").get(pk=initiative.pk)
    if not locked.is_over:
        raise Refused("It still goes on. What it leaves is asked when it is done.")
    if locked.page is not None and locked.page.trashed_at is None:
        raise Refused("There is a page of it already.")
    if not reason.strip():
        raise Refused("Say why there is nothing to keep, for those who look for it later.")
    said, is_new = NothingLeft.objects.get_or_create(
        initiative=locked, defaults={"reason": reason.strip()[:300], "said_by": by, "at": now}
    )
    if is_new:
        audit.record(by, "project-left-nothing", locked, after=said.reason)
    return said


@transaction.atomic
def ask(initiative: Initiative, *, by: User, now: datetime) -> list[User]:
    """Ask those who led it last for its page, by mail; whom. Asked twice within a week they get one mail. Raises
    Refused where none is missing, and where nobody who led it is still here."""
    if not without_page(standing.today(now)).filter(pk=initiative.pk).exists():
        raise Refused("Its page is not asked for any more. Look at the list again.")
    here = User.objects.still_here(standing.today(now))
    leads = initiative.roles.filter(kind=Role.Kind.LEAD, person__in=here).order_by("-term__starts_on", "pk")
    rows = list(leads.select_related("person", "term"))
    people = list({row.person: None for row in rows if row.term_id == rows[0].term_id})
    if not people:
        raise Refused("Nobody who led it is still here. Somebody else can begin its page.")
    year, week, _ = standing.today(now).isocalendar()
    for person in people:
        ledger.tell(PageAsked, person, about=initiative, slot=f"{year}-W{week:02}", now=now)
    audit.record(by, "project-page-asked", initiative, after=", ".join(person.handle for person in people))
    return people


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
