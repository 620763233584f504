"""Repairing slot sheets. Private claims are shown to those with the right alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from events.models import Claim, Slot, SlotSheet


class SlotInline(admin.TabularInline):
    model = Slot
    extra = 0
    fields = (
        "position",
        "title",
        "event",
        "starts_at",
        "after_minutes",
        "minutes",
        "capacity",
        "place",
        "topic",
    )
    raw_id_fields = ("event",)
    show_change_link = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A slot is withdrawn on its sheet's page; its claims are history."""
        return False


@admin.register(SlotSheet)
class SlotSheetAdmin(admin.ModelAdmin):
    list_display = ("title", "kind", "mode", "audience", "term", "opens_at", "closes_at", "published_at")
    list_filter = ("kind", "mode", "audience", "term")
    list_select_related = ("term",)
    search_fields = ("title",)
    raw_id_fields = ("invited", "hosts")
    readonly_fields = ("seed", "published_at", "published_by", "created_at")
    inlines = (SlotInline,)


@admin.register(Claim)
class ClaimAdmin(admin.ModelAdmin):
    list_display = ("person", "slot", "state", "rank", "topic", "wants_mentor", "claimed_at", "ended_at")
    list_filter = ("state", "wants_mentor", "slot__sheet__kind")
    list_select_related = ("person", "slot__sheet", "slot__event")
    search_fields = ("person__name", "slot__title", "slot__sheet__title")
    readonly_fields = ("slot", "person", "rank", "claimed_at", "assigned_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Claim]:
        allowed: Any = super().get_queryset(request)
        return allowed.visible_to(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Putting somebody down is done on the slot's page, which counts under the lock."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Claim | None = None) -> bool:
        return False
