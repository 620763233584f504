"""Following a series: its dates come into one's calendar, its news into the digest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from events.models import Series, SeriesFollow, Visibility
from members import standing
from members.models import Term, User
from members.models.people import UserQuerySet


def follow(series: Series, person: User, *, now: datetime) -> bool:
    """Begin to follow; False when they do already."""
    _, is_new = SeriesFollow.objects.get_or_create(series=series, person=person, defaults={"since": now})
    return is_new


def unfollow(series: Series, person: User) -> bool:
    return bool(SeriesFollow.objects.filter(series=series, person=person).delete()[0])


def of(people: Iterable[User]) -> dict[int, set[int]]:
    """Whom follows what: {person: {series}}; one query for all. What somebody follows and may not see any more is for
    whoever asks to leave out, as with every event."""
    found: dict[int, set[int]] = {}
    for person, series in SeriesFollow.objects.filter(person__in=people).values_list("person", "series"):
        found.setdefault(person, set()).add(series)
    return found


def followers(series: Series, *, term: Term | None, now: datetime) -> UserQuerySet:
    """Accounts that follow a series and may still see it, when the current term is `term`."""
    people = User.objects.real().filter(pk__in=SeriesFollow.objects.filter(series=series).values("person"))
    if series.visibility == Visibility.PUBLIC:
        return people
    may = Q(pk__in=series.hosts.values("pk"))
    if series.visibility == Visibility.MEMBERS:
        may |= Q(pk__in=User.objects.readers(term, standing.today(now)).values("pk"))
    return people.filter(may)


def every_date(user: Any) -> Q:
    """Of events: those of the series that `user` follows."""
    return Q(series__in=SeriesFollow.objects.filter(person=user).values("series"))


def dates(user: Any) -> Q:
    """Those of them that `user` may see, for their calendar."""
    open_to = [Visibility.PUBLIC]
    if user.standing.reads_members_area:
        open_to.append(Visibility.MEMBERS)
    return every_date(user) & Q(visibility__in=open_to)
