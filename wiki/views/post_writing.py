"""The blog for those who write it: a post's words, its picture and topics, its authors, its versions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.access import active_members_only
from members.forms import save_topics
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from wiki import diffs, merging, pictures, posts, publishing
from wiki.forms import PictureForm
from wiki.models import Post, PostAuthor
from wiki.post_forms import AuthorsForm, PostForm, PostRevisionForm, PostSettingsForm
from wiki.posts import Words
from wiki.rendering import shown
from wiki.views.pictures import attached
from wiki.views.writing import tell_saved

GET_POST = ["GET", "HEAD", "POST"]
VERSIONS = 30


def edited_or_404(request: HttpRequest, slug: str) -> Post:
    """A post for whoever may change it; a 404 for those who may not know of it, a 403 for its readers."""
    post = get_object_or_404(
        Post.objects.visible_to(request.user).select_related("head__author", "cover").with_authors(),
        slug=slug,
    )
    if not post.is_edited_by(request.user):
        raise PermissionDenied
    return post


def _preview(form: Any) -> Any:
    """What is being written, as its readers will see it; None where that was not asked."""
    if not (form.is_bound and "preview" in form.data and form.is_valid()):
        return None
    return shown(form.cleaned_data["text"], path="", title=form.cleaned_data["title"])


@active_members_only
@require_http_methods(GET_POST)
def post_create(request: HttpRequest) -> HttpResponse:
    """A member begins a post: as an idea, a draft, or at once with the question to look it over."""
    if "attach" in request.POST:
        with_picture = attached(request)
        return _create_page(request, PostForm(with_picture.data), picture_form=with_picture.form)
    form = PostForm(request.POST or None)
    chosen = request.POST.get("do", "")
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        if chosen == "ask" and not form.cleaned_data["text"].strip():
            form.add_error("text", "There are no words yet. Write the text first, or keep it as an idea.")
        else:
            return _created(request, form.words(), chosen)
    return _create_page(request, form)


def _create_page(
    request: HttpRequest, form: PostForm, *, picture_form: PictureForm | None = None
) -> HttpResponse:
    return render(
        request,
        "wiki/post_create.html",
        {"form": form, "picture_form": picture_form or PictureForm(), "preview": _preview(form)},
        status=_status(form, picture_form),
    )


def _status(form: Any, picture_form: PictureForm | None) -> int:
    return 422 if form.is_bound and (form.errors or (picture_form and picture_form.errors)) else 200


def _created(request: HttpRequest, words: Words, chosen: str) -> HttpResponse:
    now = timezone.now()
    with transaction.atomic():
        post = posts.start(words, author=request.user, now=now, is_idea=chosen == "idea")
        if chosen == "ask":
            publishing.ask_review(post, by=request.user, now=now)
    said = {
        "idea": "The idea is kept. Only you and the editor see it.",
        "ask": "The editor is asked to read it. You hear from them here and by mail.",
    }
    messages.success(request, said.get(chosen, "The draft is kept. Only you and the editor see it."))
    return redirect(post)


@active_members_only
@require_http_methods(GET_POST)
def post_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change the words of a post. If another author saved meanwhile, both are shown and none is lost."""
    post = edited_or_404(request, slug)
    if request.method != "POST":
        words = {"title": post.title, "excerpt": post.excerpt, "text": post.text}
        return _edit_page(
            request, post, PostRevisionForm(initial={**words, "base": post.head.number if post.head else 0})
        )
    if "attach" in request.POST:
        with_picture = attached(request)
        return _edit_page(request, post, PostRevisionForm(with_picture.data), picture_form=with_picture.form)
    form = PostRevisionForm(request.POST)
    if not form.is_valid() or "preview" in request.POST:
        return _edit_page(request, post, form)
    try:
        saved = posts.save(
            post,
            form.words(),
            base=form.cleaned_data["base"],
            author=request.user,
            now=timezone.now(),
            summary=form.cleaned_data["summary"],
        )
    except posts.Conflict as conflict:
        return _conflict_page(request, post, form, conflict)
    tell_saved(request, saved, "Saved.")
    return redirect(post)


def _edit_page(
    request: HttpRequest, post: Post, form: PostRevisionForm, *, picture_form: PictureForm | None = None
) -> HttpResponse:
    preview = _preview(form)
    before = post.head.whole if post.head else ""
    return render(
        request,
        "wiki/post_edit.html",
        {
            "post": post,
            "form": form,
            "picture_form": picture_form or PictureForm(),
            "preview": preview,
            "hunks": diffs.compare(before, form.words().whole) if preview else [],
        },
        status=_status(form, picture_form),
    )


