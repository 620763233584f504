"""What a person is to the club on a day: the one answer that every right to see something starts from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from members.models.club import Club
from members.models.offices import OfficeTerm
from members.models.terms import Membership, Term

CACHED = "_standing"


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


def start_of(day: date) -> datetime:
    """The instant at which `day` begins in the club's zone."""
    return datetime.combine(day, time.min, tzinfo=Club.current().zone)


def of(user: Any, now: datetime | None = None) -> Standing:
    """The standing of `user` (an account or an anonymous visitor) at `now`; two queries, kept on the object."""
    if not user.is_authenticated or not user.is_active:
        return NOBODY
    on = today(now)
    kept: tuple[date, Standing] | None = getattr(user, CACHED, None)
    if kept and kept[0] == on:
        return kept[1]
    memberships = list(
        Membership.objects.filter(person=user, term__starts_on__lte=on)
        .select_related("term")
        .order_by("-term__starts_on")
    )
    offices = tuple(OfficeTerm.objects.held_on(on).filter(person=user).select_related("office"))
    term = Term.objects.current(on)
    mine = next((row for row in memberships if term and row.term_id == term.pk), None)
    standing = Standing(
        term=term,
        membership=mine,
        offices=offices,
        # Alumni stay alumni until they are members again; nobody makes them a row every term.
        was_alumnus=bool(memberships and memberships[0].status == Membership.Status.ALUMNUS),
    )
    setattr(user, CACHED, (on, standing))
    return standing


def forget(user: Any) -> None:
    """Drop what was kept on the object, after the memberships or offices of `user` changed."""
    user.__dict__.pop(CACHED, None)
