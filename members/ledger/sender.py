"""One sender: its claim on rows of the ledger, its mails, its one connection to the mail server."""

from __future__ import annotations

import logging
import smtplib
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, groupby
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from members import mailserver
from members.ledger import holding, judging, kinds, merging, posting, stopping
from members.ledger.kinds import Category, Kind
from members.ledger.outcomes import BACK_OFF, Failure, Verdict, judge, refuses_us, words
from members.ledger.stopping import Wishes
from members.models import Club, Notification, Suppression
from members.models.notifications import NotificationQuerySet

logger = logging.getLogger(__name__)

Status = Notification.Status

BATCH = 50
#: Of digests more are claimed at once: each batch asks every app what there is to say.
DIGESTS = 200
LEASE = timedelta(seconds=120)
#: A mail is not begun with less than this left: a slow server may take that long over one.
MARGIN = timedelta(seconds=75)
UNREACHABLE_FOR = timedelta(minutes=1)
#: After a mail that took so long, whoever is more urgent goes before the rest of the batch.
SLOW = 2.0
MAY_HAVE_GONE = "It may have arrived, so it is not sent again by itself. "


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


class Unreachable(Exception):
    """The mail server does not take conversations at all; no message is to blame."""


class RefusesUs(Unreachable):
    """The mail server does not want the portal itself: somebody has to mend the settings."""


#: Both or neither: without a transaction around it, what is sent to the database at once is one.
GONE_AND_NEXT = """
    UPDATE members_notification
       SET status = %s, sent_at = %s, subject = %s, provider_id = %s, reason = '', claim = NULL, lease_until = NULL
     WHERE id = %s AND claim = %s AND status = %s;
    UPDATE members_notification
       SET begun_at = %s, attempts = attempts + 1, merged_as = ''
     WHERE id = %s AND claim = %s AND status = %s
"""


