"""The demo club's library: 86 pages, written over four terms by 31 people, some of them in need of care."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from members.demo import People
from members.models import Club, Term, User
from wiki import demo_care, demo_papers, demo_suggestions, diffs, editing, linking, paths, vocabulary
from wiki.models import Link, Page, Revision
from wiki.rendering import Anatomy, anatomy

TEXTS = Path(__file__).parent / "demo_pages"
REVISIONS = 420
WRITERS = 31
#: Pages that nobody has looked over for more than a year.
STALE = 12
#: Areas that anybody may read.
PUBLIC = {"Guides/Writing a wiki page", "Guides/Reading a paper", "Basics/Home", "Basics/Gradient descent"}

SUMMARIES = (
    "Say it more plainly",
    "An example",
    "Explain the letters",
    "What we learnt the hard way",
    "From the reading group",
    "Add a link",
    "More on when to use it",
    "Asked in the homework party",
)


def texts() -> dict[str, str]:
    """{path: text} of all the pages."""
    found = {}
    for file in sorted(TEXTS.glob("*.md")):
        for part in re.split(r"^%%% ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            path, _, text = part.partition("\n")
            found[path.strip()] = text.strip() + "\n"
    return found


@transaction.atomic
def seed(people: People, now: datetime, rng: random.Random) -> None:
    """Write the library. The same people, moment and generator give the same pages."""
    terms = list(Term.objects.filter(starts_on__lte=now.date()).order_by("starts_on"))
    writers = _writers(people, terms, rng)
    pages = texts()
    steps = _steps(pages, rng)
    held = {path: anatomy(text, folder=paths.segments_of(path)[0]) for path, text in pages.items()}
    old = set(
        rng.sample([path for path in pages if not path.endswith("/Home") and path not in PUBLIC], STALE)
    )
    rows, revisions = [], []
    for path in pages:
        page, versions = _written(path, steps[path], held[path], terms, writers, now, rng, is_old=path in old)
        rows.append(page)
        revisions.append(versions)
    Page.objects.bulk_create(rows)
    flat = [revision for versions in revisions for revision in versions]
    _let_all_write([revision for versions in revisions for revision in versions[:-1]], flat, terms, writers)
    for page, versions in zip(rows, revisions, strict=True):
        for revision in versions:
            revision.page = page
    Revision.objects.bulk_create(flat)
    for page, versions in zip(rows, revisions, strict=True):
        page.head = versions[-1]
    Page.objects.bulk_update(rows, ["head"])
    _link(rows, held)
    demo_papers.seed(people, now)
    demo_papers.cite(rows, held)
    vocabulary.count_all()
    demo_suggestions.seed(people, now)
    demo_care.seed(people, now)


def _writers(people: People, terms: list[Term], rng: random.Random) -> dict[int, list[User]]:
    """Who of the 31 wrote in which term: only people who were active in it."""
    chosen: list[User] = []
    for number, term in enumerate(terms, start=1):
        active = sorted(people.active_in.get(term.pk, []), key=lambda user: user.pk)
        known = [user for user in active if user in chosen]
        wanted = max(0, round(WRITERS * number / len(terms)) - len(chosen))
        fresh = [user for user in active if user not in chosen]
        chosen += rng.sample(fresh, min(wanted, len(fresh)))
        if not known and not chosen and active:
            chosen.append(active[0])
    return {
        term.pk: [user for user in chosen if user in people.active_in.get(term.pk, [])] or chosen[:1]
        for term in terms
    }


def _let_all_write(
    earlier: list[Revision], every: list[Revision], terms: list[Term], writers: dict[int, list[User]]
) -> None:
    """Whoever was chosen and got no version by chance takes one of somebody who has many; the last versions stay."""
    times = Counter(revision.author for revision in every)
    for term in terms:
        begun = [row for row in earlier if term.starts_on <= row.at.date() <= term.ends_on]
        for person in writers[term.pk]:
            if not times[person] and begun:
                row = max(begun, key=lambda row: times[row.author])
                times[row.author] -= 1
                row.author = person
                times[person] += 1


def _steps(pages: dict[str, str], rng: random.Random) -> dict[str, list[str]]:
    """The versions of each page: it grows block by block, and now and then a slip is put right."""
    steps: dict[str, list[str]] = {}
    for path, text in pages.items():
        blocks = _blocks(text)
        cuts = sorted({max(1, round(len(blocks) * share)) for share in (0.4, 0.7, 1.0)})
        steps[path] = ["\n\n".join(blocks[:cut]) + "\n" for cut in cuts]
        steps[path][-1] = text
    order = sorted(pages)
    while sum(map(len, steps.values())) < REVISIONS:
        versions = steps[rng.choice(order)]
        at = rng.randrange(len(versions))
        slipped = _with_a_slip(versions[at], rng)
        if slipped not in versions:
            versions.insert(at, slipped)
    return steps


def _blocks(text: str) -> list[str]:
    """Paragraphs; code and formulas that hold empty lines stay in one piece."""
    blocks: list[str] = []
    is_open = False
    for part in text.strip().split("\n\n"):
        if is_open:
            blocks[-1] += f"\n\n{part}"
        else:
            blocks.append(part)
        if (part.count("```") + part.count("$$")) % 2:
            is_open = not is_open
    return blocks


def _with_a_slip(text: str, rng: random.Random) -> str:
    """The text with two letters of one plain word swapped."""
    words = [
        match
        for match in re.finditer(r"(?<= )[a-z]{5,}(?= )", text)
        if "$" not in text[: match.start()].rpartition("\n")[2]
    ]
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 2)
    return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"


def _written(
    path: str,
    versions: list[str],
    held: Anatomy,
    terms: list[Term],
    writers: dict[int, list[User]],
    now: datetime,
    rng: random.Random,
    *,
    is_old: bool,
) -> tuple[Page, list[Revision]]:
    """A page with its versions, unsaved."""
    moments = _moments(len(versions), terms, now, rng, is_old=is_old)
    revisions = []
    before = ""
    for number, (text, at) in enumerate(zip(versions, moments, strict=True), start=1):
        term = next((term for term in reversed(terms) if term.starts_on <= at.date()), terms[0])
        added, removed = diffs.size(before, text)
        revisions.append(
            Revision(
                number=number,
                base_number=number - 1,
                text=text,
                summary="First version"
                if number == 1
                else "A slip of the pen"
                if removed and added < 12
                else rng.choice(SUMMARIES),
                author=rng.choice(writers[term.pk]),
                at=at,
                added=added,
                removed=removed,
            )
        )
        before = text
    here = set(writers[terms[-1].pk])
    last_authors = [revision.author for revision in reversed(revisions) if revision.author in here]
    page = Page(
        path=path,
        key=paths.key(paths.segments_of(path)[1]),
        title=paths.title_of(path),
        is_public=path in PUBLIC,
        owner=last_authors[0] if last_authors else rng.choice(writers[terms[-1].pk]),
        created_at=moments[0],
        content_at=moments[-1],
    )
    if not is_old and moments[-1] < now - timedelta(days=300):
        page.checked_at = now - timedelta(days=rng.randrange(20, 200))
        page.checked_by = page.owner
    editing.follow(page, held)
    page.dead_pictures = "\n".join(name for name, _ in held.missing_images)
    return page, revisions


def _moments(
    count: int, terms: list[Term], now: datetime, rng: random.Random, *, is_old: bool
) -> list[datetime]:
    """Rising moments in the evenings of terms; those of an old page end more than a year ago."""
    zone = Club.current().zone
    last = now - (timedelta(days=400) if is_old else timedelta(hours=3))
    days = [
        term.starts_on + timedelta(days=offset)
        for term in terms
        for offset in range((term.ends_on - term.starts_on).days)
        if term.starts_on + timedelta(days=offset) < last.astimezone(zone).date()
    ]
    if not days:
        days = [terms[0].starts_on]
    # An old page leaves room for `count` moments in what there is of the past.
    chosen = sorted(rng.choices(days, k=count))
    found = [
        datetime(day.year, day.month, day.day, rng.randrange(16, 22), rng.randrange(60), tzinfo=zone)
        for day in chosen
    ]
    return [moment + timedelta(seconds=number) for number, moment in enumerate(sorted(found))]


def _link(rows: list[Page], held: dict[str, Anatomy]) -> None:
    directory = linking.whole_directory()
    links = []
    for page in rows:
        for name in dict.fromkeys(name for name, _ in held[page.path].links if not name.startswith("#")):
            place = directory.find(page.folder, name)
            links.append(
                Link(
                    source=page, name=name, key=linking.key_of(name), target_id=place.page if place else None
                )
            )
    Link.objects.bulk_create(links)
