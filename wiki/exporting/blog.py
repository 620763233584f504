"""Posts as Markdown with front matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from wiki.exporting.names import FILES, file_of_post
from wiki.exporting.people import NOBODY, People
from wiki.exporting.reading_lists import dumped
from wiki.models import Post


def files(posts: QuerySet[Post], unseen: Mapping[int, int]) -> Iterator[tuple[Post, str, dict[str, Any]]]:
    """(post, file, front matter) of each; `unseen` says how many of its versions do not leave."""
    rows = (
        posts.select_related("head", "cover")
        .defer("search", "plain_text", "headings")
        .prefetch_related("authors__imported_author", "topics", "old_addresses")
        .order_by("created_at", "pk")
    )
    people = People()
    for post in rows.iterator(chunk_size=50):
        day = (post.published_at or post.created_at).date()
        yield post, file_of_post(post.slug, day), _front(post, people, unseen.get(post.pk, 0))


def written(front: Mapping[str, Any], text: str) -> str:
    return f"---\n{dumped(dict(front))}---\n\n{text}"


def _front(post: Post, people: People, unseen: int) -> dict[str, Any]:
    authors = [people.who(each.user_id, each.imported_author_id, "") for each in post.authors.all()]
    front: dict[str, Any] = {
        "title": post.title,
        "slug": post.slug,
        "state": post.state,
        "date": post.published_at and post.published_at.isoformat(),
        "publish_at": post.publish_at and post.publish_at.isoformat(),
        "created_at": post.created_at.isoformat(),
        "changed_at": post.content_at.isoformat(),
        "state_at": post.state_at.isoformat(),
        "approved": max(post.approved_number - unseen, 0),
        "authors": [
            {"name": name, "address": address} for name, address in authors if (name, address) != NOBODY
        ],
        "topics": sorted(topic.name for topic in post.topics.all()),
        "excerpt": post.excerpt,
        "old_addresses": sorted(each.path for each in post.old_addresses.all()),
    }
    if post.cover is not None:
        front["cover"] = {
            "file": f"{FILES}/{post.cover.filename}",
            "shows": post.cover_alt,
            "caption": post.cover_caption,
        }
    return {name: value for name, value in front.items() if value}
