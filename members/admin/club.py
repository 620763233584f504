from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from members import audit
from members.models import Club
from mlclub import uploads


class ClubForm(forms.ModelForm):
    class Meta:
        model = Club
        fields = [
            "name", "short_name", "claim", "about", "how_to_join", "logo", "time_zone", "term_system",
            "programme_name", "member_label", "officer_label", "contact_email", "postal_address", "tex_macros",
        ]  # fmt: skip

    def clean_logo(self) -> Any:
        given = self.cleaned_data.get("logo")
        return uploads.image(given) if given and "logo" in self.files else given


@admin.register(Club)
class ClubAdmin(admin.ModelAdmin):
    form = ClubForm
    show_full_result_count = False
    list_display = ["name", "time_zone", "term_system", "contact_email"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Asked on every page of the admin, so the cache answers.
        return super().has_add_permission(request) and Club.current()._state.adding

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Club, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        audit.record(request.user, "club-changed", obj, after={"fields": form.changed_data})  # type: ignore[arg-type]
