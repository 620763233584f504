"""Posts that an export of ours holds, with their versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from members.forms import save_topics
from wiki import authors, editing, posts
from wiki.exporting.names import is_post
from wiki.exporting.people import NOBODY
from wiki.importing.history import State
from wiki.importing.library import parted
from wiki.importing.reading import Draft, SourceFile
from wiki.importing.report import Report
from wiki.models import Attachment, ImportedAuthor, Post, PostAddress, PostAuthor, PostRevision


@dataclass(frozen=True)
class Coming:
    """A post on its way in: what its front matter says, its text as a draft to be rendered, and its versions, of which the
    last has the same words. Without a history there are none."""

    front: dict[str, Any]
    draft: Draft
    versions: list[tuple[State, posts.Words]] = field(default_factory=list)

    @property
    def words(self) -> posts.Words:
        return _words(self.front, self.draft.text)


@dataclass
class _Fresh:
    """A post that gets versions."""

    post: Post
    coming: Coming
    revisions: list[tuple[int, PostRevision]]
    #: What its row says in the end, beside its words.
    row: dict[str, Any] = field(default_factory=dict)


def posts_in(files: Iterable[SourceFile], states: Iterable[State], report: Report) -> list[Coming]:
    """The posts among the files; `states` are what their commits held, in order."""
    told: dict[str, list[tuple[State, posts.Words]]] = {}
    for state in states:
        front, text = parted(SourceFile("", state.content))
        if isinstance(front.get("title"), str) and isinstance(front.get("slug"), str):
            told.setdefault(front["slug"], []).append((state, _words(front, text.replace("\x00", ""))))
    found = []
    for file in files:
        if not is_post(file.path):
            continue
        front, text = parted(file)
        if not all(isinstance(front.get(name), str) for name in ("title", "slug", "state")):
            report.drop(file.path, 1, "Not a post: its front matter has no title, slug and state.")
        elif len(text) > editing.LONGEST_TEXT:
            report.drop(file.path, 0, f"Longer than {editing.LONGEST_TEXT:,} characters; left out.")
        else:
            coming = Coming(front, Draft(file.path, front["slug"], text.replace("\x00", "")))
            # A post that went to another address is the same.
            names = {front["slug"], *map(str, front.get("old_addresses") or ())}
            versions = [version for name in names for version in told.get(name, ())]
            versions.sort(key=lambda version: version[0].turn)
            if versions and versions[-1][1] == coming.words:
                coming.versions.extend(versions)
            found.append(coming)
    return found


def _words(front: Mapping[str, Any], text: str) -> posts.Words:
    return posts.Words(front["title"][:200], str(front.get("excerpt") or "")[:600], text)


def store_posts(coming: Iterable[Coming], report: Report, *, now: datetime) -> None:
    """Posts that are not here yet, and what those of an earlier import got since. Another one at the same address stays as
    it is, and the report says so."""
    coming = list(coming)
    people = authors.known({state.author for each in coming for state, _ in each.versions} - {NOBODY})
    there = {post.slug.lower(): post for post in Post.objects.select_related("head").defer("search")}
    known = dict(
        PostRevision.objects.filter(
            origin__in=[state.origin for each in coming for state, _ in each.versions]
        ).values_list("origin", "post")
    )
    fresh: list[_Fresh] = []
    for each in coming:
        post = next(
            (there[slug] for slug in _slugs(each) if slug in there and _is_known(there[slug], each, known)),
            there.get(each.front["slug"].lower()),
        )
        if post is not None:
            if more := _go_on(post, each, known, people, report):
                fresh.append(more)
            continue
        try:
            with transaction.atomic():
                fresh.append(_begin(each, people, now))
        except (ValueError, TypeError, KeyError, AttributeError, ValidationError) as problem:
            report.drop(each.draft.file, 0, f"Not readable as a post ({problem}).")
        else:
            report.posts += 1
            report.revisions += len(each.versions)
    # In the order of their commits, whichever post they are of, so that an export has them in it again.
    told = sorted((pair for each in fresh for pair in each.revisions), key=lambda pair: pair[0])
    PostRevision.objects.bulk_create([revision for _, revision in told], batch_size=200)
    for each_fresh in fresh:
        _finish(each_fresh)


def _slugs(each: Coming) -> list[str]:
    return [str(name).lower() for name in (each.front["slug"], *(each.front.get("old_addresses") or ()))]


def _is_known(post: Post, each: Coming, known: Mapping[str, int]) -> bool:
    return any(known.get(state.origin) == post.pk for state, _ in each.versions)


def _go_on(
    post: Post,
    each: Coming,
    known: Mapping[str, int],
    people: Mapping[authors.Identity, ImportedAuthor],
    report: Report,
) -> _Fresh | None:
    """What a post of an earlier import got since, unless somebody has worked on it here."""
    head = post.head
    if head is not None and posts.words_of(head) == each.words:
        return None
    turns = [at for at, (state, _) in enumerate(each.versions) if known.get(state.origin) == post.pk]
    if head is None or not turns:
        report.drop(each.draft.file, 0, "A post is at this address already; it was left as it is.")
        return None
    new = each.versions[turns[-1] + 1 :]
    if head.origin not in known:
        if new:
            words = f"Edited here since the last import; {len(new)} newer versions were not taken over."
            report.drop(each.draft.file, 0, words)
        return None
    report.updated += 1
    report.revisions += len(new)
    return _Fresh(post, each, _revisions(post, new, head.number, people))


def _begin(each: Coming, people: Mapping[authors.Identity, ImportedAuthor], now: datetime) -> _Fresh:
    front = each.front
    created, changed = _instant(front.get("created_at")) or now, _instant(front.get("changed_at")) or now
    out, due = _instant(front.get("date")), _instant(front.get("publish_at"))
    post = Post(
        slug=front["slug"],
        title=each.words.title,
        state=Post.State.DRAFT,
        state_at=_instant(front.get("state_at")) or changed,
        created_at=created,
        content_at=changed,
    )
    post.clean_fields(exclude=["excerpt"])
    post.save()
    state = Post.State(front["state"])
    if (state == Post.State.SCHEDULED and due is None) or (state == Post.State.PUBLISHED and out is None):
        state = Post.State.DRAFT
    revisions = _revisions(post, each.versions, 0, people)
    if not revisions:
        words = each.words
        only = PostRevision(
            post=post,
            number=1,
            title=words.title,
            excerpt=words.excerpt,
            text=words.text,
            summary="Imported",
            source=PostRevision.Source.IMPORT,
            at=changed,
        )
        revisions = [(0, only)]
    is_looked_at = state in (Post.State.SCHEDULED, Post.State.PUBLISHED)
    row = {
        "state": state,
        "publish_at": due if state == Post.State.SCHEDULED else None,
        "published_at": out,
        "approved_number": int(front.get("approved") or 0) if each.versions else int(is_looked_at),
    }
    _cover(post, front.get("cover") or {})
    _credit(post, front.get("authors") or [])
    post.topics.set(save_topics([str(name) for name in front.get("topics") or []]))
    taken = {path.lower() for path in PostAddress.objects.values_list("path", flat=True)}
    PostAddress.objects.bulk_create(
        PostAddress(path=str(path)[:300], post=post, created_at=created)
        for path in front.get("old_addresses") or []
        if str(path).lower() not in taken
    )
    return _Fresh(post, each, revisions, row)


def _revisions(
    post: Post,
    versions: Iterable[tuple[State, posts.Words]],
    after: int,
    people: Mapping[authors.Identity, ImportedAuthor],
) -> list[tuple[int, PostRevision]]:
    """These versions after the one of number `after`, unsaved, each with the turn of its commit."""
    found = []
    for number, (state, words) in enumerate(versions, start=after + 1):
        author = people.get(state.author)
        is_source = state.source in PostRevision.Source.values
        revision = PostRevision(
            post=post,
            number=number,
            base_number=state.base if state.base is not None and state.base < number else number - 1,
            title=words.title,
            excerpt=words.excerpt,
            text=words.text,
            summary=state.summary,
            source=state.source if is_source else PostRevision.Source.IMPORT,
            author=author.user if author else None,
            imported_author=author,
            origin=state.origin,
            at=state.at,
        )
        found.append((state.turn, revision))
    return found


def _finish(fresh: _Fresh) -> None:
    post, head = fresh.post, fresh.revisions[-1][1]
    post.head, post.title, post.excerpt = head, head.title, head.excerpt
    post.content_at = post.content_at if fresh.row else head.at
    posts.keep_in_step(post, fresh.coming.draft.held)
    if fresh.row:
        Post.objects.filter(pk=post.pk).update(**fresh.row)


def _cover(post: Post, told: dict[str, Any]) -> None:
    sha = PurePosixPath(str(told.get("file") or "")).stem
    cover = Attachment.objects.filter(sha256=sha).order_by("path").first() if sha else None
    if cover is not None:
        post.cover = cover
        post.cover_alt = str(told.get("shows") or f"Picture of “{post.title}”")[:300]
        post.cover_caption = str(told.get("caption") or "")[:300]
        post.save(update_fields=["cover", "cover_alt", "cover_caption"])


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
