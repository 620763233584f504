from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from members import standing
from members.access import members_only
from wiki import linking, viewing
from wiki.models import Link, Page, Revision
from wiki.rendering import new_page_url

A_PAGE = 40
SEARCHES = 20


def changes_for(user: Any) -> Any:
    """Every change that `user` may see, the newest first."""
    return (
        Revision.objects.visible_to(user)
        .select_related("author", "page")
        .defer("text", "page__plain_text", "page__headings", "page__search", "page__names_search")
        .order_by("-at", "-pk")
    )


def wanted_names() -> Any:
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
    page = Paginator(changes_for(request.user), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "wiki/change_list.html", {"page_obj": page})


@members_only
@require_safe
def page_wanted(request: HttpRequest) -> HttpResponse:
    """Red links: pages that others ask for and nobody has written yet; and what was looked for in vain."""
    page = Paginator(wanted_names(), A_PAGE).get_page(request.GET.get("page"))
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
            "url": new_page_url(asked[row["key"]][0].source.folder, asked[row["key"]][0].name)
            + "&template=concept",
        }
        for row in page
        if row["key"] in asked
    ]
    return render(
        request,
        "wiki/page_wanted.html",
        {
            "page_obj": page,
            "rows": rows,
            "searches": [
                {**row, "url": f"{new_page_url('', row['words'])}&template=concept"}
                for row in (viewing.looked_for(standing.today(), limit=SEARCHES) if page.number == 1 else [])
            ],
            "writes": request.user.standing.writes,  # type: ignore[union-attr]
        },
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
