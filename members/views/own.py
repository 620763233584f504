"""What people say about themselves, who sees it, and the copy or erasure of it all."""

from __future__ import annotations

import tempfile
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import audit, standing
from members import own_data as own_copy
from members.forms import PrivacyForm, ProfileForm, TermForm
from members.models import User


@require_http_methods(["GET", "HEAD", "POST"])
def profile_edit(request: HttpRequest) -> HttpResponse:
    person: Any = request.user
    membership = person.standing.membership if person.standing.is_active else None
    given = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    profile = ProfileForm(*given, instance=person)
    term = TermForm(*given, instance=membership, prefix="term") if membership else None
    if request.method == "POST":
        if all([profile.is_valid(), term is None or term.is_valid()]):
            profile.save()
            if term:
                term.save()
            messages.success(request, "Your profile is saved.")
            return redirect(person)
        # What failed to validate must not show in the masthead as if it were saved.
        request.user = User.objects.get(pk=person.pk)
    context = {"form": profile, "term_form": term, "person": person, "membership": membership}
    return render(
        request, "members/profile_edit.html", context, status=422 if request.method == "POST" else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def privacy_settings(request: HttpRequest) -> HttpResponse:
    person: Any = request.user
    form = PrivacyForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your choices hold from now on.")
        return redirect("members:privacy_settings")
    return render(
        request,
        "members/privacy_settings.html",
        {"form": form, "person": person},
        status=422 if request.method == "POST" else 200,
    )


@require_safe
def own_data(request: HttpRequest) -> HttpResponse:
    person: Any = request.user
    return render(request, "members/own_data.html", {"person": person, "kept": own_copy.kept_after_erasure()})


@require_POST
def own_data_download(request: HttpRequest) -> FileResponse:
    person: Any = request.user
    archive = tempfile.SpooledTemporaryFile(max_size=5_000_000)  # noqa: SIM115  the response closes it
    own_copy.write_archive(person, archive)
    archive.seek(0)
    audit.record(person, "own-data-downloaded", person)
    name = f"my-data-{standing.today():%Y-%m-%d}.zip"
    return FileResponse(archive, as_attachment=True, filename=name, content_type="application/zip")


@require_POST
def erasure_ask(request: HttpRequest) -> HttpResponse:
    """Ask the officers for erasure, or take that back."""
    person: Any = request.user
    if "withdraw" in request.POST:
        if User.objects.filter(pk=person.pk).exclude(erasure_asked_at=None).update(erasure_asked_at=None):
            audit.record(person, "erasure-withdrawn", person)
            messages.success(request, "You have taken your request back. Nothing was erased.")
    elif User.objects.filter(pk=person.pk, erasure_asked_at=None).update(erasure_asked_at=timezone.now()):
        audit.record(person, "erasure-asked", person)
        messages.success(
            request, "The officers have your request. Until they act on it you can take it back."
        )
    return redirect("members:own_data")
