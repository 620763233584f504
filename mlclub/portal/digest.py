"""The weekly digest: one mail a person, from what that person may see, on Sunday evening in the club's zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from members import standing
from members.models import Club, Membership, Term, User
from members.models.terms import Week
from mlclub import gather
from mlclub.gather import Item
from nmep.models import Enrolment, Offering

#: Sunday, at this hour on the wall.
WEEKDAY, HOUR = 6, time(19)
#: After so long it is stale: Monday evening.
STALE_AFTER = timedelta(hours=24)
AT_ONCE = 200

FOR_YOU, THIS_WEEK, NEEDS_A_PERSON, NEW = "For you", "This week", "Needs a person", "New"
ORDER = [FOR_YOU, THIS_WEEK, NEEDS_A_PERSON, NEW]


@dataclass(frozen=True)
class Digest:
    """What one person is told. `sections` hold headings of ORDER first, then others; empty means no mail."""

    week: tuple[date, date]
    term: Term | None
    weeks: list[Week]
    sections: list[tuple[str, list[Item]]]

    @property
    def is_empty(self) -> bool:
        """Nothing, or only things that are worth no mail by themselves."""
        return all(item.is_filler for _, items in self.sections for item in items)

    @property
    def for_you(self) -> int:
        return sum(len(items) for heading, items in self.sections if heading == FOR_YOU)

    @property
    def for_everyone(self) -> int:
        return sum(len(items) for heading, items in self.sections if heading != FOR_YOU)

    @property
    def week_number(self) -> int | None:
        """The week of the term that the digest looks forward to."""
        return next((week.number for week in self.weeks if week.state == "now"), None)


def sent_at(now: datetime) -> datetime:
    """The last instant up to `now` at which digests fell due: a Sunday evening on the club's wall clock."""
    zone = Club.current().zone
    today = now.astimezone(zone).date()
    sunday = today - timedelta(days=(today.weekday() - WEEKDAY) % 7)
    instant = datetime.combine(sunday, HOUR, tzinfo=zone)
    if instant > now:
        instant = datetime.combine(sunday - timedelta(days=7), HOUR, tzinfo=zone)
    return instant


def week_of(now: datetime) -> tuple[date, date]:
    """Monday and Sunday of the week that a digest sent next (or just now) looks forward to."""
    today = standing.today(now)
    monday = (
        today + timedelta(days=(7 - today.weekday()) % 7 or 7)
        if today.weekday() == WEEKDAY
        else (today - timedelta(days=today.weekday()))
    )
    return monday, monday + timedelta(days=6)


def recipients(now: datetime) -> QuerySet[User]:
    """Active members of the current term while it lasts, and learners of a running offering."""
    today = standing.today(now)
    term = Term.objects.current(today)
    active = Membership.objects.filter(
        person=OuterRef("pk"), term=term, status=Membership.Status.ACTIVE, term__ends_on__gte=today
    )
    learning = Enrolment.objects.filter(
        person=OuterRef("pk"),
        state=Enrolment.State.ACTIVE,
        offering__state__in=[Offering.State.OPEN, Offering.State.RUNNING],
        offering__term__ends_on__gte=today,
    )
    return User.objects.real().filter(Q(Exists(active)) | Q(Exists(learning)))


def build(users: Sequence[User], week: tuple[date, date], now: datetime) -> dict[int, Digest]:
    """The digests of `users` (AT_ONCE at a time is best) for the days of `week`, as of `now`.

    The apps are asked once for all of them; nothing is shown that the person could not open.
    """
    with Club.kept():
        return _built(users, week, now)


def _built(users: Sequence[User], week: tuple[date, date], now: datetime) -> dict[int, Digest]:
    standing.prime(users)  # what they may see is asked on the day that it is sent, as on every page
    zone = Club.current().zone
    since = datetime.combine(week[0], time.min, tzinfo=zone)
    until = datetime.combine(week[1] + timedelta(days=1), time.min, tzinfo=zone)
    found: dict[int, dict[str, list[Item]]] = {user.pk: {} for user in users}
    for answer in gather.each("digest", users, since, until):
        for pk, items in answer.items():
            for item in items:
                found[pk].setdefault(item.section, []).append(item)
    for user in users:
        if user.standing.is_officer:
            attention = needs_a_person(user, now)
            if attention:
                found[user.pk][NEEDS_A_PERSON] = attention
    term = Term.objects.current(week[0])
    weeks = term.weeks(week[0]) if term and term.ends_on >= week[0] else []
    return {
        pk: Digest(
            week=week,
            term=term if weeks else None,
            weeks=weeks,
            sections=[
                (heading, arranged(sections[heading]))
                for heading in sorted(
                    sections, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER)
                )
            ],
        )
        for pk, sections in found.items()
    }


def arranged(items: list[Item]) -> list[Item]:
    """By weight, then by hour; at most ten."""
    far = datetime.max.replace(tzinfo=Club.current().zone)
    return sorted(items, key=lambda item: (-item.weight, item.when or far))[:10]


def needs_a_person(user: User, now: datetime) -> list[Item]:
    """The desk in a few lines, for an officer."""
    if not user.has_perm("members.view_desk"):
        return []
    return [
        Item(
            section=NEEDS_A_PERSON,
            text=f"{item.title}: {item.count}" + (f" ({item.detail})" if item.detail else ""),
            url=item.url or reverse("portal:desk"),
            action=item.action,
        )
        for item in gather.flat("desk", user, now)
        if item.count
    ]
