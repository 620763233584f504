"""Seats that are drawn. The seed is settled before anybody can put themselves in, and its hash is shown; once the
seats are drawn the seed is shown too, and anybody can do the draw again:

    entries = SHA-256 of all tickets, sorted, a line each
    key of a ticket = SHA-256 of "seed:entries:ticket"
    the order is by turn, then by key

A ticket says nothing about whose it is. Who goes behind others by the rule about empty seats is in the second turn.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from events import no_shows, notifications
from events.locking import locked_event
from events.models import Event, EventDraw, NoShowRule, Registration
from members import audit
from members.ledger import Due, tell_many
from members.models import User
from mlclub.refusal import Refused


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def new_ticket() -> str:
    """A ticket such as "4f2a-91c0e7"."""
    word = secrets.token_hex(5)
    return f"{word[:4]}-{word[4:]}"


def drawn_order(seed: str, turns: Mapping[str, int]) -> list[str]:
    """The tickets in the order that the seed gives: ticket → turn in, and nothing but that decides."""
    entries = digest("\n".join(sorted(turns)))
    return sorted(turns, key=lambda ticket: (turns[ticket], digest(f"{seed}:{entries}:{ticket}")))


def commit(event: Event, *, now: datetime) -> EventDraw:
    """Settle the seed of an event's draw, once. The caller holds the event's lock."""
    seed = secrets.token_hex(16)
    draw, _ = EventDraw.objects.get_or_create(
        event=event, defaults={"seed": seed, "commitment": digest(seed), "committed_at": now}
    )
    return draw


@transaction.atomic
def switch(event: Event, *, is_on: bool, now: datetime) -> None:
    """Draw the seats, or give them to who comes first. Raises Refused once somebody has signed up."""
    event = locked_event(event)
    if event.uses_draw == is_on:
        return
    if event.registrations.live().exists() or event.drawn_at:
        raise Refused("People have signed up already: how seats are given stays as it was promised to them.")
    event.uses_draw = is_on
    event.save(update_fields=["uses_draw"])
    if is_on:
        commit(event, now=now)


@transaction.atomic
def draw(event: Event, *, by: User | None = None, now: datetime) -> EventDraw:
    """Draw the seats and tell everybody, once. Raises Refused before registration is closed, and for whoever is
    second."""
    event = locked_event(event)
    if not event.uses_draw or event.is_cancelled:
        raise Refused("There is nothing to draw at this event.")
    if event.drawn_at:
        raise Refused("The seats have been drawn already.")
    if now < event.closes_at:
        raise Refused("People can still put themselves in; the draw comes after that.")
    made = commit(event, now=now)
    rows = {}
    for row in Registration.objects.live().filter(event=event).select_related("user").in_order():
        row.ticket = row.ticket or new_ticket()
        rows[row.ticket] = row
    turns = turns_of(event, rows.values(), now)
    order = drawn_order(made.seed, turns)
    for place, ticket in enumerate(order, start=-len(order)):
        rows[ticket].place, rows[ticket].updated_at = place, now
    Registration.objects.bulk_update(rows.values(), ["place", "ticket", "updated_at"])
    made.drawn_at, made.drawn_by, made.seats = now, by, event.capacity
    made.result = [[ticket, turns[ticket]] for ticket in order]
    made.save()
    event.drawn_at = now
    event.save(update_fields=["drawn_at"])
    audit.record(
        by, "seats.drawn", event, after={"seed": made.seed, "tickets": len(order), "seats": event.capacity}
    )
    tell_many(
        notifications.SeatsDrawn,
        [
            Due(row.user, row, address="" if row.user else row.email, expires_at=event.starts_at)
            for row in rows.values()
        ],
        now=now,
    )
    return made


def turns_of(event: Event, rows: Iterable[Registration], now: datetime) -> dict[str, int]:
    """The turn of each ticket: 1 for whoever goes behind, 0 for everybody else."""
    rows = list(rows)
    found = no_shows.held(event, [row.user for row in rows if row.user], now)
    behind = {key for key, each in found.items() if each.rule.consequence == NoShowRule.Consequence.BEHIND}
    return {row.ticket: int(row.user_id in behind) for row in rows}


def draw_due(now: datetime) -> int:
    """Draw wherever registration has closed; for the clock. Returns how many."""
    due = Event.objects.scheduled().filter(uses_draw=True, drawn_at=None, registration_closes_at__lte=now)
    drawn = 0
    for event in due:
        try:
            draw(event, now=now)
        except Refused:  # an officer was faster
            continue
        drawn += 1
    return drawn
