"""Reminders that come to one person within two hours of each other go as one mail.

The first that is due takes along what falls due after it: that is written ahead, claimed together with it, judged by
itself, and stands in the same mail as a part. What is not wanted falls out; what would have come along with a mail that
does not go waits for its own hour. Senders claim reminders one after the other, so that no two hold parts for one person.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import F, Q

from members.ledger import kinds
from members.ledger.kinds import Category, Due, Kind
from members.ledger.writing import BATCH, write
from members.models import Notification, User
from members.models.notifications import NotificationQuerySet
from mlclub import locks

logger = logging.getLogger(__name__)

Status = Notification.Status
#: Whom a message goes to: the key of a person, or an address.
Recipient = tuple[int | None, str | None]

WINDOW = timedelta(hours=2)
#: What ends so soon after it is due comes at its minute and not ahead of it: "in an hour" must be true.
TOO_NEAR = timedelta(hours=4)


def may_merge(kind: Kind | None) -> bool:
    """Whether messages of `kind` go together with others: reminders, but no letters that nobody can stop."""
    return kind is not None and kind.category is Category.REMINDER and not kind.is_required


def slugs() -> list[str]:
    return [kind.slug for kind in kinds.every() if may_merge(kind)]


def lock() -> None:
    """Until the transaction ends nobody else writes or claims reminders."""
    locks.hold("members_notification reminders")


def is_early(row: Notification, now: datetime) -> bool:
    """Whether the message is here only to go along with another: its own hour has not come."""
    return row.due_at > now


def recipient_of(row: Notification) -> Recipient:
    return row.person_id, row.address


def mails(rows: Iterable[Notification]) -> list[list[Notification]]:
    """The rows as they go out, each mail where its first row stood: alone, or several to one person."""
    found: dict[tuple[object, ...], list[Notification]] = {}
    for row in rows:
        found.setdefault(_mail_of(row), []).append(row)
    return [sorted(parts, key=lambda row: (row.due_at, row.pk)) for parts in found.values()]


def _mail_of(row: Notification) -> tuple[object, ...]:
    if not may_merge(kinds.find(row.kind)):
        return ("alone", row.pk)
    if row.interruptions:
        # It may have arrived, so it goes again as the mail that it was, and nothing new goes into it.
        return ("again", message_id(row))
    return ("to", *recipient_of(row))


def message_id(row: Notification) -> str:
    """The Message-ID of the mail in which the row went, or goes."""
    return row.merged_as or row.message_id


def put_together(rows: Sequence[Notification]) -> None:
    """Give the rows of one mail its Message-ID, which stays if it has to go again: the first one's own."""
    first = rows[0]
    together = first.message_id if len(rows) > 1 else ""
    for row in rows:
        row.merged_as = first.merged_as if first.interruptions else together


def companions(
    rows: Sequence[Notification], now: datetime, free: NotificationQuerySet
) -> NotificationQuerySet:
    """What goes along with the claimed `rows`, of those that are `free` to go: the recipients' other reminders that are
    due, or fall due within WINDOW, and the other parts of a mail that was interrupted."""
    merging = [row for row in rows if may_merge(kinds.find(row.kind))]
    fresh = [row for row in merging if not row.interruptions]
    again = {row.merged_as for row in merging if row.interruptions and row.merged_as}
    if not fresh and not again:
        return free.none()
    is_theirs = Q(person__in={row.person_id for row in fresh if row.person_id}) | Q(
        address__in={row.address for row in fresh if row.address}
    )
    is_coming = Q(status=Status.PENDING, expires_at__gte=F("due_at") + TOO_NEAR)
    return free.filter(
        Q(interruptions=0) & is_theirs & (Q(try_at__lte=now) | is_coming) | Q(merged_as__in=again),
        status__in=[Status.PENDING, Status.FAILED],
        try_at__lte=now + WINDOW,
        rank=Category.REMINDER.value,
        kind__in=slugs(),
    ).exclude(pk__in=[row.pk for row in rows])


def write_ahead(recipients: set[Recipient], now: datetime) -> int:
    """Write what falls due of `recipients` within WINDOW; returns how many rows that were.

    Each is due at its own hour all the same: what does not go along with another is sent then.
    """
    written = 0
    for kind in kinds.every():
        if not may_merge(kind) or type(kind).due is Kind.due:
            continue
        try:
            with transaction.atomic():
                coming = _coming(kind, recipients, now)
                while batch := list(islice(coming, BATCH)):
                    written += write(kind, batch, now=now)
        except Exception:  # then these reminders go by themselves
            logger.exception("What soon falls due of %s could not be found", kind.slug)
    return written


def _coming(kind: Kind, recipients: set[Recipient], now: datetime) -> Iterator[Due]:
    until = now + WINDOW
    for due in kind.due(until):
        if due.due_at is None or due.expires_at is None or not now < due.due_at <= until:
            continue
        person = due.person.pk if isinstance(due.person, User) else due.person
        to = (person, due.address.strip().lower() or None)
        if to in recipients and due.expires_at - due.due_at >= TOO_NEAR:
            yield due
