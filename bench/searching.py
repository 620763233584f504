"""Search over a library of 100,000 pages: how it is filled, asked and timed."""

from __future__ import annotations

import io
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from bench import crowd
from members.models import Club, User
from mlclub import planner
from wiki import demo, paths, vocabulary
from wiki.models import Page

INDEXES = ("page_search", "page_names_search")
#: The tail of a vocabulary: words that a few pages in a library hold.
BEFORE = (
    "auto",
    "co",
    "de",
    "hyper",
    "inter",
    "meta",
    "micro",
    "multi",
    "non",
    "over",
    "pre",
    "pseudo",
    "re",
    "semi",
    "sub",
    "super",
    "un",
)
AFTER = (
    "able",
    "al",
    "ation",
    "er",
    "ful",
    "ing",
    "ish",
    "ism",
    "ist",
    "ity",
    "ise",
    "less",
    "like",
    "ly",
    "ness",
    "wise",
)


def read() -> list[str]:
    """The words of the demo's library, one after another."""
    texts = sorted(Path(demo.__file__).parent.glob("demo_pages/*.md"))
    return re.findall(r"[a-z]{2,}", " ".join(path.read_text(encoding="utf-8") for path in texts).lower())


def spoken(chance: random.Random, how_many: int) -> list[str]:
    """The words of the demo's library, the commonest first, then others made from them."""
    found = dict.fromkeys(word for word, _ in Counter(read()).most_common())
    roots = [word for word in found if len(word) > 4]
    while len(found) < how_many:
        root = chance.choice(roots)
        found[chance.choice(BEFORE) + root if chance.random() < 0.4 else root + chance.choice(AFTER)] = None
    return list(found)[:how_many]


