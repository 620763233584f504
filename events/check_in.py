"""The code on the projector: it changes each minute, and the previous one still counts."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from events.models import Event

#: Without letters and digits that are taken for each other.
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 6
MINUTE = timedelta(minutes=1)
#: Whoever scanned a code may take so long to sign in.
PASS_LASTS = timedelta(minutes=20)


def code_of(event: Event, now: datetime) -> str:
    """The code of the minute: six characters from the event's secret."""
    minute = int(now.timestamp()) // 60
    digest = hmac.new(event.check_in_secret.encode(), str(minute).encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest[:8], "big")
    letters = []
    for _ in range(LENGTH):
        number, at = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[at])
    return "".join(letters)


def was_shown(code: str, now: datetime) -> bool:
    """Whether the code was on a screen in the last minutes, and is over."""
    code = code.strip().upper()
    minutes = range(2, int(PASS_LASTS / MINUTE))
    return any(
        hmac.compare_digest(code_of(event, now - n * MINUTE).encode(), code.encode())
        for event in Event.objects.open_for_check_in(now)
        for n in minutes
    )


def event_of(code: str, now: datetime) -> Event | None:
    """The event that shows this code now or showed it a minute ago, among those open for check-in."""
    code = code.strip().upper()
    if len(code) != LENGTH or not code.isascii():
        return None
    for event in Event.objects.open_for_check_in(now):
        for instant in (now, now - MINUTE):
            if hmac.compare_digest(code_of(event, instant), code):
                return event
    return None
