"""What a person is to the club on a day: the one answer that every right to see something starts from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, Value
from django.utils import timezone

from members.models.club import Club
from members.models.offices import OfficeTerm
from members.models.terms import Membership, Term

CACHED = "_standing"

# Every page of everybody asks this. Built by the ORM it took a quarter of what all pages share.
_ROWS = """
    SELECT membership.*,
           term.name AS term_name, term.slug AS term_slug,
           term.starts_on AS term_starts_on, term.ends_on AS term_ends_on,
           (SELECT id FROM members_term WHERE starts_on <= %(on)s ORDER BY starts_on DESC LIMIT 1)
               AS current_term,
           EXISTS (SELECT FROM members_officeterm AS held WHERE held.person_id = membership.person_id
                   AND held.starts_on <= %(on)s AND held.ends_on >= %(on)s) AS has_office
    FROM members_membership AS membership
    JOIN members_term AS term ON term.id = membership.term_id
    WHERE membership.person_id = ANY(%(people)s) AND term.starts_on <= %(on)s
    ORDER BY term.starts_on DESC
"""


@dataclass(frozen=True)
class Standing:
    """A person's place in the club: membership of the current term, and the offices of today."""

    term: Term | None = None
    membership: Membership | None = None
    offices: tuple[OfficeTerm, ...] = ()
    was_alumnus: bool = False

    @property
    def is_active(self) -> bool:
        return bool(self.membership and self.membership.status == Membership.Status.ACTIVE)

    @property
    def is_new(self) -> bool:
        return bool(self.is_active and self.membership and self.membership.kind == Membership.Kind.NEW)

    @property
    def is_fellow(self) -> bool:
        return bool(self.is_active and self.membership and self.membership.kind == Membership.Kind.FELLOW)

    @property
    def is_alumnus(self) -> bool:
        return self.was_alumnus and not self.is_active

    @property
    def is_on_break(self) -> bool:
        return bool(self.membership and self.membership.status == Membership.Status.ON_BREAK)

    @property
    def reads_members_area(self) -> bool:
        """Active members and fellows, people on a break, alumni, and whoever holds an office."""
        return self.is_active or self.is_on_break or self.is_alumnus or self.is_officer

    @property
    def is_officer(self) -> bool:
        return bool(self.offices)

    @property
    def writes(self) -> bool:
        """Whether the person may contribute: active this term, or holding an office."""
        return self.is_active or self.is_officer


NOBODY = Standing()


def today(now: datetime | None = None) -> date:
    """The day it is in the club's zone at the aware instant `now`."""
    return (now or timezone.now()).astimezone(Club.current().zone).date()


def current_term(user: Any, now: datetime | None = None) -> Term | None:
    """The club's current term; costs nothing where the standing of `user` is known."""
    if user is not None and user.is_authenticated and user.is_active:
        return of(user, now).term
    return Term.objects.current(today(now))


def start_of(day: date) -> datetime:
    """The instant at which `day` begins in the club's zone."""
    return datetime.combine(day, time.min, tzinfo=Club.current().zone)


def moments_of(term: Term) -> tuple[datetime, datetime]:
    """The instants between which a term lasts, the second not included."""
    return start_of(term.starts_on), start_of(term.ends_on + timedelta(days=1))


def of(user: Any, now: datetime | None = None) -> Standing:
    """The standing of `user` (an account or an anonymous visitor) at `now`, kept on the object.

    One query for a member, two for an officer and for whoever has no membership this term.
    """
    if not user.is_authenticated or not user.is_active:
        return NOBODY
    if not is_known(user, now):
        prime([user], now)
    standing: Standing = getattr(user, CACHED)[1]
    return standing


def is_known(user: Any, now: datetime | None = None) -> bool:
    """Whether the standing of `user` has been asked for."""
    kept: tuple[date, Standing] | None = getattr(user, CACHED, None)
    return kept is not None and kept[0] == today(now)


def prime(users: Iterable[Any], now: datetime | None = None) -> None:
    """Work out the standing of many accounts at once, with the queries of one."""
    on = today(now)
    people = [user for user in users if user.is_active]
    if not people:
        return
    held_today = OfficeTerm.objects.held_on(on)
    memberships: dict[int, list[Any]] = {}
    rows: list[Any] = list(Membership.objects.raw(_ROWS, {"on": on, "people": [user.pk for user in people]}))
    for row in rows:
        row.term = Term.from_db(
            row._state.db,
            ("id", "name", "slug", "starts_on", "ends_on"),
            (row.term_id, row.term_name, row.term_slug, row.term_starts_on, row.term_ends_on),
        )
        memberships.setdefault(row.person_id, []).append(row)
    term = next((row.term for row in rows if row.term_id == row.current_term), None)
    offices: dict[int, list[OfficeTerm]] = {}
    maybe = {row.person_id for row in rows if row.has_office}
    others = [user.pk for user in people if user.pk not in memberships]
    has_office = True
    if term is None:
        any_held: Any = Exists(held_today.filter(person__in=others)) if others else Value(value=False)
        found = Term.objects.started(on).order_by("-starts_on").annotate(has_office=any_held).first()
        term, has_office = found, found is None or found.has_office
    if has_office:
        maybe.update(others)
    if maybe:
        for held in held_today.filter(person__in=maybe).select_related("office").with_rights():
            offices.setdefault(held.person_id, []).append(held)
    for user in people:
        mine = memberships.get(user.pk, [])
        standing = Standing(
            term=term,
            membership=next((row for row in mine if term and row.term_id == term.pk), None),
            offices=tuple(offices.get(user.pk, ())),
            # Alumni stay alumni until they are members again; nobody makes them a row every term.
            was_alumnus=bool(mine and mine[0].status == Membership.Status.ALUMNUS),
        )
        setattr(user, CACHED, (on, standing))


def forget(user: Any) -> None:
    """Drop what was kept on the object, after the memberships or offices of `user` changed."""
    user.__dict__.pop(CACHED, None)
