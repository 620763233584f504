"""The blog: writing a post, looking it over, letting it out at its hour. Nobody's edit is lost, no click counts twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import Truncator

from members import audit, ledger, offices
from members.ledger import at
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
    ReaderNote,
    ReviewNote,
)
from wiki.models.posts import RESERVED
from wiki.notifications import PostPublished, PostReturned, PostReviewAsked, ReaderWrote
from wiki.rendering import Anatomy, anatomy, pictures_in

#: So many notes a member may write to authors in a day.
NOTES_A_DAY = 10
#: Words of the beginning that stand for an excerpt nobody wrote.
OPENING = 45
WORDS_A_MINUTE = 200
#: A second click within this is the first one's.
DOUBLE_CLICK = timedelta(minutes=1)

S = Post.State


@dataclass(frozen=True)
class Words:
    """What a reader reads of a post."""

    title: str
    excerpt: str = ""
    text: str = ""


class Conflict(Exception):
    """Somebody else saved since the author began, and changed the same words. Holds the revision that is newest now,
    and what the author should go on from: both texts in one draft where each stands beside the other."""

    def __init__(self, head: PostRevision, draft: Words) -> None:
        super().__init__(f"Revision {head.number} came first.")
        self.head = head
        self.draft = draft


@dataclass(frozen=True)
class Saved:
    """The revision that holds the words; `is_new` is False when it was there already. `merged_with` are the revisions
    of others that came meanwhile and stand in it too."""

    revision: PostRevision
    is_new: bool
    merged_with: tuple[PostRevision, ...] = ()


# ── Writing ──


@transaction.atomic
def start(words: Words, *, author: Any, now: datetime, is_idea: bool = False) -> Post:
    """Begin a post; whoever begins it is its author. A second click gets the post of the first one."""
    _lock("blog")
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
        state=S.IDEA if is_idea else S.DRAFT,
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
def save(post: Post, words: Words, *, base: int, author: Any, now: datetime, summary: str = "") -> Saved:
    """Make these words the newest. If somebody saved since the author began from revision `base`, both changes are
    brought together; raises Conflict where they contradict each other. A double click gets the revision of the first."""
    locked = Post.objects.select_for_update(of=("self",)).get(pk=post.pk)
    head = PostRevision.objects.select_related("author").get(headed_post=locked)
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
    post.headings = "\n".join(held.headings)[:20_000]
    post.plain_text = held.plain_text.replace("\x00", "")[:200_000]
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
    _lock("blog")
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


# ── From an idea to readers ──


@transaction.atomic
def begin(post: Post, *, now: datetime) -> bool:
    """An idea becomes a draft. False when it is one already."""
    return _move(post, S.DRAFT, of=[S.IDEA], now=now)


@transaction.atomic
def ask_review(post: Post, *, by: Any, now: datetime, note: str = "") -> bool:
    """Ask the editor to look; False when somebody has asked already. Raises Refused for a post without words."""
    _need_words(post)
    if not _move(post, S.REVIEW, of=[S.IDEA, S.DRAFT], now=now):
        return False
    _say(post, note, by=by, now=now)
    for editor in offices.who_answers("library", "president"):
        if editor.pk != by.pk:
            ledger.tell(PostReviewAsked, editor, about=post, slot=at(now), now=now)
    return True


@transaction.atomic
def give_back(post: Post, note: str, *, by: Any, now: datetime) -> bool:
    """An editor gives a post back to its authors with a note on what it still needs; they are told."""
    if not note.strip():
        raise Refused("Say what the post still needs.")
    if not _move(post, S.DRAFT, of=[S.REVIEW, S.SCHEDULED], now=now, approved_number=0):
        return False
    _say(post, note, by=by, now=now)
    _tell_authors(PostReturned, post, slot=at(now), besides=by)
    return True


@transaction.atomic
def schedule(post: Post, publish_at: datetime, *, by: Any, now: datetime, note: str = "") -> bool:
    """Let it come out at `publish_at`; another time than before moves it. Raises Refused for a time that has passed."""
    _need_words(post)
    if publish_at <= now:
        raise Refused("That time has passed. Choose a later one, or publish it now.")
    moved = _move(
        post,
        S.SCHEDULED,
        of=[S.DRAFT, S.REVIEW, S.SCHEDULED],
        now=now,
        publish_at=publish_at,
        approved_number=_newest(post),
    )
    if moved:
        _say(post, note, by=by, now=now)
        audit.record(by, "wiki.post-scheduled", post, after=publish_at.isoformat())
    return moved


@transaction.atomic
def publish(post: Post, *, by: Any, now: datetime, note: str = "") -> bool:
    """Let it out now. False when it is out already, whoever was faster: an editor or the clock."""
    _need_words(post)
    first = post.published_at or now  # what came out once keeps its day
    out = _move(
        post,
        S.PUBLISHED,
        of=[S.DRAFT, S.REVIEW, S.SCHEDULED],
        now=now,
        published_at=first,
        published_by=by,
        approved_number=_newest(post),
    )
    if out:
        _say(post, note, by=by, now=now)
        audit.record(by, "wiki.post-published", post, after=post.slug)
        _tell_authors(PostPublished, post, slot=at(now), besides=by)
    return out


def publish_due(now: datetime) -> int:
    """Let out what is scheduled and due; how many. Two workers at once publish each post once between them."""
    out = 0
    due = Post.objects.filter(state=S.SCHEDULED, publish_at__lte=now).order_by("publish_at")
    for pk in list(due.values_list("pk", flat=True)[:50]):
        with transaction.atomic():
            post = due.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if post is None:
                continue
            _move(post, S.PUBLISHED, of=[S.SCHEDULED], now=now, published_at=post.published_at or now)
            audit.record(None, "wiki.post-published", post, after=post.slug)
            _tell_authors(PostPublished, post, slot=at(now))
            out += 1
    return out


@transaction.atomic
def withdraw(post: Post, *, by: Any, now: datetime, note: str = "") -> bool:
    """Take a post back, from readers too. Its words stay; it can be taken up again."""
    if not _move(post, S.WITHDRAWN, of=[S.IDEA, S.DRAFT, S.REVIEW, S.SCHEDULED, S.PUBLISHED], now=now):
        return False
    _say(post, note, by=by, now=now)
    audit.record(by, "wiki.post-withdrawn", post, before=post.slug)
    return True


@transaction.atomic
def take_up(post: Post, *, by: Any, now: datetime) -> bool:
    """A withdrawn post is a draft again."""
    won = _move(post, S.DRAFT, of=[S.WITHDRAWN], now=now, approved_number=0)
    if won:
        audit.record(by, "wiki.post-taken-up", post, after=post.slug)
    return won


def _move(post: Post, to: str, *, of: list[Post.State], now: datetime, **also: Any) -> bool:
    """One conditional step. False when the post is there already; raises Refused when it is somewhere else by now."""
    step = {"publish_at": None, **also, "state": to, "state_at": now}
    if Post.objects.filter(pk=post.pk, state__in=of).update(**step):
        for name, value in step.items():
            setattr(post, name, value)
        return True
    there = Post.objects.only("state").get(pk=post.pk)
    if there.state == to:
        return False
    raise Refused(f"The post is {there.get_state_display().lower()} by now. Look at it again.")


def _need_words(post: Post) -> None:
    if not post.head or not post.head.text.strip():
        raise Refused("There are no words yet. Write the text first.")


def _newest(post: Post) -> int:
    return post.head.number if post.head else 0


def _say(post: Post, note: str, *, by: Any, now: datetime) -> None:
    if note.strip():
        ReviewNote.objects.create(
            post=post, author=by, text=note.strip(), state=post.state, revision_number=_newest(post), at=now
        )


def _tell_authors(kind: type[ledger.Kind], post: Post, *, slot: str, besides: Any = None) -> None:
    for person in people_of(post):
        if besides is None or person.pk != besides.pk:
            ledger.tell(kind, person, about=post, slot=slot)


def people_of(post: Post) -> list[User]:
    """The accounts among the authors."""
    return [author.user for author in post.authors.select_related("user") if author.user is not None]


# ── What readers write ──


@transaction.atomic
def write_note(post: Post, text: str, *, by: Any, now: datetime, wants_to_work: bool = False) -> ReaderNote:
    """A reader's note to the authors, who are told. A double click writes one. Raises Refused after `NOTES_A_DAY`."""
    _lock(f"reader {by.pk}")
    lately = ReaderNote.objects.filter(author=by, at__gt=now - timedelta(days=1))
    twin = lately.filter(post=post, text=text, at__gte=now - DOUBLE_CLICK).first()
    if twin is not None:
        return twin
    if lately.count() >= NOTES_A_DAY:
        raise Refused("That is many notes in one day. Write the next one tomorrow.")
    note = ReaderNote.objects.create(post=post, author=by, text=text, wants_to_work=wants_to_work, at=now)
    readers: Iterable[User] = people_of(post) or offices.who_answers("library", "president")
    for person in readers:
        if person.pk != by.pk:
            ledger.tell(ReaderWrote, person, about=note)
    return note


def answer_note(note: ReaderNote, *, by: Any, now: datetime) -> bool:
    """Somebody has seen to it. False when somebody had already."""
    return bool(
        ReaderNote.objects.filter(pk=note.pk, answered_at=None).update(answered_at=now, answered_by=by)
    )


def _lock(name: str) -> None:
    """Two who do the same at the same moment wait for each other; the constraint is the last word."""
    locks.hold(f"wiki:{name}")
