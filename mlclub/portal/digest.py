"""What a digest says to one person, from what that person may see. `readers` knows who gets which, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from django.urls import reverse

from members import interests, standing
from members.models import Club, Term, User
from members.models.terms import Week
from mlclub import gather
from mlclub.gather import (
    FOR_YOU,
    GRADUATED,
    HELP,
    MOVING,
    NEEDS_A_PERSON,
    NEW,
    NUMBERS,
    PROJECTS,
    THANKS,
    THIS_WEEK,
    Heading,
    Item,
)
from mlclub.portal import readers

#: So many people are built at once at most.
AT_ONCE = 200

ORDER = [NEEDS_A_PERSON, MOVING, FOR_YOU, NUMBERS, PROJECTS, GRADUATED, HELP, THIS_WEEK, NEW, THANKS]
#: So many lines stand in a section; for the others there is a link to the page that shows them.
MOST = {
    NEEDS_A_PERSON: 8,
    MOVING: 5,
    FOR_YOU: 8,
    NUMBERS: 3,
    PROJECTS: 2,
    GRADUATED: 1,
    HELP: 1,
    THIS_WEEK: 6,
    NEW: 5,
    THANKS: 2,
}
ALL_OF = {
    NEEDS_A_PERSON: "portal:desk",
    FOR_YOU: "portal:home",
    THIS_WEEK: "events:event_list",
    NEW: "portal:home",
}
NOTHING_FOR_YOU = "nothing for you this week"
NOTHING_IN_THE_BREAK = "a break, and nothing in it that you take part in or follow"


@dataclass(frozen=True)
class Part:
    """A section as it stands in the mail. `more` lines had no room; `more_url` shows them."""

    heading: str
    items: list[Item]
    more: int = 0
    more_url: str = ""

    @property
    def count(self) -> int:
        return len(self.items) + self.more


@dataclass(frozen=True)
class Digest:
    """What one person is told. Without a reason to send it, `why_not` says why."""

    kind: str
    week: tuple[date, date]
    term: Term | None
    weeks: list[Week]
    heading: Heading | None = None
    parts: list[Part] = field(default_factory=list)
    is_break: bool = False

    def without_own(self) -> Digest:
        """What somebody else may see of it: the lines that are the person's own are counted and not shown."""
        kept = [
            replace(part, items=[item for item in part.items if not item.is_own])
            for part in self.parts
            if part.heading != FOR_YOU
        ]
        return replace(self, heading=None, parts=[part for part in kept if part.items])

    @property
    def own_count(self) -> int:
        """How many lines are the person's own."""
        return sum(part.heading == FOR_YOU or item.is_own for part in self.parts for item in part.items)

    @property
    def is_empty(self) -> bool:
        """Nothing that is worth a mail by itself; in a break, nothing that is the person's own."""
        items = [item for part in self.parts for item in part.items]
        if self.is_break:
            return not any(item.is_own for item in items)
        return all(item.is_filler for item in items)

    @property
    def why_not(self) -> str:
        """Why it is not sent; empty where it is."""
        if not self.is_empty:
            return ""
        return NOTHING_IN_THE_BREAK if self.is_break else NOTHING_FOR_YOU

    @property
    def for_you(self) -> int:
        return sum(part.count for part in self.parts if part.heading == FOR_YOU)

    @property
    def for_everyone(self) -> int:
        return sum(part.count for part in self.parts if part.heading not in (FOR_YOU, NEEDS_A_PERSON))

    @property
    def needs_a_person(self) -> int:
        return sum(part.count for part in self.parts if part.heading == NEEDS_A_PERSON)

    @property
    def first(self) -> Item | None:
        """The line that the subject names: the first of the person's own, or else of any part."""
        own = [part for part in self.parts if part.heading == FOR_YOU]
        return next((item for part in [*own, *self.parts] for item in part.items if not item.is_filler), None)

    @property
    def next_up(self) -> Item | None:
        """What of the person's own comes first in the week. The subject may name it: it says of nobody that they are
        late, or that a review is there."""
        since = datetime.combine(self.week[0], time.min, tzinfo=Club.current().zone)
        coming = [item for part in self.parts for item in part.items if item.is_own and item.when]
        return min(
            (item for item in coming if item.when and item.when >= since),
            key=lambda item: item.when or since,
            default=None,
        )

    @property
    def class_tomorrow(self) -> Item | None:
        """Of a course's digest: the class on whose eve it is sent."""
        coming = (item for part in self.parts if part.heading == THIS_WEEK for item in part.items)
        return next((item for item in coming if not item.is_filler), None)

    @property
    def week_number(self) -> int | None:
        """The week of the term that the digest looks forward to."""
        return next((week.number for week in self.weeks if week.state == "now"), None)

    @property
    def dates(self) -> str:
        """The days it is about: "23–29 Nov", "30 Nov – 6 Dec"."""
        first, last = self.week
        if first.month == last.month:
            return f"{first.day}–{last.day} {last:%b}"
        return f"{first.day} {first:%b} – {last.day} {last:%b}"

    @property
    def times(self) -> str:
        """In whose time the hours are meant, and that the clocks changed on the Sunday before."""
        zone = Club.current().zone
        noon = datetime.combine(self.week[0], time(12), tzinfo=zone)
        before = (noon - timedelta(days=2)).utcoffset() or timedelta()
        turned = (noon.utcoffset() or timedelta()) - before
        words = f"Times are {zone.key.rpartition('/')[2].replace('_', ' ')} time"
        if turned:
            words += f"; clocks went {'forward' if turned > timedelta() else 'back'} on Sunday"
        return f"{words}."

    @property
    def bar(self) -> list[str]:
        """The weeks as segments, each past, now or next: the learner's own programme, or the term."""
        if self.heading and self.heading.week:
            at = self.heading.week
            return [
                "past" if number < at else "now" if number == at else "next"
                for number in range(1, self.heading.weeks + 1)
            ]
        return [week.state for week in self.weeks]


