from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from events.models import Album, AlbumObjection


class ObjectionInline(admin.TabularInline):
    model = AlbumObjection
    extra = 0
    fields = ["person", "which", "at", "settled_at"]
    readonly_fields = ["person", "which", "at"]

    def has_add_permission(self, request: HttpRequest, obj: Album | None = None) -> bool:
        return False


@admin.register(Album)
class AlbumAdmin(admin.ModelAdmin):
    """To take an album away when its hosts do not answer."""

    list_display = ["event", "vouched_by", "vouched_at"]
    search_fields = ["event__title"]
    list_select_related = ["event", "vouched_by"]
    fields = ["event", "url", "vouched_by", "vouched_at"]
    readonly_fields = ["event", "vouched_by", "vouched_at"]
    inlines = [ObjectionInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An album is shared on the page of its event, where somebody vouches for it."""
        return False
