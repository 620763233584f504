"""Handing in a step of a capstone, and answering it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mlclub import uploads
from mlclub.refusal import Refused
from nmep import capstone_steps
from nmep.forms.capstones import StepAnswerForm, StepForm
from nmep.models import Capstone, CapstoneStep, Milestone, StepVersion
from nmep.views.capstones import Place, capstone_for, detail, place_in


def _work(request: HttpRequest, slug: str, project: str) -> tuple[Capstone, Place]:
    """The capstone, for its group, its mentor and the leads."""
    capstone = capstone_for(request, slug, project)
    place = place_in(capstone, request.user)
    if not place.reads_work:
        raise Http404
    return capstone, place


def _back(capstone: Capstone, milestone: int) -> HttpResponse:
    return redirect(f"{capstone.get_absolute_url()}#step-{milestone}")


@require_POST
def step_hand_in(request: HttpRequest, slug: str, project: str, milestone: int) -> HttpResponse:
    """Any member hands in for the group; the same from two members is one version."""
    capstone, place = _work(request, slug, project)
    if not place.is_member:
        raise Http404
    row = get_object_or_404(Milestone, offering=capstone.offering, kind=Milestone.Kind.CAPSTONE, pk=milestone)
    form = StepForm(request.POST, request.FILES, prefix=f"s{row.pk}")
    if not form.is_valid():
        return detail(request, capstone, forms={f"hand_in-{row.pk}": form}, status=422)
    file = form.cleaned_data["file"]
    user: Any = request.user
    try:
        version, is_new = capstone_steps.hand_in(
            capstone,
            row,
            by=user,
            now=timezone.now(),
            text=form.cleaned_data["text"],
            url=form.cleaned_data["url"],
            file=file,
            name=uploads.safe_name(file.name) if file else "",
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return _back(capstone, row.pk)
    if is_new:
        messages.success(request, f"Version {version.n} of {row} is in.")
    else:
        messages.info(request, f"Version {version.n} was in already; nothing was handed in twice.")
    return _back(capstone, row.pk)


@require_POST
def step_answer(request: HttpRequest, slug: str, project: str, milestone: int) -> HttpResponse:
    """The mentor or a lead approves, or asks for changes."""
    capstone, place = _work(request, slug, project)
    if not place.signs:
        raise Http404
    step = get_object_or_404(
        CapstoneStep.objects.select_related("milestone", "capstone"), capstone=capstone, milestone=milestone
    )
    form = StepAnswerForm(request.POST, prefix=f"a{milestone}")
    approves = "approve" in request.POST
    if form.is_valid() and not approves and not form.cleaned_data["comment"]:
        form.add_error("comment", "Say what should change.")
    if not form.is_valid():
        return detail(request, capstone, forms={f"answer-{milestone}": form}, status=422)
    user: Any = request.user
    try:
        won = capstone_steps.answer(
            step,
            by=user,
            approves=approves,
            n=form.cleaned_data["n"],
            comment=form.cleaned_data["comment"],
            now=timezone.now(),
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return _back(capstone, milestone)
    words = "Approved." if approves else "The group is asked for changes."
    if won:
        messages.success(request, f"{words} It has been told.")
    else:
        messages.info(request, "Somebody answered this before you.")
    return _back(capstone, milestone)


@require_POST
def step_comment(request: HttpRequest, slug: str, project: str, milestone: int) -> HttpResponse:
    capstone, _ = _work(request, slug, project)
    step = get_object_or_404(
        CapstoneStep.objects.select_related("capstone"), capstone=capstone, milestone=milestone
    )
    text = request.POST.get("text", "").strip()[:8000]
    user: Any = request.user
    try:
        if text:
            capstone_steps.comment(step, by=user, text=text, now=timezone.now())
        else:
            messages.warning(request, "There was nothing to say in it.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return _back(capstone, milestone)


@require_safe
def step_file(request: HttpRequest, slug: str, project: str, pk: int) -> HttpResponseBase:
    """The file of a version, always as a download."""
    capstone, _ = _work(request, slug, project)
    version = get_object_or_404(StepVersion, step__capstone=capstone, pk=pk)
    if not version.file:
        raise Http404
    return uploads.serve_private(request, version.file, version.name)
