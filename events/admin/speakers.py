from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from events.models import SpeakerVisit


@admin.register(SpeakerVisit)
class SpeakerVisitAdmin(admin.ModelAdmin):
    """Repair; speakers are invited, answered for and thanked on their pages, which tell the people concerned."""

    list_display = ["contact", "state", "since", "event", "host", "recording"]
    list_filter = ["state", "recording"]
    search_fields = ["contact__name", "contact__email", "title", "event__title"]
    list_select_related = ["contact", "event", "host"]
    autocomplete_fields = ["contact", "event", "host", "topics"]
    readonly_fields = [
        "state",
        "since",
        "created_at",
        "invited_at",
        "answered_at",
        "thanked_at",
        "suggested_by",
    ]
    exclude = ["photo"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
