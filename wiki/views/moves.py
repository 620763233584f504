from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.access import active_members_only, members_only
from mlclub.refusal import Refused
from wiki import moving, paths, tree
from wiki.forms import BranchForm
from wiki.models import Move, Page

#: How many of the pages of a folder are listed one by one.
LISTED = 100


@active_members_only
@require_http_methods(["GET", "HEAD", "POST"])
def branch_move(request: HttpRequest, path: str) -> HttpResponse:
    """Move a folder with its pages: with `?to=` a list of what would go where, and a button that does it."""
    folder = paths.tidy(path)
    below = Page.objects.visible_to(request.user).filter(path__istartswith=f"{folder}/")
    if not below.exists():
        raise Http404
    asked = request.POST if request.method == "POST" else request.GET
    form = BranchForm(asked if "to" in asked else None, initial={"to": folder})
    planned = moving.plan(folder, form.cleaned_data["to"]) if form.is_bound and form.is_valid() else None
    if planned is not None:
        for problem in planned.problems:
            form.add_error("to", problem)
    if request.method == "POST" and planned is not None and not planned.problems:
        try:
            moved = moving.move_branch(
                folder, planned.after, mark=request.POST.get("mark", ""), by=request.user, now=timezone.now()
            )
        except Refused as problem:
            form.add_error("to", str(problem))
        else:
            count = len(planned.shown)
            messages.success(
                request,
                f"{count} {'page is' if count == 1 else 'pages are'} moved. Every old address leads to its page.",
                extra_tags=f"undo:{moved.undo_url}",
            )
            return redirect(moved)
    return render(
        request,
        "wiki/branch_move.html",
        {
            "folder": folder,
            "form": form,
            "plan": planned if planned is not None and planned.steps else None,
            "listed": planned.shown[:LISTED] if planned else [],
            "more": max(0, len(planned.shown) - LISTED) if planned else 0,
            "count": below.count(),
            "folders": tree.crumbs(f"{folder}/x"),
        },
        status=422 if form.is_bound and form.errors else 200,
    )


@members_only
@require_safe
def move_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What a move did, page by page; it can be undone."""
    user: Any = request.user
    move: Any = get_object_or_404(
        Move.objects.select_related("by", "undone_by").annotate(count=Count("passages")), pk=pk
    )
    pages = (
        move.passages.filter(page__in=Page.objects.visible_to(user))
        .select_related("page")
        .only("before", "after", "page__path", "page__title")
    )
    return render(
        request,
        "wiki/move_detail.html",
        {
            "move": move,
            "pages": list(pages[:LISTED]),
            "more": max(0, move.count - LISTED),
            "writes": user.standing.writes or user.is_superuser,
        },
    )


@active_members_only
@require_POST
def move_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the pages of a move their old places back."""
    move = get_object_or_404(Move, pk=pk)
    try:
        is_done = moving.undo(move, by=request.user, now=timezone.now())
    except Refused as problem:
        messages.warning(request, str(problem))
        return redirect(move)
    if is_done:
        messages.success(request, "The move is undone. All pages stand where they stood before.")
    else:
        messages.info(request, "The move was undone already.")
    if move.is_branch:
        return redirect(move)
    return redirect("wiki:page_detail", move.before)
