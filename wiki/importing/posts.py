"""Taking over the posts of a Jekyll blog from a folder or a repository, without losing a line in silence.

As with a wiki: everything is read and rendered first, the rendering in a process of its own; then all of it is stored in
one transaction, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.functions import Lower
from django.urls import reverse

from members.forms import save_topics
from members.models import Club
from mlclub import uploads
from wiki import authors, editing, pictures, posts
from wiki.importing import history, jekyll, originals, reading, storing
from wiki.importing.reading import PICTURES, Draft, SourceFile
from wiki.importing.report import Report
from wiki.models import Attachment, Post, PostAddress, PostAuthor, PostRevision
from wiki.models.posts import RESERVED

AUTHORS = {"_data/authors.yml", "_data/authors.yaml", "_data/people.yml"}


@dataclass
class _Coming:
    """A post on its way in."""

    source: jekyll.Source
    words: posts.Words
    draft: Draft
    cover: str = ""


@dataclass(frozen=True)
class _Picture:
    """A picture of the folder, made anew."""

    file: str
    content: ContentFile[bytes]
    sha: str
    extension: str

    @property
    def address(self) -> str:
        return reverse("wiki:attachment_file", args=[self.sha, self.extension])


def import_posts(folder: Path, *, now: datetime, is_rehearsal: bool = False, by: Any = None) -> Report:
    """Import the posts in `folder`; with `is_rehearsal` everything is done and then undone. The network is not asked.

    From a repository the newest commit counts, and the addresses of those who wrote in it wait for their owners.
    """
    report = Report()
    is_repository = history.is_repository(folder)
    files = history.read(folder, report).files if is_repository else reading.files_in(folder)
    committers = history.people(folder) if is_repository else {}
    club = Club.current()
    sources = _sources(files, committers, report, zone=club.zone)
    shown = _Pictures(files, report)
    coming = [_coming(source, sources, shown, report) for source in sources]
    bibliographies = reading.bibliographies_from(files, report)
    drafts = [each.draft for each in coming]
    reading.anatomies(
        drafts,
        report,
        keys=storing.known_keys(bibliographies),
        pictures=frozenset(),
        macros=club.tex_macros,
    )
    _mention_others(files, shown, report)
    with transaction.atomic():
        storing.store_papers(bibliographies, report, now=now)
        if not is_rehearsal:  # a file on the disk is not undone with the transaction
            shown.keep(now=now, by=by)
        for each in coming:
            originals.keep(
                each.draft.held.embeds,
                report,
                file=each.draft.file,
                now=now,
                by=by,
                is_rehearsal=is_rehearsal,
            )
        _store(coming, report, now=now)
        if is_rehearsal:
            transaction.set_rollback(True)
    reading.count(drafts, report)
    return report


# ── Reading ──


def _sources(
    files: Iterable[SourceFile], committers: Mapping[str, str], report: Report, *, zone: Any
) -> list[jekyll.Source]:
    files = list(files)
    known = _known_people(files, report)
    found: list[jekyll.Source] = []
    taken: dict[str, str] = {}
    for file in files:
        if not jekyll.is_post(file.path):
            continue

        def say(line: int, words: str, file: SourceFile = file) -> None:
            report.warn(file.path, line, words)

        text = reading.decoded(file.path, file.content, report)
        if len(text) > editing.LONGEST_TEXT:
            report.drop(file.path, 0, f"Longer than {editing.LONGEST_TEXT:,} characters; left out.")
            continue
        source = jekyll.read(file.path, text, zone=zone, known=known, say=say)
        source.people = [
            (name, email or committers.get(name.casefold(), "")) for name, email in source.people
        ]
        if source.slug in RESERVED:
            source.slug = f"{source.slug}-post"
        if source.slug in taken:
            source.slug = next(
                name for number in range(2, 999) if (name := f"{source.slug}-{number}") not in taken
            )
            report.warn(file.path, 0, f"Another post has this name; it is kept at {source.slug}.")
        taken[source.slug] = file.path
        found.append(source)
    return found


def _known_people(files: Iterable[SourceFile], report: Report) -> dict[str, tuple[str, str]]:
    """Who is meant by a nickname: (name, address), from the blog's list of authors."""
    found: dict[str, tuple[str, str]] = {}
    for file in files:
        if file.path not in AUTHORS:
            continue
        data = reading.from_yaml(file, report, lost="nobody is known by it")
        for nick, said in data.items() if isinstance(data, dict) else ():
            name = (
                str(said.get("name") or said.get("display_name") or nick)
                if isinstance(said, dict)
                else str(said)
            )
            email = str(said.get("email") or "").lower() if isinstance(said, dict) else ""
            found[str(nick).casefold()] = found[name.casefold()] = (name, email)
    return found


