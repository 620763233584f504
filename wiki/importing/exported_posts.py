"""Posts that an export of ours holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Lower

from members.forms import save_topics
from wiki import authors, editing, posts
from wiki.exporting.names import POSTS
from wiki.importing.library import parted
from wiki.importing.reading import Draft, SourceFile
from wiki.importing.report import Report
from wiki.models import Attachment, Post, PostAddress, PostAuthor, PostRevision

State = Post.State


@dataclass(frozen=True)
class Coming:
    """A post on its way in: what its front matter says, and its text as a draft to be rendered."""

    front: dict[str, Any]
    draft: Draft


def posts_in(files: Iterable[SourceFile], report: Report) -> list[Coming]:
    found = []
    for file in files:
        if not (file.path.startswith(f"{POSTS}/") and file.suffix == ".md"):
            continue
        front, text = parted(file)
        if not all(isinstance(front.get(name), str) for name in ("title", "slug", "state")):
            report.drop(file.path, 1, "Not a post: its front matter has no title, slug and state.")
        elif len(text) > editing.LONGEST_TEXT:
            report.drop(file.path, 0, f"Longer than {editing.LONGEST_TEXT:,} characters; left out.")
        else:
            found.append(Coming(front, Draft(file.path, front["slug"], text.replace("\x00", ""))))
    return found


def store_posts(coming: Iterable[Coming], report: Report, *, now: datetime) -> None:
    """Posts that are not here yet. One at the same address stays as it is, and the report says where it is another."""
    for each in coming:
        slug = each.front["slug"]
        there = Post.objects.annotate(lower=Lower("slug")).filter(lower=slug.lower()).first()
        if there is not None:
            if (there.title, there.text) != (each.front["title"], each.draft.text):
                report.drop(each.draft.file, 0, "A post is at this address already; it was left as it is.")
            continue
        try:
            with transaction.atomic():
                _store(each, now)
        except (ValueError, TypeError, KeyError, AttributeError, ValidationError) as problem:
            report.drop(each.draft.file, 0, f"Not readable as a post ({problem}).")
        else:
            report.posts += 1


def _store(each: Coming, now: datetime) -> None:
    front = each.front
    created, changed = _instant(front.get("created_at")) or now, _instant(front.get("changed_at")) or now
    out, due = _instant(front.get("date")), _instant(front.get("publish_at"))
    post = Post(
        slug=front["slug"],
        title=front["title"][:200],
        state=State.DRAFT,
        state_at=changed,
        created_at=created,
    )
    post.clean_fields(exclude=["excerpt"])
    post.save()
    words = posts.Words(front["title"][:200], str(front.get("excerpt") or "")[:600], each.draft.text)
    posts.append(
        post,
        words,
        number=1,
        base=0,
        author=None,
        summary="Imported",
        source=PostRevision.Source.IMPORT,
        now=changed,
        held=each.draft.held,
    )
    state = State(front["state"])
    if (state == State.SCHEDULED and due is None) or (state == State.PUBLISHED and out is None):
        state = State.DRAFT
    Post.objects.filter(pk=post.pk).update(
        state=state,
        publish_at=due if state == State.SCHEDULED else None,
        published_at=out,
        approved_number=1 if state in (State.SCHEDULED, State.PUBLISHED) else 0,
    )
    _cover(post, front.get("cover") or {})
    _credit(post, front.get("authors") or [])
    post.topics.set(save_topics([str(name) for name in front.get("topics") or []]))
    taken = {path.lower() for path in PostAddress.objects.values_list("path", flat=True)}
    PostAddress.objects.bulk_create(
        PostAddress(path=str(path)[:300], post=post, created_at=created)
        for path in front.get("old_addresses") or []
        if str(path).lower() not in taken
    )


def _cover(post: Post, told: dict[str, Any]) -> None:
    sha = PurePosixPath(str(told.get("file") or "")).stem
    cover = Attachment.objects.filter(sha256=sha).order_by("path").first() if sha else None
    if cover is not None:
        post.cover = cover
        post.cover_alt = str(told.get("shows") or f"Picture of “{post.title}”")[:300]
        post.cover_caption = str(told.get("caption") or "")[:300]
        post.save(update_fields=["cover", "cover_alt", "cover_caption"])
        posts.keep_pictures(post)


def _credit(post: Post, told: list[dict[str, str]]) -> None:
    named = [(str(each["name"])[:120], str(each["address"])) for each in told]
    people = authors.known(named)
    rows = {people[name].pk: people[name] for name in named}
    PostAuthor.objects.bulk_create(
        PostAuthor(post=post, user=row.user, imported_author=row, position=position)
        for position, row in enumerate(rows.values(), start=1)
    )


def _instant(said: Any) -> datetime | None:
    if not said:
        return None
    at = said if isinstance(said, datetime) else datetime.fromisoformat(str(said))
    if at.tzinfo is None:
        raise ValueError(f"{said} has no zone")
    return at