def told(chance: random.Random, known: list[str], how_many: int) -> list[str]:
    """A long text: some words in a row as somebody wrote them, then one of the rarer ones."""
    source, rare, text = read(), known[len(known) // 20 :], []
    while len(text) < how_many:
        at = chance.randrange(len(source) - 12)
        text += [*source[at : at + chance.randrange(3, 12)], chance.choice(rare)]
    return text


def fill(how_many: int, *, words: int = 220, seed: int = 1) -> list[str]:
    """Write so many pages, each of some hundred words as common and as rare as those of a language. Gives the words.

    Their versions are left out: no search looks at them. The indices are made when the rows are there.
    """
    chance = random.Random(seed)
    known = spoken(chance, max(2_000, min(30_000, how_many // 3)))
    pool = told(chance, known, 400_000)
    titles = [word for word in known[60:] if len(word) > 3]
    now = timezone.now()
    columns: list[Any] = [
        field for field in Page._meta.concrete_fields if not (field.primary_key or field.generated)
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        made = {}
        for name in INDEXES:
            cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [name])
            made[name] = cursor.fetchone()[0]
            cursor.execute(f'DROP INDEX "{name}"')
        for start in range(0, how_many, 5_000):
            rows = io.StringIO()
            for n in range(start, min(start + 5_000, how_many)):
                title = f"{chance.choice(titles)} {chance.choice(titles)} {n}".capitalize()
                at = chance.randrange(len(pool) - words)
                body = pool[at : at + words]
                text = ". ".join(" ".join(body[i : i + 11]).capitalize() for i in range(0, words, 11))
                when = now - timedelta(minutes=chance.randrange(1_000_000))
                names = paths.names_of(title, []).replace("\n", "\\n")
                row = {
                    "path": f"Area {n // 400}/{title}",
                    "is_public": n % 50 == 0,
                    "key": paths.key(title),
                    "title": title,
                    "names": names,
                    "headings": " ".join(body[:3]),
                    "plain_text": text,
                    "content_at": when,
                    "created_at": when,
                }
                values = {field.column: row.get(field.name, field.get_default()) for field in columns}
                rows.write(
                    "\t".join("\\N" if value is None else str(value) for value in values.values()) + "\n"
                )
            rows.seek(0)
            cursor.copy_expert(
                f"COPY wiki_page ({', '.join(field.column for field in columns)}) FROM STDIN", rows
            )
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE"
        )  # no index is made over rows whose keys wait to be checked
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for statement in made.values():
            cursor.execute(statement)
    vocabulary.count_all()
    planner.look_again()
    return known


def asked(known: list[str], chance: random.Random, how_many: int) -> list[str]:
    """What people ask: common and rare words, two of them, a phrase, one to leave out, a page's name, an acronym."""
    common = [word for word in known[20:300] if len(word) > 3]
    rare = [word for word in known[300:] if len(word) > 5]
    titles = list(Page.objects.order_by("pk").values_list("title", flat=True)[:500])
    text = read()
    ways: list[Callable[[], str]] = [
        lambda: chance.choice(common),
        lambda: chance.choice(rare),
        lambda: f"{chance.choice(common)} {chance.choice(common)}",
        lambda: f"{chance.choice(common)} {chance.choice(rare)}",
        lambda: f'"{" ".join(text[(at := chance.randrange(len(text) - 3)) : at + 2])}"',
        lambda: f"{chance.choice(common)} -{chance.choice(common)}",
        lambda: chance.choice(titles).rpartition(" ")[0],
        lambda: "".join(word[0] for word in chance.choice(titles).split()[:2]),
    ]
    return [ways[n % len(ways)]() for n in range(how_many)]


def mistyped(known: list[str], chance: random.Random, how_many: int) -> list[str]:
    """Words with one letter left out or two swapped."""
    found = []
    while len(found) < how_many:
        word = chance.choice([word for word in known[20:1_500] if len(word) > 6])
        at = chance.randrange(1, len(word) - 2)
        wrong = (
            word[:at] + word[at + 1 :]
            if len(found) % 2
            else word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        )
        if wrong not in known:
            found.append(wrong)
    return found


def figures(how_many: int, queries: int) -> Iterator[dict[str, Any]]:
    """Fill, ask, and tell what it took."""
    _, term = crowd.club()
    reader = crowd.people(20, [term], prefix="author")[0]
    began = time.perf_counter()
    known = fill(how_many)
    yield {"what": "filling", "pages": Page.objects.count(), "seconds": round(time.perf_counter() - began, 1)}
    yield from timed(reader, known, how_many, queries)


def timed(reader: User, known: list[str], how_many: int, queries: int) -> Iterator[dict[str, Any]]:
    """What `reader` waits for; each query once, after one to warm up."""
    from bench.inside import signed_in, spread
    from mlclub.portal import finding
    from mlclub.search import look
    from wiki.search import findable

    chance = random.Random(7)
    questions = asked(known, chance, queries)
    slips = mistyped(known, chance, max(2, queries // 4))
    beginnings = [text[: chance.randrange(2, 9)].strip() for text in questions]
    client = signed_in(reader)

    client.get("/search/", {"q": questions[0]})

    def library(query: str) -> int:
        found = look(findable(reader, timezone.now()), query, limit=finding.FROM_EACH)
        return len(found.with_excerpts(found.hits[: finding.A_PAGE]))

    def portal(query: str) -> int:
        return len(finding.answer(query, reader, timezone.now()).hits)

    def page(query: str) -> int:
        return len(client.get("/search/", {"q": query}).content)

    for what, look_at, words in (
        ("library", library, questions),
        ("portal", portal, questions),
        ("portal, mistyped", portal, slips),
        ("under the box", lambda text: len(finding.suggestions(text, reader, timezone.now())), beginnings),
        ("page", page, questions),
    ):
        look_at(words[0])
        times, busy, found = [], [], 0
        for query in words:
            began, worked = time.perf_counter(), time.process_time()
            with Club.kept():  # as in a request
                found += bool(look_at(query))
            times.append(1000 * (time.perf_counter() - began))
            busy.append(1000 * (time.process_time() - worked))
        yield {
            "what": what,
            "pages": how_many,
            "queries": len(words),
            "found": found,
            **spread(times),
            "cpu_p50_ms": spread(busy)["p50_ms"],
        }
