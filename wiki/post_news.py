"""What the blog has to say on the pages that show something of every app."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q
from django.urls import reverse

from members import interests
from members.models import User
from mlclub.gather import (
    FOR_YOU,
    NEW,
    NEWS,
    Contribution,
    DeskItem,
    Figure,
    FrontItem,
    Item,
)
from mlclub.templatetags.ui import how_far
from wiki.models import Post

#: How many posts the front page and a digest name.
A_FEW = 3


def _waiting() -> Any:
    return Post.objects.filter(state=Post.State.REVIEW).aggregate(times=Count("pk"), since=Min("state_at"))


def desk(user: User, now: datetime) -> list[DeskItem]:
    """Posts that wait for the editor; one query."""
    if not user.has_perm("wiki.publish_post"):
        return []
    waiting = _waiting()
    if not waiting["times"]:
        return []
    return [
        DeskItem(
            group="Library",
            title="Posts that wait for your review",
            count=waiting["times"],
            url=reverse("wiki:post_desk"),
            detail=f"The first came {how_far(waiting['since'], now)}.",
            icon="pencil-square",
        )
    ]


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
