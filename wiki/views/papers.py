"""Papers that pages cite, that stand in reading lists or that somebody presented."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from members.access import active_members_only, members_only
from mlclub import gather
from mlclub.search import any_word, every_word, normalised, words
from wiki.forms import PaperForm
from wiki.models import Paper, Placement
from wiki.views.reading_lists import readings_of

A_PAGE = 25


@members_only
@require_safe
def paper_list(request: HttpRequest) -> HttpResponse:
    """What the club has read together, to be searched; or every paper that it knows of."""
    user: Any = request.user
    shows_all = request.GET.get("all") == "1"
    papers = Paper.objects.defer("search", "abstract", "bibtex")
    if not shows_all:
        read = [Q(pk__in=keys) for keys in gather.flat("papers_read", user)]
        papers = papers.filter(reduce(or_, read)) if read else papers.none()
    query = normalised(request.GET.get("q", ""))
    if words(query):
        fitting = papers.filter(search=every_word(query))
        papers = fitting if fitting.exists() else papers.filter(search=any_word(query))
    page = Paginator(papers.order_by("title", "pk"), A_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    readings = readings_of(rows, user) if rows else {}
    for row in rows:
        row.readings = readings.get(row.pk, [])  # type: ignore[attr-defined]
    return render(
        request,
        "wiki/paper_list.html",
        {"page_obj": page, "papers": rows, "query": query, "shows_all": shows_all},
    )


@members_only
@require_safe
def paper_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Title, authors as given, where to read it, in which lists; the apps above say where it was presented."""
    paper = get_object_or_404(Paper.objects.select_related("lookup").defer("search"), pk=pk)
    user: Any = request.user
    placements = (
        Placement.objects.filter(paper=paper)
        .select_related("list", "topic")
        .order_by("list__title", "position")
    )
    return render(
        request,
        "wiki/paper_detail.html",
        {"paper": paper, "placements": list(placements), "writes": user.standing.writes},
    )


@active_members_only
@require_http_methods(["GET", "HEAD", "POST"])
def paper_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a paper is called where nobody could look it up, or mend a slip."""
    paper = get_object_or_404(Paper, pk=pk)
    form = PaperForm(request.POST or None, instance=paper)
    if request.method == "POST" and form.is_valid():
        if "title" in form.changed_data:
            paper.is_untitled = False
        form.save()
        for _ in gather.each("paper_filled", paper):
            pass
        messages.success(request, "Saved.")
        return redirect(paper)
    shown = Paper.objects.get(pk=pk) if form.is_bound else paper
    return render(
        request, "wiki/paper_edit.html", {"form": form, "paper": shown}, status=422 if form.is_bound else 200
    )
