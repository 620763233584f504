"""The tables of care, of what is read first, and of learning paths."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from wiki.models import (
    LearningPath,
    LearningStep,
    LibraryFigure,
    OwnerChange,
    Requirement,
    RequirementProposal,
    SearchMiss,
)


@admin.register(Requirement)
class RequirementAdmin(admin.ModelAdmin):
    list_display = ("page", "required", "note", "added_by", "added_at")
    list_select_related = ("page", "required", "added_by")
    search_fields = ("page__title", "required__title")
    raw_id_fields = ("page", "required")
    show_full_result_count = False


@admin.register(RequirementProposal)
class RequirementProposalAdmin(admin.ModelAdmin):
    list_display = ("page", "required", "sentence", "state", "decided_by")
    list_filter = ("state",)
    list_select_related = ("page", "required", "decided_by")
    search_fields = ("page__title", "required__title", "sentence")
    readonly_fields = ("page", "required", "sentence", "state", "proposed_at", "decided_by", "decided_at")
    actions = ("ask_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Sentences make them."""
        return False

    @admin.action(description="Ask about the chosen ones again", permissions=["change"])
    def ask_again(self, request: HttpRequest, queryset: QuerySet[RequirementProposal]) -> None:
        """For one that somebody turned down by mistake."""
        rejected = queryset.filter(state=RequirementProposal.State.REJECTED)
        n = rejected.update(state=RequirementProposal.State.OPEN, decided_by=None, decided_at=None)
        self.message_user(request, f"{n} stand open again.")


class LearningStepInline(admin.TabularInline):
    model = LearningStep
    extra = 0
    raw_id_fields = ("page",)


@admin.register(LearningPath)
class LearningPathAdmin(admin.ModelAdmin):
    list_display = ("title", "for_whom", "keeper", "steps_there")
    list_select_related = ("keeper",)
    search_fields = ("title", "for_whom")
    autocomplete_fields = ("keeper",)
    fields = ("title", "for_whom", "keeper")
    inlines = (LearningStepInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LearningPath]:
        return super().get_queryset(request).annotate(step_count=Count("steps"))

    @admin.display(description="pages")
    def steps_there(self, obj: Any) -> int:
        return int(obj.step_count)


@admin.register(OwnerChange)
class OwnerChangeAdmin(admin.ModelAdmin):
    list_display = ("page", "kind", "person", "at")
    list_filter = ("kind", "at")
    list_select_related = ("page", "person")
    search_fields = ("page__path", "person__name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OwnerChange | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OwnerChange | None = None) -> bool:
        return False


@admin.register(LibraryFigure)
class LibraryFigureAdmin(admin.ModelAdmin):
    list_display = ("day", "pages", "known_percent", "leave_for_half", "people")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LibraryFigure | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LibraryFigure | None = None) -> bool:
        return False


@admin.register(SearchMiss)
class SearchMissAdmin(admin.ModelAdmin):
    """What was looked for in vain; what should not be read by others is deleted."""

    list_display = ("words", "day", "times")
    list_filter = ("day",)
    search_fields = ("words",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The search box counts."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SearchMiss | None = None) -> bool:
        return False
