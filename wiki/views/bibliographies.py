"""`.bib` files in and out, and the keys by which papers are cited."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from members.access import active_members_only, members_only
from mlclub import uploads
from mlclub.refusal import Refused
from wiki import bibliographies, citing, lists
from wiki.exporting.bibliographies import entry
from wiki.models import Citing, Page, Paper, ReadingList
from wiki.paper_forms import BibliographyForm
from wiki.views.reading import page_or_404

#: How many entries of each sort a preview names.
NAMED = 200
A_PAGE = 50


@active_members_only
@require_http_methods(["GET", "HEAD", "POST"])
def bibliography_import(request: HttpRequest) -> HttpResponse:
    """Show what a `.bib` file holds; take it once somebody has looked."""
    form = BibliographyForm(request.POST, request.FILES) if request.method == "POST" else BibliographyForm()
    if not form.is_valid():
        return render(
            request,
            "wiki/bibliography_import.html",
            {"form": form},
            status=422 if request.method == "POST" else 200,
        )
    text = form.bibliography()
    try:
        if request.POST.get("do") == "take":
            chosen = set(request.POST.getlist("take"))
            taken = bibliographies.take(text, chosen=chosen, by=request.user, now=timezone.now())
            messages.success(request, _said(taken))
            return redirect("wiki:paper_list")
        found = bibliographies.compare(text)
    except Refused as refused:
        form.add_error("file", str(refused))
        return render(request, "wiki/bibliography_import.html", {"form": form}, status=422)
    groups = (found.new, found.contradicting, found.fuller, found.same, found.problems)
    return render(
        request,
        "wiki/bibliography_preview.html",
        {"found": found, "text": text, "named": NAMED, "is_cut": any(len(rows) > NAMED for rows in groups)},
    )


def _said(taken: bibliographies.Taken) -> str:
    parts = [
        f"{count} {words}"
        for count, words in (
            (taken.new, "new"),
            (taken.filled, "filled in"),
            (taken.changed, "changed as the file says"),
        )
        if count
    ]
    return f"Taken: {', '.join(parts)}." if parts else "All of it was here already."


def _file(papers: Any, name: str) -> HttpResponse:
    rows = papers.defer("search").order_by("key", "pk")
    body = "\n\n".join(
        entry(paper, paper.key or f"paper{paper.pk}") for paper in rows.iterator(chunk_size=500)
    )
    response = HttpResponse(body, content_type="text/x-bibtex; charset=utf-8")
    response["Content-Disposition"] = uploads.disposition(f"{name}.bib", as_attachment=True)
    return response


@members_only
@require_safe
def bibliography_all(request: HttpRequest) -> HttpResponse:
    return _file(Paper.objects.all(), "papers")


@members_only
@require_safe
def bibliography_paper(request: HttpRequest, pk: int) -> HttpResponse:
    paper = get_object_or_404(Paper, pk=pk)
    return _file(Paper.objects.filter(pk=pk), paper.key or "paper")


@login_not_required
@require_safe
def bibliography_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The papers of a list that the visitor may see."""
    reading_list = get_object_or_404(ReadingList.objects.visible_to(request.user), slug=slug)
    shown = lists.seen(reading_list, request.user).values("paper")
    return _file(Paper.objects.filter(pk__in=shown), reading_list.slug)


@login_not_required
@require_safe
def bibliography_page(request: HttpRequest, path: str) -> HttpResponse:
    """What a page cites."""
    page = page_or_404(request, path)
    cited = Citing.objects.filter(page=page, paper__isnull=False).values("paper")
    return _file(Paper.objects.filter(pk__in=cited), page.name)


@active_members_only
@require_safe
def paper_keys(request: HttpRequest) -> JsonResponse:
    """The papers that may be meant by what stands behind an `@` in the editor: key and words, the likeliest first."""
    rows = citing.completions(request.GET.get("q", ""))
    return JsonResponse(
        {
            "found": [
                {"insert": f"@{row.key}", "label": row.title, "detail": f"{row.label} · @{row.key}"}
                for row in rows
            ]
        }
    )


@members_only
@require_safe
def paper_wanted(request: HttpRequest) -> HttpResponse:
    """Keys that pages cite and nobody knows."""
    page = Paginator(citing.wanted(request.user), A_PAGE).get_page(request.GET.get("page"))
    keys = [row["key"] for row in page]
    asking: dict[str, list[Page]] = {}
    for row in (
        Citing.objects.filter(
            paper=None, key__in=keys, page__in=Page.objects.visible_to(request.user).values("pk")
        )
        .select_related("page")
        .only("key", "page__path", "page__title")
        .order_by("page__path")
    ):
        asking.setdefault(row.key, []).append(row.page)
    user: Any = request.user
    return render(
        request,
        "wiki/paper_wanted.html",
        {
            "page_obj": page,
            "rows": [{**row, "pages": asking.get(row["key"], [])[:5]} for row in page],
            "writes": user.standing.writes,
        },
    )
