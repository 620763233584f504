from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import audit
from members.models import User
from mlclub.refusal import Refused
from nmep import at_once, boards, outside, people
from nmep.forms.checks_at_once import FORMS
from nmep.models import Assignment, BoardName, Check
from nmep.models.programmes import ARCHIVED
from nmep.views.assignments import assignment_for
from nmep.views.checks import led_assignment


@require_safe
def board_detail(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Who stands where, for people of the offering; names of those who hide them are missing."""
    assignment = assignment_for(request, slug, key)
    user, now = cast("User", request.user), timezone.now()
    roles = people.roles(user, assignment.offering)
    enrolment = people.learner(user, assignment.offering)
    if enrolment is None and not (roles.leads or roles.reviews):
        raise Http404
    found = boards.boards_of(assignment, user, roles, now)
    if not found:
        raise Http404
    name = BoardName.objects.filter(enrolment=enrolment).first() if enrolment else None
    return render(
        request,
        "nmep/board_detail.html",
        {
            "assignment": assignment,
            "offering": assignment.offering,
            "boards": found,
            "enrolment": enrolment,
            "is_hidden": bool(name and name.is_hidden),
        },
    )


@require_POST
def board_name(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Hide my name on the boards of this offering, or show it again."""
    assignment = assignment_for(request, slug, key)
    enrolment = people.learner(request.user, assignment.offering)
    if enrolment is None:
        raise Http404
    is_hidden = request.POST.get("hidden") == "1"
    BoardName.objects.update_or_create(enrolment=enrolment, defaults={"is_hidden": is_hidden})
    messages.success(
        request,
        "Your name is hidden on every board here." if is_hidden else "Your name stands on the boards.",
    )
    return redirect("nmep:board_detail", slug, key)


@require_http_methods(["GET", "HEAD", "POST"])
def check_at_once_create(request: HttpRequest, slug: str, key: str, kind: str) -> HttpResponse:
    """A new check that is answered within the hand-in."""
    if kind not in FORMS:
        raise Http404
    return _edit(request, led_assignment(request, slug, key), Check(kind=kind))


@require_http_methods(["GET", "HEAD", "POST"])
def check_at_once_edit(request: HttpRequest, slug: str, key: str, pk: int) -> HttpResponse:
    """Change such a check; what was handed in already is looked at anew."""
    assignment = led_assignment(request, slug, key)
    check = get_object_or_404(
        Check.objects.select_related("labels", "part__assignment"),
        pk=pk,
        part__assignment=assignment,
        kind__in=list(FORMS),
    )
    return _edit(request, assignment, check)


def _edit(request: HttpRequest, assignment: Assignment, check: Check) -> HttpResponse:
    user, now = cast("User", request.user), timezone.now()
    if request.method == "POST" and assignment.offering.is_archived:
        messages.warning(request, ARCHIVED)
        return redirect(assignment)
    form = FORMS[check.kind](
        request.POST or None, request.FILES or None, instance=check, assignment=assignment
    )
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.instance.updated_at = now
            saved = form.save()
            file = form.cleaned_data.get("labels")
            if isinstance(file, UploadedFile):
                boards.keep_labels(saved, file, by=user, now=now)
            again = at_once.look_again(saved, now=now) if saved.is_published else 0
            audit.record(user, "check-saved", assignment, after={"check": saved.title, "looked_at": again})
        words = f" {again} hand-in{'' if again == 1 else 's'} looked at anew." if again else ""
        messages.success(request, f"Saved.{words}")
        return redirect(assignment)
    return render(
        request,
        "nmep/check_at_once_edit.html",
        {"assignment": assignment, "offering": assignment.offering, "check": check, "form": form},
        status=422 if form.is_bound else 200,
    )


class OutsideForm(forms.Form):
    """The results of an outside grader, pasted or as a file's contents."""

    table = forms.CharField(
        label="Results",
        help_text="A row each: mail address, then done, not yet, or a number. Paste what the grader exports.",
        widget=forms.Textarea(attrs={"rows": 8}),
        max_length=200_000,
    )
    enough = forms.FloatField(label="Done from this number on", required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def outside_results(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Take over what an outside grader says: a look first, then one press."""
    assignment = led_assignment(request, slug, key)
    form, plan = OutsideForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        table, enough = form.cleaned_data["table"], form.cleaned_data["enough"]
        plan = outside.read(assignment, table, enough=enough)
        if "write" in request.POST and not plan.problems:
            try:
                count = outside.write(
                    assignment, table, enough=enough, by=cast("User", request.user), now=timezone.now()
                )
                messages.success(request, f"{count} entr{'y' if count == 1 else 'ies'} in the journal.")
                return redirect("nmep:roster", slug)
            except Refused as refused:
                form.add_error(None, str(refused))
    return render(
        request,
        "nmep/outside_results.html",
        {"assignment": assignment, "offering": assignment.offering, "form": form, "plan": plan},
        status=422 if form.is_bound else 200,
    )
