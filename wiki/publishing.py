"""The blog's posts on their way: from an idea to readers at their hour, and what readers write back. No click counts
twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from members import audit, ledger, offices
from members.ledger import at
from members.models import User
from mlclub import locks
from mlclub.refusal import Refused
from wiki.models import Post, ReaderNote, ReviewNote
from wiki.notifications import PostPublished, PostReturned, PostReviewAsked, ReaderWrote
from wiki.posts import DOUBLE_CLICK

#: So many notes a member may write to authors in a day.
NOTES_A_DAY = 10

S = Post.State

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
    locks.hold(f"wiki:reader {by.pk}")
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
