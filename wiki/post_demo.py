"""The demo club's blog: 22 posts of four terms; eighteen are out, two wait for the editor, two are drafts."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.utils.text import slugify

from members.demo import People
from members.models import Club, Term, Topic, User
from wiki import posts
from wiki.models import Post, PostAuthor, PostRevision, ReaderNote, ReviewNote
from wiki.rendering import anatomy

TEXTS = Path(__file__).parent / "demo_posts.md"
PUBLISHED, IN_REVIEW = 18, 2
#: The post that a study group came of.
INSPIRING = "Why your loss goes down and nothing gets better"


def texts() -> list[tuple[str, str, posts.Words]]:
    """(title, topic, words) of every post, the oldest first."""
    found = []
    for part in re.split(r"^%%% ", TEXTS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, rest = part.partition("\n")
        title, _, topic = (piece.strip() for piece in head.partition("|"))
        excerpt, _, text = rest.partition("\n---\n")
        found.append((title, topic, posts.Words(title, excerpt.strip(), text.strip() + "\n")))
    return found


@transaction.atomic
def seed(people: People, now: datetime, rng: random.Random) -> None:
    """Write the blog. The same people, moment and generator give the same posts."""
    terms = list(Term.objects.filter(starts_on__lte=now.date()).order_by("starts_on"))
    topics = {topic.name: topic for topic in Topic.objects.all()}
    editor = people.cast["officer"]
    rows = texts()
    for number, (title, topic, words) in enumerate(rows):
        term = terms[min(number * len(terms) // PUBLISHED, len(terms) - 1)]
        authors = _authors(people, term, rng)
        at = _moment(number, rows, terms, now, rng)
        post = _written(title, words, authors, at, rng)
        if topic in topics:
            post.topics.add(topics[topic])
        if number < PUBLISHED:
            _let_out(post, editor, at)
        elif number < PUBLISHED + IN_REVIEW:
            _sent_in(post, authors[0], at)
        if title == INSPIRING:
            _noted(post, people, terms, now, rng)


def _authors(people: People, term: Term, rng: random.Random) -> list[User]:
    seniors = sorted(people.seniors(term) or people.active_in[term.pk], key=lambda user: user.pk)
    return rng.sample(seniors, min(rng.choice((1, 1, 2, 3)), len(seniors)))


def _moment(
    number: int,
    rows: list[tuple[str, str, posts.Words]],
    terms: list[Term],
    now: datetime,
    rng: random.Random,
) -> datetime:
    """When it came out, or was written: evenly over the terms, the last ones a few days ago."""
    if number >= PUBLISHED:
        return now - timedelta(days=2 + 2 * (len(rows) - number), hours=rng.randrange(8))
    zone = Club.current().zone
    begun = datetime(*terms[0].starts_on.timetuple()[:3], 9, tzinfo=zone)
    share = (number + 1) / (PUBLISHED + 0.4)
    day = (begun + (now - begun) * share).astimezone(zone)
    return day.replace(hour=9, minute=0, second=0, microsecond=0)


def _written(title: str, words: posts.Words, authors: list[User], at: datetime, rng: random.Random) -> Post:
    """A post with two or three versions, the last one as it is."""
    begun = at - timedelta(days=rng.randrange(6, 14))
    post = Post.objects.create(
        slug=slugify(title)[:70],
        title=title,
        state=Post.State.DRAFT,
        state_at=at,
        created_at=begun,
        content_at=begun,
    )
    PostAuthor.objects.bulk_create(
        PostAuthor(post=post, user=author, position=place) for place, author in enumerate(authors, start=1)
    )
    blocks = words.text.strip().split("\n\n")
    first = posts.Words(title, words.excerpt, "\n\n".join(blocks[: max(1, len(blocks) // 2)]) + "\n")
    versions = [first, words] if first != words else [words]
    for number, version in enumerate(versions, start=1):
        posts.append(
            post,
            version,
            number=number,
            base=number - 1,
            author=authors[(number - 1) % len(authors)],
            now=begun + (at - begun) * (number - 1) / len(versions),
            summary="First version" if number == 1 else "The rest of it",
            source=PostRevision.Source.WEB,
            held=anatomy(version.text),
        )
    return post


def _let_out(post: Post, editor: User, at: datetime) -> None:
    Post.objects.filter(pk=post.pk).update(
        state=Post.State.PUBLISHED,
        state_at=at,
        published_at=at,
        published_by=editor,
        approved_number=post.head.number if post.head else 0,
    )


def _sent_in(post: Post, author: User, at: datetime) -> None:
    Post.objects.filter(pk=post.pk).update(state=Post.State.REVIEW, state_at=at)
    ReviewNote.objects.create(
        post=post,
        author=author,
        text="Is the beginning too slow? We would like it out before the next info night.",
        state=Post.State.REVIEW,
        revision_number=post.head.number if post.head else 0,
        at=at,
    )


def _noted(post: Post, people: People, terms: list[Term], now: datetime, rng: random.Random) -> None:
    """Two readers wrote: one would work on it, and the other has a question that nobody has answered yet."""
    term, zone = terms[max(len(terms) - 2, 0)], Club.current().zone
    begun = datetime(*term.starts_on.timetuple()[:3], 18, tzinfo=zone)
    ReaderNote.objects.create(
        post=post,
        author=_reader(post, people, term, rng),
        text="I should like to read the proofs behind this, slowly. Is there somebody who would read with me?",
        wants_to_work=True,
        at=begun + timedelta(days=5),
    )
    ReaderNote.objects.create(
        post=post,
        author=_reader(post, people, terms[-1], rng),
        text="May I show your three plots to the new members on Thursday?",
        at=now - timedelta(days=3),
    )


def _reader(post: Post, people: People, term: Term, rng: random.Random) -> User:
    active = sorted(people.active_in[term.pk], key=lambda user: user.pk)
    return rng.choice([person for person in active if not post.is_written_by(person)])
