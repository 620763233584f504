from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from nmep.admin.filters import offering_filter
from nmep.models import Check, CheckResult, GraderMachine, Run


@admin.register(Check)
class CheckAdmin(admin.ModelAdmin):
    """What a machine looks for in one part of a hand-in. Leads write function tests on the page of the assignment."""

    list_display = ["title", "kind", "part", "visible", "is_published"]
    list_filter = ["kind", "is_published", "visible", offering_filter("part__assignment__offering")]
    list_select_related = ["part"]
    search_fields = ["title", "part__title", "part__assignment__title"]
    show_full_result_count = False
    raw_id_fields = ["part"]
    fields = ["part", "kind", ("title", "position"), "visible", "threshold", "is_published", "config"]


class ResultInline(admin.TabularInline):
    model = CheckResult
    fields = ["name", "ok", "score", "hint", "is_hidden"]
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(admin.ModelAdmin):
    """A record that a machine wrote."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """One look of a check at one version, and why it waits where it does."""

    list_display = ["of_check", "submission", "state", "reason", "tries", "seconds", "peak_mb", "created_at"]
    list_filter = ["state", offering_filter("of_check__part__assignment__offering")]
    list_select_related = ["of_check", "submission__assignment"]
    search_fields = ["of_check__title", "of_check__part__assignment__title"]
    show_full_result_count = False
    inlines = [ResultInline]


@admin.register(GraderMachine)
class GraderMachineAdmin(ReadOnlyAdmin):
    """The machines that run students' code, and whether their boxes hold; `grader_selftest` writes this."""

    list_display = ["host", "is_proven", "reason", "tested_at", "seen_at"]
    search_fields = ["host"]
