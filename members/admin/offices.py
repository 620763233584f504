from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from members import audit, standing
from members.desk_items import NOTICE
from members.models import Office, OfficeTerm


@admin.register(Office)
class OfficeAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "order", "held_by"]
    search_fields = ["name", "slug"]
    ordering = ["order", "name"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Office]:
        today = OfficeTerm.objects.held_on(standing.today()).select_related("person")
        return super().get_queryset(request).prefetch_related(Prefetch("terms", today, to_attr="held_today"))

    @admin.display(description="held today by")
    def held_by(self, office: Any) -> str:
        return ", ".join(str(held.person) for held in office.held_today) or "Nobody"


class HeldFilter(admin.SimpleListFilter):
    title = "when"
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("today", "Held today"),
            ("ending", "Ends within 30 days"),
            ("future", "Not begun"),
            ("past", "Over"),
        ]

    def queryset(self, request: HttpRequest, rows: QuerySet[OfficeTerm]) -> QuerySet[OfficeTerm]:
        today: Any = standing.today()
        match self.value():
            case "today":
                return rows.filter(starts_on__lte=today, ends_on__gte=today)
            case "ending":
                return rows.filter(starts_on__lte=today, ends_on__gte=today, ends_on__lte=today + NOTICE)
            case "future":
                return rows.filter(starts_on__gt=today)
            case "past":
                return rows.filter(ends_on__lt=today)
        return rows


@admin.register(OfficeTerm)
class OfficeTermAdmin(SimpleHistoryAdmin):
    list_display = ["person", "office", "starts_on", "ends_on"]
    list_filter = [HeldFilter, "office"]
    search_fields = ["person__name", "person__email", "office__name"]
    list_select_related = ["person", "office"]
    autocomplete_fields = ["person"]
    show_full_result_count = False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        today = standing.today()
        term = request.user.standing.term  # type: ignore[union-attr]
        ends_on = (
            term.ends_on + timedelta(weeks=4)
            if term and term.ends_on > today
            else today + timedelta(weeks=26)
        )
        return {"starts_on": today, "ends_on": ends_on, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: OfficeTerm, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        facts = {"office": obj.office.slug, "from": str(obj.starts_on), "to": str(obj.ends_on)}
        audit.record(request.user, "office-changed" if change else "office-given", obj.person, after=facts)  # type: ignore[arg-type]

    def delete_model(self, request: HttpRequest, obj: OfficeTerm) -> None:
        facts = {"office": obj.office.slug, "from": str(obj.starts_on), "to": str(obj.ends_on)}
        audit.record(request.user, "office-taken-back", obj.person, before=facts)  # type: ignore[arg-type]
        super().delete_model(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offices end or are taken back one by one, so that each leaves its line in the audit trail."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
