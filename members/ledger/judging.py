"""Asked just before a message goes: is it still wanted, and is it the hour for it?"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ObjectDoesNotExist

from members.ledger.kinds import Category, Kind
from members.ledger.stopping import Wishes
from members.models import Notification

NIGHT_BEGINS, NIGHT_ENDS = time(22), time(8)
FAR_AHEAD = timedelta(days=1)

NO_KIND = "This kind of mail no longer exists."
TOO_LATE = "It would have come too late."
CLOSED = "The account is closed or suspended."
SWITCHED_OFF = "This kind of mail is switched off."
PAUSED = "Mail to this address came back, so only what is needed goes there."
NOT_NEEDED = "It was no longer needed."
GONE = "What it was about is no longer there."


def reason_to_skip(row: Notification, kind: Kind | None, wishes: Wishes, now: datetime) -> str:
    """Why the message must not go any more; empty when it should."""
    if kind is None:
        return NO_KIND
    if row.expires_at and row.expires_at <= now:
        return TOO_LATE
    person = row.person
    if person and (not person.is_active or person.suspended_at or person.erased_at):
        return CLOSED
    if not wishes.wants(row, kind):
        return SWITCHED_OFF
    if kind.category.is_bulk and row.to.lower() in wishes.paused:
        return PAUSED
    try:
        answer = kind.still_wanted(row, now)
    except ObjectDoesNotExist:
        return GONE
    if isinstance(answer, str):
        return answer or NOT_NEEDED
    return "" if answer else NOT_NEEDED


def quiet_until(row: Notification, kind: Kind, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the night ends that this message should wait for, or None when it may go.

    Nights bind digests, and reminders that were due a day or more ahead; never so long that they come too late.
    """
    is_far_ahead = row.expires_at is not None and row.expires_at - row.due_at >= FAR_AHEAD
    if not (kind.category is Category.DIGEST or (kind.category is Category.REMINDER and is_far_ahead)):
        return None
    local = now.astimezone(zone)
    if NIGHT_ENDS <= local.time() < NIGHT_BEGINS:
        return None
    day = local.date() + timedelta(days=1) if local.time() >= NIGHT_BEGINS else local.date()
    morning = datetime.combine(day, NIGHT_ENDS, zone)
    return None if row.expires_at and morning >= row.expires_at else morning
