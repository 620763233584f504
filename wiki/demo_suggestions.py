"""What waits in the demo club's library for a reviewer's word."""

from __future__ import annotations

from datetime import datetime, timedelta

from members.demo import People
from wiki.models import Page, Suggestion

#: (page, old words, new words, why, days ago), from a participant of the course, a new member and an alumnus.
WAITING = (
    (
        "Basics/Gradient descent",
        "walk downhill: take a step against its [[gradient]], look again, repeat.",
        "walk downhill: look around, take a small step against its [[gradient]], and repeat until it is flat.",
        "“Look again” confused me: look at what?",
        1,
    ),
    (
        "Basics/Adam",
        "Good first guess: $\\eta = 3 \\cdot 10^{-4}$",
        "Good first guess: $\\eta = 3 \\cdot 10^{-4}$, $\\epsilon = 10^{-8}$",
        "The formula has an epsilon, the guess had none",
        2,
    ),
    (
        "Guides/Using the cluster",
        "Save a checkpoint every half hour. Jobs are ended without a question at eight.",
        "Save a checkpoint every half hour, and test that it loads. Jobs are ended without a question at eight.",
        "In my time nobody tested that",
        4,
    ),
)


def seed(people: People, now: datetime) -> None:
    """Three suggestions that wait, and one of the week before that was not taken, with the reason."""
    authors = [people.cast[role] for role in ("course-participant", "new-member", "alumnus")]
    pages = {
        page.path: page
        for page in Page.objects.filter(path__in=[row[0] for row in WAITING]).select_related("head", "owner")
    }
    rows = [
        Suggestion(
            page=pages[path],
            base_number=_number(pages[path]),
            text=pages[path].text.replace(old, new_words),
            summary=why,
            author=author,
            at=now - timedelta(days=days, hours=3),
        )
        for (path, old, new_words, why, days), author in zip(WAITING, authors, strict=True)
    ]
    adam = pages["Basics/Adam"]
    rows.append(
        Suggestion(
            page=adam,
            base_number=_number(adam),
            text=f"{adam.text}\nAlways use Adam.\n",
            summary="To make it short",
            author=authors[2],
            at=now - timedelta(days=9),
            state=Suggestion.State.REJECTED,
            settled_at=now - timedelta(days=8),
            settled_by=adam.owner,
            reason="For images, plain gradient descent with momentum still wins now and then: see Optimisers.",
        )
    )
    Suggestion.objects.bulk_create(rows)


def _number(page: Page) -> int:
    return page.head.number if page.head else 0
