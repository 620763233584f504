"""What was written to groups, to be read; writing has its pages."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from members.models import Announcement


@admin.register(Announcement)
class AnnouncementAdmin(admin.ModelAdmin):
    list_display = ["subject", "audience_label", "written_by", "state", "sent_at", "recipients"]
    list_filter = ["state"]
    search_fields = ["subject", "audience_label", "written_by__name"]
    list_select_related = ["written_by"]
    date_hierarchy = "created_at"
    readonly_fields = [
        "audience", "audience_label", "subject", "body", "state", "written_by", "created_at", "sent_by", "sent_at",
        "recipients", "stopped_by", "stopped_at",
    ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Announcement | None = None) -> bool:
        return False
