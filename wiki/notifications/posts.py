"""What writers and editors of the blog are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from members.ledger import Category, Kind, kind
from members.models import Notification
from wiki.models import Post, ReaderNote, ReviewNote


class AboutPost(Kind):
    """Messages whose subject is a post. `states` are those in which it is still news."""

    states: tuple[str, ...] = ()

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        post = Post.objects.only("state").filter(pk=row.about_pk).first()
        if post is None or post.state not in self.states:
            return "the post has gone on since"
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        post = Post.objects.for_lists().with_authors().get(pk=row.about_pk)
        note = (
            ReviewNote.objects.filter(post=post, state=post.state)
            .select_related("author")
            .order_by("-at")
            .first()
        )
        return {"post": post, "note": note, "names": [author.name for author in post.credits()]}


@kind(
    "post-review-asked",
    label="Posts that wait for your review",
    template="wiki/mail/post_review_asked",
    category=Category.TRANSACTIONAL,
    why="because you edit the blog",
)
class PostReviewAsked(AboutPost):
    """An author asks the editor to look."""

    states = (Post.State.REVIEW,)


@kind(
    "post-returned",
    label="Notes on a post of yours",
    template="wiki/mail/post_returned",
    category=Category.TRANSACTIONAL,
    why="because you are an author of this post",
)
class PostReturned(AboutPost):
    """An editor gave a post back with what it still needs."""

    states = (Post.State.DRAFT,)


@kind(
    "post-published",
    label="A post of yours is out",
    template="wiki/mail/post_published",
    category=Category.TRANSACTIONAL,
    why="because you are an author of this post",
)
class PostPublished(AboutPost):
    """It is on the blog now."""

    states = (Post.State.PUBLISHED,)


@kind(
    "post-reader-wrote",
    label="Readers' notes on your posts",
    template="wiki/mail/reader_wrote",
    category=Category.TRANSACTIONAL,
    why="because you are an author of this post",
)
class ReaderWrote(Kind):
    """A reader wrote to the authors."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        note = ReaderNote.objects.filter(pk=row.about_pk).first()
        if note is None:
            return "the note is gone"
        return note.answered_at is None or "somebody has seen to it"

    def context(self, row: Notification) -> dict[str, Any]:
        note = ReaderNote.objects.select_related("post", "author").get(pk=row.about_pk)
        return {"note": note, "post": note.post}
