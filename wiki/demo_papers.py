"""The demo club's papers: six lists with topics, who keeps them, what members have read of them and what they note. The
reading groups bring two lists of their own."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from members.demo import People
from members.models import User
from wiki import citing
from wiki.models import Citing, Page, Paper, PaperNote, Placement, ReadingList, ReadingTopic, ReadMark
from wiki.models.papers import key_of
from wiki.rendering import Anatomy

TEXT = Path(__file__).parent / "demo_papers.md"
#: The list that nobody keeps.
UNKEPT = "Can we trust it?"
#: So many members mark what they read, each fewer of those that lists begin with.
READERS, MARKS = 24, 8
#: {citation key: what members note of the paper}.
NOTES = {
    "mnih2013playing": (
        "The replay memory is what we got wrong twice: sample from **all** of it, not from the newest part.",
        "Two games on one card take a night. Start with Pong.",
    ),
    "vaswani2017attention": (
        "The $\\sqrt{d}$ in the softmax is explained in a footnote. Do not miss it.",
        "The warm-up of the learning rate matters more than it looks.",
    ),
    "he2015deep": ("Figure 1 is about the *training* error. That is the point.",),
    "schulman2017proximal": ("Read it beside the code: half of what makes it work is not in the paper.",),
    "ho2020denoising": (
        "Algorithm 1 and 2 fit on a napkin. The derivation before them does not; take an evening.",
        "Their loss leaves out the weights of the bound, and it is better so.",
    ),
    "kingma2014adam": ("The proof of convergence has a gap, found later. The method is fine.",),
    "hu2021lora": ("Rank 4 was enough for our homework; more only cost memory.",),
    "henderson2017deep": ("Show this to whoever brings one seed to a research meeting.",),
    "zhang2016understanding": ("We reproduced the random labels on one card in 40 minutes.",),
}


@dataclass(frozen=True)
class Line:
    """A paper as the text has it: where it stands in a list, and the paper itself, unsaved."""

    relevance: int | None
    note: str
    paper: Paper


def parsed() -> list[tuple[str, str, str, list[tuple[tuple[str, ...], list[Line]]]]]:
    """(title, visibility, description, [(path of topics, lines)]) of each list; a paper that comes again is one row."""
    papers: dict[str, Paper] = {}
    found = []
    for part in re.split(r"^%%% ", TEXT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, description, *rest = part.strip().split("\n")
        title, visibility = head.split(" | ")
        topics: list[tuple[tuple[str, ...], list[Line]]] = []
        at: tuple[str, ...] = ()
        for line in rest:
            if heading := re.match(r"(#+) (.+)", line):
                at = (*at[: len(heading[1]) - 1], heading[2])
                topics.append((at, []))
            else:
                topics[-1][1].append(_line(line, papers))
        found.append((title, visibility, description, topics))
    return found


def _line(text: str, papers: dict[str, Paper]) -> Line:
    relevance, year, number, authors, *more = (cell.strip() for cell in text.split("|"))
    weight = None if relevance == "-" else int(relevance)
    if authors == "again":
        return Line(weight, "", papers[number])
    title, venue, short_name, note = [*more, ""][:4]
    paper = Paper(
        title=title or f"arXiv:{number}",
        is_untitled=not title,
        authors_text=authors,
        year=int(year) if year else None,
        venue=venue,
        short_name=short_name,
        doi=number.removeprefix("doi:") if number.startswith("doi:") else "",
        arxiv_id="" if number.startswith(("doi:", "-")) else number,
        key=key_of(title, authors, int(year)) if title else "",
    )
    papers[number if number != "-" else title] = paper
    return Line(weight, note, paper)


def seed(people: People, now: datetime) -> None:
    """The papers, their lists, marks and notes. The same people and moment give the same rows."""
    rng = random.Random(96)  # noqa: S311  for variety, not for secrets
    begun = now - timedelta(days=200)
    lists = parsed()
    papers = list(
        {id(line.paper): line.paper for *_, topics in lists for _, lines in topics for line in lines}.values()
    )
    for paper in papers:
        paper.created_at = begun
    Paper.objects.bulk_create(papers)
    terms = sorted(people.active_in)
    members = sorted(people.active_in[terms[-1]], key=lambda person: person.pk)
    # Whoever keeps a list was there when it began.
    elders = [person for person in members if all(person in people.active_in[term] for term in terms[-3:])]
    for at, (title, visibility, description, topics) in enumerate(lists):
        made = ReadingList(title=title, visibility=visibility, description=description, created_at=begun)
        made.save()
        curators = [] if title == UNKEPT else elders[2 * at : 2 * at + 2]
        if at == 0:
            curators.append(people.cast["member"])
        made.curators.set(curators)
        _fill(made, topics, curators[0] if curators else None, now)
    begins = {
        id(line.paper) for *_, topics in lists for _, lines in topics for line in lines if line.relevance == 3
    }
    first = [paper for paper in papers if id(paper) in begins]
    others = [paper for paper in papers if id(paper) not in begins]
    _mark(first, others, members, people.cast["member"], now, rng)
    _note(papers, members, now)


def _fill(
    made: ReadingList, topics: Iterable[tuple[tuple[str, ...], list[Line]]], by: User | None, now: datetime
) -> None:
    known: dict[tuple[str, ...], ReadingTopic] = {}
    placements: list[Placement] = []
    for at, (path, lines) in enumerate(topics):
        known[path] = ReadingTopic.objects.create(
            list=made, parent=known[path[:-1]] if path[:-1] else None, title=path[-1], position=at
        )
        placements += [
            Placement(
                list=made,
                topic=known[path],
                paper=line.paper,
                relevance=line.relevance,
                note=line.note,
                position=len(placements) + n,
                added_by=by,
                added_at=now - timedelta(days=150 - n),
            )
            for n, line in enumerate(lines)
        ]
    Placement.objects.bulk_create(placements)


def _mark(
    first: list[Paper],
    others: list[Paper],
    members: list[User],
    member: User,
    now: datetime,
    rng: random.Random,
) -> None:
    states = [ReadMark.State.READ] * 6 + [ReadMark.State.READING, ReadMark.State.WANT, ReadMark.State.WANT]
    readers = dict.fromkeys([member, *members[:: max(1, len(members) // READERS)]])
    ReadMark.objects.bulk_create(
        ReadMark(
            paper=paper,
            person=person,
            state=rng.choice(states),
            shows_name=rng.random() < 0.5,
            marked_at=now - timedelta(days=rng.randrange(1, 40), minutes=rng.randrange(600)),
        )
        for person in list(readers)[:READERS]
        # What a list begins with is read by more.
        for paper in rng.sample(first, rng.randrange(3, MARKS)) + rng.sample(others, rng.randrange(4))
    )


def _note(papers: list[Paper], members: list[User], now: datetime) -> None:
    by_key = {paper.key: paper for paper in papers}
    words = [(by_key[key], text) for key, texts in NOTES.items() for text in texts]
    PaperNote.objects.bulk_create(
        PaperNote(
            paper=paper,
            author=members[(7 * n + 3) % len(members)],
            text=text,
            written_at=now - timedelta(days=3 + 2 * n, hours=n),
        )
        for n, (paper, text) in enumerate(words)
    )


def cite(pages: Iterable[Page], held: dict[str, Anatomy]) -> None:
    """Store which page cites which paper."""
    cited = [(page, key, is_meant) for page in pages for key, is_meant in held[page.path].cited]
    known = citing.papers_for({key for _, key, _ in cited})
    Citing.objects.bulk_create(
        Citing(page=page, key=key, paper=known.get(key))
        for page, key, is_meant in cited
        if is_meant or key in known
    )
