"""What one reads before a page: the picture and the list, and changing it; a member's own marks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members.access import active_members_only, members_only
from mlclub.refusal import Refused
from wiki import drawing, requiring, tree
from wiki.care_forms import RequirementForm
from wiki.models import Page, Requirement, RequirementProposal
from wiki.views.reading import page_or_404


@members_only
@require_safe
def page_requires(request: HttpRequest, path: str) -> HttpResponse:
    """The way to a page and what it leads to, as a picture and as a list."""
    return _page(request, page_or_404(request, path), RequirementForm())


def _page(request: HttpRequest, page: Page, form: RequirementForm, *, status: int = 200) -> HttpResponse:
    user: Any = request.user
    found = requiring.surroundings(page, user)
    here = found.way[-1]
    proposals = RequirementProposal.objects.open().filter(
        page=page, required__in=Page.objects.visible_to(user)
    )
    direct = {row.required_id: row for row in Requirement.objects.filter(page=page)}
    before = [(stop, direct[stop.page.pk]) for stop in found.way if stop.page.pk in direct]
    return render(
        request,
        "wiki/page_requires.html",
        {
            "page": page,
            "here": here,
            "way": found.way[:-1],
            "before": before,
            "onward": found.onward,
            "known": found.known - here.is_known,
            "next_stop": found.next_stop,
            "drawings": drawing.both(found),
            "proposals": list(
                proposals.select_related("required").only(
                    "sentence", "page", "required__path", "required__title"
                )
            ),
            "decides": requiring.may_decide(page, user),
            "writes": user.standing.writes,
            "form": form,
            "folders": tree.crumbs(page.path),
        },
        status=status,
    )


@active_members_only
@require_POST
def requirement_create(request: HttpRequest, path: str) -> HttpResponse:
    """Say that another page is read before this one."""
    page = page_or_404(request, path)
    form = RequirementForm(request.POST, user=request.user, folder=page.folder)
    if form.is_valid():
        try:
            row = requiring.add(
                page,
                form.cleaned_data["required"],
                by=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
                note=form.cleaned_data["note"],
            )
        except Refused as refused:
            form.add_error("required", str(refused))
        else:
            messages.success(request, f"“{row.required.title}” is read before “{page.title}”.")
            return redirect("wiki:page_requires", page.path)
    return _page(request, page, form, status=422)


@active_members_only
@require_POST
def requirement_remove(request: HttpRequest, path: str, pk: int) -> HttpResponse:
    """Take that back."""
    page = page_or_404(request, path)
    row = get_object_or_404(Requirement.objects.select_related("page", "required"), page=page, pk=pk)
    requiring.remove(row, by=request.user)  # type: ignore[arg-type]
    messages.success(request, f"“{row.required.title}” is no longer needed before “{page.title}”.")
    return redirect("wiki:page_requires", page.path)


@members_only
@require_POST
def page_known(request: HttpRequest, path: str) -> HttpResponse:
    """The reader's own mark: I know this, or not yet."""
    page = page_or_404(request, path)
    known = request.POST.get("known") == "1"
    requiring.mark(page, person=request.user, now=timezone.now(), known=known)  # type: ignore[arg-type]
    if known:
        messages.success(request, f"Marked: you know “{page.title}”. Only you see that.")
    else:
        messages.info(request, f"“{page.title}” is unmarked.")
    following = request.POST.get("next", "")
    if following.startswith("path:"):
        return redirect("wiki:learning_path_detail", following[5:85] or "new")
    if following == "requires":
        back = Page.objects.visible_to(request.user).filter(path=request.POST.get("back", "")).first()
        return redirect("wiki:page_requires", (back or page).path)
    return redirect(page)


@members_only
@require_safe
def page_graph(request: HttpRequest) -> HttpResponse:
    """All that is read before something, in one order, as a picture and as a list."""
    found = requiring.everything(request.user)
    return render(
        request,
        "wiki/page_graph.html",
        {"way": found.way, "known": found.known, "drawings": drawing.both(found)},
    )
