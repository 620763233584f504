"""Groups that somebody may write to: those of every app, and the club's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from members import standing
from members.models import Membership, OfficeTerm, Term, User
from members.models.people import UserQuerySet
from mlclub import gather
from mlclub.gather import Audience

#: The right to write to any group; hosts and leads write to their own without it.
RIGHT = "members.send_announcement"


def offered(user: User, now: datetime) -> list[Audience]:
    """The groups that `user` may write to now, each with a queryset that nobody has asked yet."""
    return gather.flat("audiences", user, now, "")


def with_one(key: str, user: User, now: datetime) -> list[Audience]:
    """The groups on offer, and the one called `key`, which may be one that the list leaves out."""
    found = offered(user, now)
    if key and key not in {group.key for group in found}:
        further = find(key, user, now)
        found += [further] if further else []
    return found


def find(key: str, user: User, now: datetime) -> Audience | None:
    """The group called `key`, if `user` may write to it now."""
    return next((found for found in gather.flat("audiences", user, now, key) if found.key == key), None)


def _members(now: datetime, **fields: Any) -> UserQuerySet:
    term = Term.objects.current(standing.today(now))
    mine = Membership.objects.filter(person=OuterRef("pk"), term=term, **fields)
    return User.objects.real().filter(Exists(mine))


def _active(now: datetime) -> UserQuerySet:
    return _members(now, status=Membership.Status.ACTIVE)


def _new(now: datetime) -> UserQuerySet:
    return _members(now, status=Membership.Status.ACTIVE, kind=Membership.Kind.NEW)


def _fellows(now: datetime) -> UserQuerySet:
    return _members(now, status=Membership.Status.ACTIVE, kind=Membership.Kind.FELLOW)


def _officers(now: datetime) -> UserQuerySet:
    held = OfficeTerm.objects.held_on(standing.today(now)).filter(person=OuterRef("pk"))
    return User.objects.real().filter(Exists(held))


def _alumni(now: datetime) -> UserQuerySet:
    return User.objects.real().alumni(standing.today(now))


#: (key, label, who, why they get it)
OF_THE_CLUB: list[tuple[str, str, Callable[[datetime], UserQuerySet], str]] = [
    ("members:active", "All active members", _active, "because you are an active member"),
    ("members:new", "New members", _new, "because you are a new member this term"),
    ("members:fellows", "Fellows", _fellows, "because you are a fellow"),
    ("members:officers", "Officers", _officers, "because you hold an office"),
    ("members:alumni", "Alumni", _alumni, "because you were a member"),
]


def of_the_club(user: User, now: datetime, key: str) -> list[Audience]:
    """What this floor offers: for officers with the right."""
    if (key and not key.startswith("members:")) or not user.has_perm(RIGHT):
        return []
    return [
        Audience(key=own, label=label, why=why, section="The club", people=who(now))
        for own, label, who, why in OF_THE_CLUB
        if key in ("", own)
    ]
