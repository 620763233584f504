"""The blog for its readers: all posts, one of them, the feeds, and a note to the authors."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import condition, require_POST, require_safe

from members.access import active_members_only, members_only
from members.models import Club, Topic
from mlclub import gather
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from wiki import feeds, post_citing, publishing
from wiki.models import Post, PostAddress, ReaderNote
from wiki.post_forms import AskForm, ReaderNoteForm
from wiki.rendering import sections, shown

A_PAGE = 15
RELATED = 3
NOTES = 20
FEED_FOR = 3600


@login_not_required
@require_safe
def post_list(request: HttpRequest) -> HttpResponse:
    """What the club has published, newest first; by topic, author and year."""
    rows = Post.objects.published()
    topic = author = year = None
    if request.GET.get("topic"):
        topic = Topic.objects.filter(slug=request.GET["topic"][:60]).first()
        rows = rows.filter(topics=topic) if topic else rows.none()
    if request.GET.get("author"):
        author = request.GET["author"][:150]
        rows = rows.filter(
            Q(authors__user__name=author) | Q(authors__user=None, authors__imported_author__name=author)
        ).distinct()
    if request.GET.get("year"):
        year = request.GET["year"][:4]
        is_year = 1900 < number_of(year) < 9999
        rows = rows.filter(published_at__year=number_of(year)) if is_year else rows.none()
    listed = rows.for_lists().newest_first().with_authors().prefetch_related("topics")
    user: Any = request.user
    return render(
        request,
        "wiki/post_list.html",
        {
            "page_obj": Paginator(listed, A_PAGE).get_page(request.GET.get("page")),
            "topic": topic,
            "author": author,
            "year": year,
            "topics": Topic.objects.filter(posts__state=Post.State.PUBLISHED)
            .annotate(times=Count("posts"))
            .order_by("-times", "name")[:30],
            "years": Post.objects.published().datetimes("published_at", "year", order="DESC"),
            "writes": user.is_authenticated and user.standing.writes,
        },
    )


@login_not_required
@require_safe
def post_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One post; before it is out, for its authors and the editor alone."""
    post = (
        Post.objects.visible_to(request.user)
        .select_related("head", "cover")
        .for_lists()
        .with_authors()
        .prefetch_related("topics")
        .filter(slug=slug)
        .first()
    )
    if post is None:
        return _instead(request, slug)
    return _page(request, post)


def _page(
    request: HttpRequest, post: Post, *, note_form: ReaderNoteForm | None = None, status: int = 200
) -> HttpResponse:
    user: Any = request.user
    rendered = shown(post.text, path="", title=post.title)
    url, club = feeds.absolute(post.get_absolute_url()), Club.current()
    edits = post.is_edited_by(user)
    writes = user.is_authenticated and user.standing.writes
    return render(
        request,
        "wiki/post_detail.html",
        {
            "post": post,
            "rendered": rendered,
            "sections": sections(rendered.toc),
            "url": url,
            "cover_url": feeds.absolute(post.cover.get_absolute_url()) if post.cover else "",
            "reads": user.is_authenticated and (user.standing.reads_members_area or user.is_superuser),
            "edits": edits,
            "decides": user.has_perm("wiki.publish_post"),
            "mine": user.is_authenticated and post.is_written_by(user),
            "ask_form": AskForm() if edits and post.state in (Post.State.IDEA, Post.State.DRAFT) else None,
            "review_notes": list(post.review_notes.select_related("author")) if edits else [],
            "note_count": post.reader_notes.filter(answered_at=None).count()
            if edits and post.was_published
            else 0,
            "note_form": (note_form or ReaderNoteForm()) if writes and post.is_published else None,
            **({} if not post.is_published else _around(post)),
            "citation": post_citing.as_text(post, club=club.name, url=url),
            "bibtex": post_citing.as_bibtex(post, club=club.name, url=url),
        },
        status=status,
    )


def _around(post: Post) -> dict[str, Any]:
    """The posts before and after, and those that share most topics."""
    others = Post.objects.published().exclude(pk=post.pk).only("slug", "title", "published_at")
    at = post.published_at
    before = others.filter(Q(published_at__lt=at) | Q(published_at=at, pk__lt=post.pk))
    after = others.filter(Q(published_at__gt=at) | Q(published_at=at, pk__gt=post.pk))
    topics = [topic.pk for topic in post.topics.all()]
    related = (
        others.filter(topics__in=topics)
        .annotate(shared=Count("topics"))
        .order_by("-shared", "-published_at")[:RELATED]
        if topics
        else []
    )
    return {
        "earlier": before.newest_first().first(),
        "later": after.order_by("published_at", "pk").first(),
        "related": list(related),
    }


