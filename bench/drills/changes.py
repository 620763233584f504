"""Drill 10: 1,000 changes of events at random, minutes before their reminders, by a state machine of hypothesis. No mail
names an old time once the change is committed, each is told once per change, and SEQUENCE only rises."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import django

CHANGES = int(os.environ.get("DRILL_CHANGES", "1000"))
STEPS = int(os.environ.get("DRILL_STEPS", "25"))
PEOPLE = 3
NOON = datetime(2029, 3, 7, 20, tzinfo=UTC)


def main() -> int:
    django.setup()
    from django.conf import settings
    from django.core import mail
    from hypothesis import HealthCheck, seed
    from hypothesis import settings as how
    from hypothesis import strategies as st
    from hypothesis.stateful import (
        RuleBasedStateMachine,
        initialize,
        precondition,
        rule,
        run_state_machine_as_test,
    )

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    from events import schedule
    from events.models import Event, Registration
    from members.ledger import at
    from members.ledger.sending import sweep
    from members.models import Club, Notification, User

    Club.objects.get_or_create(pk=1)
    people = [User.objects.create_user(f"person{n}@club.example", name=f"Person {n}") for n in range(PEOPLE)]
    totals: Counter[str] = Counter()

    class Changes(RuleBasedStateMachine):
        """One event on the eve of its reminder."""

        @initialize()
        def begin(self) -> None:
            mail.outbox.clear()
            self.now = NOON
            start = NOON + timedelta(days=1, seconds=60)
            self.event = Event.objects.create(
                title="Target", starts_at=start, ends_at=start + timedelta(hours=1)
            )
            early = NOON - timedelta(days=3)
            for person in people:
                Registration.objects.create(event=self.event, user=person, created_at=early, updated_at=early)
            self.kept: list[Any] = []
            self.first = self.event.schedule_version

        @rule(seconds=st.integers(1, 120))
        def wait(self, seconds: int) -> None:
            self.now += timedelta(seconds=seconds)

        @precondition(lambda self: not self.event.is_cancelled)
        @rule(minutes=st.integers(-90, 90).filter(bool))
        def move(self, minutes: int) -> None:
            start = max(self.event.starts_at + timedelta(minutes=minutes), self.now + timedelta(hours=23))
            totals["changes"] += start != self.event.starts_at
            schedule.move(self.event, starts_at=start, now=self.now)

        @precondition(lambda self: not self.event.is_cancelled)
        @rule(go=st.integers(0, 9))
        def cancel(self, go: int) -> None:
            if go == 0:
                totals["changes"] += 1
                schedule.cancel(self.event, "Storm", now=self.now)

        @precondition(lambda self: self.event.is_cancelled)
        @rule()
        def reinstate(self) -> None:
            totals["changes"] += 1
            schedule.reinstate(self.event, now=self.now)

        @rule()
        def send(self) -> None:
            """What goes now must speak of the event as it stands."""
            sweep(self.now)
            self.event.refresh_from_db()
            for message in mail.outbox:
                totals["mails"] += 1
                assert not self.speaks_of_another_time(message), f"an old time went: {message.subject}"
            self.kept += mail.outbox
            self.check_sequences()
            mail.outbox.clear()

        def rows(self) -> Any:
            return Notification.objects.filter(about=f"events.event:{self.event.pk}")

        def speaks_of_another_time(self, message: Any) -> bool:
            found = calendar_of(message)
            return bool(found) and found["start"] != self.event.starts_at.astimezone(UTC)

        def check_sequences(self) -> None:
            latest: dict[str, int] = {}
            for message in self.kept:
                found = calendar_of(message)
                if found:
                    assert found["sequence"] >= latest.get(message.to[0], 0), "SEQUENCE fell"
                    latest[message.to[0]] = found["sequence"]

        def teardown(self) -> None:
            if not hasattr(self, "event"):
                return
            self.send()
            told = Counter(
                self.rows()
                .filter(
                    status="sent",
                    kind__in=["event-moved", "event-cancelled", "event-reinstated", "event-reminder"],
                )
                .values_list("person", "kind", "slot")
            )
            assert all(n == 1 for n in told.values()), "told twice"
            if self.event.schedule_version > self.first:
                last = f"version {self.event.schedule_version}"
                heard = {person for person, kind, slot in told if slot == last and kind != "event-reminder"}
                assert len(heard) == PEOPLE, "not all heard of the last change"
            stale = [
                slot
                for _, kind, slot in told
                if kind == "event-reminder" and slot.split()[0] != at(self.event.starts_at)
            ]
            totals["reminders_before_a_later_change"] += len(stale)
            # The next run has an event of its own, and no reminders of this one.
            Notification.objects.all().delete()
            Event.objects.all().delete()

    began = time.monotonic()
    failed = ""
    number = 0
    while totals["changes"] < CHANGES and not failed:
        number += 1
        try:
            run_state_machine_as_test(  # type: ignore[no-untyped-call]
                seed(number)(Changes),
                settings=how(
                    max_examples=10,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except AssertionError as problem:
            failed = str(problem)[:500]
    print(
        json.dumps({**totals, "failed": failed, "seconds": round(time.monotonic() - began, 1)}),
        flush=True,
    )
    return bool(failed)


def calendar_of(message: Any) -> dict[str, Any]:
    """Start and SEQUENCE of the calendar file that goes with a mail; empty where there is none."""
    import icalendar

    for attachment in message.attachments:
        content = attachment[1]
        calendar = icalendar.Calendar.from_ical(content)
        for entry in calendar.walk("VEVENT"):
            return {"start": entry["DTSTART"].dt.astimezone(UTC), "sequence": int(entry.get("SEQUENCE", 0))}
    return {}


if __name__ == "__main__":
    sys.exit(main())
