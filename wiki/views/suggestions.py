from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from wiki import diffs, editing, paths, suggesting, tree
from wiki.forms import PictureForm, RejectForm, SettleForm, SuggestionForm
from wiki.models import Page, Suggestion
from wiki.rendering import shown
from wiki.views import pictures
from wiki.views.reading import page_or_404

A_PAGE = 40


@require_http_methods(["GET", "HEAD", "POST"])
def page_suggest(request: HttpRequest, path: str) -> HttpResponse:
    """Change a page's text as one would like it to read; it waits until a reviewer takes it in."""
    user: Any = request.user
    page = page_or_404(request, path)
    there = suggesting.waiting_of(page, user)
    writes = user.standing.writes or user.is_superuser
    if request.method != "POST":
        return _suggest_page(request, page, SuggestionForm(initial=_begin(page, there), writes=writes), there)
    form = SuggestionForm(request.POST, writes=writes)
    if writes and "attach" in request.POST:
        attached = pictures.attached(request)
        form = SuggestionForm(attached.data, writes=True)
        return _suggest_page(request, page, form, there, picture_form=attached.form)
    if form.is_valid() and "preview" not in request.POST:
        try:
            suggestion = suggesting.suggest(
                page,
                form.cleaned_data["text"],
                base=form.cleaned_data["base"],
                author=user,
                now=timezone.now(),
                summary=form.cleaned_data["summary"],
            )
        except Refused as problem:
            form.add_error("text", str(problem))
        else:
            messages.success(
                request, "Thank you. Somebody who looks after the page decides, and you are told."
            )
            return redirect(suggestion)
    return _suggest_page(request, page, form, there)


def _begin(page: Page, there: Suggestion | None) -> dict[str, Any]:
    if there is not None:
        return {"text": there.text, "summary": there.summary, "base": there.base_number}
    return {"text": page.text, "base": page.head.number if page.head else 0}


def _suggest_page(
    request: HttpRequest,
    page: Page,
    form: SuggestionForm,
    there: Suggestion | None,
    *,
    picture_form: PictureForm | None = None,
) -> HttpResponse:
    is_preview = form.is_bound and "preview" in request.POST and form.is_valid()
    text = form.cleaned_data["text"] if is_preview else ""
    return render(
        request,
        "wiki/page_suggest.html",
        {
            "page": page,
            "form": form,
            "there": there,
            "picture_form": picture_form or PictureForm(),
            "folders": tree.crumbs(page.path),
            "preview": shown(text, path=page.path, title=page.title) if is_preview else None,
            "hunks": diffs.marked(page.text, text) if is_preview else [],
        },
        status=422 if form.is_bound and (form.errors or (picture_form and picture_form.errors)) else 200,
    )


@require_safe
def suggestion_list(request: HttpRequest) -> HttpResponse:
    """What waits for a word of the visitor's, and what they suggested themselves."""
    user: Any = request.user
    rows = Suggestion.objects.select_related("page", "author", "settled_by").defer(
        "text", "page__search", "page__names_search", "page__headings", "page__plain_text"
    )
    waiting = rows.decided_by(user)
    of = paths.tidy(request.GET.get("page_path", ""))
    if of:
        waiting = waiting.filter(page__path=of)
    mine = rows.visible_to(user).filter(author=user).order_by("-at")
    return render(
        request,
        "wiki/suggestion_list.html",
        {
            "page_obj": Paginator(waiting.order_by("at", "pk"), A_PAGE).get_page(request.GET.get("page")),
            "mine": list(mine[:A_PAGE]),
            "of": of,
        },
    )


def _suggestion_or_404(request: HttpRequest, pk: int) -> Suggestion:
    return get_object_or_404(
        Suggestion.objects.visible_to(request.user).select_related(
            "page__head", "page__owner", "author", "settled_by", "revision"
        ),
        pk=pk,
    )


