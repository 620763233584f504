"""The soft rule about seats that stayed empty, where the club has switched it on. Whether somebody was missing is
read from the rows each time and written nowhere: it ends by itself, and nobody but the person is told.

An event counts only when a host said that its door list is complete. It does not count for whoever gave the seat
back in time, moved up from the line on the last day, or was excused by a host.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from events.locking import locked_event
from events.models import Attendance, Event, NoShowRule, Registration
from members import audit
from members.models import User
from mlclub.refusal import Refused

#: Whoever moved up later than this before the start is not missed.
SHORT_NOTICE = timedelta(hours=24)
#: Whoever goes behind may sign up so much later than everybody.
LATER_BY = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Held:
    """That a rule applies to somebody: for what, and until when."""

    rule: NoShowRule
    missed: list[Event]  # newest first
    until: datetime


def rules_for(event: Event) -> list[NoShowRule]:
    """The rules in force for the event: its series' own, or else the club's."""
    rules = list(NoShowRule.objects.in_force().filter(Q(series=None) | Q(series=event.series_id)))
    return [rule for rule in rules if rule.series_id] or rules


def held(event: Event, people: Iterable[User], now: datetime) -> dict[int, Held]:
    """To whom of `people` a rule applies at this event, by key."""
    rules = rules_for(event)
    if not rules:
        return {}
    (rule,) = rules
    since = max(rule.since, now - timedelta(weeks=rule.weeks))
    found: dict[int, Held] = {}
    for person, events in missed(people, rule, since=since, now=now).items():
        if len(events) >= rule.missed:
            until = events[rule.missed - 1].ends_at + timedelta(weeks=rule.weeks)
            found[person] = Held(rule=rule, missed=events, until=until)
    return found


def missed(
    people: Iterable[User], rule: NoShowRule, *, since: datetime, now: datetime
) -> dict[int, list[Event]]:
    """The events at which a seat of theirs stayed empty, newest first, by the person's key."""
    came = Attendance.objects.filter(event=OuterRef("event"), user=OuterRef("user"))
    rows = (
        Registration.objects.with_position()
        .filter(user__in=[person.pk for person in people], excused_at=None)
        .filter(event__ends_at__gt=since, event__ends_at__lte=now, event__door_list_at__isnull=False)
        .filter(event__state=Event.State.SCHEDULED)
        .filter(Q(moved_up_at=None) | Q(moved_up_at__lte=F("event__starts_at") - SHORT_NOTICE))
        .exclude(Exists(came))
        .select_related("event")
        .order_by("-event__ends_at", "-pk")
    )
    if rule.series_id:
        rows = rows.filter(event__series=rule.series_id)
    found: dict[int, list[Event]] = defaultdict(list)
    for row in rows:
        seats = row.event.seats_given
        if seats is None or getattr(row, "position", 0) <= seats:
            found[row.user_id or 0].append(row.event)
    return dict(found)


def held_at(event: Event, user: Any, now: datetime) -> Held | None:
    """Whether a rule applies to one person at this event."""
    return held(event, [user], now).get(user.pk)


def later_opening(event: Event) -> datetime:
    """When registration opens for whoever goes behind: a day after everybody, and in time for what is left."""
    opens_at = event.registration_opens_at or event.created_at
    return max(opens_at, min(opens_at + LATER_BY, event.closes_at - LATER_BY))


# ── What hosts say ──


@transaction.atomic
def set_door_list(event: Event, *, is_complete: bool, by: User, now: datetime) -> None:
    """Say that everybody who was there is on the list, or that it was not. Raises Refused before the event is over,
    and for a list on which nobody stands."""
    event = locked_event(event)
    if not event.is_over(now) or event.is_cancelled:
        raise Refused("The list can be closed once the event is over.")
    if is_complete and not event.attendances.exists():
        raise Refused("Nobody is on the list. Without one, nobody counts as missing.")
    if bool(event.door_list_at) == is_complete:
        return
    event.door_list_at = now if is_complete else None
    event.save(update_fields=["door_list_at"])
    audit.record(by, "event.door_list", event, after={"complete": is_complete})


def excuse(registration: Registration, *, by: User, now: datetime) -> bool:
    """Say that missing it is all right. False when somebody said so before."""
    with transaction.atomic():
        done = Registration.objects.filter(pk=registration.pk, excused_at=None).update(excused_at=now)
        if done:
            audit.record(
                by, "registration.excused", registration.event, after={"registration": registration.pk}
            )
    return bool(done)
