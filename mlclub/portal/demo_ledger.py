"""What the demo club has been sent in the last four weeks: digests, reminders, and one mail that gave up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from events.models import Registration
from events.notifications import EventReminder
from members import audiences, sealing
from members.audit import subject_of
from members.demo import People
from members.ledger import Kind, at, stopping
from members.ledger.judging import SWITCHED_OFF
from members.models import Announcement, Club, Notification, OfficeTerm, User, Webhook
from members.notifications import AnnouncementMail
from mlclub.portal import digest, handover, readers
from mlclub.portal.notifications import Handover, NewMemberDigest, OfficerDigest, WeeklyDigest
from projects import monthly
from projects.notifications import AdvisorMonthly

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
    rows = [*_digests(now, rng), *_reminders(now), *_monthly(now), *_handovers(now)]
    mentor = people.cast["mentor"]
    past = Registration.objects.filter(user=mentor, event__starts_at__lt=now, event__state="scheduled")
    missed = past.select_related("event").order_by("event__starts_at", "pk")[0].event
    rows.append(
        _row(
            EventReminder,
            mentor,
            subject_of(missed),
            at(missed.starts_at, "24h"),
            now - timedelta(days=4),
            status=Notification.Status.DEAD,
            reason="452 4.2.2 The recipient's mailbox is full; gave up after 6 tries.",
        )
    )
    rows += _announcements(people, now)
    Notification.objects.bulk_create(rows)
    _troubles(people, now)


def _announcements(people: People, now: datetime) -> Iterator[Notification]:
    """One that the new members had three days ago, and a draft."""
    officer = people.cast["officer"]
    audience = audiences.find("members:new", officer, now)
    if audience is None or audience.people is None:
        return
    sent_at = now - timedelta(days=3)
    written = {"written_by": officer, "audience": "members:new", "created_at": sent_at, "changed_at": sent_at}
    told = Announcement.objects.create(
        **written,
        subject="Thursday's class is in Hall 306",
        body="The lecture hall has a broken projector, so **Thursday's class** is in Hall 306, at the same hour.\n\n"
        "The exercise is the same. [All dates](/events/) are right already.",
        state=Announcement.State.SENT,
        sent_by=officer,
        sent_at=sent_at,
        audience_label=audience.label,
        recipients=audience.people.count(),
    )
    Announcement.objects.create(
        **written | {"audience": "members:active"},
        subject="Who helps at the fair?",
        body="We need ten people for two hours each. Say when you can on the page of the fair.",
    )
    for number, person in enumerate(audience.people.order_by("pk")):
        yield _row(
            AnnouncementMail,
            person,
            subject_of(told),
            "",
            sent_at + Announcement.COOLING_OFF,
            status=Notification.Status.SKIPPED if number % 9 == 4 else Notification.Status.SENT,
            reason=SWITCHED_OFF if number % 9 == 4 else "",
        )


def _troubles(people: People, now: datetime) -> None:
    """An address that came back, and a channel that takes nothing; it is switched off, so nobody outside is asked."""
    alumnus, officer = people.cast["alumnus"], people.cast["officer"]
    stopping.pause(alumnus.email, "550 5.1.1 No such user here", now=now - timedelta(days=12))
    Webhook.objects.create(
        name="#announcements",
        service=Webhook.Service.DISCORD,
        address=sealing.seal(f"{settings.CHANNEL_ADDRESSES['discord']}0/demo"),
        ends_in="demo",
        made_by=officer,
        made_at=now - timedelta(days=40),
        last_posted_at=now - timedelta(days=9),
        is_on=False,
        problem="404 Not Found",
        failing_since=now - timedelta(days=2),
    )


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


def _monthly(now: datetime) -> Iterator[Notification]:
    """What advisors heard on the first of this month, or of the one before."""
    at_hour = monthly.sent_at(now)
    slot = at_hour.date().isoformat()
    advising = monthly.advising(now, slot)
    people = User.objects.in_bulk([person for person, _ in advising])
    for person, initiative in advising:
        yield _row(AdvisorMonthly, people[person], f"projects.initiative:{initiative}", slot, at_hour)


def _handovers(now: datetime) -> Iterator[Notification]:
    """The first asking, of three weeks before the end, for offices that end in less than two; the clock asks again."""
    first, second = handover.DAYS[:2]
    zone = Club.current().zone
    today = now.astimezone(zone).date()
    ending = OfficeTerm.objects.filter(ends_on__gte=today, ends_on__lt=today + timedelta(days=second))
    for term in ending.select_related("person"):
        asked_on = term.ends_on - timedelta(days=first)
        due = datetime.combine(asked_on, handover.HOUR, tzinfo=zone)
        yield _row(Handover, term.person, subject_of(term), f"{term.ends_on.isoformat()} {first}d", due)


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