def build(
    users: Sequence[User], week: tuple[date, date], now: datetime, kind: str = readers.MEMBER
) -> dict[int, Digest]:
    """The digests of `kind` of `users` (AT_ONCE at a time is best) for the days of `week`, as of `now`.

    The apps are asked once for all of them; nothing is shown that the person could not open.
    """
    with Club.kept():
        return _built(users, week, now, kind)


def _built(users: Sequence[User], week: tuple[date, date], now: datetime, kind: str) -> dict[int, Digest]:
    # What they may see is asked on the day that it is sent, as on every page.
    standing.prime(user for user in users if not standing.is_known(user))
    interests.prime(users)
    zone = Club.current().zone
    since = datetime.combine(week[0], time.min, tzinfo=zone)
    until = datetime.combine(week[1] + timedelta(days=1), time.min, tzinfo=zone)
    found: dict[int, list[Item]] = defaultdict(list)
    _add(found, gather.each("digest", users, since, until))
    headings: dict[int, Heading] = {}
    if kind in (readers.NEW_MEMBER, readers.COURSE):
        for answer in gather.each("digest_heading", users, since, until):
            headings.update(answer)
    term = Term.objects.current(week[0])
    if kind == readers.OFFICER:
        _add(found, gather.each("officer_digest", users, since, until))
        for user in users:
            found[user.pk] += needs_a_person(user, now)
    if kind == readers.ALUMNI:
        _add(found, gather.each("alumni_digest", users, since, until))
        figures = in_numbers(term)
        for user in users:
            found[user.pk] += figures
    weeks = term.weeks(week[0]) if term and term.ends_on >= week[0] else []
    is_break = not weeks or is_in_break(term, week)
    return {
        user.pk: Digest(
            kind=kind,
            week=week,
            term=term if weeks else None,
            weeks=weeks,
            heading=headings.get(user.pk),
            parts=parts(found[user.pk], kind, week),
            is_break=is_break and kind not in (readers.COURSE, readers.ALUMNI),
        )
        for user in users
    }


