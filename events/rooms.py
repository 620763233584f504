"""Who has which room when. Two events in one room are no error, only rarely meant: whoever books is told of the other
and may book all the same. Of two who book at once the second is told, since booking locks the room's row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.formats import date_format

from events.models import Event, Room, Series
from mlclub.refusal import Refused

#: How many clashes a sentence names.
NAMED = 3

Span = tuple[datetime, datetime]


class Clash(Refused):
    """Others are in the room then. `events` are those that nobody has confirmed yet."""

    def __init__(self, events: Sequence[Event], *, seen_by: Any = None) -> None:
        self.events = list(events)
        super().__init__(sentence(self.events, seen_by))


def clashes(room: Room, spans: Iterable[Span], *, besides: Collection[int] = ()) -> list[Event]:
    """The events in the room that overlap with one of `spans` (begin and end, aware), soonest first; one query.
    Those in `besides` (keys) are on their way out."""
    spans = list(spans)
    if not spans:
        return []
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    near = Event.objects.in_room(room, first, last).exclude(pk__in=besides)
    rows = near.defer("description", "search").order_by("starts_at", "pk")
    return [row for row in rows if any(_is_in(row, span) for span in spans)]


def first_free(room: Room, spans: Sequence[Span]) -> Span | None:
    """The first of `spans` at which nobody is in the room, or None; one query."""
    taken = clashes(room, spans)
    return next((span for span in spans if not any(_is_in(event, span) for event in taken)), None)


def _is_in(event: Event, span: Span) -> bool:
    start, end = span
    return event.starts_at < end and start < event.ends_at


def book(
    room: Room | None, spans: Iterable[Span], *, besides: Collection[int] = (), known: Collection[int] = ()
) -> None:
    """Hold the room's row until the transaction ends, then make sure that nobody is in it but those in `known`,
    whom the person booking has seen and confirmed. Raises Clash."""
    if room is None:
        return
    Room.objects.select_for_update(no_key=True).get(pk=room.pk)
    unseen = [event for event in clashes(room, spans, besides=besides) if event.pk not in set(known)]
    if unseen:
        raise Clash(unseen)


def with_another() -> Exists:
    """For a query of events: whether another one is in the same room at the same time."""
    others = Event.objects.scheduled().filter(
        room=OuterRef("room"), starts_at__lt=OuterRef("ends_at"), ends_at__gt=OuterRef("starts_at")
    )
    return Exists(others.exclude(pk=OuterRef("pk")))


def sentence(events: Sequence[Event], user: Any = None) -> str:
    """Who is there when, in words; what `user` may not know of has no name."""
    keys = [event.pk for event in events[:NAMED]]
    seen = (
        None
        if user is None
        else set(Event.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True))
    )
    parts = []
    for event in events[:NAMED]:
        start, end = timezone.localtime(event.starts_at), timezone.localtime(event.ends_at)
        name = f"“{event.title}”" if seen is None or event.pk in seen else "Something by invitation"
        parts.append(f"{name} is there on {date_format(start, 'D j M, H:i')} to {date_format(end, 'H:i')}")
    more = len(events) - len(parts)
    return f"{'; '.join(parts)}{f'; and {more} more' if more else ''}."


def settle(row: Event | Series) -> None:
    """Let the room say where it is: `place` is what lists, mails and calendars read. Does not save."""
    if row.room is not None:
        row.place = row.room.spoken


def respell(room: Room, now: datetime) -> int:
    """The room got another name: whatever is still to come there says so. Returns how many events. Nobody is mailed,
    since nobody has to go anywhere else; calendars notice by `updated_at`."""
    Series.objects.filter(room=room).update(place=room.spoken)
    coming = Event.objects.filter(room=room, ends_at__gt=now).exclude(place=room.spoken)
    return coming.update(place=room.spoken, updated_at=now)
