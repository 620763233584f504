"""What the blog has to say on the pages that show something of every app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse

from members import interests
from members.models import User
from mlclub.gather import (
    FOR_YOU,
    NEW,
    NEWS,
    Card,
    Contribution,
    DeskItem,
    Figure,
    FrontItem,
    Item,
    Section,
)
from mlclub.templatetags.ui import how_far
from wiki.models import Post, ReaderNote, ReviewNote

#: How many posts the front page and a digest name.
A_FEW = 3


def _waiting() -> Any:
    return Post.objects.filter(state=Post.State.REVIEW).aggregate(times=Count("pk"), since=Min("state_at"))


def waiting() -> dict[str, Any]:
    """What waits for the editor, as columns of whatever row is asked: `posts_waiting` (none: nothing) and `posts_since`."""
    rows = Post.objects.filter(state=Post.State.REVIEW).order_by().values("state")
    return {
        "posts_waiting": Subquery(rows.annotate(times=Count("pk")).values("times")),
        "posts_since": Subquery(rows.annotate(since=Min("state_at")).values("since")),
    }


def desk(user: User, told: Mapping[str, Any], now: datetime) -> list[DeskItem]:
    """Posts that wait for the editor, of a row with the columns of `waiting`; no query."""
    if not told["posts_waiting"] or not user.has_perm("wiki.publish_post"):
        return []
    return [
        DeskItem(
            group="Library",
            title="Posts that wait for your review",
            count=told["posts_waiting"],
            url=reverse("wiki:post_desk"),
            detail=f"The first came {how_far(told['posts_since'], now)}.",
            icon="pencil-square",
        )
    ]


def mine(user: User) -> Any:
    """Posts of somebody's that the editor asked back, that wait for the editor, or to which readers wrote and have no
    answer: rows of `wiki.gathered.ROW`, whose `kind` says which."""
    asked_back = ReviewNote.objects.filter(
        post=OuterRef("pk"), state=Post.State.DRAFT, at=OuterRef("state_at")
    ).exclude(author=user)
    notes = ReaderNote.objects.filter(post=OuterRef("pk"), answered_at=None).exclude(author=user)
    counted = notes.order_by().values("post").annotate(n=Count("pk")).values("n")
    return (
        Post.objects.of(user)
        .annotate(
            notes=Coalesce(Subquery(counted), 0),
            kind=Case(
                When(Q(state=Post.State.DRAFT) & Exists(asked_back), then=Value("asked back")),
                When(notes__gt=0, then=Value("notes")),
                When(state=Post.State.REVIEW, then=Value("waits")),
                default=Value(""),
            ),
            called=F("title"),
            where=F("slug"),
            when=F("state_at"),
            by=Value(""),
            said=Value(""),
        )
        .exclude(kind="")
        .order_by("-state_at")
        .values_list("kind", "called", "where", "when", "by", "said", "notes")
    )


def card(row: Mapping[str, Any], now: datetime) -> Card:
    """What home says of a row of `mine`."""
    slug, notes = row["where"], row["notes"]
    told = {
        "asked back": (
            "the editor asks for changes",
            "warn",
            "Go on writing",
            reverse("wiki:post_edit", args=[slug]),
        ),
        "notes": (
            "a reader's note waits for an answer"
            if notes == 1
            else f"{notes} readers' notes wait for an answer",
            "info",
            "Read and answer",
            reverse("wiki:post_notes", args=[slug]),
        ),
        "waits": (f"waits for the editor, asked {how_far(row['when'], now)}", "", "", ""),
    }
    said, tone, action, action_url = told[row["kind"]]
    return Card(
        section=Section.NEEDED,
        title=row["called"],
        url=reverse("wiki:post_detail", args=[slug]),
        meta=("your post", said),
        icon="pencil-square",
        tone=tone,
        action=action,
        action_url=action_url,
    )


def digest(users: Iterable[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """The posts of the week before, each on a line; those on what a reader cares about first. Three queries for all."""
    rows = list(
        Post.objects.published()
        .filter(published_at__gte=since - NEWS, published_at__lt=since)
        .for_lists()
        .newest_first()
        .with_authors()
        .prefetch_related("topics")[:A_FEW]
    )
    if not rows:
        return {}
    readers = [user for user in users if user.standing.reads_members_area]
    return {user.pk: [_news(post, user) for post in rows if not post.is_written_by(user)] for user in readers}


def _news(post: Post, user: User) -> Item:
    shared = interests.of(user).intersection(topic.pk for topic in post.topics.all())
    return Item(
        section=NEW,
        text=f"On the blog: {post.title}",
        detail=", ".join(author.name for author in post.credits()),
        url=post.get_absolute_url(),
        action="Read",
        weight=6 if shared else 4,
        is_filler=True,
    )


def officer_digest(officers: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """How many posts wait for the editor, and since when; for those who may let them out."""
    editors = [user for user in officers if user.has_perm("wiki.publish_post")]
    waiting = _waiting() if editors else {}
    if not waiting.get("times"):
        return {}
    n = waiting["times"]
    item = Item(
        section=FOR_YOU,
        text="A post waits for your review" if n == 1 else f"{n} posts wait for your review",
        lead=how_far(waiting["since"], since),
        url=reverse("wiki:post_desk"),
        action="Read",
        weight=6,
    )
    return {user.pk: [item] for user in editors}


def contributions(person: User) -> list[Contribution]:
    """The posts that somebody wrote and that are out."""
    rows = Post.objects.published().of(person).only("slug", "title", "published_at").newest_first()[:50]
    return [
        Contribution(
            verb="Wrote on the blog", title=post.title, url=post.get_absolute_url(), on=post.published_at
        )
        for post in rows
        if post.published_at
    ]


def front(now: datetime) -> list[FrontItem]:
    """The newest posts, for the front page."""
    rows = Post.objects.published().for_lists().newest_first().with_authors()[:A_FEW]
    return [
        FrontItem(
            kind="post",
            title=post.title,
            url=post.get_absolute_url(),
            when=post.published_at,
            meta=tuple(author.name for author in post.credits()),
        )
        for post in rows
    ]


def numbers(term: Any) -> Figure:
    """How many posts came out in a term, and how many wrote them."""
    counted = (
        Post.objects.published()
        .filter(published_at__date__gte=term.starts_on, published_at__date__lte=term.ends_on)
        .aggregate(
            posts=Count("pk", distinct=True),
            people=Count("authors__user", distinct=True, filter=Q(authors__user__isnull=False)),
        )
    )
    return Figure(
        name="Posts on the blog",
        value=counted["posts"],
        n=counted["people"],
        definition="Posts that came out in the term; n is how many different members are their authors.",
    )
