"""Who has a seat and who waits, read from the order of registration. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, QuerySet

from events import windows
from events.models import Event, Registration


class Standing(StrEnum):
    """What an event is to a person at an instant; the button follows from it."""

    GOING = "going"
    WAITING = "waiting"
    IN_DRAW = "in_draw"
    OFFERED = "offered"
    OPEN = "open"
    FULL = "full"
    NOT_YET = "not_yet"
    CLOSED = "closed"
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Seat:
    """An event's seats as one person sees them."""

    event: Event
    now: datetime
    live: int  # everybody who wants to go, seated or waiting
    registration: Registration | None = None
    position: int = 0  # of the registration among all live ones, from 1
    opens_at: datetime | None = None  # when registration opens for this person; None: whenever

    @property
    def taken(self) -> int:
        return self.live if self.event.seats_given is None else min(self.live, self.event.seats_given)

    @property
    def waiting(self) -> int:
        return self.live - self.taken

    @property
    def left(self) -> int | None:
        """Free seats; None where there are as many as come."""
        return None if self.event.capacity is None else self.event.capacity - self.taken

    @property
    def is_full(self) -> bool:
        return self.left == 0

    @property
    def is_scarce(self) -> bool:
        """Few seats are left, which is worth saying."""
        if self.event.awaits_draw:
            return False
        return self.left is not None and 0 < self.left <= max(3, (self.event.capacity or 0) // 10)

    @property
    def fullness(self) -> str:
        """How full it is, in a few words: "2 seats left", "Full, 5 waiting", "5 in the draw"."""
        if self.event.awaits_draw:
            return f"{self.live} in the draw"
        if self.is_full:
            return f"Full, {self.waiting} waiting" if self.waiting else "Full"
        return "1 seat left" if self.left == 1 else f"{self.left} seats left"

    @property
    def line(self) -> int:
        """The place in the line, from 1; 0 for whoever has a seat."""
        seats = self.event.seats_given
        if self.registration is None or seats is None or self.event.awaits_draw:
            return 0
        return max(0, self.position - seats)

    @property
    def standing(self) -> Standing:
        event, now = self.event, self.now
        if event.is_cancelled:
            return Standing.CANCELLED
        if event.is_over(now):
            return Standing.OVER
        if self.registration is not None:
            if event.awaits_draw:
                return Standing.IN_DRAW
            if self.line:
                return Standing.WAITING
            return Standing.OFFERED if self.registration.has_open_offer(now) else Standing.GOING
        if now >= event.closes_at:
            return Standing.CLOSED
        if self.opens_at and now < self.opens_at:
            return Standing.NOT_YET
        return Standing.FULL if self.is_full else Standing.OPEN

    @property
    def has_begun(self) -> bool:
        return self.event.has_begun(self.now)

    @property
    def is_mine(self) -> bool:
        return self.registration is not None

    @property
    def has_seat(self) -> bool:
        return self.standing in {Standing.GOING, Standing.OFFERED}

    @property
    def can_register(self) -> bool:
        return self.standing in {Standing.OPEN, Standing.FULL}

    @property
    def asks(self) -> bool:
        """Whether signing up means answering something, which is done on the event's page."""
        return bool(getattr(self.event, "asks", False))

    @property
    def is_early(self) -> bool:
        """Registration opens to this person before it opens to everybody."""
        everybody = self.event.registration_opens_at
        return bool(everybody and everybody > self.now and (self.opens_at or everybody) < everybody)

    @property
    def is_late(self) -> bool:
        """Registration opens to this person after it opened to everybody."""
        return bool(
            self.opens_at and self.opens_at > (self.event.registration_opens_at or self.event.created_at)
        )

    @property
    def can_leave(self) -> bool:
        """Whoever waits may leave the line at any time; a seat may be given back until the deadline."""
        if self.standing in {Standing.WAITING, Standing.IN_DRAW}:
            return not self.event.has_begun(self.now)
        return self.has_seat and self.event.can_cancel_registration(self.now)


def seats_of(events: Iterable[Event], user: Any, now: datetime) -> dict[int, Seat]:
    """The seats of `events` as `user` sees them, by key: one query for all, and one to count those that were
    not fetched `with_counts()`."""
    events = list(events)
    keys = [event.pk for event in events]
    mine: dict[int, Registration] = {}
    if user.is_authenticated and keys:
        own = Registration.objects.with_position().filter(event__in=keys).filter(user=user)
        mine = {registration.event_id: registration for registration in own}
    counted: dict[int, int] = {}
    if any(not hasattr(event, "live_count") for event in events):
        live = Registration.objects.live().filter(event__in=keys).order_by()
        counted = dict(live.values_list("event").annotate(n=Count("pk")))
    opens = windows.openings([event for event in events if event.pk not in mine], user, now)
    return {
        event.pk: Seat(
            event=event,
            now=now,
            opens_at=opens.get(event.pk, event.registration_opens_at),
            live=getattr(event, "live_count", counted.get(event.pk, 0)),
            registration=mine.get(event.pk),
            position=getattr(mine.get(event.pk), "position", 0),
        )
        for event in events
    }


def seat_of(event: Event, user: Any, now: datetime) -> Seat:
    """The seats of one event as `user` sees them."""
    return seats_of([event], user, now)[event.pk]


def seated(event: Event) -> QuerySet[Registration]:
    """Those who have a seat, in order."""
    rows = Registration.objects.live().filter(event=event).in_order()
    return rows if event.seats_given is None else rows[: event.seats_given]
