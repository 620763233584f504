"""One sender: what it claimed becomes mails, and they go over its one connection to the mail server."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import chain, groupby
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from members import mailserver
from members.ledger import judging, kinds, merging, posting
from members.ledger.claiming import Claim, Clock
from members.ledger.kinds import Kind
from members.ledger.outcomes import Failure, Verdict, judge, refuses_us, words
from members.ledger.recording import Record, Sweep
from members.ledger.stopping import Wishes
from members.models import Club, Notification

logger = logging.getLogger(__name__)

Status = Notification.Status

UNREACHABLE_FOR = timedelta(minutes=1)
#: After a mail that took so long, whoever is more urgent goes before the rest of the batch.
SLOW = 2.0


class Unreachable(Exception):
    """The mail server does not take conversations at all; no message is to blame."""


class RefusesUs(Unreachable):
    """The mail server does not want the portal itself: somebody has to mend the settings."""


class Sender:
    """One sweep's claim on rows, and its one connection to the mail server."""

    def __init__(self, clock: Clock, club: Club, report: Sweep, should_stop: Callable[[], bool]) -> None:
        self.clock, self.club, self.should_stop = clock, club, should_stop
        self.claim = Claim(clock)
        self.record = Record(clock, self.claim, report)
        self.backend: BaseEmailBackend | None = None
        self.has_carried = False

    def send_batch(self) -> bool:
        """Claim the next rows and deal with each mail; False when there was nothing to claim."""
        rows = self.claim.take()
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
                    if self.claim.keep_lease(list(chain.from_iterable(mails[position:]))):
                        began = self.clock.elapsed
                        self.deal_with(parts, wishes)
                        if self.clock.elapsed - began > SLOW and self.claim.is_overtaken(parts[0]):
                            break
        finally:
            self.record.write_down()
            self.claim.let_go()
        return True

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
        if mail is None or not self.record.begin(rows):
            return
        has_carried = self.has_carried
        failure = self.hand_over(mail)
        if failure and has_carried and failure.loses_connection and failure.verdict is Verdict.RETRY:
            # The other end had enough of a connection that was open for a while; the mail itself went nowhere.
            try:
                mail.connection = self.open_backend()
            except Unreachable:
                self.record.failed(rows, failure)
                raise
            failure = self.hand_over(mail)
        if failure is None:
            if self.club.mail_problem:
                self.club.mail_problem = ""
                Club.objects.filter(pk=1).update(mail_problem="", mail_problem_at=None)
                Club.forget()
            self.record.has_gone(rows, mail)
        elif failure.verdict is Verdict.REFUSED:
            # Nobody's message is to blame: it is as it was.
            self.record.as_before(rows, failure.reason)
            raise RefusesUs(failure.reason)
        else:
            self.record.failed(rows, failure)

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
            self.record.could_not_be_written(row, problem, now)
            return False
        if morning and not is_early:
            self.record.write([row], "postponed", status=Status.PENDING, try_at=morning)
        elif reason and not is_early:
            self.record.skipped[reason].append(row)
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
                self.record.could_not_be_written(row, problem, now)
            return [], None

    def part_of(self, row: Notification, now: datetime) -> posting.Part | None:
        """The row as a part of a mail; None where it cannot be written, and the others go without it."""
        try:
            return posting.part(row, kinds.known(row.kind), club=self.club, now=now)
        except Exception as problem:
            self.record.could_not_be_written(row, problem, now)
            return None

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
                self.claim.rows().filter(begun_at=None, due_at__lte=self.clock.now).update(
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
