"""What the pages that need care, and the list under `[[` and `@`, take in a very large library."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Mod
from django.urls import reverse

from bench import crowd, searching
from members.models import User
from mlclub import planner
from wiki import paths
from wiki.models import Link, Page, Paper

#: Links of a page, of which every twentieth leads nowhere; every third page has somebody who looks after it.
LINKS, RED, KEPT = 4, 20, 3


def fill(pages: int, papers: int) -> tuple[User, list[str]]:
    """A library of so many pages and papers, half neglected. Returns a member, and the words of the pages."""
    _, term = crowd.club()
    people = crowd.people(20, [term], prefix="keeper")
    known = searching.fill(pages)
    chance = random.Random(5)
    titles = list(Page.objects.order_by("pk").values_list("pk", "title"))
    links = []
    for pk, _ in titles:
        for target, name in chance.sample(titles, LINKS):
            is_red = not chance.randrange(RED)
            name = f"{name} of old" if is_red else name
            links.append(
                Link(source_id=pk, name=name, key=paths.key(name), target_id=None if is_red else target)
            )
    Link.objects.bulk_create(links, batch_size=5_000)
    for at, person in enumerate(people):
        Page.objects.annotate(lot=Mod("pk", KEPT * len(people))).filter(lot=at).update(owner=person)
    Page.objects.update(seen=Mod("pk", 97))
    Page.objects.annotate(lot=Mod("pk", 2)).filter(lot=0).update(
        content_at=F("content_at") - timedelta(days=500)
    )
    names = [word for word in known[60:] if len(word) > 4]
    Paper.objects.bulk_create(
        (
            Paper(
                title=" ".join(chance.sample(names, 5)).capitalize(),
                authors_text=" and ".join(f"{name.capitalize()}, A." for name in chance.sample(names, 3)),
                year=1990 + at % 35,
                key=f"{chance.choice(names)}{1990 + at % 35}{at}",
            )
            for at in range(papers)
        ),
        batch_size=2_000,
    )
    planner.look_again()
    return people[0], known


def figures(pages: int, papers: int, *, queries: int = 40) -> Iterator[dict[str, Any]]:
    """Fill, ask, and tell what it took."""
    member, known = fill(pages, papers)
    yield from timed(member, known, pages, queries)


def timed(member: User, known: list[str], pages: int, queries: int) -> Iterator[dict[str, Any]]:
    """What `member` waits for, without HTTP in between; each once, after one to warm up."""
    from bench.inside import signed_in, spread

    chance = random.Random(7)
    client = signed_in(member)
    words = [word for word in known[60:3_000] if len(word) > 5]
    letters = [chance.choice(words)[: chance.randrange(1, 7)] for _ in range(queries)]
    slips = [f"{word[:2]}{word[3:]}" for word in chance.sample(words, queries)]
    queue = reverse("wiki:page_care")

    def ask(address: str) -> Callable[[str], Any]:
        return lambda typed: client.get(address, {"q": typed} if typed else {})

    for what, look_at, asked in (
        ("needs care", ask(queue), [""] * 8),
        ("needs care, by one reason", ask(f"{queue}?why=broken"), [""] * 8),
        ("wanted pages", ask(reverse("wiki:page_wanted")), [""] * 8),
        ("[[ and letters", ask(reverse("wiki:page_complete")), letters),
        ("[[ and a slip", ask(reverse("wiki:page_complete")), slips),
        ("@ and letters", ask(reverse("wiki:paper_keys")), letters),
        ("@ and a slip", ask(reverse("wiki:paper_keys")), slips),
    ):
        if look_at(asked[0]).status_code != 200:
            raise RuntimeError(what)
        times = []
        for typed in asked:
            began = time.perf_counter()
            look_at(typed)
            times.append(1000 * (time.perf_counter() - began))
        yield {"what": what, "pages": pages, "queries": len(asked), **spread(times)}
