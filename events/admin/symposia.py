from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from events.models import Abstract, AbstractAuthor, CoHost, Symposium, Track


class CoHostInline(admin.TabularInline):
    model: Any = CoHost
    autocomplete_fields = ["organization", "lead"]
    extra = 0


class TrackInline(admin.TabularInline):
    model: Any = Track
    extra = 0


class AuthorInline(admin.TabularInline):
    model: Any = AbstractAuthor
    autocomplete_fields = ["organization"]
    extra = 0


@admin.register(Symposium)
class SymposiumAdmin(admin.ModelAdmin):
    """Repair; the call, the review and the programme have pages of their own, which tell the people concerned."""

    list_display = ["event", "slug", "deadline", "released_at", "published_at"]
    search_fields = ["event__title", "slug"]
    list_select_related = ["event"]
    autocomplete_fields = ["event", "topics"]
    readonly_fields = ["released_at", "published_at", "created_at"]
    inlines = [CoHostInline, TrackInline]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Abstract)
class AbstractAdmin(admin.ModelAdmin):
    """Sessions and decisions are changed where the clash of persons is looked for."""

    list_display = ["title", "symposium", "state", "decision", "session", "poster_number"]
    list_filter = ["symposium", "state", "decision"]
    search_fields = ["title", "authors__name"]
    list_select_related = ["symposium__event", "session"]
    autocomplete_fields = ["topics"]
    readonly_fields = ["symposium", "state", "decision", "session", "position", "poster_number"]
    inlines = [AuthorInline]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
