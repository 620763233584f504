"""The club's rooms, and who is in one of them in a week."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from events.access import sees_rooms
from events.models import Event, Room
from events.views.pages import parsed_day

WEEK = timedelta(days=7)


@require_safe
def room_list(request: HttpRequest) -> HttpResponse:
    """Every room with what is in it, and what takes place there next."""
    if not sees_rooms(request.user):
        raise Http404
    coming = Event.objects.visible_to(request.user).scheduled().upcoming(timezone.now())
    there = coming.filter(room=OuterRef("pk"))
    rooms = Room.objects.in_use().annotate(
        next_title=Subquery(there.values("title")[:1]), next_at=Subquery(there.values("starts_at")[:1])
    )
    return render(
        request,
        "events/room_list.html",
        {"rooms": list(rooms), "may_change": request.user.has_perm("events.change_room")},
    )


@require_safe
def room_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How to get in, and a week of the room. What the visitor may not know of is "taken"."""
    user: Any = request.user
    if not sees_rooms(user):
        raise Http404
    room = get_object_or_404(Room, pk=pk)
    today = timezone.localdate()
    day = parsed_day(request.GET.get("week", "")) or today
    monday = day - timedelta(days=day.weekday())
    zone = timezone.get_current_timezone()
    since, until = (datetime.combine(each, time.min, tzinfo=zone) for each in (monday, monday + WEEK))
    events = list(
        Event.objects.in_room(room, since, until).defer("description", "search").order_by("starts_at", "pk")
    )
    seen = set(
        Event.objects.visible_to(user)
        .filter(pk__in=[each.pk for each in events])
        .values_list("pk", flat=True)
    )
    return render(
        request,
        "events/room_detail.html",
        {
            "room": room,
            "days": [
                (
                    on,
                    [
                        (event, event.pk in seen, crowded(event, events))
                        for event in events
                        if is_on(event, on)
                    ],
                )
                for on in (monday + timedelta(days=n) for n in range(7))
            ],
            "today": today,
            "monday": monday,
            "before": monday - WEEK,
            "after": monday + WEEK,
            "may_book": user.has_perm("events.add_event"),
        },
    )


def is_on(event: Event, day: date) -> bool:
    """Whether any of it is on that day, by the clock on the wall; an end at midnight is the day before."""
    last = timezone.localtime(event.ends_at - timedelta(seconds=1)).date()
    return timezone.localtime(event.starts_at).date() <= day <= last


def crowded(event: Event, others: list[Event]) -> bool:
    """Whether another one is in the room at the same time."""
    return any(
        other.pk != event.pk and other.starts_at < event.ends_at and event.starts_at < other.ends_at
        for other in others
    )
