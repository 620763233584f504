"""What a sender claims of the ledger: which rows, for how long."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from members.ledger import holding, kinds, merging
from members.ledger.kinds import Category
from members.models import Notification
from members.models.notifications import NotificationQuerySet

Status = Notification.Status

BATCH = 50
#: Of digests more are claimed at once: each batch asks every app what there is to say.
DIGESTS = 200
LEASE = timedelta(seconds=120)
#: A mail is not begun with less than this left: a slow server may take that long over one.
MARGIN = timedelta(seconds=75)


@dataclass
class Clock:
    """A clock that begins at a given instant and runs on from there."""

    started: datetime
    _origin: float = field(default_factory=time.perf_counter)

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self._origin

    @property
    def now(self) -> datetime:
        return self.started + timedelta(seconds=self.elapsed)


class Claim:
    """The rows that a sender has in hand until its lease ends, a batch at a time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.key = uuid.uuid4()
        self.lease_until = clock.now
        self.looked_ahead_for: set[merging.Recipient] = set()

    def take(self) -> list[Notification]:
        """Claim the next rows, the most urgent first."""
        now = self.clock.now
        self.key, self.lease_until = uuid.uuid4(), now + LEASE
        with transaction.atomic():
            waiting = self.waiting(now)
            reminders = waiting.filter(rank=Category.REMINDER.value, kind__in=merging.slugs())
            if reminders.exists():
                merging.lock()
            else:  # one that is written this moment may have others beside it: the next batch takes them together
                waiting = waiting.exclude(rank=Category.REMINDER.value, kind__in=merging.slugs())
            rows = self.locked(waiting[:BATCH])
            if len(rows) == BATCH and rows[0].rank == Category.DIGEST.value:  # then all the rest are
                taken = [row.pk for row in rows]
                rows += self.locked(waiting.exclude(pk__in=taken)[: DIGESTS - BATCH])
            self.look_ahead(rows, reminders, now)
            free = Notification.objects.by_mail().free(holding.held_since())
            rows += self.locked(merging.companions(rows, now, free))
            if rows:
                Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
                    status=Status.SENDING, claim=self.key, lease_until=self.lease_until, begun_at=None
                )
        return rows

    def waiting(self, now: datetime) -> NotificationQuerySet:
        """The mails that could go now, the most urgent first."""
        return Notification.objects.by_mail().due(now).free(holding.held_since())

    def locked(self, rows: NotificationQuerySet) -> list[Notification]:
        return list(rows.select_for_update(skip_locked=True, of=("self",)).select_related("person"))

    def look_ahead(
        self, rows: Sequence[Notification], reminders: NotificationQuerySet, now: datetime
    ) -> None:
        """Write what soon falls due of those who get a reminder now: once a sweep for everybody who waits for one."""
        recipients = {merging.recipient_of(row) for row in rows if merging.may_merge(kinds.find(row.kind))}
        if recipients <= self.looked_ahead_for:
            return
        recipients.update(reminders.order_by().values_list("person_id", "address").distinct())
        merging.write_ahead(recipients, now)
        self.looked_ahead_for |= recipients

    def is_overtaken(self, row: Notification) -> bool:
        """Whether somebody waits who goes before the rest of this batch: the server is slow today."""
        return row.rank > 0 and self.waiting(self.clock.now).filter(rank__lt=row.rank).exists()

    def rows(self) -> Any:
        """What is still ours."""
        return Notification.objects.filter(claim=self.key, status=Status.SENDING)

    def keep_lease(self, rows: Sequence[Notification]) -> bool:
        """Lengthen the lease when it runs short; False when the row at the front is no longer ours."""
        now = self.clock.now
        if self.lease_until - now > MARGIN:
            return True
        self.lease_until = now + LEASE
        self.rows().filter(pk__in=[row.pk for row in rows]).update(lease_until=self.lease_until)
        return bool(self.rows().filter(pk=rows[0].pk).exists())

    def let_go(self) -> None:
        """Give back what was claimed and not begun."""
        self.rows().filter(begun_at=None).update(status=Status.PENDING, claim=None, lease_until=None)
