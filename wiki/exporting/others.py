"""What of the library has no history: settings of pages, redirects, papers, reading lists, posts and pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.fields.files import FieldFile

from wiki.exporting import bibliographies, blog, reading_lists
from wiki.exporting.acts import Scope
from wiki.exporting.names import BOOK, FILES, LISTS, is_safe
from wiki.models import Attachment, Page, Paper, ReadingList, Redirect

FORMAT = 1


@dataclass(frozen=True)
class Other:
    """A file of the export. What has the same `mark` as at the last time is the same, and is not read again."""

    file: str
    content: Callable[[], bytes]
    mark: str = ""
    kind: str = ""
    #: Whose front matter it begins with, and that itself.
    post: int | None = None
    front: Mapping[str, Any] = field(default_factory=dict)


def of(scope: Scope) -> Iterator[Other]:
    """All of it that leaves with these pages and posts."""
    pages = scope.pages
    keys = bibliographies.names()
    yield _text(BOOK, _book(pages, keys), "")
    if redirects := _redirects(pages):
        yield _text(".redirects.gollum", redirects, "redirects")
    for file, text in bibliographies.files():
        yield _text(file, text, "bibliographies")
    lists = ReadingList.objects.order_by("slug").prefetch_related("curators")
    for reading_list in lists:
        yield _text(f"{LISTS}/{reading_list.slug}.md", reading_lists.page_of(reading_list, keys), "lists")
    for post, file, front in blog.files(scope.posts, scope.unseen):
        text = blog.written(front, post.text)
        yield Other(file, text.encode, kind="posts", post=post.pk, front=front)
    yield from _pictures(scope)


def _text(file: str, text: str, kind: str) -> Other:
    return Other(file, text.encode, kind=kind)


def _book(pages: QuerySet[Page], keys: Mapping[int, str]) -> str:
    """What the portal knows of pages that their texts do not say, and of papers that BibTeX has no place for."""
    known: dict[str, dict[str, Any]] = {}
    rows = pages.order_by("path").values_list(
        "path",
        "is_public",
        "review_by",
        "checked_at",
        "owner__handle",
        "checked_by__handle",
        "trashed_by__handle",
    )
    for path, is_public, review_by, checked_at, owner, checked_by, trashed_by in rows.iterator(
        chunk_size=2000
    ):
        said = {
            "public": is_public,
            "owner": owner,
            "review_by": review_by and review_by.isoformat(),
            "checked_at": checked_at and checked_at.isoformat(),
            "checked_by": checked_by,
            "trashed_by": trashed_by,
        }
        known[path] = {name: value for name, value in said.items() if value}
    papers = dict(sorted(_papers(keys)))
    return (
        json.dumps({"format": FORMAT, "pages": known, "papers": papers}, ensure_ascii=False, indent=1) + "\n"
    )


def _papers(keys: Mapping[int, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """By the name that a reading list gives a paper: its own key, what it is called, and what else has meant it."""
    rows = Paper.objects.only("key", "short_name").prefetch_related("other_keys", "former")
    for paper in rows.iterator(chunk_size=2000):
        said = {
            "key": paper.key if paper.key != keys[paper.pk].rpartition(":")[2] else "",
            "short_name": paper.short_name,
            "other_keys": sorted(row.key for row in paper.other_keys.all()),
            "former": [
                {
                    "arxiv_id": row.arxiv_id,
                    "doi": row.doi,
                    "url": row.url,
                    "said": row.said,
                    "merged_at": row.merged_at.isoformat(),
                }
                for row in sorted(paper.former.all(), key=lambda row: (row.merged_at, row.pk))
            ],
        }
        if any(said.values()):
            yield keys[paper.pk], {name: value for name, value in said.items() if value}


def _redirects(pages: QuerySet[Page]) -> str:
    rows = Redirect.objects.filter(page__in=pages).order_by("path").values_list("path", "page__path")
    lines = [f"{_quoted(old)}: {_quoted(new)}\n" for old, new in rows]
    return "---\n" + "".join(lines) if lines else ""


def _quoted(path: str) -> str:
    """A path as a redirect names it; percent signs would be read as the beginning of a letter."""
    return json.dumps(path.replace("%", "%25") + ".md", ensure_ascii=False)


def _pictures(scope: Scope) -> Iterator[Other]:
    """Those of these pages and posts, and those that only earlier versions show. A picture that others alone show
    stays with them."""
    on_pages = Attachment.pages.through.objects.filter(attachment=OuterRef("pk"))
    in_posts = Attachment.posts.through.objects.filter(attachment=OuterRef("pk"))
    rows = (
        Attachment.objects.filter(content_type__startswith="image/")
        .filter(
            Exists(on_pages.filter(page__in=scope.pages))
            | Exists(in_posts.filter(post__in=scope.posts))
            | (~Exists(on_pages) & ~Exists(in_posts))
        )
        .order_by("path", "sha256")
    )
    for row in rows.iterator(chunk_size=200):
        file = row.path if row.path and is_safe(row.path) else f"{FILES}/{row.filename}"
        yield Other(file, _reader(row.file), mark=row.sha256, kind="pictures")


def _reader(stored: FieldFile) -> Callable[[], bytes]:
    def read() -> bytes:
        with stored.open("rb") as file:
            return bytes(file.read())

    return read
