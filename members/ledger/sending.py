"""The sweep: write what fell due, claim what can go, send it. It needs Postgres and a mail server, nothing else.

pending ──claim──▶ sending ──▶ sent
   ▲  ▲               ├──────▶ skipped   (no longer wanted; the reason is kept)
   │  └──quiet hours──┤
   └──────────────────┼──────▶ failed    (tried again after 1, 5, 15, 60 and 240 minutes)
                      ├──────▶ dead      (given up; an officer can send again)
                      └──────▶ unknown   (a sender died on the way, or the server fell silent)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from members.ledger import kinds, merging
from members.ledger.claiming import LEASE, Clock
from members.ledger.kinds import Category, Due, Kind
from members.ledger.outcomes import words
from members.ledger.recording import Sweep
from members.ledger.sender import RefusesUs, Sender, Unreachable
from members.ledger.writing import write
from members.models import Club, Notification

logger = logging.getLogger(__name__)

__all__ = ["LEASE", "Sweep", "recover", "sweep", "tick"]

Status = Notification.Status

TICK_AT_MOST_EVERY = timedelta(seconds=15)
DIED_ON_THE_WAY = "The sender stopped on the way. It may have arrived, so it is not sent again by itself."
#: How often a server that refuses the portal itself is asked again.
KNOCK_EVERY = timedelta(minutes=5)


def _never() -> bool:
    return False


def sweep(
    now: datetime | None = None,
    *,
    budget: float = 60.0,
    always_tick: bool = True,
    should_stop: Callable[[], bool] = _never,
) -> Sweep:
    """Write what is due at `now` and send what can go, for at most about `budget` seconds.

    Any number may run at once. Unless `always_tick`, the kinds are only asked when nobody did within 15 seconds.
    """
    clock = Clock(now or timezone.now())
    report = Sweep()
    ticked = _note_tick(clock.now)
    if always_tick or ticked:
        report.written = tick(clock.now, report.problems)
    recover(clock.now)
    # From the database, not from the cache: this runs where Redis does not.
    club = Club.objects.filter(pk=1).first() or Club(pk=1)
    if club.mail_problem and club.mail_problem_at and club.mail_problem_at + KNOCK_EVERY > clock.now:
        report.problems.append(f"The mail server refuses the portal: {club.mail_problem}")
        return report
    with timezone.override(club.zone):
        sender = Sender(clock, club, report, should_stop)
        try:
            while True:
                if should_stop():
                    report.is_finished = False
                    break
                if not sender.send_batch():
                    break
                if clock.elapsed > budget:
                    report.is_finished = False
                    break
        except RefusesUs as problem:
            logger.error("The mail server refuses the portal: %s", problem)
            report.problems.append(f"The mail server refuses the portal: {problem}")
            Club.objects.filter(pk=1).update(mail_problem=str(problem)[:300], mail_problem_at=clock.now)
            Club.forget()
        except Unreachable as problem:
            logger.warning("The mail server cannot be reached: %s", problem)
            report.problems.append(f"The mail server cannot be reached: {problem}")
        finally:
            sender.close()
    return report


def _note_tick(now: datetime) -> bool:
    """Remember that the clock was looked at; False when somebody did within the last seconds."""
    club = Club.objects.filter(pk=1)
    stale = (
        Q(last_tick_at=None)
        | Q(last_tick_at__lt=now - TICK_AT_MOST_EVERY)
        | Q(last_tick_at__gt=now + TICK_AT_MOST_EVERY)  # the machine's clock was set back
    )
    # `update`, so that the cached club stays: it changes twice a minute and no page shows it.
    return bool(club.filter(stale).update(last_tick_at=now)) or not club.exists()


def tick(now: datetime, problems: list[str] | None = None) -> int:
    """Write the rows that every kind says are due at `now`; returns how many were not there yet.

    What may go together comes into sight together.
    """
    asked = [kind for kind in kinds.every() if type(kind).due is not Kind.due]
    written = 0
    with transaction.atomic():
        merging.lock()
        for kind in asked:
            if merging.may_merge(kind):
                written += _written_due(kind, now, problems)
    for kind in asked:
        if not merging.may_merge(kind):
            written += _written_due(kind, now, problems)
    return written


def _written_due(kind: Kind, now: datetime, problems: list[str] | None) -> int:
    try:
        with transaction.atomic():
            return _write_due(kind, now)
    except Exception as problem:  # one app's mistake must not keep the others' reminders
        logger.exception("What is due of %s could not be found", kind.slug)
        if problems is not None:
            problems.append(f"{kind.slug}: {words(problem)}")
        return 0


def _write_due(kind: Kind, now: datetime) -> int:
    def in_time() -> Iterator[Due]:
        for due in kind.due(now):
            if (due.due_at is None or due.due_at <= now) and (due.expires_at is None or now < due.expires_at):
                yield due

    written, remaining = 0, in_time()
    while batch := list(islice(remaining, 1000)):
        written += write(kind, batch, now=now)
    return written


def recover(now: datetime) -> None:
    """Take rows back from senders that fell silent.

    What they had not begun is as it was. What they had begun goes once more under the same Message-ID; a digest,
    or anything interrupted for the second time, is left for an officer.
    """
    silent = Notification.objects.by_mail().abandoned(now)
    if not silent.exists():
        return
    free: dict[str, Any] = {"claim": None, "lease_until": None}
    silent.filter(begun_at=None).update(status=Status.PENDING, **free)
    begun = silent.exclude(begun_at=None)
    begun.filter(Q(rank=Category.DIGEST.value) | Q(interruptions__gte=1)).update(
        status=Status.UNKNOWN, reason=DIED_ON_THE_WAY, interruptions=F("interruptions") + 1, **free
    )
    begun.update(status=Status.PENDING, try_at=now, interruptions=F("interruptions") + 1, **free)
