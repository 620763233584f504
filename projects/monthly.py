"""What advisors hear once a month: what the team wrote since the month before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef

from members import standing
from members.ledger import Due
from members.models import Club, Term
from projects.models import Initiative, Role, Update

#: On the first of the month, at this hour on the wall.
HOUR = time(9)
#: After so long it is stale.
STALE_AFTER = timedelta(days=3)


def sent_at(now: datetime) -> datetime:
    """The last instant up to `now` at which the monthly words fell due, on the club's wall clock."""
    zone = Club.current().zone
    first = now.astimezone(zone).date().replace(day=1)
    instant = datetime.combine(first, HOUR, tzinfo=zone)
    if instant <= now:
        return instant
    return datetime.combine((first - timedelta(days=1)).replace(day=1), HOUR, tzinfo=zone)


def month_before(slot: str) -> tuple[datetime, datetime]:
    """The instants between which the month lies that is told of on the day `slot`, the second not included."""
    first = date.fromisoformat(slot)
    return standing.start_of((first - timedelta(days=1)).replace(day=1)), standing.start_of(first)


def written(initiative: Initiative, slot: str) -> list[Update]:
    """What the team wrote in the month before the day `slot`, the oldest first."""
    since, until = month_before(slot)
    found = Update.objects.filter(initiative=initiative, created_at__gte=since, created_at__lt=until)
    return list(found.select_related("author").order_by("created_at"))


def advising(now: datetime, slot: str) -> list[tuple[int, int]]:
    """Who advises which running initiative this term (person, initiative), where the team wrote something."""
    since, until = month_before(slot)
    news = Update.objects.filter(
        initiative=OuterRef("initiative"), created_at__gte=since, created_at__lt=until
    )
    roles = Role.objects.filter(
        Exists(news),
        kind=Role.Kind.ADVISOR,
        term=Term.objects.current(standing.today(now)),
        initiative__state=Initiative.State.RUNNING,
    )
    return list(roles.order_by("pk").values_list("person", "initiative"))


def due(now: datetime) -> Iterator[Due]:
    at = sent_at(now)
    if now >= at + STALE_AFTER:
        return
    slot = at.date().isoformat()
    for person, initiative in advising(now, slot):
        yield Due(
            person=person,
            about=f"projects.initiative:{initiative}",
            slot=slot,
            due_at=at,
            expires_at=at + STALE_AFTER,
        )
