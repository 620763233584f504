"""What happened in the library, in order: each version of a page or a post, and each way of a page to another path."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

from django.db import connection, transaction
from django.db.models import F, Max, Q, QuerySet

from wiki.exporting.names import file_of_post
from wiki.exporting.people import Identity, People
from wiki.models import Page, Passage, Post, PostRevision, Revision
from wiki.posts import Words, words_of

#: So many rows are fetched at a time, and so many texts are in memory.
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Act:
    """One commit to be. `revision` is its key, or None where a page only went from `before` to `after`. What happened to
    a post names the post, and no page."""

    at: datetime
    page: int
    who: Identity
    summary: str
    key: int
    revision: int | None = None
    number: int = 0
    base: int = 0
    source: str = ""
    before: str = ""
    after: str = ""
    post: int | None = None

    @property
    def order(self) -> tuple[datetime, int, int]:
        """A page goes to its new path before it is written there."""
        return (self.at, 0 if self.revision is None else 1 if self.post is None else 2, self.key)

    @property
    def mark(self) -> bytes:
        """Changes whenever its commit would, but for the text, which never does."""
        parts = (self.order, self.page, self.who, self.summary, self.number, self.base, self.source)
        return repr((*parts, self.before, self.after, self.post)).encode()


@dataclass
class Scope:
    """What leaves. Of the pages: their paths of today, whether they lie in the trash, and where each began. Of the posts:
    their addresses and files of today, and where only what readers saw leaves, since when each has been out and how many
    versions nobody saw."""

    pages: QuerySet[Page]
    posts: QuerySet[Post]
    paths: dict[int, str] = field(default_factory=dict)
    trashed: dict[int, datetime] = field(default_factory=dict)
    starts: dict[int, str] = field(default_factory=dict)
    post_files: dict[int, tuple[str, str]] = field(default_factory=dict)
    out_since: dict[int, datetime] = field(default_factory=dict)
    unseen: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, *, everything: bool) -> Scope:
        """What every reader of the members' area sees; with `everything` also the trash and posts that are not out."""
        pages, posts = Page.objects.all(), Post.objects.all()
        found = cls(pages, posts) if everything else cls(pages.filter(trashed_at=None), posts.published())
        for pk, path, trashed_at in found.pages.order_by("pk").values_list("pk", "path", "trashed_at"):
            found.paths[pk] = found.starts[pk] = path
            if trashed_at:
                found.trashed[pk] = trashed_at
        first = Passage.objects.order_by("page", "at", "pk").distinct("page")
        for pk, before, after in first.values_list("page", "before", "after"):
            if pk in found.starts:
                found.starts[pk] = before or after
        for pk, slug, out_at, begun_at in found.posts.values_list("pk", "slug", "published_at", "created_at"):
            found.post_files[pk] = slug, file_of_post(slug, (out_at or begun_at).date())
            if out_at and not everything:
                found.out_since[pk] = out_at
        if not everything:
            seen = PostRevision.objects.filter(post__in=found.posts, at__lte=F("post__published_at"))
            for pk, first in seen.order_by().values_list("post").annotate(first=Max("number")):
                found.unseen[pk] = first - 1
        return found


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read within is of the same moment, whoever writes meanwhile."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def of(scope: Scope, *, until: datetime | None = None) -> Iterator[Act]:
    """The acts on these pages and posts up to `until`, without the texts."""
    people = People()
    span = Q() if until is None else Q(at__lte=until)
    return heapq.merge(
        _passages(scope, people, span),
        _revisions(scope, people, span),
        (act for act in _versions(scope, people) if until is None or act.at <= until),
        key=attrgetter("order"),
    )


def _revisions(scope: Scope, people: People, span: Q) -> Iterator[Act]:
    rows = Revision.objects.filter(span).order_by("at", "pk")
    for pk, page, number, base, summary, source, author, name, imported, at in rows.values_list(
        "pk",
        "page",
        "number",
        "base_number",
        "summary",
        "source",
        "author",
        "author_name",
        "imported_author",
        "at",
    ).iterator(chunk_size=AT_ONCE):
        if page in scope.paths:
            who = people.who(author, imported, name)
            yield Act(at.astimezone(UTC), page, who, summary, pk, pk, number, base, source)


def _passages(scope: Scope, people: People, span: Q) -> Iterator[Act]:
    rows = Passage.objects.filter(span).order_by("at", "pk")
    for pk, page, before, after, summary, by, imported, at in rows.values_list(
        "pk", "page", "before", "after", "summary", "by", "imported_author", "at"
    ).iterator(chunk_size=AT_ONCE):
        if page in scope.paths:
            who = people.who(by, imported, "")
            yield Act(at.astimezone(UTC), page, who, summary, pk, before=before, after=after)


def _versions(scope: Scope, people: People) -> list[Act]:
    """The versions of the posts. Where only what readers saw leaves, a post begins as it came out."""
    rows = PostRevision.objects.filter(post__in=scope.posts).order_by("post", "number").defer("text")
    found = []
    for post, its in groupby(rows, key=attrgetter("post_id")):
        unseen, out_at = scope.unseen.get(post, 0), scope.out_since.get(post)
        for row in its:
            number = row.number - unseen
            if number < 1:
                continue
            is_coming_out = number == 1 and out_at is not None
            at = max(row.at, out_at) if is_coming_out and out_at else row.at
            who = people.who(row.author_id, row.imported_author_id, "")
            summary = "" if is_coming_out and unseen else row.summary
            base = min(max(row.base_number - unseen, 1), number - 1) if unseen else row.base_number
            found.append(
                Act(at.astimezone(UTC), 0, who, summary, row.pk, row.pk, number, base, row.source, post=post)
            )
    return sorted(found, key=attrgetter("order"))


def with_words(acts: Iterator[Act]) -> Iterator[tuple[Act, Words]]:
    """Each act with the words of its version, those of a page without a title; a few at a time."""
    waiting: list[Act] = []
    for act in acts:
        waiting.append(act)
        if len(waiting) == AT_ONCE:
            yield from _filled(waiting)
            waiting = []
    yield from _filled(waiting)


def _filled(acts: list[Act]) -> Iterator[tuple[Act, Words]]:
    pages = [act.revision for act in acts if act.revision is not None and act.post is None]
    texts = dict(Revision.objects.filter(pk__in=pages).values_list("pk", "text"))
    posts = PostRevision.objects.in_bulk([act.revision for act in acts if act.post is not None])
    for act in acts:
        if act.revision is None:
            yield act, Words("")
        elif act.post is None:
            yield act, Words("", text=texts[act.revision])
        else:
            yield act, words_of(posts[act.revision])
