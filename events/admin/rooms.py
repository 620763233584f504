"""The club's rooms, and what its usual gatherings look like."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from events import making, rooms
from events.models import EventTemplate, Room


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
    """A room that is no longer used is switched off, not deleted: past events took place in it."""

    list_display = [
        "name",
        "building",
        "seats",
        "has_projector",
        "has_whiteboard",
        "has_hybrid",
        "coming",
        "is_in_use",
    ]
    list_filter = ["is_in_use", "building", "has_projector", "has_whiteboard", "has_hybrid"]
    search_fields = ["name", "building"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        ahead = Q(events__ends_at__gt=timezone.now(), events__state="scheduled")
        return super().get_queryset(request).annotate(coming_count=Count("events", filter=ahead))

    @admin.display(description="events to come", ordering="coming_count")
    def coming(self, room: Any) -> int:
        return int(room.coming_count)

    def save_model(self, request: HttpRequest, room: Room, form: Any, change: bool) -> None:
        """Another name is told to what is still to come there."""
        super().save_model(request, room, form, change)
        if change and {"name", "building"} & set(form.changed_data):
            count = rooms.respell(room, timezone.now())
            if count:
                messages.info(request, f"{count} events to come now say “{room.spoken}”.")


@admin.register(EventTemplate)
class EventTemplateAdmin(admin.ModelAdmin):
    list_display = ["name", "position", "kind", "weekday", "start_time", "length", "room", "is_offered"]
    list_editable = ["position", "is_offered"]
    list_filter = ["kind", "is_offered"]
    list_select_related = ["room"]
    search_fields = ["name", "title"]
    autocomplete_fields = ["hosts", "room"]

    def save_model(self, request: HttpRequest, obj: EventTemplate, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        making.menu()

    def delete_model(self, request: HttpRequest, obj: EventTemplate) -> None:
        super().delete_model(request, obj)
        making.menu()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[EventTemplate]) -> None:
        super().delete_queryset(request, queryset)
        making.menu()
