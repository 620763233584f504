from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from nmep.models import OfferingSheet, OralResult, PaperTalk


@admin.register(OfferingSheet)
class OfferingSheetAdmin(admin.ModelAdmin):
    list_display = ("offering", "kind", "sheet", "first_week")
    list_filter = ("kind",)
    list_select_related = ("offering__program", "offering__term", "sheet")
    autocomplete_fields = ("suggestions",)
    readonly_fields = ("offering", "sheet", "kind")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A lead makes it on the page of the papers or the oral exam."""
        return False


@admin.register(PaperTalk)
class PaperTalkAdmin(admin.ModelAdmin):
    list_display = ("paper", "offering", "slot", "chosen_by", "chosen_at")
    list_select_related = (
        "paper",
        "offering__program",
        "offering__term",
        "slot__event",
        "slot__sheet",
        "chosen_by",
    )
    search_fields = ("paper__title",)
    autocomplete_fields = ("paper",)
    readonly_fields = ("slot", "offering", "session", "materials", "chosen_by", "chosen_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(OralResult)
class OralResultAdmin(SimpleHistoryAdmin):
    """Corrections; what a result was stays in its history."""

    list_display = ("enrolment", "outcome", "examiner", "at")
    list_filter = ("outcome",)
    list_select_related = ("enrolment__person", "enrolment__offering", "examiner")
    search_fields = ("enrolment__person__name",)
    readonly_fields = ("enrolment", "claim", "examiner", "at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
