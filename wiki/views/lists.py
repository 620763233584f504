from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required, permission_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import Case, Count, F, Func, TextField, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from members import standing
from members.access import members_only
from wiki import linking, paths
from wiki.models import Link, Page, Revision
from wiki.rendering import new_page_url

A_PAGE = 40
#: How many lines each list of the front page shows.
A_FEW = 8


@login_not_required
@require_safe
def page_front(request: HttpRequest) -> HttpResponse:
    """The library at a glance: its areas, what is new, what is mine, what needs care."""
    visible = Page.objects.visible_to(request.user)
    areas = _areas(visible)
    if not request.user.is_authenticated and not areas:
        return redirect_to_login(request.get_full_path())
    reads = request.user.is_authenticated and request.user.standing.reads_members_area
    today = standing.today()
    return render(
        request,
        "wiki/page_front.html",
        {
            "areas": areas,
            "reads": reads,
            "writes": request.user.is_authenticated and request.user.standing.writes,
            "changes": _changes(request.user).exclude(source=Revision.Source.IMPORT)[:A_FEW] if reads else [],
            "mine": visible.with_care(today)
            .filter(owner=request.user.pk)
            .order_by("-is_stale", "-content_at")[:A_FEW]
            if reads
            else [],
            "care": visible.needing_care(today).count() if reads else 0,
            "wanted": _wanted().count() if reads else 0,
            "top": visible.exclude(path__contains="/").exclude(path__startswith="_").order_by("path")[:20],
        },
    )


def _areas(visible: Any) -> list[dict[str, Any]]:
    """The first folders, with how many pages each holds."""
    first = Func(F("path"), Value("/"), Value(1), function="split_part", output_field=TextField())
    rows = (
        visible.annotate(
            area=Case(When(path__contains="/", then=first), default=Value(""), output_field=TextField())
        )
        .order_by()
        .values("area")
        .annotate(pages=Count("pk"))
        .order_by("area")
    )
    return [{**row, "title": paths.title_of(row["area"]) if row["area"] else ""} for row in rows]


def _changes(user: Any) -> Any:
    return (
        Revision.objects.visible_to(user)
        .select_related("author", "page")
        .defer("text", "page__plain_text", "page__headings", "page__search", "page__names_search")
        .order_by("-at", "-pk")
    )


def _wanted() -> Any:
    """Names of pages that are not there, the most asked for first."""
    return (
        Link.objects.filter(target=None, source__trashed_at=None)
        .order_by()
        .values("key")
        .annotate(times=Count("source", distinct=True))
        .order_by("-times", "key")
    )


@members_only
@require_safe
def change_list(request: HttpRequest) -> HttpResponse:
    """Every change of every page, newest first."""
    page = Paginator(_changes(request.user), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "wiki/change_list.html", {"page_obj": page})


@members_only
@require_safe
def page_care(request: HttpRequest) -> HttpResponse:
    """Pages that need somebody: stale, with broken links, without an owner; one's own with `?mine=1`."""
    pages = Page.objects.visible_to(request.user).needing_care(standing.today())
    if request.GET.get("mine"):
        pages = pages.filter(owner=request.user.pk)
    return render(
        request,
        "wiki/page_care.html",
        {
            "page_obj": Paginator(
                pages.select_related("owner").defer("search", "names_search", "headings"), A_PAGE
            ).get_page(request.GET.get("page")),
            "mine": bool(request.GET.get("mine")),
        },
    )


@members_only
@require_safe
def page_wanted(request: HttpRequest) -> HttpResponse:
    """Red links: pages that others ask for and nobody has written yet."""
    page = Paginator(_wanted(), A_PAGE).get_page(request.GET.get("page"))
    asked: dict[str, list[Link]] = {}
    for link in (
        Link.objects.filter(target=None, source__trashed_at=None, key__in=[row["key"] for row in page])
        .select_related("source")
        .only("name", "key", "source__path", "source__title")
        .order_by("source__path")
    ):
        asked.setdefault(link.key, []).append(link)
    rows = [
        {
            "name": linking.asked_path("", asked[row["key"]][0].name)[0],
            "times": row["times"],
            "links": asked[row["key"]][:5],
            "url": new_page_url(asked[row["key"]][0].source.folder, asked[row["key"]][0].name),
        }
        for row in page
        if row["key"] in asked
    ]
    return render(
        request,
        "wiki/page_wanted.html",
        {"page_obj": page, "rows": rows, "writes": request.user.standing.writes},  # type: ignore[union-attr]
    )


@permission_required("wiki.trash_page", raise_exception=True)
@require_safe
def page_trash_list(request: HttpRequest) -> HttpResponse:
    """What was thrown away, and can be taken back."""
    pages = Page.objects.trashed().select_related("trashed_by").order_by("-trashed_at")
    return render(
        request,
        "wiki/page_trash_list.html",
        {"page_obj": Paginator(pages, A_PAGE).get_page(request.GET.get("page"))},
    )
