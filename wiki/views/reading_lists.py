"""Reading lists: all of them, one of them, and keeping one in order."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import audit, standing
from members.access import active_members_only
from mlclub import gather
from mlclub.gather import Reading
from mlclub.refusal import Refused
from wiki import lists, marks, papers
from wiki.exporting.reading_lists import page_of
from wiki.models import Paper, Placement, ReadingList, ReadingTopic, ReadMark
from wiki.paper_forms import PlacementEditForm, PlacementForm, ReadingListForm, TopicForm

GET_POST = ["GET", "HEAD", "POST"]


def _seen(request: HttpRequest, slug: str) -> ReadingList:
    lists_seen = ReadingList.objects.visible_to(request.user).with_keeping(standing.today())
    return get_object_or_404(lists_seen.prefetch_related("curators").defer("search"), slug=slug)


def _kept(request: HttpRequest, slug: str) -> ReadingList:
    """The list for whoever keeps it: a 403 for others who see it."""
    reading_list = _seen(request, slug)
    if not reading_list.is_kept_by(request.user):
        raise PermissionDenied
    return reading_list


def readings_of(rows: list[Paper], user: Any) -> dict[int, list[Reading]]:
    """When these papers were, or will be, read together, as far as `user` may see; the latest first."""
    found: dict[int, list[Reading]] = {}
    for reading in gather.flat("readings", rows, user):
        found.setdefault(reading.paper, []).append(reading)
    for readings in found.values():
        readings.sort(key=lambda reading: reading.on, reverse=True)
    return found


@login_not_required
@require_safe
def reading_list_list(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    return render(
        request,
        "wiki/reading_list_list.html",
        {
            "lists": list(lists.counted(user, today=standing.today()).defer("search")),
            "writes": user.is_authenticated and user.standing.writes,
            "reads": user.is_authenticated and user.standing.reads_members_area,
        },
    )


@login_not_required
@require_safe
def reading_list_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The papers of a list under their topics, with when they were read together."""
    return _page(request, _seen(request, slug))


def _page(
    request: HttpRequest, reading_list: ReadingList, *, status: int = 200, **shown: Any
) -> HttpResponse:
    user: Any = request.user
    branches = lists.branches(reading_list, user)
    rows = [placement.paper for branch in branches for placement in branch.placements]
    readings = readings_of(rows, user) if rows else {}
    for row in rows:
        row.readings = readings.get(row.pk, [])  # type: ignore[attr-defined]
    mine = marks.states_of(user, rows) if rows else {}
    for row in rows:
        row.is_read = mine.get(row.pk) == ReadMark.State.READ  # type: ignore[attr-defined]
    keeps = reading_list.is_kept_by(user)
    adds = user.is_authenticated and user.standing.writes
    topics = [(branch.topic, branch.depth) for branch in branches if branch.topic]
    return render(
        request,
        "wiki/reading_list_detail.html",
        {
            "reading_list": reading_list,
            "branches": branches,
            "total": len({row.pk for row in rows}),
            "together": sum(any(reading.is_over for reading in found) for found in readings.values()),
            "read_by_me": len([state for state in mine.values() if state == ReadMark.State.READ]),
            "curators": list(reading_list.curators.all()) if user.is_authenticated else [],
            "reads": user.is_authenticated and user.standing.reads_members_area,
            "keeps": keeps,
            "adds": adds,
            "may_adopt": adds and reading_list.is_unkept and user not in reading_list.curators.all(),  # type: ignore[attr-defined]
            "form": PlacementForm(reading_list=reading_list, topics=topics) if adds else None,
            "topic_form": TopicForm(reading_list=reading_list, topics=topics) if keeps else None,
            "now": timezone.now(),
            **shown,
        },
        status=status,
    )


@active_members_only
@require_http_methods(GET_POST)
def reading_list_create(request: HttpRequest) -> HttpResponse:
    """A member begins a list, and keeps it."""
    user: Any = request.user
    form = ReadingListForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        made = lists.create(
            said["title"],
            description=said["description"],
            visibility=said["visibility"],
            curators=[user],
            now=timezone.now(),
        )
        messages.success(request, f"{made.title} is there. You keep it.")
        return redirect(made)
    return render(
        request, "wiki/reading_list_create.html", {"form": form}, status=422 if form.is_bound else 200
    )


