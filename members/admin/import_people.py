from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from members import importing, standing
from members.models import Membership, Term

MOST_BYTES = 1024 * 1024


class ImportForm(forms.Form):
    """A file or pasted lines, and what the people in it become."""

    file = forms.FileField(
        required=False, label="CSV file", help_text="Its first line names the columns: name, email, kind."
    )
    text = forms.CharField(
        required=False,
        label="Or lines copied from a sheet",
        widget=forms.Textarea(attrs={"rows": 6, "cols": 30}),
        strip=False,
    )
    term = forms.ModelChoiceField(Term.objects.all(), empty_label=None)
    kind = forms.ChoiceField(
        choices=Membership.Kind.choices, initial=Membership.Kind.NEW, label="Kind, where a line names none"
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        given = data.get("file")
        if given and given.size > MOST_BYTES:
            raise forms.ValidationError({"file": "The file is larger than 1 MB. Split it."})
        if given:
            raw = given.read()
            try:
                data["csv"] = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                data["csv"] = raw.decode("cp1252", errors="replace")
        else:
            data["csv"] = data.get("text", "")
        if not data["csv"].strip() and not given:
            raise forms.ValidationError("Choose a file, or paste lines.")
        return data


def import_view(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """First a preview with every problem named, then all of it or nothing."""
    if not model_admin.has_import_permission(request):
        raise PermissionDenied
    officer: Any = request.user
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "title": "Import people",
    }
    if "seal" in request.POST:
        try:
            counts = importing.commit(request.POST["seal"], by=officer)
        except importing.NotAsPreviewed as problem:
            messages.error(request, str(problem))
            return redirect("admin:members_user_import")
        said = ", ".join(importing.Outcome(what).said(count) for what, count in counts.items())
        messages.success(request, f"Imported: {said}.")
        return redirect("admin:members_user_changelist")
    term = Term.objects.current(standing.today())
    form = ImportForm(request.POST or None, request.FILES or None, initial={"term": term})
    status = 200
    if request.method == "POST":
        if form.is_valid():
            preview = importing.read(form.cleaned_data["csv"], default_kind=form.cleaned_data["kind"])
            if not preview.problems:
                importing.look_through(preview, form.cleaned_data["term"])
            context |= {"preview": preview, "term": form.cleaned_data["term"]}
            if preview.is_fine:
                context["seal"] = importing.sealed(preview, form.cleaned_data["term"])
            else:
                status = 422
        else:
            status = 422
    return TemplateResponse(
        request, "admin/members/user/import.html", {**context, "form": form}, status=status
    )
