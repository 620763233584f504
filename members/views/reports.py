from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from members import problems
from members.forms import ProblemForm
from members.middleware import is_reachable
from mlclub.middleware import TOKEN_PATHS

RATE = {"report": "5/m/ip,30/h/ip"}


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def report_problem(request: HttpRequest) -> HttpResponse:
    person: Any = request.user if request.user.is_authenticated else None
    form = ProblemForm(request.POST or None)
    if person:
        del form.fields["email"]
    page = TOKEN_PATHS.sub(
        r"\1…", request.POST.get("page") or urlsplit(request.META.get("HTTP_REFERER", "")).path
    )[:300]
    status = 200
    if request.method == "POST":
        # With Redis away nobody can count, and that may be the very problem: then it is taken.
        if ratelimit.consume(request, app="members", action="report", config=RATE) is None and is_reachable():
            return render(request, "429.html", status=429)
        if form.is_valid():
            problems.report(form.save(commit=False), person=person, page=page)
            messages.success(request, "Thank you. The officers have it.")
            return redirect("members:report_problem")
        status = 422
    return render(request, "members/report_problem.html", {"form": form, "page": page}, status=status)