class _Pictures:
    """The pictures of a folder, made anew when a post shows them."""

    def __init__(self, files: Iterable[SourceFile], report: Report) -> None:
        self.files = {file.path: file for file in files if file.suffix in PICTURES}
        self.report = report
        self.made: dict[str, _Picture | None] = {}

    def address(self, asked: str, *, near: str) -> str:
        """Where the picture that a post names will be; empty when there is none."""
        path = unquote(asked.partition("?")[0].partition("#")[0])
        inside = [part for part in PurePosixPath(path.lstrip("/")).parts if part not in {".", ".."}]
        wanted = "/".join(inside)
        for name in (wanted, f"{PurePosixPath(near).parent}/{wanted}", self._below(wanted)):
            if name and name in self.files:
                made = self.picture(name)
                return made.address if made else ""
        return ""

    def _below(self, wanted: str) -> str:
        """A file that lies deeper, as where the site is a folder of its repository, or its base address is in front."""
        ends = [path for path in self.files if path.endswith(f"/{wanted}")]
        if wanted and len(ends) == 1:
            return ends[0]
        shorter = wanted.partition("/")[2]
        return shorter if shorter in self.files else ""

    def picture(self, name: str) -> _Picture | None:
        if name not in self.made:
            self.made[name] = self._make(name)
        return self.made[name]

    def _make(self, name: str) -> _Picture | None:
        try:
            content = uploads.image(ContentFile(self.files[name].content, name=PurePosixPath(name).name))
        except ValidationError as problem:
            self.report.drop(name, 0, f"Not taken over: {problem.messages[0]}")
            return None
        sha = uploads.sha256(content)
        content.seek(0)
        kind = uploads.sniff(content.read(1024))
        return _Picture(name, content, sha, Attachment(content_type=kind).extension)

    def keep(self, *, now: datetime, by: Any) -> None:
        for picture in self.made.values():
            if picture is not None:
                pictures.keep(picture.content, now=now, by=by)


def _coming(
    source: jekyll.Source, sources: Iterable[jekyll.Source], shown: _Pictures, report: Report
) -> _Coming:
    leads = {
        address: other for other in sources for address in (*other.addresses, other.slug, _stem(other.file))
    }

    def post(asked: str) -> str:
        report.links += 1
        path = unquote(asked.partition("#")[0]).strip("/").removesuffix(".html").removeprefix("blog/")
        other = leads.get(path) or leads.get(path.rpartition("/")[2])
        if other is None:
            report.links_broken += 1
            return ""
        report.links_resolved += 1
        hash_ = asked.partition("#")
        return f"/blog/{other.slug}/{hash_[1]}{hash_[2]}"

    def say(line: int, words: str) -> None:
        if "left out" in words:
            report.drop(source.file, line, words)
        else:
            report.warn(source.file, line, words)

    excerpt, text = jekyll.as_ours(
        source,
        jekyll.Around(picture=lambda asked: shown.address(asked, near=source.file), post=post),
        say,
    )
    cover = source.cover and shown.address(source.cover.replace("{{ site.baseurl }}", ""), near=source.file)
    if source.cover and not cover:
        report.images_missing += 1
        report.warn(source.file, 1, f"The picture {source.cover} is missing.")
    words = posts.Words(source.title, excerpt, editing.as_written(text.lstrip("\n")))
    # Rendered with its empty lines, so that the report names the lines of the file.
    return _Coming(source, words, Draft(source.file, source.slug, text), cover or "")


def _stem(file: str) -> str:
    return PurePosixPath(file).stem


def _mention_others(files: Iterable[SourceFile], shown: _Pictures, report: Report) -> None:
    """What of the folder is no post and no part of one: the theme, and pictures that nobody shows."""
    for file in files:
        parts = PurePosixPath(file.path).parts
        if (
            jekyll.is_post(file.path)
            or file.suffix == ".bib"
            or file.path in AUTHORS
            or file.path in shown.made
        ):
            continue
        if any(part in {"_posts", "_drafts"} for part in parts[:-1]):
            report.drop(file.path, 0, "Neither Markdown nor a picture that a post shows; left out.")
        elif file.suffix in PICTURES:
            report.warn(file.path, 0, "No post shows this picture; not taken over.")
        else:
            report.warn(file.path, 0, "A part of the old site, no post; not needed here.")


