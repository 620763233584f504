"""What is settled about signing up, to look up and repair; the portal's own pages are where it is set."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from events.models import EventDraw, NoShowRule, RegistrationWindow, SignUpQuestion


@admin.register(NoShowRule)
class NoShowRuleAdmin(admin.ModelAdmin):
    """The club's rule is the one without a series. It begins to count on the day it is made."""

    list_display = ["__str__", "consequence", "is_on", "since"]
    list_filter = ["is_on", "consequence"]
    list_select_related = ["series"]
    autocomplete_fields = ["series"]


@admin.register(RegistrationWindow)
class RegistrationWindowAdmin(admin.ModelAdmin):
    list_display = ["whom", "event", "series", "earlier_by"]
    list_filter = ["group"]
    list_select_related = ["event", "series", "office"]
    search_fields = ["event__title", "series__name"]
    autocomplete_fields = ["event", "series", "people"]
    show_full_result_count = False


@admin.register(SignUpQuestion)
class SignUpQuestionAdmin(admin.ModelAdmin):
    list_display = ["text", "event", "series", "kind", "is_required", "retired_at"]
    list_filter = ["kind", "is_required"]
    list_select_related = ["event", "series"]
    search_fields = ["text", "event__title", "series__name"]
    autocomplete_fields = ["event", "series"]
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: SignUpQuestion | None = None) -> bool:
        """What was answered stays; the portal's page takes a question away."""
        return False


@admin.register(EventDraw)
class EventDrawAdmin(admin.ModelAdmin):
    """That seats were or will be drawn. The seed is shown on the event's page once it has been used, never here."""

    list_display = ["event", "committed_at", "drawn_at", "drawn_by", "seats"]
    list_select_related = ["event", "drawn_by"]
    search_fields = ["event__title"]
    fields = ["event", "commitment", "committed_at", "drawn_at", "drawn_by", "seats"]
    readonly_fields = fields  # type: ignore[assignment]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: EventDraw | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: EventDraw | None = None) -> bool:
        return False
