"""Who worked with whom, and who left: read here, changed through the pages of the leads."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from nmep.admin.filters import offering_filter
from nmep.admin.records import RecordAdmin
from nmep.models import Departure, PairingRound, TeamPlace


class PlaceInline(admin.TabularInline):
    model: Any = TeamPlace
    fields = ["team", "enrolment"]
    readonly_fields = ["team", "enrolment"]
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[TeamPlace]:
        rows = super().get_queryset(request).order_by("team", "pk")
        return rows.select_related(
            "team__round__assignment",
            "enrolment__person",
            "enrolment__offering__program",
            "enrolment__offering__term",
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PairingRound)
class PairingRoundAdmin(RecordAdmin):
    list_display = ["assignment", "state", "seed", "published_at", "published_by"]
    list_filter = ["state", offering_filter("assignment__offering")]
    list_select_related = ["assignment", "published_by"]
    search_fields = ["assignment__key", "assignment__title"]
    inlines = [PlaceInline]


@admin.register(Departure)
class DepartureAdmin(RecordAdmin):
    list_display = ["enrolment", "state", "is_own_wish", "asked_at", "settled_at", "settled_by"]
    list_filter = ["state", offering_filter("enrolment__offering")]
    list_select_related = [
        "enrolment__person",
        "enrolment__offering__program",
        "enrolment__offering__term",
        "settled_by",
    ]
    search_fields = ["enrolment__person__name", "enrolment__person__email"]
