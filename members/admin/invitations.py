from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from members import invitations
from members.models import Invitation


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("accepted", "Taken up"), ("over", "Run out")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
        now = timezone.now()
        match self.value():
            case "open":
                return rows.filter(accepted_at=None, expires_at__gt=now)
            case "accepted":
                return rows.exclude(accepted_at=None)
            case "over":
                return rows.filter(accepted_at=None, expires_at__lte=now)
        return rows


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """Adding one here sends it. The link is in the mail and nowhere else."""

    list_display = ["email", "name", "kind", "term", "created_at", "expires_at", "accepted_at", "invited_by"]
    list_filter = [StateFilter, "term", "kind"]
    search_fields = ["email", "name"]
    list_select_related = ["term", "invited_by"]
    fields = ["email", "name", "term", "kind"]
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Invitation, form: ModelForm, change: bool) -> None:
        officer: Any = request.user
        made = invitations.invite(obj.email, name=obj.name, term=obj.term, kind=obj.kind, by=officer)
        obj.pk = made.pk
