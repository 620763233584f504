from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from members.models import Break, Membership, Term


class BreakInline(admin.TabularInline):
    model = Break
    extra = 0


@admin.register(Term)
class TermAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "starts_on", "ends_on", "active", "new"]
    search_fields = ["name", "slug"]
    inlines = [BreakInline]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Term]:
        active = Q(memberships__status=Membership.Status.ACTIVE)
        return (
            super()
            .get_queryset(request)
            .annotate(
                active_count=Count("memberships", filter=active),
                new_count=Count("memberships", filter=active & Q(memberships__kind=Membership.Kind.NEW)),
            )
        )

    @admin.display(description="active members", ordering="active_count")
    def active(self, term: Any) -> int:
        return int(term.active_count)

    @admin.display(description="new members", ordering="new_count")
    def new(self, term: Any) -> int:
        return int(term.new_count)


@admin.register(Membership)
class MembershipAdmin(SimpleHistoryAdmin):
    list_display = ["person", "term", "kind", "status", "hours_a_week", "joined_at"]
    list_filter = ["term", "kind", "status"]
    search_fields = ["person__name", "person__email", "person__handle"]
    list_select_related = ["person", "term"]
    autocomplete_fields = ["person", "learn", "give"]
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
