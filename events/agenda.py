"""The points of a meeting: whoever runs the event adds them, ticks them off, and what was not reached moves on to the
next meeting of the series."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef

from events.locking import locked_event
from events.models import AgendaItem, Event
from members.models import User
from mlclub import ordering
from mlclub.refusal import Refused

#: So long after the end a meeting that ticked off its points hands on the rest by itself.
CARRIED_AFTER = timedelta(hours=2)
#: What has lain longer than that is left where it is.
CARRIED_UNTIL = timedelta(days=3)


def add(item: AgendaItem, *, by: User | None, now: datetime) -> AgendaItem:
    """Put a point at the end."""
    last = AgendaItem.objects.filter(event=item.event_id).aggregate(last=Max("position"))["last"]
    item.position = 0 if last is None else last + 1
    item.added_by, item.added_at = by, now
    item.save()
    return item


def add_lines(event: Event, lines: str, *, by: User | None, now: datetime) -> int:
    """Points from a template: one a line, "what | who | minutes". Returns how many."""
    count = 0
    for line in lines.splitlines():
        title, who, minutes = [*(part.strip() for part in line.split("|")), "", "", ""][:3]
        if not title:
            continue
        long = int(minutes) if minutes.isdecimal() and 0 < int(minutes) <= 480 else None
        add(AgendaItem(event=event, title=title[:160], who=who[:120], minutes=long), by=by, now=now)
        count += 1
    return count


def tick(item: AgendaItem, *, is_done: bool, now: datetime) -> bool:
    """Dealt with, or not after all. False where it is so already, or has moved on."""
    before, after = AgendaItem.State.OPEN, AgendaItem.State.DONE
    if not is_done:
        before, after = after, before
    rows = AgendaItem.objects.filter(pk=item.pk, state=before)
    return bool(rows.update(state=after, settled_at=now if is_done else None))


@transaction.atomic
def shift(item: AgendaItem, *, up: bool) -> None:
    """One place up or down; at the end of the list nothing happens."""
    locked_event(item.event)
    rows = list(AgendaItem.objects.shown().filter(event=item.event_id))
    ordering.shift(rows, item.pk, up=up)


def next_meeting(event: Event) -> Event | None:
    """The date of the series that comes after this one and takes place."""
    if event.series_id is None:
        return None
    later = Event.objects.scheduled().filter(series=event.series_id, starts_at__gt=event.starts_at)
    return later.order_by("starts_at", "pk").first()


@transaction.atomic
def carry(event: Event, *, now: datetime) -> tuple[int, Event]:
    """Move what was not reached on to the next meeting, before its own points; a second time moves nothing. Returns how
    many, and where to. Raises Refused when there is no later date."""
    target = next_meeting(event)
    if target is None:
        raise Refused("There is no later date in this series to move it to.")
    locked_event(event)
    locked_event(target)
    rows = list(AgendaItem.objects.open().filter(event=event).order_by("position", "pk"))
    if not rows:
        return 0, target
    there = list(AgendaItem.objects.filter(event=target).order_by("position", "pk"))
    for position, row in enumerate(there, start=len(rows)):
        row.position = position
    AgendaItem.objects.bulk_update(there, ["position"])
    AgendaItem.objects.bulk_create(
        [
            AgendaItem(
                event=target,
                title=row.title,
                who=row.who,
                minutes=row.minutes,
                notes=row.notes,
                position=position,
                added_by_id=row.added_by_id,
                added_at=row.added_at,
                carried_from=row,
            )
            for position, row in enumerate(rows)
        ]
    )
    AgendaItem.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=AgendaItem.State.CARRIED, settled_at=now
    )
    return len(rows), target


def carry_over(now: datetime) -> int:
    """Hand on the rest of meetings that are over and that ticked off at least one point; the tick calls it. Where
    nobody ticked anything, nobody can know what was reached: then a host presses the button."""
    points = AgendaItem.objects.filter(event=OuterRef("pk"))
    over = (
        Event.objects.scheduled()
        .filter(ends_at__lte=now - CARRIED_AFTER, ends_at__gt=now - CARRIED_UNTIL, series__isnull=False)
        .filter(Exists(points.filter(state=AgendaItem.State.DONE)), Exists(points.open()))
    )
    moved = 0
    for event in over:
        if next_meeting(event) is not None:
            moved += carry(event, now=now)[0]
    return moved


def shown_to(event: Event, user: Any, *, runs: bool) -> list[AgendaItem]:
    """The points for a page; their notes are for members and for whoever runs the event."""
    rows = list(AgendaItem.objects.shown().filter(event=event).select_related("carried_from__event"))
    reads = runs or (user.is_authenticated and user.standing.reads_members_area)
    if not reads:
        for row in rows:
            row.notes = ""
    return rows
