from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from members import audit, contacts
from members.models import Contact, MagicLink, Organization
from mlclub import uploads


class OrganizationForm(forms.ModelForm):
    website = forms.URLField(required=False, assume_scheme="https", max_length=300)

    class Meta:
        model = Organization
        fields = ["kind", "name", "website", "description", "logo", "owner"]

    def clean_logo(self) -> Any:
        given = self.cleaned_data.get("logo")
        return uploads.image(given) if given and "logo" in self.changed_data else given


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):
    form = OrganizationForm
    list_display = ["name", "kind", "website", "owner"]
    list_filter = ["kind"]
    search_fields = ["name"]
    list_select_related = ["owner"]
    autocomplete_fields = ["owner"]
    show_full_result_count = False


class LinkInline(admin.TabularInline):
    """What somebody can open now. The links themselves are in their mails and nowhere else."""

    model: Any = MagicLink
    fields = ["purpose", "about", "created_at", "expires_at", "last_used_at", "revoked_at"]
    readonly_fields = ["purpose", "about", "created_at", "expires_at", "last_used_at", "revoked_at"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("members.view_contact"))


@admin.register(Contact)
class ContactAdmin(admin.ModelAdmin):
    """Repair; officers meet contacts on the pages of speakers and partners."""

    list_display = ["name", "email", "organization", "role", "agreed_on", "erased_at"]
    list_filter = ["organization__kind", "topics"]
    search_fields = ["name", "email", "organization__name"]
    list_select_related = ["organization"]
    autocomplete_fields = ["organization", "topics"]
    fields = [
        "name",
        "email",
        "organization",
        "role",
        "topics",
        "notes",
        "source",
        "agreed_on",
        "user",
        "added_by",
        "erased_at",
    ]
    readonly_fields = ["user", "added_by", "erased_at"]
    inlines = [LinkInline]
    actions = ["erase", "revoke_links"]
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # erasing keeps that a talk was held

    def save_model(self, request: HttpRequest, obj: Contact, form: forms.ModelForm, change: bool) -> None:
        if not change:
            officer: Any = request.user
            obj.added_by = officer
        obj.email = obj.email.strip().lower()
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            contacts.address_changed(obj, now=timezone.now())

    @admin.action(description="Erase who they are", permissions=["erase"])
    def erase(self, request: HttpRequest, rows: QuerySet[Contact]) -> None:
        officer: Any = request.user
        done = sum(contacts.erase(row, by=officer, now=timezone.now()) for row in rows)
        self.message_user(request, f"{done} erased. That somebody spoke or came stays, without a name.")

    @admin.action(description="End their links", permissions=["change"])
    def revoke_links(self, request: HttpRequest, rows: QuerySet[Contact]) -> None:
        officer: Any = request.user
        links = MagicLink.objects.filter(contact__in=rows, revoked_at=None)
        for link in links:
            audit.record(officer, "magic-link-revoked", link)
        ended = links.update(revoked_at=timezone.now())
        self.message_user(request, f"{ended} ended. The next mail brings a new one.", messages.SUCCESS)

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("members.erase_contact"))