@require_safe
def suggestion_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody would change, word by word; whoever may decide does so here."""
    return _suggestion_page(request, _suggestion_or_404(request, pk))


def _suggestion_page(
    request: HttpRequest,
    suggestion: Suggestion,
    *,
    rejecting: RejectForm | None = None,
    settling: SettleForm | None = None,
    conflict: editing.Conflict | None = None,
) -> HttpResponse:
    base = suggestion.base_text
    decides = suggestion.is_waiting and suggestion.can_be_decided_by(request.user)
    if decides and settling is None:
        settling = SettleForm(initial={"text": suggestion.text, "base": suggestion.base_number}, prefix="as")
    is_bad = any(form is not None and form.is_bound and form.errors for form in (rejecting, settling))
    return render(
        request,
        "wiki/suggestion_detail.html",
        {
            "suggestion": suggestion,
            "page": suggestion.page,
            "hunks": diffs.marked(base, suggestion.text),
            "has_moved_on": suggestion.page.head is not None
            and suggestion.page.head.number != suggestion.base_number,
            "decides": decides,
            "is_mine": suggestion.author_id == request.user.pk,
            "rejecting": rejecting or (RejectForm() if decides else None),
            "settling": settling if decides else None,
            "is_changing": conflict is not None or bool(settling and settling.is_bound),
            "conflict": conflict,
            "folders": tree.crumbs(suggestion.page.path),
        },
        status=409 if conflict else 422 if is_bad else 200,
    )


def _decidable(request: HttpRequest, pk: int) -> Suggestion:
    suggestion = _suggestion_or_404(request, pk)
    if not suggestion.can_be_decided_by(request.user):
        raise Http404
    return suggestion


def _version(request: HttpRequest) -> int:
    return number_of(request.POST.get("version", ""))


@require_POST
def suggestion_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Take in all changes, or those that are ticked."""
    user: Any = request.user
    suggestion = _decidable(request, pk)
    chosen = None
    if "some" in request.POST:
        chosen = {int(n) for n in request.POST.getlist("hunk") if n.isascii() and n.isdigit() and len(n) < 6}
    try:
        settled = suggesting.accept(
            suggestion, version=_version(request), hunks=chosen, by=user, now=timezone.now()
        )
    except Refused as problem:
        messages.warning(request, str(problem))
        return redirect(suggestion)
    except editing.Conflict as conflict:
        settling = SettleForm(initial={"text": conflict.draft, "base": conflict.head.number}, prefix="as")
        return _suggestion_page(request, suggestion, settling=settling, conflict=conflict)
    return _thanked(request, settled)


@require_POST
def suggestion_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a suggestion in as the reviewer has put it."""
    user: Any = request.user
    suggestion = _decidable(request, pk)
    form = SettleForm(request.POST, prefix="as")
    if not form.is_valid():
        return _suggestion_page(request, suggestion, settling=form)
    try:
        settled = suggesting.accept_as(
            suggestion,
            form.cleaned_data["text"],
            base=form.cleaned_data["base"],
            version=_version(request),
            by=user,
            now=timezone.now(),
        )
    except Refused as problem:
        form.add_error(None, ValidationError(str(problem)))
        return _suggestion_page(request, suggestion, settling=form)
    except editing.Conflict as conflict:
        again = SettleForm(initial={"text": conflict.draft, "base": conflict.head.number}, prefix="as")
        return _suggestion_page(request, suggestion, settling=again, conflict=conflict)
    return _thanked(request, settled)


def _thanked(request: HttpRequest, settled: Suggestion) -> HttpResponse:
    if settled.revision is None:
        messages.info(request, "The page reads like that already. The author is told.")
    else:
        messages.success(request, f"Taken in, with {settled.byline}’s name in the history. They are told.")
    return redirect(settled.page)


@require_POST
def suggestion_reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Do not take a suggestion, and say why."""
    user: Any = request.user
    suggestion = _decidable(request, pk)
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _suggestion_page(request, suggestion, rejecting=form)
    try:
        suggesting.reject(
            suggestion,
            version=_version(request),
            reason=form.cleaned_data["reason"],
            by=user,
            now=timezone.now(),
        )
    except Refused as problem:
        messages.warning(request, str(problem))
        return redirect(suggestion)
    messages.success(request, "The author reads your reason. The suggestion stays in their list.")
    return redirect("wiki:suggestion_list")


@require_POST
def suggestion_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one's own suggestion back."""
    user: Any = request.user
    suggestion = get_object_or_404(Suggestion.objects.visible_to(user).filter(author=user), pk=pk)
    if suggesting.withdraw(suggestion, by=user, now=timezone.now()):
        messages.success(request, "Your suggestion is taken back. Its text stays in your list.")
    else:
        messages.info(request, "It was settled already.")
    return redirect("wiki:suggestion_list")
