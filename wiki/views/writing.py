from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import get_text_list
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.access import active_members_only
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from wiki import diffs, editing, merging, paths, sections, starters, tree
from wiki.forms import PageForm, PictureForm, RenameForm, RevisionForm, SettingsForm
from wiki.models import Page
from wiki.rendering import shown
from wiki.saving import Saved
from wiki.titles import MUCH_LIKE, completions, similar
from wiki.views import pictures
from wiki.views.reading import page_or_404


@active_members_only
@require_http_methods(["GET", "HEAD", "POST"])
def page_create(request: HttpRequest) -> HttpResponse:
    """Write a new page, from a template or from nothing; `?path=` fills in the name a red link asks for. Where there
    is a page much like it, whoever writes is asked first whether it is the same."""
    visible = Page.objects.visible_to(request.user)
    offered = starters.offered(visible)
    if request.method != "POST":
        form = PageForm(
            initial={
                "path": paths.tidy(request.GET.get("path", ""))[: paths.LONGEST],
                "text": starters.text_of(request.GET.get("template", ""), offered),
            }
        )
        return _create_page(request, form, offered)
    if "attach" in request.POST:
        attached = pictures.attached(request)
        return _create_page(request, PageForm(attached.data), offered, picture_form=attached.form)
    form = PageForm(request.POST)
    if not form.is_valid() or "preview" in request.POST:
        return _create_page(request, form, offered)
    path = form.cleaned_data["path"]
    if request.POST.get("seen") != path and similar(visible, path, at_least=MUCH_LIKE):
        return _create_page(request, form, offered, is_asked=True)
    return _created(request, form, offered)


def _create_page(
    request: HttpRequest,
    form: PageForm,
    offered: list[starters.Starter],
    *,
    picture_form: PictureForm | None = None,
    is_asked: bool = False,
) -> HttpResponse:
    is_preview = form.is_bound and "preview" in request.POST and form.is_valid()
    path = paths.tidy(str(form["path"].value() or ""))
    chosen = request.GET.get("template", "blank")
    is_bad = form.is_bound and (form.errors or is_asked or (picture_form and picture_form.errors))
    return render(
        request,
        "wiki/page_create.html",
        {
            "form": form,
            "picture_form": picture_form or PictureForm(),
            "starters": offered,
            "chosen": next((starter for starter in offered if starter.slug == chosen), None),
            "path": path,
            "similar": similar(Page.objects.visible_to(request.user), path),
            "is_asked": is_asked,
            "preview": shown(form.cleaned_data["text"], path=form.cleaned_data["path"])
            if is_preview
            else None,
        },
        status=422 if is_bad else 200,
    )


def _created(request: HttpRequest, form: PageForm, offered: list[starters.Starter]) -> HttpResponse:
    path = form.cleaned_data["path"]
    try:
        page = editing.create(
            path=path,
            text=form.cleaned_data["text"],
            author=request.user,
            now=timezone.now(),
            summary="First version",
        )
    except (editing.PathTaken, IntegrityError):
        there = editing.page_at(path)
        url = there.get_absolute_url() if there else ""
        form.add_error(
            "path",
            f"There is already a page of this name: {url}. Choose another, or add your text to that page.",
        )
        return _create_page(request, form, offered)
    messages.success(request, f"“{page.title}” is written. Thank you.")
    return redirect(page)


@active_members_only
@require_safe
def page_similar(request: HttpRequest) -> HttpResponse:
    """The pages that are much like the name being typed."""
    path = paths.tidy(request.GET.get("path", ""))[: paths.LONGEST]
    found = similar(Page.objects.visible_to(request.user), path)
    return render(request, "wiki/page_create.html#similar", {"similar": found, "path": path})


@require_safe
def page_complete(request: HttpRequest) -> JsonResponse:
    """The pages that `[[` and the letters in `?q=` may mean, for the editor of the page at `?path=`."""
    typed, path = request.GET.get("q", "")[:80], paths.tidy(request.GET.get("path", ""))[: paths.LONGEST]
    found = completions(
        Page.objects.visible_to(request.user), typed.replace("\x00", ""), folder=paths.segments_of(path)[0]
    )
    return JsonResponse(
        {
            "found": [
                {"insert": each.name, "label": each.page.title, "detail": each.page.folder} for each in found
            ]
        }
    )


