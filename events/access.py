"""Which event a person may open, and which they may run."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from events.models import Event, Series
from events.models.events import EventQuerySet


def event_for(user: Any, pk: int, *, among: EventQuerySet | None = None) -> Event:
    """The event, or a 404 for whoever may not know of it."""
    events = Event.objects.all() if among is None else among
    return get_object_or_404(
        events.visible_to(user)
        .select_related("series", "term", "room", "fair", "symposium")
        .prefetch_related("hosts"),
        pk=pk,
    )


def sees_rooms(user: Any) -> bool:
    """The pages of rooms are for those who read the members' area, and for officers."""
    return bool(
        user.is_authenticated and (user.standing.reads_members_area or user.has_perm("events.view_room"))
    )


def event_run_by(user: Any, pk: int) -> Event:
    """The event for its hosts and for officers; a 403 for others who see it, a 404 for whoever does not."""
    event = event_for(user, pk)
    if not event.is_run_by(user):
        raise PermissionDenied
    return event


def series_run_by(user: Any, slug: str) -> Series:
    """The series for its hosts and for officers."""
    series = get_object_or_404(Series.objects.visible_to(user), slug=slug)
    if not series.is_run_by(user):
        raise PermissionDenied
    return series


def event_told_by(user: Any, pk: int) -> Event:
    """The event for whoever may leave something at it: its speakers, its hosts, and officers."""
    event = event_for(user, pk)
    if not event.is_run_by(user) and not event.talks.filter(speakers=user).exists():
        raise PermissionDenied
    return event
