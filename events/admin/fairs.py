"""Repairing career fairs. What students told companies is in no table here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from events.models import Booth, Fair, FairCompany


class BoothInline(admin.TabularInline):
    model = Booth
    extra = 0
    show_change_link = False


@admin.register(Fair)
class FairAdmin(admin.ModelAdmin):
    list_display = ("event", "slug", "companies_until", "resumes_from", "resumes_until")
    list_select_related = ("event",)
    search_fields = ("slug", "event__title")
    readonly_fields = ("event", "resumes_until", "created_at")
    inlines = (BoothInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An event becomes a fair on its own page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(FairCompany)
class FairCompanyAdmin(admin.ModelAdmin):
    list_display = (
        "name",
        "fair",
        "state",
        "booth",
        "contact_name",
        "contact_email",
        "asked_at",
        "confirmed_at",
    )
    list_filter = ("state", "fair")
    list_select_related = ("fair__event", "booth")
    search_fields = ("name", "contact_name", "contact_email")
    # The address, the answer and the booth are changed on the company's page, which tells it.
    readonly_fields = (
        "fair",
        "logo",
        "contact_email",
        "organization",
        "contact",
        "state",
        "booth",
        "asked_at",
        "confirmed_at",
        "decided_at",
        "decided_by",
        "answer",
        "withdrawn_at",
        "wished",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Companies register by their form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
