from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from members.models import Pairing, PairingCheckIn, PairingMember


class MemberInline(admin.TabularInline):
    model: Any = PairingMember
    fields = ["person", "part", "answer", "answered_at", "left_at"]
    autocomplete_fields = ["person"]
    extra = 0
    can_delete = False


class CheckInInline(admin.TabularInline):
    model: Any = PairingCheckIn
    fields = ["person", "said", "note", "at"]
    readonly_fields = ["person", "said", "note", "at"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Pairing)
class PairingAdmin(admin.ModelAdmin):
    """Repair; partners and mentors are matched and published on the pages of their subject."""

    list_display = ["people", "kind", "state", "term", "reason", "created_at"]
    list_filter = ["kind", "state", "term"]
    search_fields = ["members__person__name", "members__person__email"]
    inlines = [MemberInline, CheckInInline]
    fields = ["kind", "state", "term", "reason", "goal", "starts_on", "ends_on", "published_at", "ended_at"]
    readonly_fields = ["kind", "state", "published_at", "ended_at"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pairing]:
        return super().get_queryset(request).select_related("term").prefetch_related("members__person")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="people")
    def people(self, pairing: Pairing) -> str:
        return ", ".join(str(member.person) for member in pairing.members.all())
