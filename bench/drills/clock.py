"""Drill 9: the clocks change, the year turns, the machine's clock jumps back two hours, and the machine sleeps for three
days. Each reminder comes once, within a minute of its hour on the wall, and none after what it reminds of."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import django

ZONES = os.environ.get(
    "DRILL_ZONES", "America/Los_Angeles Europe/Berlin Australia/Sydney Asia/Kolkata"
).split()
#: How many changes of the clocks and turns of the year in each zone.
MOMENTS = int(os.environ.get("DRILL_MOMENTS", "4"))
STEP = timedelta(seconds=30)
DAY = timedelta(days=1)


def looks(until: datetime, since: datetime, near: list[datetime]) -> Iterator[datetime]:
    """When the clock is looked at: every 30 s around the hours that matter, every 10 minutes elsewhere."""
    now = since
    while now <= until:
        yield now
        is_near = any(abs((moment - now).total_seconds()) < 900 for moment in near)
        now += STEP if is_near else timedelta(minutes=10)


def changes_of(zone: ZoneInfo) -> list[datetime]:
    """Noon before each change of the clocks in 2027."""
    days = [datetime(2027, 1, 1, 12, tzinfo=zone) + DAY * number for number in range(364)]
    return [day for day in days if day.utcoffset() != (day + DAY).replace(tzinfo=zone).utcoffset()]


def main() -> int:
    django.setup()
    from django.conf import settings
    from django.core import mail

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    from events.models import Event, Registration
    from members.ledger.sending import sweep
    from members.models import Club, Notification, User

    person = User.objects.create_user("drill@club.example", name="Drill")
    wrong: list[str] = []
    reminders, latest = 0, 0.0

    def make_event(starts_at: datetime) -> Event:
        event = Event.objects.create(
            title=f"At {starts_at:%d %b %H:%M}", starts_at=starts_at, ends_at=starts_at + timedelta(hours=1)
        )
        at = starts_at - timedelta(days=20)
        Registration.objects.create(event=event, user=person, created_at=at, updated_at=at)
        return event

    def check(name: str, events: list[Event], *, expects: int = 1, late: float = 60) -> None:
        nonlocal reminders, latest
        for event in events:
            rows: Any = Notification.objects.filter(kind="event-reminder", about=f"events.event:{event.pk}")
            sent = list(rows.filter(status="sent"))
            if len(sent) != expects:
                wrong.append(f"{name}, {event.starts_at}: {len(sent)} reminders, not {expects}")
            for row in sent:
                reminders += 1
                off = (row.sent_at - row.due_at).total_seconds()
                latest = max(latest, off)
                if not 0 <= off <= late:
                    wrong.append(f"{name}, {event.starts_at}: {off:.0f} s after its hour")
                if row.sent_at >= event.starts_at:
                    wrong.append(f"{name}: a reminder of what had begun")

    for name in ZONES:
        zone = ZoneInfo(name)
        Club.objects.update_or_create(pk=1, defaults={"time_zone": name})
        Club.forget()
        moments = [
            *changes_of(zone),
            datetime(2027, 12, 30, 12, tzinfo=zone),
            datetime(2028, 2, 28, 12, tzinfo=zone),
        ]
        for noon in moments[:MOMENTS]:
            # At six in the evening on the wall, the day of the change and the next.
            events = [
                make_event(
                    datetime.combine(noon.date() + DAY * n, datetime.min.time().replace(hour=18), zone)
                )
                for n in (1, 2)
            ]
            due = [event.starts_at.astimezone(UTC) - DAY for event in events]
            for now in looks(max(due) + timedelta(hours=1), min(due) - timedelta(hours=1), due):
                sweep(now)
            check(f"{name} {noon:%d %b}", events)

    # By day in the club: a reminder that falls due at night waits for the morning.
    Club.objects.update(time_zone="UTC")
    Club.forget()
    # The machine's clock is set back by two hours just after a reminder went.
    start = datetime(2029, 5, 9, 18, tzinfo=UTC)
    event = make_event(start)
    for now in looks(start - DAY + timedelta(minutes=5), start - DAY - timedelta(minutes=5), [start - DAY]):
        sweep(now)
    for now in looks(start, start - DAY - timedelta(hours=2), [start - DAY]):
        sweep(now)
    check("two hours back", [event])

    # Asleep for three days: what was due meanwhile and is over is not told; what is still ahead is.
    begun = datetime(2029, 6, 4, 9, tzinfo=UTC)
    missed = [make_event(begun + timedelta(hours=hours)) for hours in (26, 40, 60)]
    ahead = make_event(begun + timedelta(days=3, hours=12))
    sweep(begun)
    sweep(begun + timedelta(days=3))
    check("asleep, over by then", missed, expects=0)
    check("asleep, still ahead", [ahead], late=12 * 3600 + 60)
    twice = [
        key
        for key, n in Counter(message.extra_headers["Message-ID"] for message in mail.outbox).items()
        if n > 1
    ]
    if twice:
        wrong.append(f"{len(twice)} mails went twice")
    print(
        json.dumps(
            {
                "zones": len(ZONES),
                "reminders": reminders,
                "mails": len(mail.outbox),
                "most_seconds_late_awake": None if not reminders else round(min(latest, 12 * 3600)),
                "stale": sum("begun" in line or "over by then" in line for line in wrong),
                "wrong": wrong[:10],
            }
        ),
        flush=True,
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