@active_members_only
@require_http_methods(["GET", "HEAD", "POST"])
def page_edit(request: HttpRequest, path: str) -> HttpResponse:
    """Change the text of a page, or with `?section=` of one section. If somebody else saved meanwhile, both texts are
    brought together, or shown; none is lost."""
    page = page_or_404(request, path)
    if request.method != "POST":
        return _edit_page(request, page, _begun(request, page))
    if "attach" in request.POST:
        attached = pictures.attached(request)
        return _edit_page(request, page, RevisionForm(attached.data), picture_form=attached.form)
    form = RevisionForm(request.POST)
    whole = _whole_text(page, form) if form.is_valid() else None
    if whole is None or "preview" in request.POST:
        return _edit_page(request, page, form)
    try:
        saved = editing.save(
            page,
            whole,
            base=form.cleaned_data["base"],
            author=request.user,
            now=timezone.now(),
            summary=form.cleaned_data["summary"],
        )
    except editing.Conflict as conflict:
        return _conflict_page(request, page, form, conflict, mine=whole)
    tell_saved(request, saved, "Saved. Your name stands in the history.")
    return redirect(page)


def tell_saved(request: HttpRequest, saved: Saved[Any], done: str) -> None:
    """Say what came of saving; `done` where it went as usual."""
    if saved.merged_with:
        others = get_text_list(list(dict.fromkeys(revision.byline for revision in saved.merged_with)), "and")
        messages.success(
            request,
            f"Saved, together with what {others} changed meanwhile. Have a look whether it reads well.",
        )
    elif saved.is_new:
        messages.success(request, done)
    else:
        messages.info(request, "There was nothing new to save.")


def _begun(request: HttpRequest, page: Page) -> RevisionForm:
    newest = page.head.number if page.head else 0
    asked = request.GET.get("section", "")
    section = sections.find(page.text, asked)
    if section is not None:
        text = section.text.rstrip("\r\n") + "\n"
        return RevisionForm(initial={"text": text, "base": newest, "section": section.anchor})
    if asked:
        messages.info(request, "This section is not in the page any more. Here is the whole page.")
    return RevisionForm(initial={"text": page.text, "base": newest})


def _section_of(page: Page, form: RevisionForm) -> sections.Section | None:
    """The section that a form is about, in the version it began from."""
    anchor, base = str(form["section"].value() or ""), str(form["base"].value() or "")
    return sections.find(_text_at(page, number_of(base)), anchor) if anchor else None


def _text_at(page: Page, number: int) -> str:
    if page.head is not None and page.head.number == number:
        return page.head.text
    return page.revisions.filter(number=number).values_list("text", flat=True).first() or ""


def _whole_text(page: Page, form: RevisionForm) -> str | None:
    """The text of the page with what is in the form; None, and an error in the form, when that is not to be had."""
    text: str = form.cleaned_data["text"]
    if not form.cleaned_data["section"]:
        return text
    section = _section_of(page, form)
    if section is None:
        form.add_error(
            "text",
            "This section is not in the version that you began from. Copy your text, and edit the page.",
        )
        return None
    whole = editing.as_written(section.replaced(text))
    try:
        editing.check_text(whole)
    except ValidationError as problem:
        form.add_error("text", problem)
        return None
    return whole


def _edit_page(
    request: HttpRequest, page: Page, form: RevisionForm, *, picture_form: PictureForm | None = None
) -> HttpResponse:
    is_preview = form.is_bound and "preview" in request.POST and form.is_valid()
    text = form.cleaned_data["text"] if is_preview else ""
    section = _section_of(page, form)
    is_bad = form.is_bound and (form.errors or (picture_form and picture_form.errors))
    return render(
        request,
        "wiki/page_edit.html",
        {
            "page": page,
            "form": form,
            "section": section,
            "picture_form": picture_form or PictureForm(),
            "folders": tree.crumbs(page.path),
            "preview": shown(text, path=page.path, title=page.title) if is_preview else None,
            "hunks": diffs.compare(section.text if section else page.text, text) if is_preview else [],
        },
        status=422 if is_bad else 200,
    )