# ── Storing ──


def _store(coming: list[_Coming], report: Report, *, now: datetime) -> None:
    there = {
        post.origin: post
        for post in Post.objects.select_related("head").filter(
            origin__in=[each.source.file for each in coming]
        )
    }
    people = authors.known(person for each in coming for person in each.source.people)
    for each in coming:
        post = there.get(each.source.file)
        if post is None:
            post = _begin(each, now=now)
            _credit(post, each, people)
            report.created += 1
            report.revisions += 1
        else:
            _renew(post, each, report, now=now)
        report.redirects += _lead(post, each, report, now=now)


def _begin(each: _Coming, *, now: datetime) -> Post:
    source = each.source
    at = source.at or now
    state, publish_at = Post.State.DRAFT, None
    if source.is_published:
        state = Post.State.PUBLISHED if at <= now else Post.State.SCHEDULED
        publish_at = None if at <= now else at
    is_free = not Post.objects.filter(slug__iexact=source.slug).exists()
    post = Post.objects.create(
        slug=source.slug if is_free else posts.free_slug(source.slug),
        title=source.title,
        origin=source.file,
        created_at=min(at, now),
        content_at=min(at, now),
        cover=Attachment.objects.filter(sha256=_sha_of(each.cover)).order_by("path").first()
        if each.cover
        else None,
        cover_alt=source.cover_alt or (f"Picture of the post “{source.title}”"[:300] if each.cover else ""),
        cover_caption=source.cover_caption,
    )
    _append(post, each, number=1, base=0, at=min(at, now))
    if state != Post.State.DRAFT:
        Post.objects.filter(pk=post.pk).update(
            state=state,
            state_at=min(at, now),
            publish_at=publish_at,
            published_at=at if state == Post.State.PUBLISHED else None,
            approved_number=1,
        )
    post.topics.set(save_topics(source.topics))
    return post


def _sha_of(address: str) -> str:
    return PurePosixPath(address).stem


def _append(post: Post, each: _Coming, *, number: int, base: int, at: datetime) -> None:
    posts.append(
        post,
        each.words,
        number=number,
        base=base,
        author=None,
        now=at,
        summary="Imported",
        source=PostRevision.Source.IMPORT,
        held=each.draft.held,
    )


def _credit(post: Post, each: _Coming, people: Mapping[authors.Identity, Any]) -> None:
    named: dict[int, PostAuthor] = {}
    for person in each.source.people:
        known = people[person]
        named.setdefault(known.pk, PostAuthor(post=post, user=known.user, imported_author=known))
    rows = list({row.user_id or -key: row for key, row in named.items()}.values())
    for position, row in enumerate(rows, start=1):
        row.position = position
    PostAuthor.objects.bulk_create(rows)


def _renew(post: Post, each: _Coming, report: Report, *, now: datetime) -> None:
    """Bring a post that is here already up to date, unless somebody has worked on it since."""
    head = post.head
    last = post.revisions.filter(source=PostRevision.Source.IMPORT).order_by("-number").first()
    report.unchanged += 1
    if head is None or last is None or posts.words_of(last) == each.words:
        return
    if head.pk != last.pk:
        report.drop(
            each.source.file,
            0,
            "Edited here since the last import; the newer text of the folder was not taken over.",
        )
        return
    report.unchanged -= 1
    report.updated += 1
    report.revisions += 1
    _append(post, each, number=head.number + 1, base=head.number, at=now)


def _lead(post: Post, each: _Coming, report: Report, *, now: datetime) -> int:
    """The addresses of the old blog lead to the post; how many do."""
    count = 0
    for path in each.source.addresses:
        if path.lower() == post.slug:
            continue
        row, _ = (
            PostAddress.objects.annotate(lower=Lower("path"))
            .filter(lower=path.lower())
            .get_or_create(defaults={"path": path, "post": post, "created_at": now})
        )
        if row.post_id == post.pk:
            count += 1
        else:
            report.warn(each.source.file, 1, f"Another post was at {path}; the address leads there.")
    return count
