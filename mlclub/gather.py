"""How pages that show something of every app ask every app, without anybody importing upwards.

`settings.GATHER` names one module of each app. A module may offer any of the functions below; whoever has
nothing to say leaves it out. Everything is limited to what `user` may see by the app that answers.

    home(user, now) -> list[Card]                      at most 2 queries an app
    desk(user, now) -> list[DeskItem]                  what needs attention; at most 2 queries an app
    digest(users, since, until) -> {pk: [Item]}        up to 200 people at a time, for the days from `since` on; news is
                                                       of NEWS before them
    digest_heading(users, since, until) -> {pk: Heading}  what a learner's digest says above everything else
    officer_digest(users, since, until) -> {pk: [Item]}   what moves in the club, for officers
    alumni_digest(users, since, until) -> {pk: [Item]}    what the club did since `since`, for alumni
    search(query, user, limit) -> list[Hit]
    searched_in_vain(query, user, now) -> None         nothing that `user` may find has all these words
    suggestion(query, user) -> str                     another way to write a query that found nothing
    subjects() -> list[Subject]                        tables whose rows are found by what they say, and their texts
    calendar(user, since, until) -> list[Occurrence]
    calendar_mark(user, since, until) -> Any           cheaper than calendar; changes whenever its answer does
    panels(obj, user) -> list[Panel]                   what a higher app knows of a lower one's object
    sheet_owner(sheet) -> Any                          who decides about a slot sheet of its own: `events.slot_access`
    contributions(person, viewer) -> list[Contribution]
    numbers(term) -> list[Figure]
    rollover(plan) -> list[str]
    personal_data(person) -> dict[str, Any]
    health(now) -> list[Health]
    front(now) -> list[FrontItem]                      public things for the front page
    stand(user, now) -> list[Stand]                    how somebody stands in what they take part in
    tick(now) -> None                                  housekeeping, once a minute; doing it again is harmless
    address_verified(user, email) -> None              somebody proved that `email` is theirs
    contact_erased(contact) -> None                    somebody outside is to be forgotten: empty what says who it was
    paper_filled(paper) -> None                        a paper that was known by its number alone has its title now
    paper_merged(kept, gone) -> None                   two rows of one work become one: what points to `gone` moves over
    papers_read(user, term, presenter) -> list[QuerySet]   rows of `paper` and `read_at`: papers that were presented where
                                                       `user` may know of it; in a term (slug), by a person (key)
    paper_presenters(user) -> list[tuple[int, str]]    who presented them, by key and name
    readings(papers, user) -> list[Reading]            when papers were, or will be, read together
    note_steps(notes, user) -> {pk: [Step]}            what may be made, or was made, of readers' notes on posts
    help_topics(event) -> list[str]                    what people at a party may want help with
    audiences(user, now, key) -> list[Audience]        groups that `user` may write to; with a key, that one or none
    office_permissions() -> {office: ["app.codename"]} the rights that offices carry ("*": every office)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, TypeVar

from django.conf import settings


class Section(StrEnum):
    """The four questions that `/home/` answers, in this order."""

    DUE = "due"
    NEXT = "next"
    NEW = "new"
    NEEDED = "needed"


@dataclass(frozen=True, kw_only=True)
class Card:
    """A row of `/home/`. `when` is an aware instant; `meta` are short texts between middle dots."""

    section: Section
    title: str
    url: str
    when: datetime | None = None
    meta: tuple[str, ...] = ()
    badge: str = ""
    tone: str = ""  # ok, warn, bad, info or empty
    icon: str = ""
    action: str = ""  # the words on the button; empty: the title is the only link
    action_url: str = ""
    # A POST button (with its fields) instead of a link.
    post: bool = False
    fields: tuple[tuple[str, str], ...] = ()
    is_primary: bool = False
    weight: int = 0  # higher comes first where `when` does not decide
    # Template for rows that need more than a button, given `card` and `card.data`.
    template: str = ""
    data: Any = None
    # The address of the row, told by another app, that this one stands for: see `once`.
    instead_of: str = ""


@dataclass(frozen=True, kw_only=True)
class DeskItem:
    """One line of what needs an officer: what, how many, and the link that mends it."""

    group: str
    title: str
    count: int
    url: str
    detail: str = ""
    action: str = "Open"
    tone: str = "warn"
    icon: str = "exclamation-triangle"
    # Stands above all the others as a sentence of its own, also while it counts nothing.
    is_first: bool = False


#: The headings of a digest's sections, in their order; others come after them.
FOR_YOU, THIS_WEEK, NEEDS_A_PERSON, MOVING = "For you", "This week", "Needs a person", "Moving"
NEW, THANKS = "New", "Thanks"
NUMBERS, PROJECTS, GRADUATED, HELP = "In numbers", "Projects", "Who graduated", "One way to help this month"

#: The news of a digest begins so long before the Monday it looks forward to: at the hour of the digest before it.
NEWS = timedelta(days=7, hours=5)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line of a digest. `section` is a heading such as FOR_YOU, `detail` stands smaller under `text`.

    In front of it stands `when`, or where there is none `lead`: "4 days". The heavier comes first, and stays where
    there is not room for all.
    """

    section: str
    text: str
    url: str = ""
    action: str = ""
    when: datetime | None = None
    weight: int = 0
    detail: str = ""
    lead: str = ""
    # Items that are only told when there is something else to say (they alone make no mail).
    is_filler: bool = False
    # What the person takes part in or follows: in a break of the term only this makes a mail.
    is_own: bool = False


