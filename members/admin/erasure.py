from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from members import erasure, own_data
from members.models import User


def erasure_view(model_admin: Any, request: HttpRequest, *, pk: int) -> HttpResponse:
    """What an erasure takes and leaves, and the button, for which the person's address is typed."""
    if not request.user.has_perm("members.erase_user"):
        raise PermissionDenied
    officer: Any = request.user
    person = get_object_or_404(User, pk=pk)
    against = erasure.reason_against(person)
    is_wrong = False
    if request.method == "POST" and not against:
        if request.POST.get("address", "").strip().lower() == person.email:
            try:
                erasure.erase(person, by=officer)
            except erasure.ErasureRefused as problem:
                messages.error(request, str(problem))
            else:
                messages.success(request, "The person is erased. What stays stands under a pseudonym.")
            return redirect("admin:members_user_changelist")
        is_wrong = True
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "title": "Erase a person",
        "person": person,
        "against": against,
        "is_wrong": is_wrong,
        "kept": own_data.kept_after_erasure(),
    }
    return TemplateResponse(
        request, "admin/members/user/erase.html", context, status=422 if is_wrong else 200
    )
