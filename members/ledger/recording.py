"""What a sender writes down: that a mail is about to go, and how it ended."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.mail import EmailMultiAlternatives
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from members.ledger import judging, merging, stopping
from members.ledger.claiming import Claim, Clock
from members.ledger.kinds import Category
from members.ledger.outcomes import BACK_OFF, Failure, Verdict
from members.models import Notification, Suppression

logger = logging.getLogger(__name__)

Status = Notification.Status

MAY_HAVE_GONE = "It may have arrived, so it is not sent again by itself. "

#: Both or neither: without a transaction around it, what is sent to the database at once is one.
GONE_AND_NEXT = """
    UPDATE members_notification
       SET status = %s, sent_at = %s, subject = %s, provider_id = %s, reason = '', claim = NULL, lease_until = NULL
     WHERE id = %s AND claim = %s AND status = %s;
    UPDATE members_notification
       SET begun_at = %s, attempts = attempts + 1, merged_as = ''
     WHERE id = %s AND claim = %s AND status = %s
"""


@dataclass
class Sweep:
    """What one sweep did."""

    written: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    is_finished: bool = True
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [f"{self.written} fell due"] + [
            f"{count} {status}" for status, count in sorted(self.counts.items())
        ]
        return ", ".join(parts)


class Record:
    """What becomes of the rows of a claim, in the ledger and in the report of the sweep."""

    def __init__(self, clock: Clock, claim: Claim, report: Sweep) -> None:
        self.clock, self.claim, self.report = clock, claim, report
        # A digest that went, until it is written down together with the beginning of the next one.
        self.gone: tuple[Sequence[Notification], datetime, str, str] | None = None
        # Rows that need not go, by the reason, until the end of the batch.
        self.skipped: dict[str, list[Notification]] = defaultdict(list)

    def begin(self, rows: Sequence[Notification]) -> bool:
        """Note that the mail is about to go; False where another sender has one of its rows by now."""
        if self.gone and rows[0].rank == Category.DIGEST.value:
            return self.begin_next(rows[0])
        self.write_down_gone()
        with transaction.atomic() if len(rows) > 1 else nullcontext():
            begun = (
                self.claim.rows()
                .filter(pk__in=[row.pk for row in rows])
                .update(begun_at=self.clock.now, attempts=F("attempts") + 1, merged_as=rows[0].merged_as)
            )
            if begun != len(rows):
                if begun:
                    transaction.set_rollback(True)
                return False
        for row in rows:
            row.attempts += 1
        return True

    def begin_next(self, row: Notification) -> bool:
        """Write down the digest that went and note that the next one is about to go: one statement to the database
        and one commit for each mail, which is most of what ten thousand take."""
        assert self.gone  # noqa: S101  the caller looked
        [gone], sent_at, subject, provider_id = self.gone
        with connection.cursor() as cursor:
            cursor.execute(
                GONE_AND_NEXT,
                [
                    *(Status.SENT, sent_at, subject, provider_id, gone.pk, self.claim.key, Status.SENDING),
                    *(self.clock.now, row.pk, self.claim.key, Status.SENDING),
                ],
            )
            begun = cursor.rowcount
        self.gone = None
        self.report.counts[Status.SENT] += 1
        row.attempts += begun
        return bool(begun)

    def has_gone(self, rows: Sequence[Notification], mail: EmailMultiAlternatives) -> None:
        status = getattr(mail, "anymail_status", None)
        provider_id = str(getattr(status, "message_id", None) or "")[:200]
        self.gone = (rows, self.clock.now, mail.subject[:300], provider_id)
        # Whoever dies now leaves a digest as unknown, not twice: its outcome can wait for the next one's beginning.
        if rows[0].rank != Category.DIGEST.value:
            self.write_down_gone()

    def write_down_gone(self) -> None:
        if self.gone:
            rows, sent_at, subject, provider_id = self.gone
            self.write(
                rows,
                Status.SENT,
                status=Status.SENT,
                sent_at=sent_at,
                subject=subject,
                provider_id=provider_id,
                reason="",
            )
            self.gone = None

    def write_down(self) -> None:
        """What this batch has still to say of its rows."""
        self.write_down_gone()
        for reason, rows in self.skipped.items():
            self.write(rows, Status.SKIPPED, status=Status.SKIPPED, reason=reason[:300])
        self.skipped.clear()

    def could_not_be_written(self, row: Notification, problem: Exception, now: datetime) -> None:
        if isinstance(problem, ObjectDoesNotExist):
            if not merging.is_early(row, now):
                self.write([row], Status.SKIPPED, status=Status.SKIPPED, reason=judging.GONE)
            return
        logger.error("Notification %s (%s) could not be written", row.pk, row.kind, exc_info=problem)
        if not merging.is_early(row, now):
            row.attempts += 1
            self.failed_row(row, Failure(Verdict.RETRY, f"It could not be written: {type(problem).__name__}"))

    def as_before(self, rows: Sequence[Notification], reason: str) -> None:
        """The mail went nowhere, and that is no try of these rows."""
        again = {row.merged_as if row.interruptions else "" for row in rows} or {""}
        self.claim.rows().filter(pk__in=[row.pk for row in rows]).update(
            status=Status.PENDING,
            claim=None,
            lease_until=None,
            begun_at=None,
            attempts=F("attempts") - 1,
            merged_as=again.pop(),
            reason=reason[:300],
        )

    def failed(self, rows: Sequence[Notification], failure: Failure) -> None:
        """What becomes of each part of a mail that did not go."""
        now = self.clock.now
        early = [row for row in rows if merging.is_early(row, now) and not row.interruptions]
        if failure.verdict is not Verdict.UNKNOWN:
            self.as_before(early, "")
            rows = [row for row in rows if row not in early]
        for row in rows:
            self.failed_row(row, failure)

    def failed_row(self, row: Notification, failure: Failure) -> None:
        now = self.clock.now
        reason = failure.reason[:300]
        if failure.is_bad_address:
            stopping.pause(row.to, reason, now=now, cause=Suppression.Cause.BOUNCE)
        is_final = row.rank == Category.DIGEST.value or row.interruptions >= 1
        if failure.verdict is Verdict.UNKNOWN and is_final:
            self.write([row], Status.UNKNOWN, status=Status.UNKNOWN, reason=(MAY_HAVE_GONE + reason)[:300])
            return
        # What may have arrived goes again in the same mail as before; anything else may go in another.
        may_have_gone = failure.verdict is Verdict.UNKNOWN or row.interruptions
        merged_as = row.merged_as if may_have_gone else ""
        if failure.verdict is Verdict.DEAD or row.attempts > len(BACK_OFF):
            self.write(
                [row],
                Status.DEAD,
                status=Status.DEAD,
                reason=reason,
                attempts=row.attempts,
                merged_as=merged_as,
            )
        else:
            self.write(
                [row],
                Status.FAILED,
                status=Status.FAILED,
                reason=reason,
                attempts=row.attempts,
                interruptions=row.interruptions + (failure.verdict is Verdict.UNKNOWN),
                try_at=now + BACK_OFF[row.attempts - 1],
                merged_as=merged_as,
            )

    def write(self, rows: Sequence[Notification], count_as: str, **changes: Any) -> None:
        """Write down how it ended, unless the lease was lost. A mail that went must not be forgotten."""
        mine = self.claim.rows().filter(pk__in=[row.pk for row in rows])
        for pause in (1, 2, 4, 8, None):
            try:
                mine.update(claim=None, lease_until=None, **changes)
                break
            except (OperationalError, InterfaceError):
                if pause is None or connection.in_atomic_block:
                    raise
                connection.close()
                time.sleep(pause)
        self.report.counts[count_as] += len(rows)