def _instead(request: HttpRequest, slug: str) -> HttpResponse:
    """What stands where a post once was."""
    moved = _at_old_address(request, slug)
    if moved is not None:
        return redirect(moved, permanent=True)
    gone = Post.objects.filter(slug=slug, state=Post.State.WITHDRAWN).exclude(published_at=None)
    if gone.exists():
        return render(request, "wiki/post_gone.html", status=410)
    raise Http404


def _at_old_address(request: HttpRequest, path: str) -> Post | None:
    address = PostAddress.objects.filter(path__iexact=path).first()
    if address is None:
        return None
    return Post.objects.visible_to(request.user).only("slug").filter(pk=address.post_id).first()


@login_not_required
@require_safe
def post_moved(request: HttpRequest, year: int, month: int, day: int, slug: str) -> HttpResponse:
    """The address that a post had in an earlier blog, or might have had."""
    post = _at_old_address(request, f"{year:04}/{month:02}/{day:02}/{slug}")
    if post is None:
        post = get_object_or_404(Post.objects.visible_to(request.user).only("slug"), slug=slug)
    return redirect(post, permanent=True)


# ── Feeds ──


def _newest(request: HttpRequest) -> list[tuple[Any, ...]]:
    """What the feed holds, by what changes with it; asked once a request."""
    if not hasattr(request, "feed_rows"):
        rows = feeds.latest().values_list("pk", "slug", "content_at", "published_at")
        request.feed_rows = list(rows)  # type: ignore[attr-defined]
    found: list[tuple[Any, ...]] = request.feed_rows  # type: ignore[attr-defined]
    return found


def _etag(request: HttpRequest) -> str:
    said = f"{request.path} {Club.current().name} {_newest(request)}"
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def _changed_at(request: HttpRequest) -> datetime | None:
    return feeds.changed_at(_newest(request))


def _feed(request: HttpRequest, *, is_atom: bool) -> HttpResponse:
    """The feed, written once for each change of a post."""
    key = f"blog-feed:{_etag(request)}"
    text = cache.get(key)
    if text is None:
        rows = feeds.latest().select_related("head").with_authors().prefetch_related("topics")
        text = feeds.written(list(rows), is_atom=is_atom)
        cache.set(key, text, FEED_FOR)
    kind = "atom" if is_atom else "rss"
    answer = HttpResponse(text, content_type=f"application/{kind}+xml; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=300"
    return answer


@login_not_required
@require_safe
@condition(etag_func=_etag, last_modified_func=_changed_at)
def post_feed(request: HttpRequest) -> HttpResponse:
    """The newest posts as RSS."""
    return _feed(request, is_atom=False)


@login_not_required
@require_safe
@condition(etag_func=_etag, last_modified_func=_changed_at)
def post_atom(request: HttpRequest) -> HttpResponse:
    """The newest posts as Atom."""
    return _feed(request, is_atom=True)


# ── Notes to the authors ──


@active_members_only
@require_POST
def post_note(request: HttpRequest, slug: str) -> HttpResponse:
    """A member writes to the authors."""
    post = get_object_or_404(
        Post.objects.published().select_related("head", "cover").with_authors().prefetch_related("topics"),
        slug=slug,
    )
    form = ReaderNoteForm(request.POST)
    if form.is_valid():
        try:
            publishing.write_note(
                post,
                form.cleaned_data["text"],
                by=request.user,
                now=timezone.now(),
                wants_to_work=form.cleaned_data["wants_to_work"],
            )
        except Refused as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, "Your note is on its way to the authors.")
            return redirect(post)
    return _page(request, post, note_form=form, status=422)


@members_only
@require_safe
def post_notes(request: HttpRequest, slug: str) -> HttpResponse:
    """What readers wrote, for the authors and the editor."""
    post = get_object_or_404(Post.objects.visible_to(request.user).with_authors(), slug=slug)
    if not (post.is_written_by(request.user) or request.user.has_perm("wiki.publish_post")):
        raise PermissionDenied
    notes = post.reader_notes.select_related("author", "answered_by").order_by("answered_at", "-at", "-pk")
    page = Paginator(notes, NOTES).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    steps: dict[int, list[gather.Step]] = {}
    for found in gather.each("note_steps", rows, request.user):
        for pk, some in found.items():
            steps.setdefault(pk, []).extend(some)
    for row in rows:
        row.steps = steps.get(row.pk, [])  # type: ignore[attr-defined]
    return render(request, "wiki/post_notes.html", {"post": post, "page_obj": page, "notes": rows})


@active_members_only
@require_POST
def note_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """An author has answered a note, outside this page."""
    note = get_object_or_404(ReaderNote.objects.visible_to(request.user).select_related("post"), pk=pk)
    if not note.post.is_edited_by(request.user):
        raise PermissionDenied
    if publishing.answer_note(note, by=request.user, now=timezone.now()):
        messages.success(request, "The note counts as answered.")
    else:
        messages.info(request, "Somebody had seen to it already.")
    return redirect("wiki:post_notes", note.post.slug)
