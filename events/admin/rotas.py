"""Repairing who presents in a series."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from events.models import Backup, Preparation, Rota, SeriesFollow, SlotComment


@admin.register(Rota)
class RotaAdmin(admin.ModelAdmin):
    list_display = ("series", "slots_a_date", "minutes", "turn_days", "asks_feedback", "reading_list")
    list_select_related = ("series", "reading_list")
    search_fields = ("series__name",)
    raw_id_fields = ("reading_list",)
    readonly_fields = ("series", "sheet")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Slots are made with it, on the page of the series."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Rota | None = None) -> bool:
        """Its claims are history."""
        return False


@admin.register(Backup)
class BackupAdmin(admin.ModelAdmin):
    list_display = ("person", "slot", "state", "asked_by", "since", "ended_at")
    list_filter = ("state",)
    list_select_related = ("person", "slot__sheet", "slot__event", "asked_by")
    search_fields = ("person__name", "slot__sheet__title")
    readonly_fields = ("slot", "person", "asked_by", "since")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(SlotComment)
class SlotCommentAdmin(admin.ModelAdmin):
    list_display = ("slot", "author", "at")
    list_select_related = ("slot__sheet", "slot__event", "author")
    search_fields = ("slot__sheet__title", "author__name")
    readonly_fields = ("slot", "author", "text", "at", "changed_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Preparation)
class PreparationAdmin(admin.ModelAdmin):
    list_display = ("event", "repo_url")
    list_select_related = ("event",)
    search_fields = ("event__title",)
    raw_id_fields = ("event",)


@admin.register(SeriesFollow)
class SeriesFollowAdmin(admin.ModelAdmin):
    list_display = ("person", "series", "since")
    list_select_related = ("person", "series")
    search_fields = ("person__name", "series__name")
    raw_id_fields = ("person", "series")
