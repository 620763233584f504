from __future__ import annotations

from datetime import timedelta
from itertools import count

from django.utils import timezone

from tests.factories.members import make_member
from wiki import posts
from wiki.models import Post, PostAuthor, ReaderNote

post_number = count(1)


def make_post(
    *, title=None, text="Some words about it.\n", excerpt="", authors=None, state="draft", at=None, **fields
):
    """A post in `state` by `authors` (a member of its own where none is named); further fields are set on its row."""
    now = at or timezone.now()
    authors = authors or [make_member()]
    post = posts.start(
        posts.Words(title or f"Post {next(post_number)}", excerpt, text),
        author=authors[0],
        now=now,
        is_idea=state == "idea",
    )
    for person in authors[1:]:
        posts.add_author(post, person)
    if state in ("published", "withdrawn") and "published_at" not in fields:
        fields["published_at"] = now
    if state == "scheduled" and "publish_at" not in fields:
        fields["publish_at"] = now + timedelta(days=2)
    Post.objects.filter(pk=post.pk).update(state=state, state_at=now, **fields)
    return Post.objects.get(pk=post.pk)


def make_reader_note(*, post, author=None, text="I tried this too.", at=None, **fields):
    return ReaderNote.objects.create(
        post=post, author=author or make_member(), text=text, at=at or timezone.now(), **fields
    )


def make_post_author(*, post, user=None, imported_author=None, position=9):
    return PostAuthor.objects.create(post=post, user=user, imported_author=imported_author, position=position)
