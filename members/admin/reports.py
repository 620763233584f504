from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from members import problems
from members.models import ProblemReport


class OpenFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Open"), ("no", "Settled")]

    def queryset(self, request: HttpRequest, rows: QuerySet[ProblemReport]) -> QuerySet[ProblemReport]:
        return rows.filter(settled_at__isnull=self.value() == "yes") if self.value() else rows


@admin.register(ProblemReport)
class ProblemReportAdmin(admin.ModelAdmin):
    list_display = ["created_at", "__str__", "page", "person", "email", "settled_at", "settled_by"]
    list_filter = [OpenFilter]
    search_fields = ["text", "page", "email", "person__name"]
    list_select_related = ["person", "settled_by"]
    readonly_fields = ["text", "page", "person", "email", "created_at", "settled_at", "settled_by"]
    actions = ["settle"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ProblemReport, form: Any, change: bool) -> None:
        """Nothing in a report is changed here; its one button settles it."""
        officer: Any = request.user
        problems.settle(obj, by=officer)

    @admin.action(description="Mark as settled", permissions=["change"])
    def settle(self, request: HttpRequest, rows: QuerySet[ProblemReport]) -> None:
        officer: Any = request.user
        count = sum(problems.settle(row, by=officer) for row in rows)
        self.message_user(
            request, f"{count} {'problem is' if count == 1 else 'problems are'} settled.", messages.SUCCESS
        )