def _add(found: dict[int, list[Item]], answers: Iterable[Mapping[int, list[Item]]]) -> None:
    for answer in answers:
        for pk, items in answer.items():
            found[pk] += items


def is_in_break(term: Term | None, week: tuple[date, date]) -> bool:
    """Whether nothing regular takes place from Monday to Friday of `week`."""
    if term is None:
        return True
    friday = week[0] + timedelta(days=4)
    return term.breaks.filter(starts_on__lte=week[0], ends_on__gte=friday).exists()


#: What alumni and guests of a course are told beside their own.
SECTIONS = {
    readers.ALUMNI: {FOR_YOU, NUMBERS, PROJECTS, GRADUATED, HELP},
    readers.COURSE: {FOR_YOU, THIS_WEEK, THANKS},
}


def parts(items: Iterable[Item], kind: str, week: tuple[date, date]) -> list[Part]:
    """The sections of a digest of `kind`, in their order, each with as much as there is room for."""
    by_heading: dict[str, list[Item]] = {}
    for item in items:
        if kind not in SECTIONS or item.section in SECTIONS[kind]:
            by_heading.setdefault(item.section, []).append(item)
    found = []
    for heading in sorted(by_heading, key=_place):
        told = told_once(by_heading[heading])
        shown = arranged(told, heading)
        more = len(told) - len(shown)
        url = reverse(ALL_OF[heading]) if more and heading in ALL_OF else ""
        found.append(Part(heading, [_with_lead(item, week) for item in shown], more, url))
    return found


def _with_lead(item: Item, week: tuple[date, date]) -> Item:
    """The line with what stands in front of it: its hour on the wall, and its day where that is not in the week."""
    if item.when is None:
        return item
    local = item.when.astimezone(Club.current().zone)
    is_soon = week[0] <= local.date() <= week[1]
    return replace(item, lead=f"{local:%a %H:%M}" if is_soon else f"{local.day} {local:%b %H:%M}")


def _place(heading: str) -> int:
    return ORDER.index(heading) if heading in ORDER else len(ORDER)


def arranged(items: list[Item], heading: str) -> list[Item]:
    """The heaviest, as many as there is room for: what comes this week in its order, anything else by weight."""
    far = datetime.max.replace(tzinfo=Club.current().zone)

    def hour(item: Item) -> datetime:
        return item.when or far

    chosen = sorted(items, key=lambda item: (-item.weight, hour(item)))[: MOST.get(heading, 10)]
    return sorted(chosen, key=hour) if heading == THIS_WEEK else chosen


def told_once(items: list[Item]) -> list[Item]:
    """Of two lines of the same moment, the one whose words hold the other's: a class is its event too."""
    return [
        item
        for item in items
        if item.when is None
        or not any(
            other.when == item.when and other.text != item.text and other.text.endswith(item.text)
            for other in items
        )
    ]


def in_numbers(term: Term | None) -> list[Item]:
    """The first number that each app has of the term."""
    if term is None:
        return []
    first = [figures[0] for figures in gather.each("numbers", term) if figures]
    return [
        Item(section=NUMBERS, text=figure.name[:1].upper() + figure.name[1:], lead=f"{figure.value:g}")
        for figure in first[: MOST[NUMBERS]]
    ]


def needs_a_person(user: User, now: datetime) -> list[Item]:
    """The desk in a few lines, for an officer."""
    if not user.has_perm("members.view_desk"):
        return []
    return [
        Item(
            section=NEEDS_A_PERSON,
            text=item.title,
            detail=item.detail,
            lead=str(item.count),
            url=item.url or reverse("portal:desk"),
            action=item.action,
            weight=30 if item.tone == "bad" else 10,
            is_own=True,
        )
        for item in gather.flat("desk", user, now)
        if item.count
    ]
