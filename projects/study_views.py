"""Study groups: all of them, starting one, joining, and ending it honestly."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.access import active_members_only, members_only
from mlclub.refusal import Refused
from projects import study_groups
from projects.models import Initiative
from projects.study_forms import EndForm, PlanForm, StudyGroupForm

GET_POST = ["GET", "HEAD", "POST"]
#: How many groups of the past the list shows.
PAST = 30


def _group(request: HttpRequest, slug: str, *, edits: bool = False) -> Initiative:
    """The study group, or a 404; with `edits` a 403 for those who see it and do not lead it."""
    groups = Initiative.objects.visible_to(request.user).filter(kind=Initiative.Kind.STUDY_GROUP)
    group = get_object_or_404(groups.select_related("series"), slug=slug)
    user: Any = request.user
    if edits and not group.is_edited_by(user):
        raise PermissionDenied
    return group


@members_only
@require_safe
def group_list(request: HttpRequest) -> HttpResponse:
    """The groups that run, with how far they are, and those that are over."""
    user: Any = request.user
    groups = Initiative.objects.visible_to(user).filter(kind=Initiative.Kind.STUDY_GROUP)
    rows = study_groups.with_progress(
        groups.select_related("study").defer("search", "description"), timezone.now()
    )
    running = [Initiative.State.RUNNING, Initiative.State.PAUSED, Initiative.State.PROPOSED]
    return render(
        request,
        "projects/group_list.html",
        {
            "running": list(rows.filter(state__in=running).order_by("name")),
            "past": list(rows.exclude(state__in=running).order_by("-ended_on", "name")[:PAST]),
            "writes": user.standing.writes,
        },
    )


@active_members_only
@require_http_methods(GET_POST)
def group_create(request: HttpRequest) -> HttpResponse:
    """From a book to chapters, slots and dates."""
    user: Any = request.user
    form = StudyGroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            group = study_groups.start(form.cleaned_data["name"], form.plan(), by=user, now=timezone.now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            chapters = len(form.cleaned_data["chapters"])
            messages.success(
                request, f"{group.name} is there: {chapters} chapters with their dates. You lead it."
            )
            return redirect(group)
    return render(request, "projects/group_create.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(GET_POST)
def group_arrange(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a group that grew out of something its book and its dates."""
    user: Any = request.user
    group = _group(request, slug, edits=True)
    form = PlanForm(request.POST or None, initial={"source": group.name})
    if request.method == "POST" and form.is_valid():
        try:
            group = study_groups.arrange(group, form.plan(), by=user, now=timezone.now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{len(form.cleaned_data['chapters'])} chapters have their dates.")
            return redirect(group)
    return render(
        request,
        "projects/group_arrange.html",
        {"form": form, "initiative": group},
        status=422 if form.is_bound else 200,
    )


@active_members_only
@require_POST
def group_join(request: HttpRequest, slug: str) -> HttpResponse:
    user: Any = request.user
    group = _group(request, slug)
    try:
        if study_groups.join(group, user, now=timezone.now()):
            messages.success(request, f"You are in {group.name}. Its dates are in your calendar feed.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(group)


@require_POST
def group_leave(request: HttpRequest, slug: str) -> HttpResponse:
    user: Any = request.user
    group = _group(request, slug)
    try:
        if study_groups.leave(group, user, now=timezone.now()):
            messages.success(request, f"You are not in {group.name} any more; a chapter you held is free.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(group)


@require_http_methods(GET_POST)
def group_end(request: HttpRequest, slug: str) -> HttpResponse:
    """The group stops and says how far it came."""
    user: Any = request.user
    group = _group(request, slug, edits=True)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        group = study_groups.end(group, form.cleaned_data["why"], by=user, now=timezone.now())
        messages.success(request, "It has ended. Those who were going to its dates are told.")
        return redirect(group)
    done, total = study_groups.progress(group, timezone.now())
    return render(
        request,
        "projects/group_end.html",
        {"form": form, "initiative": group, "done": done, "total": total},
        status=422 if form.is_bound else 200,
    )
