"""Words about events that several pages need: `{% load events %}`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import template

from events import calendar_links, making
from events.models import AgendaItem, Event
from mlclub.templatetags.ui import how_far, span_of_days

register = template.Library()

#: How many speakers a row names.
NAMED = 2


@register.filter
def speaker_names(event: Event) -> str:
    """Who speaks, from prefetched talks: "Ada Quill and Bo Marsh", or how many more."""
    names = [name for talk in event.talks.all() for name in talk.names]
    if len(names) <= NAMED:
        return " and ".join(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


@register.filter
def agenda_minutes(items: Sequence[AgendaItem]) -> int:
    """How long the points take that say so."""
    return sum(item.minutes or 0 for item in items)


@register.filter
def minutes_long(event: Event) -> int:
    """How long an event takes, in minutes."""
    return round((event.ends_at - event.starts_at).total_seconds() / 60)


@register.simple_tag
def event_links(event: Event, shows_link: bool = False) -> list[calendar_links.Link]:
    """Where one event can be put: `{% event_links event sees_link as links %}`."""
    return calendar_links.of_event(event, shows_link=shows_link)


@register.simple_tag
def feed_links(view: str, *args: object, name: str) -> list[calendar_links.Link]:
    """Where a feed of ours can be subscribed to: `{% feed_links "events:public_feed" name=club.name as links %}`."""
    return calendar_links.of_named_feed(view, *args, name=name)


@register.simple_tag
def event_templates() -> list[tuple[int, str]]:
    """What a new event may begin with, as (key, name)."""
    return making.known_menu()


@register.filter
def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


@register.filter
def hours(length: timedelta) -> str:
    """A length in whole hours or days: "2 days", "1 hour"."""
    total = round(length.total_seconds() / 3600)
    number, unit = (total // 24, "day") if total % 24 == 0 else (total, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"


@register.filter
def days_off(day: date, today: date) -> str:
    """How far off a day is: today, tomorrow, in 3 days."""
    far = (day - today).days
    if far in (0, 1, -1):
        return {0: "today", 1: "tomorrow", -1: "yesterday"}[far]
    return f"in {span_of_days(far)}" if far > 0 else f"{span_of_days(-far)} ago"


@register.simple_tag
def far(moment: datetime, now: datetime) -> str:
    """How far off a moment is: in 8 days, 2 hours ago."""
    return how_far(moment, now)


@register.simple_tag(takes_context=True)
def month_link(context: template.Context, day: date) -> str:
    """The same month view, of another month."""
    query: Any = context["request"].GET.copy()
    query["view"], query["month"] = "month", f"{day:%Y-%m}"
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def from_link(context: template.Context, day: date) -> str:
    """The same list, from another day on."""
    query: Any = context["request"].GET.copy()
    query["from"] = day.isoformat()
    return f"?{query.urlencode()}"
