"""What happened to the pages of the library, in order: each version, and each way from one path to another."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from wiki.exporting.people import Identity, People
from wiki.models import Page, Passage, Post, Revision

#: So many rows are fetched at a time, and so many texts are in memory.
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Act:
    """One commit to be. `revision` is its key, or None where a page only went from `before` to `after`."""

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

    @property
    def order(self) -> tuple[datetime, int, int]:
        """A page goes to its new path before it is written there."""
        return (self.at, int(self.revision is not None), self.key)

    @property
    def mark(self) -> bytes:
        """Changes whenever its commit would, but for the text, which never does."""
        parts = (self.order, self.page, self.who, self.summary, self.number, self.base, self.source)
        return repr((*parts, self.before, self.after)).encode()


@dataclass
class Scope:
    """What leaves. Of the pages: their paths of today, whether they lie in the trash, and where each began."""

    pages: QuerySet[Page]
    posts: QuerySet[Post]
    paths: dict[int, str] = field(default_factory=dict)
    trashed: dict[int, datetime] = field(default_factory=dict)
    starts: dict[int, str] = field(default_factory=dict)

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
    """The acts on these pages up to `until`, without the texts."""
    people = People()
    span = Q() if until is None else Q(at__lte=until)
    return heapq.merge(
        _passages(scope, people, span), _revisions(scope, people, span), key=lambda act: act.order
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


def with_texts(acts: Iterator[Act]) -> Iterator[tuple[Act, str]]:
    """Each act with the text of its version; a few texts at a time."""
    waiting: list[Act] = []
    for act in acts:
        waiting.append(act)
        if len(waiting) == AT_ONCE:
            yield from _filled(waiting)
            waiting = []
    yield from _filled(waiting)


def _filled(acts: list[Act]) -> Iterator[tuple[Act, str]]:
    keys = [act.revision for act in acts if act.revision is not None]
    texts = dict(Revision.objects.filter(pk__in=keys).values_list("pk", "text"))
    for act in acts:
        yield act, texts[act.revision] if act.revision is not None else ""
