"""What officers do to the ledger: hold it after a restore, let rows out or drop them, send dead ones again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from members import audit
from members.ledger import kinds
from members.ledger.writing import wake
from members.models import Club, Notification, User
from members.models.club import CLUB_PK
from members.models.notifications import NotificationQuerySet

DROPPED = "An officer decided that it should not go."


def hold(reason: str, *, now: datetime, by: User | None = None) -> None:
    """From now on, whatever fell due before `now` waits for an officer."""
    with transaction.atomic():
        _set_hold(now, reason)
        audit.record(by, "mail.hold", f"members.club:{CLUB_PK}", after={"reason": reason})


def release(*, now: datetime, by: User | None = None) -> int:
    """End the hold; everything that waited goes, if it is still wanted. Returns how many waited."""
    with transaction.atomic():
        waiting = held()
        count = waiting.update(released_at=now)
        _set_hold(None, "")
        audit.record(by, "mail.release", f"members.club:{CLUB_PK}", after={"count": count})
        wake()
    return count


def let_out(rows: NotificationQuerySet, *, now: datetime, by: User) -> int:
    """Let some of what is held go; the hold stays for the rest."""
    with transaction.atomic():
        count = rows.by_mail().held(held_since()).update(released_at=now)
        audit.record(by, "mail.let_out", f"members.club:{CLUB_PK}", after={"count": count})
        wake()
    return count


def drop(rows: NotificationQuerySet, *, now: datetime, by: User) -> int:
    """Decide that some of what is held never goes."""
    with transaction.atomic():
        count = (
            rows.by_mail()
            .held(held_since())
            .update(status=Notification.Status.SKIPPED, reason=DROPPED, released_at=now)
        )
        audit.record(by, "mail.drop", f"members.club:{CLUB_PK}", after={"count": count})
    return count


def send_again(rows: NotificationQuerySet, *, now: datetime, by: User) -> int:
    """Give dead and unknown rows a fresh start; whether they are still wanted is asked once more.

    Account mails are past: their codes are no longer valid, and their text was never kept.
    """
    with transaction.atomic():
        count = (
            rows.by_mail()
            .dead()
            .filter(kind__in=[kind.slug for kind in kinds.every()])
            .update(
                status=Notification.Status.PENDING,
                try_at=now,
                attempts=0,
                interruptions=0,
                reason="",
                released_at=now,
            )
        )
        audit.record(by, "mail.send_again", f"members.club:{CLUB_PK}", after={"count": count})
        wake()
    return count


def set_aside(rows: NotificationQuerySet, *, by: User) -> int:
    """Take dead rows off the desk: nobody will send them."""
    with transaction.atomic():
        count = rows.by_mail().dead().update(status=Notification.Status.SKIPPED, reason=DROPPED)
        audit.record(by, "mail.set_aside", f"members.club:{CLUB_PK}", after={"count": count})
    return count


def held_since() -> datetime | None:
    return Club.objects.filter(pk=CLUB_PK).values_list("mail_held_at", flat=True).first()


def held() -> NotificationQuerySet:
    """The mails that wait for an officer. Channels are silent meanwhile, and say afterwards what they should."""
    return Notification.objects.by_mail().held(held_since())


def _set_hold(since: datetime | None, reason: str) -> None:
    Club.objects.filter(pk=CLUB_PK).update(mail_held_at=since, mail_hold_reason=reason[:200])
    transaction.on_commit(Club.forget, robust=True)
