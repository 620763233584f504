"""Papers that pages cite, that stand in reading lists or that somebody presented."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Paginator
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from members.access import active_members_only, members_only
from mlclub import gather
from mlclub.search import any_word, every_word, normalised, words
from wiki import citing, marks, paper_merging
from wiki.exporting.bibliographies import entry
from wiki.models import FormerPaper, OtherKey, Paper, Placement, ReadMark
from wiki.paper_forms import UNMARKED, NoteForm, PaperFilterForm, PaperForm
from wiki.search import of_number
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
    form = PaperFilterForm(request.GET, user=user, shows_all=shows_all)
    form.is_valid()  # what is no choice says so beside its field, and the rest counts
    asked = form.cleaned_data
    mine = ReadMark.objects.filter(paper=OuterRef("pk"), person=user).values("state")
    papers: Any = Paper.objects.defer("search", "abstract", "bibtex").annotate(my_state=Subquery(mine))
    if not shows_all:
        papers = _read_together(papers, user, term=asked.get("term", ""), presenter=asked.get("presenter"))
    if places := form.placed():
        papers = papers.filter(Exists(Placement.objects.filter(paper=OuterRef("pk"), **places)))
    if mark := asked.get("mark"):
        papers = papers.filter(my_state=None) if mark == UNMARKED else papers.filter(my_state=mark)
    query = normalised(asked.get("q", ""))
    if words(query):
        number = of_number(query)
        fits = Q(search=every_word(query)) | number if number else Q(search=every_word(query))
        fitting = papers.filter(fits)
        papers = fitting if fitting.exists() else papers.filter(search=any_word(query))
    order = {"title": ("title",), "year": (F("year").desc(nulls_last=True), "title")}
    first = asked.get("sort") or ("title" if shows_all else "")
    papers = papers.order_by(*order.get(first, ("-read_at", "title")), "pk")
    page = Paginator(papers, A_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    readings = readings_of(rows, user) if rows else {}
    for row in rows:
        row.readings = readings.get(row.pk, [])
    return render(
        request,
        "wiki/paper_list.html",
        {
            "page_obj": page,
            "papers": rows,
            "form": form,
            "is_filtered": any(asked.get(name) for name in ("q", "topic", "term", "presenter", "mark")),
            "shows_all": shows_all,
            "writes": user.standing.writes,
        },
    )


def _read_together(papers: Any, user: Any, *, term: str, presenter: int | None) -> Any:
    """Those that were presented, with `read_at`: when last."""
    read = gather.flat("papers_read", user, term, presenter)
    if not read:
        return papers.none()
    when = [
        Subquery(rows.filter(paper=OuterRef("pk")).order_by("-read_at").values("read_at")[:1])
        for rows in read
    ]
    return papers.filter(reduce(or_, [Q(pk__in=rows.values("paper")) for rows in read])).annotate(
        read_at=Greatest(*when) if len(when) > 1 else when[0]
    )


def papers_to_show() -> QuerySet[Paper]:
    """Papers with what `shown_paper` says of them in one line: the lookup, and the keys that they had."""
    former = OtherKey.objects.filter(paper=OuterRef("pk")).order_by("key").values("key")[:12]
    rows = Paper.objects.select_related("lookup").defer("search")
    return rows.annotate(former_keys=ArraySubquery(former))


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
    paper = papers_to_show().filter(pk=pk).first()
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