@dataclass(frozen=True, kw_only=True)
class Heading:
    """How a learner's digest begins: "New-member programme, week 7 of 11". Without a class in the week, no `week`."""

    text: str
    week: int | None = None
    weeks: int = 0


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One search result. `headline` is safe HTML with <mark>; `rank` is comparable between apps (0 to 1)."""

    kind: str
    title: str
    url: str
    headline: str = ""
    rank: float = 0.0
    meta: tuple[str, ...] = ()
    # The address of the hit, told by another app, that this one stands for: see `once`.
    instead_of: str = ""


Row = TypeVar("Row", Card, Hit)


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One entry of somebody's calendar; `uid` never changes, `sequence` rises with the schedule."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    url: str = ""
    place: str = ""
    description: str = ""
    sequence: int = 0
    updated_at: datetime | None = None
    is_cancelled: bool = False


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A fragment on another app's page: a title and a template with its context."""

    title: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """Something a person gave: taught, reviewed, wrote, hosted."""

    verb: str
    title: str
    url: str
    on: datetime


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number of a term, with what it counts."""

    name: str
    value: float
    n: int
    definition: str


@dataclass(frozen=True, kw_only=True)
class Health:
    """One part of `/healthz/ready/`."""

    name: str
    is_ok: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class FrontItem:
    """Something public for the front page. `kind` is event, number, project or post."""

    kind: str
    title: str
    url: str
    when: datetime | None = None
    meta: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Audience:
    """A group that somebody may write to. `why` completes "You get this mail …"."""

    key: str  # e.g. "events.event:7:going"; at most 120 characters
    label: str
    why: str
    section: str = ""  # the heading under which it is offered
    kind: str = "announcement"  # the kind of mail, which its readers may switch off
    people: Any = None  # a queryset of accounts
    addresses: tuple[str, ...] = ()  # of people without an account


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A line of "How you stand": the same words that staff see. `ticks` are past occasions: y (met), n (missed), e (excused)."""

    label: str
    text: str
    detail: str = ""
    tone: str = ""
    url: str = ""
    ticks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One time that a paper is presented: `url` leads to it, `left` are (title, address) of notes and recordings."""

    paper: int
    on: datetime
    title: str
    url: str
    presenters: tuple[str, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    is_over: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that may be done with a thing of another app, or what was done (`is_done`) and where it is."""

    label: str
    url: str
    is_done: bool = False


@lru_cache
def modules() -> tuple[ModuleType, ...]:
    """The gathered modules in the order of the floors, lowest first."""
    return tuple(import_module(name) for name in settings.GATHER if find_spec(name))


def offers(function: str) -> Iterator[Callable[..., Any]]:
    """`function` of every app that offers it; the others are passed over."""
    for module in modules():
        offer = getattr(module, function, None)
        if offer is not None:
            yield offer


def each(function: str, *args: Any) -> Iterator[Any]:
    """Yield what every app answers to `function`."""
    for offer in offers(function):
        yield offer(*args)


def flat(function: str, *args: Any) -> list[Any]:
    """All apps' answers to `function` in one list."""
    return [entry for answer in each(function, *args) for entry in answer]


def once(rows: list[Row]) -> list[Row]:
    """Each thing once: a class is an event too, and its row stands for that of the event."""
    told = {row.instead_of for row in rows if row.instead_of}
    return [row for row in rows if row.url not in told]
