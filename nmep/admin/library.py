from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from nmep import library
from nmep.models import Module, ModuleLink, ModuleNeed
from nmep.models.modules import refuse_circle


class NeedFormSet(forms.BaseInlineFormSet):
    """What a module builds on; a circle is refused as a whole, since one line alone may not close it."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors) or self.instance.pk is None:
            return
        kept = [
            form.cleaned_data["needed"].pk
            for form in self.forms
            if form.cleaned_data.get("needed") and not form.cleaned_data.get("DELETE")
        ]
        others = ModuleNeed.objects.exclude(module=self.instance).values_list("module", "needed")
        refuse_circle(self.instance.pk, kept, others)


class NeedInline(admin.TabularInline):
    model = ModuleNeed
    fk_name = "module"
    formset = NeedFormSet
    autocomplete_fields = ["needed"]
    extra = 0


class LinkInline(admin.TabularInline):
    """What came of following the links last."""

    model = ModuleLink
    fields = ["url", "checked_at", "broken_since", "problem"]
    readonly_fields = ["url", "checked_at", "broken_since", "problem"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Module)
class ModuleAdmin(admin.ModelAdmin):
    """A module with what it builds on and what builds on it."""

    list_display = ["title", "level", "is_public", "licence", "maintainer", "revision"]
    list_filter = ["level", "is_public", "licence"]
    list_select_related = ["maintainer"]
    search_fields = ["title", "overview", "outline"]
    prepopulated_fields = {"slug": ["title"]}
    raw_id_fields = ["maintainer"]
    change_form_template = "admin/nmep/module/change_form.html"
    inlines = [NeedInline, LinkInline]
    fieldsets = [
        (None, {"fields": [("title", "slug", "level"), "overview", "outline"]}),
        ("Deck and assignments", {"fields": ["deck_url", "deck_file", "before", "after", "solutions"]}),
        ("Keeping it", {"fields": [("is_public", "licence"), "maintainer", "concerns"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("search")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "deck_url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """While one officer's dependencies are checked and saved, nobody else's are."""
        if request.method != "POST":
            return super().changeform_view(request, *args, **kwargs)
        with transaction.atomic():
            library.lock_needs()
            return super().changeform_view(request, *args, **kwargs)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """What builds on the module stands above its form."""
        if obj is not None:
            context["builds_on"] = library.builds_on(obj, request.user)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request: HttpRequest, obj: Module, form: Any, change: bool) -> None:
        obj.revision += change
        obj.updated_at = timezone.now()
        super().save_model(request, obj, form, change)