class Sender:
    """One sweep's claim on rows, and its one connection to the mail server."""

    def __init__(self, clock: Clock, club: Club, report: Sweep, should_stop: Callable[[], bool]) -> None:
        self.clock, self.club, self.report, self.should_stop = clock, club, report, should_stop
        self.claim = uuid.uuid4()
        self.lease_until = clock.now
        self.backend: BaseEmailBackend | None = None
        self.has_carried = False
        self.looked_ahead_for: set[merging.Recipient] = set()
        # A digest that went, until it is written down together with the beginning of the next one.
        self.gone: tuple[Sequence[Notification], datetime, str, str] | None = None
        # Rows that need not go, by the reason, until the end of the batch.
        self.skipped: dict[str, list[Notification]] = defaultdict(list)

    # ── Claiming

    def send_batch(self) -> bool:
        """Claim the next rows and deal with each mail; False when there was nothing to claim."""
        rows = self.claim_batch()
        if not rows:
            return False
        try:
            with Club.kept():
                wishes = Wishes.of(rows)
                self.prepare(rows)
                mails = merging.mails(rows)
                for position, parts in enumerate(mails):
                    if self.should_stop():
                        break
                    if self.keep_lease(list(chain.from_iterable(mails[position:]))):
                        began = self.clock.elapsed
                        self.deal_with(parts, wishes)
                        if self.clock.elapsed - began > SLOW and self.is_overtaken(parts[0]):
                            break
        finally:
            self.write_down()
            self.let_go()
        return True

    def waiting(self, now: datetime) -> NotificationQuerySet:
        """The mails that could go now, the most urgent first."""
        return Notification.objects.by_mail().due(now).free(holding.held_since())

    def claim_batch(self) -> list[Notification]:
        now = self.clock.now
        self.claim, self.lease_until = uuid.uuid4(), now + LEASE
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
                    status=Status.SENDING, claim=self.claim, lease_until=self.lease_until, begun_at=None
                )
        return rows

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

    def mine(self) -> Any:
        return Notification.objects.filter(claim=self.claim, status=Status.SENDING)

    def keep_lease(self, rows: Sequence[Notification]) -> bool:
        """Lengthen the lease when it runs short; False when the row at the front is no longer ours."""
        now = self.clock.now
        if self.lease_until - now > MARGIN:
            return True
        self.lease_until = now + LEASE
        self.mine().filter(pk__in=[row.pk for row in rows]).update(lease_until=self.lease_until)
        return bool(self.mine().filter(pk=rows[0].pk).exists())

    def let_go(self) -> None:
        """Give back what was claimed and not begun."""
        self.mine().filter(begun_at=None).update(status=Status.PENDING, claim=None, lease_until=None)

    # ── One row

    def prepare(self, rows: Sequence[Notification]) -> None:
        for slug, some in groupby(sorted(rows, key=lambda row: row.kind), key=lambda row: row.kind):
            kind = kinds.find(slug)
            if kind is None or type(kind).prepare is Kind.prepare:
                continue
            try:
                kind.prepare(list(some))
            except Exception:  # then `context` fails for the rows that need it, one by one
                logger.exception("A batch of %s could not be prepared", slug)

    def deal_with(self, rows: Sequence[Notification], wishes: Wishes) -> None:
        """Send one mail: a message, or several as its parts. What falls out of it is written down by itself."""
        now = self.clock.now
        rows = [row for row in rows if self.may_go(row, wishes, now)]
        if all(merging.is_early(row, now) for row in rows):
            return
        backend = self.open_backend()
        rows, mail = self.written(rows, backend, now)
        # From here on it may arrive even if this process dies.
        if mail is None or not self.begin(rows):
            return
        has_carried = self.has_carried
        failure = self.hand_over(mail)
        if failure and has_carried and failure.loses_connection and failure.verdict is Verdict.RETRY:
            # The other end had enough of a connection that was open for a while; the mail itself went nowhere.
            try:
                mail.connection = self.open_backend()
            except Unreachable:
                self.record_failures(rows, failure)
                raise
            failure = self.hand_over(mail)
        if failure is None:
            if self.club.mail_problem:
                self.club.mail_problem = ""
                Club.objects.filter(pk=1).update(mail_problem="", mail_problem_at=None)
                Club.forget()
            self.has_gone(rows, mail)
        elif failure.verdict is Verdict.REFUSED:
            # Nobody's message is to blame: it is as it was.
            self.as_before(rows, failure.reason)
            raise RefusesUs(failure.reason)
        else:
            self.record_failures(rows, failure)

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
            self.record(
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
            self.record(rows, Status.SKIPPED, status=Status.SKIPPED, reason=reason[:300])
        self.skipped.clear()

    def may_go(self, row: Notification, wishes: Wishes, now: datetime) -> bool:
        """Whether the row goes now; why it does not is written down, but for one whose own hour has not come."""
        kind = kinds.find(row.kind)
        is_early = merging.is_early(row, now)
        try:
            morning = None
            if kind is not None and not (row.expires_at and row.expires_at <= now):
                morning = judging.quiet_until(row, kind, now, self.club.zone)
            reason = "" if morning else judging.reason_to_skip(row, kind, wishes, now)
        except Exception as problem:
            self.could_not_be_written(row, problem, now)
            return False
        if morning and not is_early:
            self.record([row], "postponed", status=Status.PENDING, try_at=morning)
        elif reason and not is_early:
            self.skipped[reason].append(row)
        return not morning and not reason

    def written(
        self, rows: Sequence[Notification], backend: BaseEmailBackend, now: datetime
    ) -> tuple[Sequence[Notification], EmailMultiAlternatives | None]:
        """The mail and the rows that stand in it, without those that cannot be written; None where nothing is left."""
        how: dict[str, Any] = {"club": self.club, "now": now}
        try:
            if len(rows) > 1:
                parts = [part for row in rows if (part := self.part_of(row, now))]
                rows = [part.row for part in parts]
                if len(parts) > 1:
                    merging.put_together(rows)
                    return rows, posting.together(parts, connection=backend, **how)
                if all(merging.is_early(row, now) for row in rows):
                    return [], None
            merging.put_together(rows)
            return rows, posting.message(rows[0], kinds.known(rows[0].kind), connection=backend, **how)
        except Exception as problem:
            for row in rows:
                self.could_not_be_written(row, problem, now)
            return [], None

    def part_of(self, row: Notification, now: datetime) -> posting.Part | None:
        """The row as a part of a mail; None where it cannot be written, and the others go without it."""
        try:
            return posting.part(row, kinds.known(row.kind), club=self.club, now=now)
        except Exception as problem:
            self.could_not_be_written(row, problem, now)
            return None

    def could_not_be_written(self, row: Notification, problem: Exception, now: datetime) -> None:
        if isinstance(problem, ObjectDoesNotExist):
            if not merging.is_early(row, now):
                self.record([row], Status.SKIPPED, status=Status.SKIPPED, reason=judging.GONE)
            return
        logger.error("Notification %s (%s) could not be written", row.pk, row.kind, exc_info=problem)
        if not merging.is_early(row, now):
            row.attempts += 1
            self.record_failure(
                row, Failure(Verdict.RETRY, f"It could not be written: {type(problem).__name__}")
            )

    def begin(self, rows: Sequence[Notification]) -> bool:
        """Note that the mail is about to go; False where another sender has one of its rows by now."""
        if self.gone and rows[0].rank == Category.DIGEST.value:
            return self.begin_next(rows[0])
        self.write_down_gone()
        with transaction.atomic() if len(rows) > 1 else nullcontext():
            begun = (
                self.mine()
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
                    *(Status.SENT, sent_at, subject, provider_id, gone.pk, self.claim, Status.SENDING),
                    *(self.clock.now, row.pk, self.claim, Status.SENDING),
                ],
            )
            begun = cursor.rowcount
        self.gone = None
        self.report.counts[Status.SENT] += 1
        row.attempts += begun
        return bool(begun)

    def as_before(self, rows: Sequence[Notification], reason: str) -> None:
        """The mail went nowhere, and that is no try of these rows."""
        again = {row.merged_as if row.interruptions else "" for row in rows} or {""}
        self.mine().filter(pk__in=[row.pk for row in rows]).update(
            status=Status.PENDING,
            claim=None,
            lease_until=None,
            begun_at=None,
            attempts=F("attempts") - 1,
            merged_as=again.pop(),
            reason=reason[:300],
        )

    def hand_over(self, mail: Any) -> Failure | None:
        """Give the mail to the server; None when it took it."""
        backend = mail.connection
        if isinstance(backend, mailserver.EmailBackend):
            backend.begin()
        try:
            if mail.send():
                self.has_carried = True
                return None
            return Failure(Verdict.RETRY, "The mail server took nothing.")
        except Exception as problem:
            reached = backend.reached_data if isinstance(backend, mailserver.EmailBackend) else True
            failure = judge(problem, reached_data=reached)
            if failure.loses_connection:
                self.close()
            return failure

    def record(self, rows: Sequence[Notification], count_as: str, **changes: Any) -> None:
        """Write down how it ended, unless the lease was lost. A mail that went must not be forgotten."""
        mine = self.mine().filter(pk__in=[row.pk for row in rows])
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

    def record_failures(self, rows: Sequence[Notification], failure: Failure) -> None:
        """What becomes of each part of a mail that did not go."""
        now = self.clock.now
        early = [row for row in rows if merging.is_early(row, now) and not row.interruptions]
        if failure.verdict is not Verdict.UNKNOWN:
            self.as_before(early, "")
            rows = [row for row in rows if row not in early]
        for row in rows:
            self.record_failure(row, failure)

    def record_failure(self, row: Notification, failure: Failure) -> None:
        now = self.clock.now
        reason = failure.reason[:300]
        if failure.is_bad_address:
            stopping.pause(row.to, reason, now=now, cause=Suppression.Cause.BOUNCE)
        is_final = row.rank == Category.DIGEST.value or row.interruptions >= 1
        if failure.verdict is Verdict.UNKNOWN and is_final:
            self.record([row], Status.UNKNOWN, status=Status.UNKNOWN, reason=(MAY_HAVE_GONE + reason)[:300])
            return
        # What may have arrived goes again in the same mail as before; anything else may go in another.
        may_have_gone = failure.verdict is Verdict.UNKNOWN or row.interruptions
        merged_as = row.merged_as if may_have_gone else ""
        if failure.verdict is Verdict.DEAD or row.attempts > len(BACK_OFF):
            self.record(
                [row],
                Status.DEAD,
                status=Status.DEAD,
                reason=reason,
                attempts=row.attempts,
                merged_as=merged_as,
            )
        else:
            self.record(
                [row],
                Status.FAILED,
                status=Status.FAILED,
                reason=reason,
                attempts=row.attempts,
                interruptions=row.interruptions + (failure.verdict is Verdict.UNKNOWN),
                try_at=now + BACK_OFF[row.attempts - 1],
                merged_as=merged_as,
            )

    # ── The connection

    def open_backend(self) -> BaseEmailBackend:
        if self.backend is None:
            backend = mailserver.connection()
            try:
                backend.open()
            except (smtplib.SMTPException, OSError) as problem:
                if refuses_us(problem):
                    raise RefusesUs(words(problem)) from problem
                # Nobody's message is to blame: it keeps its tries and waits a little.
                reason = f"The mail server cannot be reached: {words(problem)}"
                self.mine().filter(begun_at=None, due_at__lte=self.clock.now).update(
                    status=Status.FAILED,
                    reason=reason[:300],
                    try_at=self.clock.now + UNREACHABLE_FOR,
                    claim=None,
                    lease_until=None,
                )
                raise Unreachable(words(problem)) from problem
            self.backend = backend
        return self.backend

    def close(self) -> None:
        backend, self.backend = self.backend, None
        self.has_carried = False
        if backend is not None:
            try:
                backend.close()
            except (smtplib.SMTPException, OSError):
                logger.debug("The mail server had hung up already")
