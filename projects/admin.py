from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from members import standing
from projects import closing, lineage
from projects.models import (
    Initiative,
    InitiativeLink,
    Inspiration,
    NothingLeft,
    Output,
    Role,
    StudyGroup,
    Update,
)


class RoleInline(admin.TabularInline):
    model = Role
    extra = 1
    autocomplete_fields = ["person"]
    fields = ["term", "person", "kind", "does"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        return super().get_queryset(request).select_related("term", "person")


class OutputInline(admin.TabularInline):
    model = Output
    extra = 0


class StudyGroupInline(admin.StackedInline):
    model = StudyGroup
    extra = 0


class InspirationInline(admin.TabularInline):
    model = Inspiration
    extra = 0
    fields = ["post"]
    raw_id_fields = ["post"]
    verbose_name = "post that inspired it"
    verbose_name_plural = "posts that inspired it"


class NothingLeftInline(admin.StackedInline):
    model = NothingLeft
    extra = 0
    fields = ["reason", "said_by", "at"]
    raw_id_fields = ["said_by"]
    verbose_name = "why it leaves no page"


class LeftFilter(admin.SimpleListFilter):
    """What an initiative that is over has left."""

    title = "page in the wiki"
    parameter_name = "left"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("page", "Over, and left without a page")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(closing.is_left_without_page(standing.today())) if self.value() else queryset


@admin.register(Initiative)
class InitiativeAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "state", "visibility", "last_update", "opening"]
    list_filter = ["state", LeftFilter, "kind", "face", "visibility"]
    search_fields = ["name", "summary"]
    filter_horizontal = ["topics"]
    inlines = [RoleInline, OutputInline, StudyGroupInline, InspirationInline, NothingLeftInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Initiative]:
        return super().get_queryset(request).annotate(last_update_at=Max("updates__created_at"))

    @admin.display(ordering="last_update_at")
    def last_update(self, initiative: Initiative) -> object:
        return getattr(initiative, "last_update_at", None) or "never"


@admin.register(Role)
class RoleAdmin(SimpleHistoryAdmin):
    list_display = ["person", "initiative", "term", "kind", "does"]
    list_filter = ["term", "kind"]
    search_fields = ["person__name", "initiative__name"]
    list_select_related = ["person", "initiative", "term"]
    autocomplete_fields = ["person", "initiative"]


@admin.register(Update)
class UpdateAdmin(admin.ModelAdmin):
    list_display = ["initiative", "author", "created_at", "done"]
    search_fields = ["initiative__name", "done"]
    list_select_related = ["initiative", "author"]
    autocomplete_fields = ["initiative", "author"]
    date_hierarchy = "created_at"


class LinkForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        earlier, later = data.get("earlier"), data.get("later")
        if earlier and later and lineage.comes_of(earlier, later, without=self.instance.pk):
            raise forms.ValidationError(
                "The later one is where the earlier one came from: that would be a circle."
            )
        return data


@admin.register(InitiativeLink)
class InitiativeLinkAdmin(admin.ModelAdmin):
    form = LinkForm
    list_display = ["earlier", "kind", "later", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["earlier", "later"]
    search_fields = ["earlier__name", "later__name"]
    autocomplete_fields = ["earlier", "later"]
