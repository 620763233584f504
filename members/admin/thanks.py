from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from members.models import Thanks


@admin.register(Thanks)
class ThanksAdmin(admin.ModelAdmin):
    """To take back what should not have been said; the mail has gone by then."""

    list_display = ["to", "by", "about", "at"]
    search_fields = ["to__name", "by__name"]
    list_select_related = ["to", "by"]
    readonly_fields = ["to", "by", "about", "sentence", "at"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Thanks are written on the portal, where they are also sent."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
