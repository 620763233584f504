"""What people do with a paper: mark it, note something, give it a key, say that two are one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from members.access import active_members_only, members_only
from mlclub.refusal import Refused
from wiki import citing, lookups, marks, paper_merging
from wiki.models import Paper, PaperLookup, PaperNote
from wiki.paper_forms import KeyForm, MergeForm, NoteForm
from wiki.views.papers import papers_to_show, shown_paper

GET_POST = ["GET", "HEAD", "POST"]


def _paper(pk: int) -> Paper:
    return get_object_or_404(Paper.objects.defer("search"), pk=pk)


@members_only
@require_POST
def paper_mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Want to read, reading, read, or none of them."""
    paper = _paper(pk)
    user: Any = request.user
    try:
        marks.mark(
            paper,
            user,
            request.POST.get("state", ""),
            shows_name=bool(request.POST.get("shows_name")),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(f"{paper.get_absolute_url()}#reading")


@active_members_only
@require_POST
def paper_look_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once more what a paper is called, where nobody answered."""
    paper = _paper(pk)
    now = timezone.now()
    if lookups.ask_again(PaperLookup.objects.filter(paper=paper), now=now) or lookups.ask(paper, now=now):
        messages.success(request, "It is asked for again. That takes a minute.")
    else:
        messages.info(request, "There is nothing more to ask.")
    return redirect(paper)


@permission_required("wiki.change_paper", raise_exception=True)
@require_http_methods(GET_POST)
def paper_key(request: HttpRequest, pk: int) -> HttpResponse:
    paper = _paper(pk)
    form = KeyForm(request.POST or None, initial={"key": paper.key})
    if request.method == "POST" and form.is_valid():
        try:
            citing.rename(paper, form.cleaned_data["key"], by=request.user, now=timezone.now())
        except Refused as refused:
            form.add_error("key", str(refused))
        else:
            messages.success(request, f"It is cited as @{paper.key} now.")
            return redirect(paper)
    return render(
        request, "wiki/paper_key.html", {"form": form, "paper": paper}, status=422 if form.is_bound else 200
    )


@permission_required("wiki.change_paper", raise_exception=True)
@require_http_methods(GET_POST)
def paper_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Two rows of one work: the other one goes, all that hangs on it comes here."""
    paper = _paper(pk)
    form = MergeForm(request.POST or None, initial={"other": request.GET.get("other", "")})
    if request.method == "POST" and form.is_valid():
        try:
            paper_merging.merge(form.cleaned_data["other"], into=paper, by=request.user, now=timezone.now())
        except Refused as refused:
            form.add_error("other", str(refused))
        else:
            messages.success(request, "They are one now; nothing was lost.")
            return redirect(paper)
    return render(
        request, "wiki/paper_merge.html", {"form": form, "paper": paper}, status=422 if form.is_bound else 200
    )


@active_members_only
@require_POST
def note_create(request: HttpRequest, pk: int) -> HttpResponse:
    paper = get_object_or_404(papers_to_show(), pk=pk)
    user: Any = request.user
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            note = marks.write(paper, user, form.cleaned_data["text"], now=timezone.now())
        except Refused as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, "Your note is there.")
            return redirect(_at(paper, note))
    return shown_paper(request, paper, status=422, note_form=form)


def _at(paper: Paper, note: PaperNote) -> str:
    return f"{paper.get_absolute_url()}#note-{note.pk}"


def _own(request: HttpRequest, pk: int, note_pk: int) -> PaperNote:
    rows = PaperNote.objects.visible_to(request.user).filter(paper=pk, author=request.user.pk)
    return get_object_or_404(rows.select_related("paper"), pk=note_pk)


@active_members_only
@require_http_methods(GET_POST)
def note_edit(request: HttpRequest, pk: int, note_pk: int) -> HttpResponse:
    """Other words for one's own note."""
    note = _own(request, pk, note_pk)
    form = NoteForm(request.POST or None, initial={"text": note.text})
    if request.method == "POST" and form.is_valid():
        try:
            marks.change(note, form.cleaned_data["text"], now=timezone.now())
        except Refused as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, "Saved.")
            return redirect(_at(note.paper, note))
    return render(
        request,
        "wiki/note_edit.html",
        {"form": form, "paper": note.paper, "note": note},
        status=422 if form.is_bound else 200,
    )


@members_only
@require_POST
def note_remove(request: HttpRequest, pk: int, note_pk: int) -> HttpResponse:
    """Take one's own note away, also as an alumnus."""
    note = _own(request, pk, note_pk)
    note.delete()
    messages.success(request, "Your note is gone.")
    return redirect(note.paper)


@permission_required("wiki.change_papernote", raise_exception=True)
@require_POST
def note_hide(request: HttpRequest, pk: int, note_pk: int) -> HttpResponse:
    """Take somebody's note out of sight, or bring it back."""
    rows = PaperNote.objects.visible_to(request.user).filter(paper=pk).select_related("paper")
    note = get_object_or_404(rows, pk=note_pk)
    user: Any = request.user
    is_hidden = marks.hide(note, by=user, now=timezone.now())
    messages.success(request, "The note is hidden." if is_hidden else "The note is shown again.")
    return redirect(_at(note.paper, note))
