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
from wiki import citing, marks, paper_merging
from wiki.exporting.bibliographies import entry
from wiki.forms import NoteForm, PaperForm
from wiki.models import FormerPaper, Paper, Placement, ReadMark
from wiki.views.reading_lists import readings_of

A_PAGE = 25
#: How many of the pages that cite a paper are named.
CITED_BY = 40


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
        {
            "page_obj": page,
            "papers": rows,
            "query": query,
            "shows_all": shows_all,
            "writes": user.standing.writes,
        },
    )


def shown_paper(request: HttpRequest, paper: Paper, *, status: int = 200, **more: Any) -> HttpResponse:
    """The hub of a paper: where it is cited, in which lists it stands, who read it and what they note of it."""
    user: Any = request.user
    keeps = user.has_perm("wiki.change_paper")
    return render(
        request,
        "wiki/paper_detail.html",
        {
            "paper": paper,
            "placements": list(
                Placement.objects.filter(paper=paper)
                .select_related("list", "topic")
                .defer("list__search", "list__description")
                .order_by("list__title", "position")
            ),
            "citing": list(citing.pages_citing(paper, user)[:CITED_BY]),
            "posts": list(citing.posts_citing(paper, user)[:CITED_BY]),
            "readers": marks.readers(paper, user),
            "states": ReadMark.State.choices,
            "notes": marks.seen(paper, user),
            "note_form": NoteForm(),
            "bibtex": entry(paper, paper.key or f"paper{paper.pk}"),
            "former_keys": [row.key for row in paper.other_keys.all()[:12]],
            "writes": user.standing.writes or user.is_superuser,
            "keeps": keeps,
            "hides": user.has_perm("wiki.change_papernote"),
            "twins": paper_merging.twins_of(paper) if keeps else [],
            **more,
        },
        status=status,
    )


@members_only
@require_safe
def paper_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """All that the club has to do with a paper; the apps above say where it was presented."""
    paper = Paper.objects.select_related("lookup").defer("search").filter(pk=pk).first()
    if paper is None:
        former = get_object_or_404(FormerPaper.objects.select_related("paper"), number=pk)
        return redirect(former.paper, permanent=True)
    return shown_paper(request, paper)


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
        citing.settle([paper.key])
        for _ in gather.each("paper_filled", paper):
            pass
        messages.success(request, "Saved.")
        return redirect(paper)
    shown = Paper.objects.get(pk=pk) if form.is_bound else paper
    return render(
        request, "wiki/paper_edit.html", {"form": form, "paper": shown}, status=422 if form.is_bound else 200
    )
