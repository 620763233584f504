"""Learning paths: all of them, one with one's own progress, and keeping one in order."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import audit
from members.access import active_members_only, members_only
from mlclub.refusal import Refused
from wiki import learning, paths
from wiki.care_forms import LearningPathForm, LearningStepForm
from wiki.models import LearningFollow, LearningPath, LearningStep, Page

GET_POST = ["GET", "HEAD", "POST"]


def _path(slug: str) -> LearningPath:
    return get_object_or_404(LearningPath.objects.select_related("keeper"), slug=slug)


def _kept(request: HttpRequest, slug: str) -> LearningPath:
    path = _path(slug)
    if not learning.may_keep(path, request.user):
        raise PermissionDenied
    return path


@members_only
@require_safe
def learning_path_list(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    page_obj = Paginator(learning.every(user).order_by("-is_followed", "title", "pk"), 30).get_page(
        request.GET.get("page")
    )
    return render(
        request, "wiki/learning_path_list.html", {"page_obj": page_obj, "writes": user.standing.writes}
    )


@members_only
@require_safe
def learning_path_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The steps in their order, with what the reader has marked as known."""
    return _page(request, _path(slug), LearningStepForm())


def _page(
    request: HttpRequest, path: LearningPath, form: LearningStepForm, *, status: int = 200
) -> HttpResponse:
    user: Any = request.user
    steps = learning.steps_of(path, user)
    return render(
        request,
        "wiki/learning_path_detail.html",
        {
            "path": path,
            "steps": steps,
            "known": sum(step.is_known for step in steps),
            "next_step": next((step for step in steps if step.is_next), None),
            "is_followed": LearningFollow.objects.filter(person=user, path=path).exists(),
            "keeps": learning.may_keep(path, user),
            "form": form,
        },
        status=status,
    )


@active_members_only
@require_http_methods(GET_POST)
def learning_path_create(request: HttpRequest) -> HttpResponse:
    """Begin a path; `?to=` takes over the way to a page."""
    user: Any = request.user
    wanted = paths.tidy(request.GET.get("to", ""))[: paths.LONGEST]
    to = Page.objects.visible_to(user).filter(path=wanted).only("path", "title").first() if wanted else None
    form = LearningPathForm(
        request.POST or None, initial={"title": f"The way to {to.title}"[:120]} if to else {}
    )
    if request.method == "POST" and form.is_valid():
        path = learning.create(**form.cleaned_data, by=user, now=timezone.now(), to=to)
        messages.success(request, "The path is begun. Now its steps.")
        return redirect(path)
    return render(
        request,
        "wiki/learning_path_create.html",
        {"form": form, "to": to},
        status=422 if form.is_bound else 200,
    )


@active_members_only
@require_http_methods(GET_POST)
def learning_path_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """What it is called and for whom; or delete it."""
    path = _kept(request, slug)
    user: Any = request.user
    if request.method == "POST" and "delete" in request.POST:
        audit.record(user, "wiki.learning-path-deleted", path, before=path.title)
        path.delete()
        messages.success(request, f"The path “{path.title}” is gone; its pages are not.")
        return redirect("wiki:learning_path_list")
    form = LearningPathForm(request.POST or None, instance=path)
    if request.method == "POST" and form.is_valid():
        learning.change(path, **form.cleaned_data, by=user)
        messages.success(request, "Saved.")
        return redirect(path)
    return render(
        request,
        "wiki/learning_path_edit.html",
        {"form": form, "path": _path(slug)},
        status=422 if form.is_bound else 200,
    )


@active_members_only
@require_POST
def learning_step_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Place a page at the end."""
    path = _kept(request, slug)
    form = LearningStepForm(request.POST, user=request.user)
    if form.is_valid():
        try:
            step = learning.add_step(path, form.cleaned_data["page"], note=form.cleaned_data["note"])
        except Refused as refused:
            form.add_error("page", str(refused))
        else:
            messages.success(request, f"“{step.page.title}” is a step of the path.")
            return redirect(path)
    return _page(request, path, form, status=422)


@active_members_only
@require_POST
def learning_step_move(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One up or one down."""
    path = _kept(request, slug)
    step = get_object_or_404(LearningStep.objects.select_related("path"), path=path, pk=pk)
    learning.move_step(step, up=request.POST.get("to") == "up")
    return redirect(f"{path.get_absolute_url()}#step-{step.pk}")


@active_members_only
@require_POST
def learning_step_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a page off the path."""
    path = _kept(request, slug)
    LearningStep.objects.filter(path=path, pk=pk).delete()
    messages.success(request, "The step is off the path.")
    return redirect(path)


@members_only
@require_POST
def learning_path_follow(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the next step on one's home page, or no longer."""
    path = _path(slug)
    on = request.POST.get("follow") == "1"
    learning.follow(path, person=request.user, now=timezone.now(), on=on)  # type: ignore[arg-type]
    if on:
        messages.success(request, "The next step of this path stands on your home page. Only you see that.")
    else:
        messages.info(request, "You no longer follow this path; your marks stay.")
    return redirect(path)
