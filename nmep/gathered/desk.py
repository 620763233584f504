"""What of the programme needs an officer."""

from __future__ import annotations

from datetime import datetime

from members.models import User
from mlclub.gather import DeskItem
from nmep import attention
from nmep.models import Offering, Session


def desk(user: User, now: datetime) -> list[DeskItem]:
    """The same that the leads read, of every offering that is not over; two queries, and three for each that runs."""
    if not user.has_perm("nmep.view_submission"):
        return []
    rows = Offering.objects.exclude(state=Offering.State.ARCHIVED).values_list("pk", flat=True)
    found = attention.of_many(rows, now)
    many = len(found) > 1
    return [
        DeskItem(
            group="Programme",
            title=need.title,
            count=need.count,
            url=need.url,
            detail=": ".join(filter(None, [str(offering) if many else "", need.detail])),
            action=need.action,
            icon=need.icon,
        )
        for offering, needs in found.values()
        for need in (*needs, *attention.to_look_after(offering, now))
    ]


def unstaffed(now: datetime) -> list[Session]:
    """Classes of the next ten days that nobody teaches yet."""
    rows = attention.without_teacher(now).filter(offering__in=Offering.objects.live())
    return list(rows.select_related("event", "offering").order_by("event__starts_at"))
