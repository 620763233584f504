from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from members.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """Read only, here and in the database."""

    list_display = ["at", "actor", "action", "subject"]
    list_filter = ["at", "action"]
    search_fields = ["subject", "actor__name", "actor__email", "action"]
    list_select_related = ["actor"]
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
