"""The editor's desk, and a post's steps from a draft to its readers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.access import active_members_only, members_only
from members.models import Club
from mlclub.refusal import Refused
from wiki import publishing
from wiki.models import Post
from wiki.post_forms import AskForm, DecisionForm, WithdrawForm
from wiki.views.post_writing import edited_or_404

GET_POST = ["GET", "HEAD", "POST"]
A_PAGE = 40
#: The hour that is proposed for a post to come out.
MORNING = 9


@members_only
@require_safe
def post_desk(request: HttpRequest) -> HttpResponse:
    """What is on its way, for whom it waits and since when: one's own posts, and for the editor all of them."""
    user: Any = request.user
    decides = user.has_perm("wiki.publish_post")
    rows = Post.objects.visible_to(user) if decides and not request.GET.get("mine") else Post.objects.of(user)
    shows_withdrawn = request.GET.get("state") == Post.State.WITHDRAWN
    rows = rows.filter(state=Post.State.WITHDRAWN) if shows_withdrawn else rows.unfinished()
    listed = rows.for_lists().select_related("head").defer("head__text").with_authors()
    page = Paginator(listed.order_by("state_at", "pk"), A_PAGE).get_page(request.GET.get("page"))
    groups: dict[str, list[Post]] = {}
    for post in page:
        groups.setdefault(post.state, []).append(post)
    titles = [
        (Post.State.REVIEW, "Waits for the editor"),
        (Post.State.SCHEDULED, "Comes out by itself"),
        (Post.State.DRAFT, "With its authors"),
        (Post.State.IDEA, "Ideas"),
        (Post.State.WITHDRAWN, "Withdrawn"),
    ]
    return render(
        request,
        "wiki/post_desk.html",
        {
            "page_obj": page,
            "groups": [(state, title, groups[state]) for state, title in titles if state in groups],
            "decides": decides,
            "mine": bool(request.GET.get("mine")) or not decides,
            "shows_withdrawn": shows_withdrawn,
            "writes": user.standing.writes,
        },
    )


def _step(request: HttpRequest, post: Post, take: Callable[[], bool], done: str, again: str) -> HttpResponse:
    """Take one step and say what came of it."""
    try:
        if take():
            messages.success(request, done)
        else:
            messages.info(request, again)
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(post)


@active_members_only
@require_POST
def post_begin(request: HttpRequest, slug: str) -> HttpResponse:
    """An idea becomes a draft."""
    post = edited_or_404(request, slug)
    return _step(
        request,
        post,
        lambda: publishing.begin(post, now=timezone.now()),
        "It is a draft now. Write on.",
        "It is a draft already.",
    )


@active_members_only
@require_POST
def post_ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the editor to read it."""
    post = edited_or_404(request, slug)
    form = AskForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    if not form.is_valid():
        messages.warning(request, "The word to the editor is too long: 4,000 characters at most.")
        return redirect(post)
    return _step(
        request,
        post,
        lambda: publishing.ask_review(post, by=request.user, now=timezone.now(), note=note),
        "The editor is asked to read it. You hear from them here and by mail.",
        "The editor has been asked already.",
    )


@permission_required("wiki.publish_post", raise_exception=True)
@require_http_methods(GET_POST)
def post_decide(request: HttpRequest, slug: str) -> HttpResponse:
    """The editor gives a post back, schedules it, or lets it out."""
    post = get_object_or_404(
        Post.objects.visible_to(request.user).select_related("head__author").with_authors(), slug=slug
    )
    form = DecisionForm(
        request.POST or None, initial={"publish_at": post.publish_at or _next_morning(timezone.now())}
    )
    if request.method == "POST" and form.is_valid():
        try:
            _decide(request, post, form)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("wiki:post_desk" if form.chosen == "return" else post)
    return render(
        request,
        "wiki/post_decide.html",
        {"post": post, "form": form, "review_notes": list(post.review_notes.select_related("author"))},
        status=422 if form.is_bound else 200,
    )


def _decide(request: HttpRequest, post: Post, form: DecisionForm) -> None:
    now, note, who = timezone.now(), form.cleaned_data["note"], request.user
    if form.chosen == "return":
        won = publishing.give_back(post, note, by=who, now=now)
        said = "It is with its authors again, and they are told what it needs."
    elif form.chosen == "schedule":
        won = publishing.schedule(post, form.cleaned_data["publish_at"], by=who, now=now, note=note)
        said = "It comes out by itself at that hour."
    else:
        won = publishing.publish(post, by=who, now=now, note=note)
        said = "It is out. The authors are told."
    messages.success(request, said if won else "That had been done already.")


def _next_morning(now: datetime) -> datetime:
    """Nine o'clock tomorrow, by the club's clock."""
    local = now.astimezone(Club.current().zone) + timedelta(days=1)
    return local.replace(hour=MORNING, minute=0, second=0, microsecond=0)


@active_members_only
@require_http_methods(GET_POST)
def post_withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a post back; what is out already only by the editor, who answers for the blog."""
    post = edited_or_404(request, slug)
    if post.is_published and not request.user.has_perm("wiki.publish_post"):
        messages.warning(request, "It is out. Ask the editor to take it back.")
        return redirect(post)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["note"]
        return _step(
            request,
            post,
            lambda: publishing.withdraw(post, by=request.user, now=timezone.now(), note=note),
            "It is withdrawn. Its words are kept, and it can be taken up again.",
            "It was withdrawn already.",
        )
    return render(
        request, "wiki/post_withdraw.html", {"post": post, "form": form}, status=422 if form.is_bound else 200
    )


@active_members_only
@require_POST
def post_take_up(request: HttpRequest, slug: str) -> HttpResponse:
    """A withdrawn post is a draft again."""
    post = edited_or_404(request, slug)
    return _step(
        request,
        post,
        lambda: publishing.take_up(post, by=request.user, now=timezone.now()),
        "It is a draft again.",
        "It was taken up already.",
    )
