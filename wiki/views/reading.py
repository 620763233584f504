from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from members import standing
from members.access import members_only
from wiki import diffs, keeping, linking, paths, requiring, tree, viewing
from wiki.models import Page, Revision
from wiki.rendering import new_page_url
from wiki.titles import similar

A_PAGE = 50
#: How many moves a page's history names.
NAMED = 12


def page_or_404(request: HttpRequest, path: str) -> Page:
    """The page at exactly this path, if the visitor may see it."""
    return get_object_or_404(
        Page.objects.visible_to(request.user)
        .select_related("head__author", "owner", "checked_by")
        .defer("search", "names_search", "headings"),
        path=path,
    )


@login_not_required
@require_safe
def page_detail(request: HttpRequest, path: str) -> HttpResponse:
    """One page, or what stands at its path instead: a redirect, a folder, an offer to write it."""
    state = keeping.state_of_library()
    page = (
        Page.objects.visible_to(request.user)
        .annotate(**requiring.known_by(request.user))
        .select_related("head")
        .only("path", "title", "owner", "seen", "head__number", "head__author")
        .filter(path=path)
        .first()
    )
    if page is None:
        return _instead(request, path)
    whole = keeping.Whole(page, request.user, state)
    if whole.rights.reads and request.method == "GET":
        viewing.read(page, request.user, today=standing.today())
    mark = whole.mark(request)
    unchanged = get_conditional_response(request, etag=mark) if mark else None
    response = unchanged or render(request, "wiki/page_detail.html", {"page": page, "whole": whole})
    if mark:
        response["ETag"], response["Cache-Control"] = mark, "private, no-cache"
    return response


def _instead(request: HttpRequest, path: str) -> HttpResponse:
    visible = Page.objects.visible_to(request.user)
    wanted = paths.tidy(path)
    place = linking.directory_for([("", f"/{wanted}")]).find("", f"/{wanted}")
    page = visible.filter(pk=place.page).first() if place else None
    if place is not None and page is not None:
        return redirect(page, permanent=place.is_redirect)
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    below = (
        visible.filter(path__istartswith=f"{wanted}/").order_by("path").only("path", "title", "content_at")
    )
    listed = Paginator(below, A_PAGE).get_page(request.GET.get("page"))
    if listed.paginator.count:
        return render(
            request,
            "wiki/page_folder.html",
            {
                "folder": wanted,
                "page_obj": listed,
                "folders": tree.crumbs(wanted),
                "writes": request.user.standing.writes or request.user.is_superuser,
            },
        )
    if not request.user.standing.reads_members_area:
        raise Http404
    trashed = Page.objects.trashed().filter(path__iexact=wanted).first()
    return render(
        request,
        "wiki/page_missing.html",
        {
            "path": wanted,
            "name": paths.title_of(wanted),
            "new_url": new_page_url("", f"/{wanted}"),
            "similar": similar(visible, wanted),
            "trashed": trashed,
            "writes": request.user.standing.writes,
        },
        status=404,
    )


@members_only
@require_safe
def page_history(request: HttpRequest, path: str) -> HttpResponse:
    """Every version of a page, with who wrote it."""
    page = page_or_404(request, path)
    revisions = (
        page.revisions.select_related("author", "suggestion__settled_by")
        .defer("text", "suggestion__text")
        .order_by("-number")
    )
    return render(
        request,
        "wiki/page_history.html",
        {
            "page": page,
            "page_obj": Paginator(revisions, A_PAGE).get_page(request.GET.get("page")),
            "moves": page.passages.exclude(move=None)
            .select_related("move__by")
            .order_by("-at", "-pk")[:NAMED],
            "folders": tree.crumbs(page.path),
            "writes": request.user.standing.writes,  # type: ignore[union-attr]
        },
    )


@members_only
@require_safe
def page_diff(request: HttpRequest, path: str) -> HttpResponse:
    """What changed from one version to another; without numbers, the newest change."""
    page = page_or_404(request, path)
    newest = page.head.number if page.head else 0
    newer = _number(request.GET.get("to"), newest)
    older = _number(request.GET.get("from"), max(newer - 1, 0))
    revisions = {
        row.number: row for row in page.revisions.select_related("author").filter(number__in=[older, newer])
    }
    if newer not in revisions or (older and older not in revisions):
        raise Http404
    old, new = revisions.get(older), revisions[newer]
    return render(
        request,
        "wiki/page_diff.html",
        {
            "page": page,
            "old": old,
            "new": new,
            "hunks": diffs.compare(old.text if old else "", new.text),
            "is_newest": newer == newest,
            "folders": tree.crumbs(page.path),
            "next": Revision.objects.filter(page=page, number__gt=newer)
            .order_by("number")
            .only("number")
            .first(),
            "writes": request.user.standing.writes,  # type: ignore[union-attr]
            "now": timezone.now(),
        },
    )


def _number(value: str | None, otherwise: int) -> int:
    if value is None or value == "":
        return otherwise
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise BadRequest("Versions have numbers, such as ?from=3&to=4.")
    return int(value)