@require_http_methods(GET_POST)
def reading_list_edit(request: HttpRequest, slug: str) -> HttpResponse:
    reading_list = _kept(request, slug)
    was = reading_list.visibility
    form = ReadingListForm(request.POST or None, instance=reading_list)
    if request.method == "POST" and form.is_valid():
        user: Any = request.user
        with transaction.atomic():
            form.save()
            if was != reading_list.visibility:
                audit.record(
                    user, "reading-list.shown", reading_list, before=was, after=reading_list.visibility
                )
        messages.success(request, "Saved.")
        return redirect(reading_list)
    if form.is_bound:
        reading_list = ReadingList.objects.get(pk=reading_list.pk)
    return render(
        request,
        "wiki/reading_list_edit.html",
        {"form": form, "reading_list": reading_list},
        status=422 if form.is_bound else 200,
    )


@active_members_only
@require_POST
def reading_list_adopt(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep a list that nobody keeps any more."""
    reading_list = _seen(request, slug)
    user: Any = request.user
    try:
        lists.adopt(reading_list, by=user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"You keep {reading_list.title} now.")
    return redirect(reading_list)


@login_not_required
@require_safe
def reading_list_markdown(request: HttpRequest, slug: str) -> HttpResponse:
    """The list as a file of Markdown, as far as the visitor may see it."""
    reading_list = _seen(request, slug)
    user: Any = request.user
    text = page_of(
        reading_list,
        shown=lists.seen(reading_list, user),
        names=user.is_authenticated and user.standing.reads_members_area,
    )
    answer = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{reading_list.slug}.md"'
    return answer


@active_members_only
@require_POST
def placement_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Any member adds a paper; whoever keeps the list sorts it in."""
    reading_list = _seen(request, slug)
    user: Any = request.user
    now = timezone.now()
    form = PlacementForm(request.POST, reading_list=reading_list)
    if not form.is_valid():
        return _page(request, reading_list, form=form, status=422)
    with transaction.atomic():
        placed = lists.place(
            reading_list,
            papers.keep(form.named(), now=now),
            topic=form.cleaned_data["topic"],
            relevance=form.cleaned_data["relevance"],
            note=form.cleaned_data["note"],
            by=user,
            now=now,
        )
    if placed.added_at == now:
        messages.success(request, f"{placed.paper} stands in the list.")
    else:
        messages.info(request, f"{placed.paper} stands there already.")
    return redirect(f"{reading_list.get_absolute_url()}#p{placed.pk}")


def _placement(request: HttpRequest, slug: str, pk: int) -> Placement:
    rows = Placement.objects.select_related("list", "paper", "topic")
    return get_object_or_404(rows, list=_kept(request, slug), pk=pk)


@require_http_methods(GET_POST)
def placement_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Under which topic a paper stands, how much it matters, and why."""
    placement = _placement(request, slug, pk)
    form = PlacementEditForm(request.POST or None, instance=placement)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect(f"{placement.list.get_absolute_url()}#p{placement.pk}")
    return render(
        request,
        "wiki/placement_edit.html",
        {"form": form, "placement": placement, "reading_list": placement.list},
        status=422 if form.is_bound else 200,
    )


@require_POST
def placement_move(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A place up or down."""
    placement = _placement(request, slug, pk)
    lists.move(placement, up=request.POST.get("to") == "up")
    return redirect(f"{placement.list.get_absolute_url()}#p{placement.pk}")


@require_POST
def placement_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a paper out of the list; the paper itself stays."""
    placement = _placement(request, slug, pk)
    placement.delete()
    messages.success(request, f"{placement.paper} is out of the list.")
    return redirect(placement.list)


@require_POST
def topic_create(request: HttpRequest, slug: str) -> HttpResponse:
    reading_list = _kept(request, slug)
    form = TopicForm(request.POST, reading_list=reading_list)
    if form.is_valid():
        try:
            lists.add_topic(reading_list, form.cleaned_data["title"], parent=form.cleaned_data["parent"])
        except Refused as refused:
            form.add_error("parent", str(refused))
        else:
            return redirect(reading_list)
    return _page(request, reading_list, topic_form=form, status=422)


@require_POST
def topic_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a heading away; its papers go up."""
    reading_list = _kept(request, slug)
    topic = get_object_or_404(ReadingTopic, list=reading_list, pk=pk)
    lists.remove_topic(topic)
    messages.success(request, f"{topic.title} is gone; its papers stand where it stood.")
    return redirect(reading_list)
