"""When registration opens, and for whom earlier."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from events import no_shows
from events.models import Event, NoShowRule, RegistrationWindow, Series
from members import audit
from members.models import User

Group = RegistrationWindow.Group


def matches(window: RegistrationWindow, user: Any) -> bool:
    """Whether the window is for `user`. A window for people by name is expected to be fetched for them alone."""
    standing = user.standing
    match window.group:
        case Group.NEW_MEMBERS:
            return bool(standing.is_new)
        case Group.MEMBERS:
            return bool(standing.is_active)
        case Group.FELLOWS:
            return bool(standing.is_fellow)
        case Group.ALUMNI:
            return bool(standing.is_alumnus)
        case Group.OFFICERS:
            return bool(standing.is_officer)
        case Group.OFFICE:
            return any(term.office_id == window.office_id for term in standing.offices)
    return True


def windows_of(events: Iterable[Event], user: Any) -> dict[int, list[RegistrationWindow]]:
    """The windows that are for `user`, by event: an event's own, or else those of its series. One query."""
    events = list(events)
    mine = Q(event__in=[event.pk for event in events]) | Q(
        series__in=[event.series_id for event in events if event.series_id]
    )
    by_name = Q(
        pk__in=RegistrationWindow.people.through.objects.filter(user=user).values("registrationwindow")
    )
    rows = list(RegistrationWindow.objects.filter(mine))
    named = set()
    if any(row.group == Group.PEOPLE for row in rows):
        named = set(RegistrationWindow.objects.filter(mine, by_name).values_list("pk", flat=True))
    found: dict[int, list[RegistrationWindow]] = {}
    for event in events:
        own = [row for row in rows if row.event_id == event.pk]
        chosen = own or [row for row in rows if event.series_id and row.series_id == event.series_id]
        found[event.pk] = [
            row for row in chosen if (row.pk in named if row.group == Group.PEOPLE else matches(row, user))
        ]
    return found


def openings(events: Iterable[Event], user: Any, now: datetime) -> dict[int, datetime]:
    """When registration opens for `user`, for the events where that is not simply when it opens to everybody."""
    events = [event for event in events if not event.is_cancelled and now < event.closes_at]
    if not user.is_authenticated:
        return {}
    found: dict[int, datetime] = {}
    coming = [event for event in events if event.registration_opens_at and event.registration_opens_at > now]
    if coming:
        for key, windows in windows_of(coming, user).items():
            if windows:
                (event,) = (event for event in coming if event.pk == key)
                opens_at: Any = event.registration_opens_at
                found[key] = opens_at - max(window.earlier_by for window in windows)
    for event in events:
        if event.pk not in found and (later := later_for(event, user, now)):
            found[event.pk] = later
    return found


def later_for(event: Event, user: Any, now: datetime) -> datetime | None:
    """When registration opens for somebody who goes behind others at this event."""
    if not getattr(event, "is_watched", True) or event.capacity is None or event.uses_draw:
        return None
    later = no_shows.later_opening(event)
    if later <= now:
        return None
    found = no_shows.held_at(event, user, now)
    return later if found and found.rule.consequence == NoShowRule.Consequence.BEHIND else None


def opens_for(event: Event, user: Any, now: datetime) -> datetime | None:
    """When registration opens for `user`; None where it is not bound to an hour."""
    return openings([event], user, now).get(event.pk, event.registration_opens_at)


@transaction.atomic
def set_series_opening(series: Series, opens_before: timedelta | None, *, by: User, now: datetime) -> int:
    """How long before each date registration opens; set for the dates to come that have not opened yet. Returns
    how many."""
    series.opens_before = opens_before
    series.save(update_fields=["opens_before"])
    changed = 0
    for event in series.events.scheduled().filter(starts_at__gt=now).select_for_update(of=("self",)):
        is_open = event.registration_opens_at is not None and event.registration_opens_at <= now
        if is_open or event.registrations.live().exists():
            continue
        event.registration_opens_at = event.starts_at - opens_before if opens_before else None
        event.save(update_fields=["registration_opens_at"])
        changed += 1
    audit.record(by, "series.opening", series, after={"opens_before": str(opens_before), "events": changed})
    return changed