def _conflict_page(
    request: HttpRequest, post: Post, form: PostRevisionForm, conflict: posts.Conflict
) -> HttpResponse:
    """Both changes, and a form that holds them in one draft on top of what is newest now."""
    head, draft = conflict.head, conflict.draft
    base = post.revisions.filter(number=form.cleaned_data["base"]).first()
    before = base.whole if base else ""
    again = PostRevisionForm(
        initial={
            "title": draft.title,
            "excerpt": draft.excerpt,
            "text": draft.text,
            "summary": form.cleaned_data["summary"],
            "base": head.number,
            "is_draft": True,
        }
    )
    mine = form.words().whole
    return render(
        request,
        "wiki/post_conflict.html",
        {
            "post": post,
            "head": head,
            "form": again,
            "mine": mine,
            "marks": (merging.MINE, merging.THEIRS),
            "theirs": diffs.compare(before, head.whole),
            "ours": diffs.compare(before, mine),
        },
        status=409,
    )


@active_members_only
@require_safe
def post_history(request: HttpRequest, slug: str) -> HttpResponse:
    """Every version of a post's words; with `?version=`, what that one changed."""
    post = edited_or_404(request, slug)
    page = Paginator(
        post.revisions.select_related("author", "imported_author").defer("text").order_by("-number"),
        VERSIONS,
    ).get_page(request.GET.get("page"))
    chosen, hunks = None, []
    asked = request.GET.get("version", "")
    if asked:
        chosen = get_object_or_404(post.revisions.select_related("author"), number=number_of(asked))
        before = post.revisions.filter(number=chosen.number - 1).first()
        hunks = diffs.compare(before.whole if before else "", chosen.whole)
    return render(
        request, "wiki/post_history.html", {"post": post, "page_obj": page, "chosen": chosen, "hunks": hunks}
    )


@active_members_only
@require_http_methods(GET_POST)
def post_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Address, topics, cover, and who is named as an author."""
    post = edited_or_404(request, slug)
    before = post.slug
    form = PostSettingsForm(request.POST or None, request.FILES or None, instance=post)
    if request.method == "POST" and form.is_valid():
        try:
            _keep_settings(request, post, form, before)
        except Refused as refused:
            form.add_error("slug", str(refused))
        except IntegrityError:
            form.add_error("slug", "Somebody has just taken this address. Choose another.")
        else:
            messages.success(request, "Saved.")
            return redirect(Post.objects.only("slug").get(pk=post.pk))
    return _settings_page(request, slug, form=form, status=422 if form.is_bound else 200)


@transaction.atomic
def _keep_settings(request: HttpRequest, post: Post, form: PostSettingsForm, before: str) -> None:
    said, now = form.cleaned_data, timezone.now()
    locked = Post.objects.select_for_update(of=("self",)).get(slug=before)
    if said["picture"]:
        locked.cover = pictures.keep(said["picture"], now=now, by=request.user)
    elif said.get("drops_cover"):
        locked.cover = None
    locked.cover_alt, locked.cover_caption = said["cover_alt"], said["cover_caption"]
    locked.save(update_fields=["cover", "cover_alt", "cover_caption"])
    locked.topics.set(save_topics(said["topics"]))
    if locked.cover is not None:
        locked.pictures.add(locked.cover)
    posts.move(locked, said["slug"], now=now)


def _settings_page(
    request: HttpRequest,
    slug: str,
    *,
    form: PostSettingsForm | None = None,
    authors_form: AuthorsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    post = edited_or_404(request, slug)
    return render(
        request,
        "wiki/post_settings.html",
        {
            "post": post,
            "form": form or PostSettingsForm(instance=post),
            "authors_form": authors_form or AuthorsForm(),
        },
        status=status,
    )


@active_members_only
@require_POST
def post_author_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Name further authors; they may edit from then on."""
    post = edited_or_404(request, slug)
    form = AuthorsForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, slug, authors_form=form, status=422)
    for person in form.cleaned_data["people"]:
        posts.add_author(post, person)
    messages.success(request, "The authors are named. They may edit the post.")
    return redirect("wiki:post_settings", slug)


@active_members_only
@require_POST
def post_author_move(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One place up or down among the authors, or out."""
    post = edited_or_404(request, slug)
    author = get_object_or_404(PostAuthor, post=post, pk=pk)
    chosen = request.POST.get("to", "")
    try:
        if chosen == "out":
            posts.remove_author(post, author)
            messages.success(request, f"{author.name} is not named any more.")
        elif chosen in {"up", "down"}:
            posts.move_author(post, author, up=chosen == "up")
    except Refused as refused:
        messages.warning(request, str(refused))
    if not Post.objects.visible_to(request.user).filter(pk=post.pk).exists():
        return redirect("wiki:post_desk")  # who took themselves out sees a draft no more
    return redirect("wiki:post_settings", slug)
