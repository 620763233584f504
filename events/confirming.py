"""Asking people whose seats stayed empty, where the club's rule says so, whether they come this time."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from events import no_shows, notifications
from events.line import LAST_OFFER, offer_until, order_of, seated_of
from events.locking import locked_event
from events.models import Event, NoShowRule, Registration
from members.ledger import at, tell

#: They are asked from this long before the start on.
ASKED_BEFORE = timedelta(hours=24)


def ask_to_confirm(now: datetime) -> int:
    """Ask whoever the rule says, a day before an event where others wait, whether they come; for the clock. The seat
    is then held like an offered one, and goes to the next in line without an answer."""
    asking = NoShowRule.objects.in_force().filter(consequence=NoShowRule.Consequence.CONFIRM)
    if not asking.exists():
        return 0
    soon = (
        Event.objects.scheduled()
        .filter(capacity__isnull=False)
        .filter(starts_at__gt=now + LAST_OFFER, starts_at__lte=now + ASKED_BEFORE)
    )
    return sum(_ask(event, now) for event in soon)


@transaction.atomic
def _ask(event: Event, now: datetime) -> int:
    event = locked_event(event)
    order = order_of(event)
    seats = seated_of(event, order)
    until = offer_until(event, now)
    if len(seats) == len(order) or until <= now:
        return 0
    rows = Registration.objects.filter(
        pk__in=seats, user__isnull=False, asked_to_confirm_at=None, created_at__lte=now - ASKED_BEFORE
    ).exclude(moved_up_at__gt=now - ASKED_BEFORE)
    people = {row.user_id: row for row in rows.select_related("user")}
    asked = 0
    for key, found in no_shows.held(event, [row.user for row in people.values() if row.user], now).items():
        if found.rule.consequence != NoShowRule.Consequence.CONFIRM:
            continue
        row = people[key]
        row.asked_to_confirm_at = row.offered_at = row.updated_at = now
        row.offer_expires_at, row.accepted_at = until, None
        row.save(
            update_fields=[
                "asked_to_confirm_at",
                "offered_at",
                "updated_at",
                "offer_expires_at",
                "accepted_at",
            ]
        )
        tell(notifications.ConfirmComing, row.user, about=row, slot=at(now), expires_at=until, now=now)
        asked += 1
    return asked
