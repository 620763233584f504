"""What the demo club has been sent in the last four weeks: digests, reminders, and one mail that gave up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from events.models import Registration
from events.notifications import EventReminder
from members.audit import subject_of
from members.demo import People
from members.ledger import Kind, at
from members.models import Notification, User
from mlclub.portal import digest, readers
from mlclub.portal.notifications import NewMemberDigest, OfficerDigest, WeeklyDigest

WEEKS = 4
REMINDERS = 190
DIGESTS = {
    readers.MEMBER: WeeklyDigest,
    readers.NEW_MEMBER: NewMemberDigest,
    readers.OFFICER: OfficerDigest,
}
#: Of each evening's digests so many had something to say.
WITH_NEWS = 70


def seed(people: People, now: datetime, rng: random.Random) -> None:
    """Write the rows as the sender would have left them at `now`."""
    rows = [*_digests(now, rng), *_reminders(now)]
    mentor = people.cast["mentor"]
    rows.append(
        _row(
            EventReminder,
            mentor,
            "",
            at(now - timedelta(days=3), "24h"),
            now - timedelta(days=4),
            status=Notification.Status.DEAD,
            reason="452 4.2.2 The recipient's mailbox is full; gave up after 6 tries.",
        )
    )
    Notification.objects.bulk_create(rows)


def _digests(now: datetime, rng: random.Random) -> Iterator[Notification]:
    receivers = list(readers.recipients(now).exclude(digest__in=[readers.COURSE, readers.ALUMNI]))
    for back in range(WEEKS):
        told = set(rng.sample(range(len(receivers)), min(WITH_NEWS, len(receivers))))
        for number, person in enumerate(receivers):
            has_news = number in told
            evening = readers.sent_at(now, person.digest) - timedelta(weeks=back)
            yield _row(
                DIGESTS[person.digest],
                person,
                "",
                evening.date().isoformat(),
                evening,
                status=Notification.Status.SENT if has_news else Notification.Status.SKIPPED,
                reason="" if has_news else digest.NOTHING_FOR_YOU,
            )


def _reminders(now: datetime) -> Iterator[Notification]:
    registrations = (
        Registration.objects.filter(
            user__isnull=False,
            event__starts_at__lt=now,
            event__starts_at__gte=now - timedelta(weeks=WEEKS),
            event__state="scheduled",
        )
        .select_related("event", "user")
        .order_by("-event__starts_at", "pk")
    )
    seen: set[tuple[int, int]] = set()
    for registration in registrations:
        event, person = registration.event, registration.user
        if person is None or (event.pk, person.pk) in seen or len(seen) == REMINDERS:
            continue
        seen.add((event.pk, person.pk))
        due = event.starts_at - timedelta(hours=24)
        yield _row(EventReminder, person, subject_of(event), at(event.starts_at, "24h"), due)


def _row(
    kind: type[Kind],
    person: User,
    about: str,
    slot: str,
    due_at: datetime,
    *,
    status: str = Notification.Status.SENT,
    reason: str = "",
) -> Notification:
    is_sent = status == Notification.Status.SENT
    return Notification(
        person=person,
        kind=kind.slug,
        about=about,
        slot=slot,
        due_at=due_at,
        try_at=due_at,
        expires_at=due_at + timedelta(hours=24),
        created_at=min(due_at, timezone.now()),
        status=status,
        reason=reason,
        attempts=1 if is_sent else 0,
        sent_at=due_at + timedelta(seconds=40) if is_sent else None,
        rank=kind.category.value,
    )
