"""The blog: the words of posts, who wrote them and where they are. Nobody's edit is lost, no click counts twice. How a
post comes out: `wiki.publishing`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import Truncator

from members.models import Club, User
from mlclub import locks, ordering, slugs
from mlclub.refusal import Refused
from wiki import citing, merging
from wiki.models import (
    Attachment,
    Post,
    PostAddress,
    PostAuthor,
    PostRevision,
)
from wiki.models.posts import RESERVED, in_one
from wiki.rendering import Anatomy, anatomy, pictures_in
from wiki.saving import Saved

#: Words of the beginning that stand for an excerpt nobody wrote.
OPENING = 45
WORDS_A_MINUTE = 200
#: A second click within this is the first one's.
DOUBLE_CLICK = timedelta(minutes=1)


@dataclass(frozen=True)
class Words:
    """What a reader reads of a post."""

    title: str
    excerpt: str = ""
    text: str = ""

    @property
    def whole(self) -> str:
        return in_one(self.title, self.excerpt, self.text)


class Conflict(Exception):
    """Somebody else saved since the author began, and changed the same words. Holds the revision that is newest now,
    and what the author should go on from: both texts in one draft where each stands beside the other."""

    def __init__(self, head: PostRevision, draft: Words) -> None:
        super().__init__(f"Revision {head.number} came first.")
        self.head = head
        self.draft = draft


# ── Writing ──


@transaction.atomic
def start(words: Words, *, author: Any, now: datetime, is_idea: bool = False) -> Post:
    """Begin a post; whoever begins it is its author. A second click gets the post of the first one."""
    locks.hold("wiki:blog")
    twin = (
        Post.objects.of(author)
        .filter(title=words.title, created_at__gte=now - DOUBLE_CLICK, head__text=words.text)
        .first()
    )
    if twin is not None:
        return twin
    post = Post.objects.create(
        slug=free_slug(words.title),
        title=words.title,
        state=Post.State.IDEA if is_idea else Post.State.DRAFT,
        state_at=now,
        created_at=now,
        content_at=now,
    )
    PostAuthor.objects.create(post=post, user=author, position=1)
    append(post, words, number=1, base=0, author=author, summary="First version", now=now)
    return post


def free_slug(title: str) -> str:
    """An address for a post of this title that neither a post has nor once had."""
    base = slugs.free(title, Post.objects, otherwise="post", besides=RESERVED)
    once = {*PostAddress.objects.filter(path__startswith=base).values_list("path", flat=True)}
    return slugs.free(title, Post.objects, otherwise="post", besides={*RESERVED, *once})


@transaction.atomic
def save(
    post: Post, words: Words, *, base: int, author: Any, now: datetime, summary: str = ""
) -> Saved[PostRevision]:
    """Make these words the newest. If somebody saved since the author began from revision `base`, both changes are
    brought together; raises Conflict where they contradict each other. A double click gets the revision of the first."""
    locked = Post.objects.select_for_update(of=("self",)).get(pk=post.pk)
    head = PostRevision.objects.select_related("author", "imported_author").get(headed_post=locked)
    if words == words_of(head):
        return Saved(head, is_new=False)
    others: tuple[PostRevision, ...] = ()
    source = PostRevision.Source.WEB
    if head.number != base:
        twin = locked.revisions.filter(
            base_number=base, author=author, title=words.title, excerpt=words.excerpt, text=words.text
        ).first()
        if twin is not None:
            return Saved(twin, is_new=False)
        words = _merged(locked.revisions.filter(number=base).first(), words, head)
        if words == words_of(head):
            return Saved(head, is_new=False)
        others = tuple(locked.revisions.filter(number__gt=base).select_related("author").order_by("number"))
        source = PostRevision.Source.MERGE
    revision = append(
        locked,
        words,
        number=head.number + 1,
        base=base,
        author=author,
        summary=summary,
        source=source,
        now=now,
    )
    post.refresh_from_db()
    return Saved(revision, is_new=True, merged_with=others)


def words_of(revision: PostRevision) -> Words:
    """What stood there in that version."""
    return Words(revision.title, revision.excerpt, revision.text)


def _merged(began: PostRevision | None, mine: Words, head: PostRevision) -> Words:
    """Both changes in one, or a Conflict."""
    base = words_of(began) if began else Words("")
    text = merging.merge(base.text, mine.text, head.text)
    agreed = [
        _either(getattr(base, name), getattr(mine, name), getattr(head, name))
        for name in ("title", "excerpt")
    ]
    draft = Words(agreed[0] or mine.title, mine.excerpt if agreed[1] is None else agreed[1], text.text)
    if began is None or not text.is_clean or None in agreed:
        raise Conflict(head, draft)
    return draft


def _either(base: str, mine: str, theirs: str) -> str | None:
    """What stands in a line that two people had; None when both changed it, and differently."""
    if mine in (base, theirs):
        return theirs
    return mine if theirs == base else None


def append(
    post: Post,
    words: Words,
    *,
    number: int,
    base: int,
    author: Any,
    now: datetime,
    summary: str = "",
    source: str = PostRevision.Source.WEB,
    held: Anatomy | None = None,
) -> PostRevision:
    """Add a revision to a post whose row is locked, and bring the columns that follow from its words up to date."""
    revision = PostRevision.objects.create(
        post=post,
        number=number,
        base_number=base,
        title=words.title,
        excerpt=words.excerpt,
        text=words.text,
        summary=summary,
        source=source,
        author=author,
        at=now,
    )
    post.head = revision
    post.title, post.excerpt, post.content_at = words.title, words.excerpt, now
    keep_in_step(post, held or anatomy(words.text, macros=Club.current().tex_macros))
    return revision


def keep_in_step(post: Post, held: Anatomy) -> None:
    """Store what follows from the words: columns for search, the papers that are cited, the pictures that are shown."""
    post.headings, post.plain_text = held.search_columns
    words = post.plain_text.split()
    post.opening = Truncator(" ".join(words[:OPENING])).chars(390) + (" …" if len(words) > OPENING else "")
    post.reading_minutes = min(max(1, round(len(words) / WORDS_A_MINUTE)), 999)
    post.save(
        update_fields=[
            "head",
            "title",
            "excerpt",
            "headings",
            "plain_text",
            "opening",
            "reading_minutes",
            "content_at",
        ]
    )
    cited = citing.papers_for([key for key, _ in held.cited]) if held.cited else {}
    post.papers.set(cited.values())
    keep_pictures(post, originals={embed.sha for embed in held.embeds})


def keep_pictures(post: Post, *, originals: Iterable[str] = ()) -> None:
    """The pictures of the text, the cover, and the files of what is not run here are seen by whoever may see the post."""
    hashes = {*pictures_in(post.text), *originals}
    shown = [*Attachment.objects.filter(sha256__in=hashes).values_list("pk", flat=True)]
    if post.cover_id is not None:
        shown.append(post.cover_id)
    post.pictures.set(shown)


@transaction.atomic
def move(post: Post, slug: str, *, now: datetime) -> None:
    """Give a post another address; the old one leads to it. Raises Refused where another post has it, or had it."""
    locks.hold("wiki:blog")
    if slug == post.slug:
        return
    if slug in RESERVED or Post.objects.filter(slug__iexact=slug).exclude(pk=post.pk).exists():
        raise Refused("There is something at this address already. Choose another.")
    if PostAddress.objects.filter(path__iexact=slug).exclude(post=post).exists():
        raise Refused("Another post was at this address once, and readers still come. Choose another.")
    PostAddress.objects.filter(path__iexact=slug, post=post).delete()
    PostAddress.objects.get_or_create(path=post.slug, defaults={"post": post, "created_at": now})
    Post.objects.filter(pk=post.pk).update(slug=slug)
    post.slug = slug


# ── Who wrote it ──


@transaction.atomic
def add_author(post: Post, person: User) -> bool:
    """Name somebody as the last author. False when the person is one already."""
    Post.objects.select_for_update(of=("self",)).get(pk=post.pk)
    last = post.authors.aggregate(last=Max("position"))["last"] or 0
    _, is_new = PostAuthor.objects.get_or_create(post=post, user=person, defaults={"position": last + 1})
    return is_new


@transaction.atomic
def remove_author(post: Post, author: PostAuthor) -> None:
    """Take an author out. Raises Refused for the last one: a post is always somebody's."""
    Post.objects.select_for_update(of=("self",)).get(pk=post.pk)
    if not post.authors.exclude(pk=author.pk).exists():
        raise Refused("A post needs an author. Name somebody else first.")
    author.delete()


@transaction.atomic
def move_author(post: Post, author: PostAuthor, *, up: bool) -> None:
    """Put an author one place further up or down."""
    Post.objects.select_for_update(of=("self",)).get(pk=post.pk)
    ordering.shift(list(post.authors.order_by("position", "pk")), author.pk, up=up, first=1)
