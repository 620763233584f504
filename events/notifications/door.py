"""What somebody without an account hears after they came."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

from events.models import Attendance, Event
from events.notifications.registrations import spoken
from members.ledger import Category, Kind, kind, tell
from members.models import Notification, User

#: One welcome an address for so long: about a term.
WELCOMES_APART = timedelta(days=120)
#: The next dates that it names.
NEXT, NEXT_WITHIN = 4, timedelta(days=35)
SALT = "events.was-me"


@kind(
    "event-glad",
    label="Glad you came",
    template="events/mail/glad",
    category=Category.TRANSACTIONAL,
    why="because somebody, probably you, gave this address at the door",
    is_for_accounts=False,
)
class GladYouCame(Kind):
    """The one mail after a walk-in: the next dates, and a link to say that the address is theirs."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        attendance = Attendance.objects.select_related("event").filter(pk=row.about_pk, user=None).first()
        if attendance is None:
            return "taken back, or in an account by now"
        return "the event was cancelled" if attendance.event.is_cancelled else True

    def context(self, row: Notification) -> dict[str, Any]:
        attendance = Attendance.objects.select_related("event").get(pk=row.about_pk)
        event, after = attendance.event, attendance.event.ends_at
        coming = Event.objects.public().scheduled().between(after, after + NEXT_WITHIN)
        return {
            "attendance": attendance,
            "event": event,
            "coming": [
                {"event": each, "when": spoken(each)} for each in coming.defer("description", "search")[:NEXT]
            ],
            "has_account": User.objects.real().filter(email__iexact=attendance.email).exists(),
            "url": settings.SITE_URL + reverse("events:walk_in_confirm", args=[token_of(attendance)]),
        }


def token_of(attendance: Attendance) -> str:
    """What only the owner of the address gets. It is signed and not stored, as the links that stop mail are."""
    return signing.dumps(attendance.pk, salt=SALT, compress=False)


def attendance_of(token: str) -> Attendance | None:
    """The attendance that a link is about, while it is there."""
    try:
        number = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return Attendance.objects.select_related("event", "user").filter(pk=number).first()


def welcome(attendance: Attendance, *, now: datetime) -> bool:
    """Write to somebody who came without an account, when the event is over; once in a term, but each time to an
    address that has an account, which only its owner can join it to."""
    has_account = User.objects.real().filter(email__iexact=attendance.email).exists()
    earlier = Notification.objects.filter(
        kind=GladYouCame.slug,
        address=attendance.email.lower(),
        created_at__gt=now - WELCOMES_APART,
    )
    if not has_account and earlier.exists():
        return False
    return tell(
        GladYouCame,
        None,
        address=attendance.email,
        about=attendance,
        due_at=max(now, attendance.event.ends_at),
        expires_at=attendance.event.ends_at + timedelta(days=7),
        now=now,
    )