def _conflict_page(
    request: HttpRequest, page: Page, form: RevisionForm, conflict: editing.Conflict, *, mine: str
) -> HttpResponse:
    """Both changes, and a form that holds them in one draft on top of what is newest now."""
    head, base = conflict.head, _text_at(page, form.cleaned_data["base"])
    again = RevisionForm(
        initial={
            "text": conflict.draft,
            "summary": form.cleaned_data["summary"],
            "base": head.number,
            "is_draft": True,
        }
    )
    return render(
        request,
        "wiki/page_conflict.html",
        {
            "page": page,
            "head": head,
            "form": again,
            "mine": mine,
            "marks": (merging.MINE, merging.THEIRS),
            "theirs": diffs.compare(base, head.text),
            "ours": diffs.compare(base, mine),
            "folders": tree.crumbs(page.path),
        },
        status=409,
    )


@active_members_only
@require_POST
def page_revert(request: HttpRequest, path: str) -> HttpResponse:
    """Bring back an earlier version as a new one."""
    page = page_or_404(request, path)
    number, base = request.POST.get("number", ""), request.POST.get("base", "")
    if not (number.isdecimal() and base.isdecimal() and len(number + base) < 18):
        messages.error(request, "Choose the version to bring back from the history.")
        return redirect("wiki:page_history", page.path)
    revision = get_object_or_404(page.revisions, number=int(number))
    try:
        saved = editing.revert(page, revision, base=int(base), author=request.user, now=timezone.now())
    except editing.Conflict:
        messages.warning(request, "Somebody saved the page meanwhile. Look at the newest version first.")
        return redirect("wiki:page_history", page.path)
    if saved.is_new:
        messages.success(request, f"Version {revision.number} is back, as version {saved.revision.number}.")
    else:
        messages.info(request, "The page already reads like that.")
    return redirect(page)


@active_members_only
@require_http_methods(["GET", "HEAD", "POST"])
def page_rename(request: HttpRequest, path: str) -> HttpResponse:
    """Give a page another path; the old one leads to it."""
    page = page_or_404(request, path)
    form = RenameForm(request.POST or None, initial={"path": page.path}, page=page)
    if request.method == "POST" and form.is_valid():
        try:
            moved = editing.rename(page, form.cleaned_data["path"], by=request.user, now=timezone.now())
        except (editing.PathTaken, IntegrityError):
            form.add_error("path", "Somebody has just made a page of this name. Choose another.")
        except Refused as problem:
            form.add_error("path", str(problem))
        else:
            if moved is not None:
                messages.success(
                    request, "Moved. The old address leads here.", extra_tags=f"undo:{moved.undo_url}"
                )
            return redirect(page)
    return render(
        request,
        "wiki/page_rename.html",
        {"page": page, "form": form, "folders": tree.crumbs(page.path), "inbound": page.backlinks.count()},
        status=422 if form.is_bound else 200,
    )


@permission_required("wiki.publish_page", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def page_settings(request: HttpRequest, path: str) -> HttpResponse:
    """Who may read a page, and when it is to be looked over."""
    page = page_or_404(request, path)
    form = SettingsForm(request.POST or None, instance=page)
    if request.method == "POST" and form.is_valid():
        Page.objects.filter(pk=page.pk).update(**form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(page)
    return render(
        request,
        "wiki/page_settings.html",
        {"page": page, "form": form, "folders": tree.crumbs(page.path)},
        status=422 if form.is_bound else 200,
    )


@permission_required("wiki.trash_page", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def page_trash(request: HttpRequest, path: str) -> HttpResponse:
    """Move a page to the trash, after a look at what that breaks."""
    page = page_or_404(request, path)
    if request.method != "POST":
        inbound: Any = Page.objects.visible_to(request.user).filter(links__target=page).exclude(pk=page.pk)
        return render(
            request,
            "wiki/page_trash.html",
            {
                "page": page,
                "inbound": inbound.only("path", "title").distinct()[:20],
                "folders": tree.crumbs(page.path),
            },
        )
    editing.trash(page, by=request.user, now=timezone.now())
    messages.success(request, f"“{page.title}” is in the trash.")
    return redirect("wiki:page_trash_list")


@permission_required("wiki.trash_page", raise_exception=True)
@require_POST
def page_restore(request: HttpRequest, path: str) -> HttpResponse:
    """Take a page out of the trash."""
    page = get_object_or_404(Page.objects.select_related("head"), path=path)
    if editing.restore(page, by=request.user, now=timezone.now()):
        messages.success(request, f"“{page.title}” is back.")
    return redirect(page)
