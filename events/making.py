"""Making events and series, from a template or from nothing, so that each begins with what it usually is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache

from events import rooms
from events.models import EventTemplate
from members.models import User

#: What a template hands on as it is, to an event and to a series.
HANDED_ON = (
    "kind",
    "summary",
    "description",
    "room",
    "place",
    "online_url",
    "visibility",
    "capacity",
    "guests_allowed",
    "asks_note",
    "uses_offers",
    "helpers_wanted",
)
MENU = "events.templates.menu"
#: How many of its usual days are looked at for one on which its room is free.
LOOKED_AHEAD = 8


def menu() -> list[tuple[int, str]]:
    """The templates on offer, as (key, name); one query, and the menu of every page knows them from then on."""
    found = list(EventTemplate.objects.filter(is_offered=True).values_list("pk", "name"))
    cache.set(MENU, found, None)
    return found


def known_menu() -> list[tuple[int, str]]:
    """The same for the menu of every page, which costs no query: nothing where nobody has asked yet. The tick does,
    once a minute."""
    return cache.get(MENU) or []


def of_event(template: EventTemplate | None, *, by: User, today: date, zone: Any) -> dict[str, Any]:
    """What the form of a new event begins with. Its day is the next usual one after `today` on which its room is free;
    the next usual one where it is taken on all of the next `LOOKED_AHEAD`."""
    if template is None:
        return {"hosts": [by], "visibility": "members"}
    starts_at = _free_start(template, today, zone)
    return {
        **_common(template, by),
        "title": template.title or template.name,
        "starts_at": starts_at,
        "ends_at": _on_the_wall(starts_at, template.length),
    }


def of_series(template: EventTemplate | None, *, by: User, today: date) -> dict[str, Any]:
    """What the form of a new series begins with."""
    if template is None:
        return {"hosts": [by]}
    day = template.next_day(today)
    begins = datetime.combine(day, template.start_time)
    return {
        **_common(template, by),
        "name": template.title or template.name,
        "first_on": day,
        "start_time": template.start_time,
        "end_time": (begins + template.length).time(),
    }


def _free_start(template: EventTemplate, today: date, zone: Any) -> datetime:
    starts = template.next_starts(today, zone, LOOKED_AHEAD)
    if template.room is None or not template.room.is_in_use:
        return starts[0]
    spans = [(start, _on_the_wall(start, template.length)) for start in starts]
    free = rooms.first_free(template.room, spans)
    return free[0] if free else starts[0]


def _common(template: EventTemplate, by: User) -> dict[str, Any]:
    said = {name: getattr(template, name) for name in HANDED_ON}
    if template.room and not template.room.is_in_use:
        said["room"] = None
    return {**said, "hosts": list(template.hosts.all()) or [by]}


def _on_the_wall(starts_at: datetime, length: timedelta) -> datetime:
    return (starts_at.replace(tzinfo=None) + length).replace(tzinfo=starts_at.tzinfo)
