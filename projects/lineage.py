"""What grew out of what: links between initiatives, the posts that inspired them, and the picture of both for whoever
looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from members import standing
from members.models import Term
from projects.models import Initiative, InitiativeLink, Inspiration
from wiki.models import Post


class Circle(Exception):
    """The link would make a project come of what came of it."""


def connect(earlier: Initiative, later: Initiative, kind: str, *, note: str = "") -> InitiativeLink:
    """Write down that `later` came of `earlier`; the same twice is one link. Raises `Circle`.

    The database looks for the circle itself, under a lock, so that two halves of one cannot be written at once.
    """
    try:
        with transaction.atomic():
            link, _ = InitiativeLink.objects.get_or_create(
                earlier=earlier, later=later, defaults={"kind": kind, "note": note}
            )
    except IntegrityError as refused:
        if "links_make_no_circle" in str(refused) or "link_of_two" in str(refused):
            raise Circle from refused
        raise
    return link


def comes_of(initiative: Initiative, ancestor: Initiative, *, without: int | None = None) -> bool:
    """Whether `initiative` is `ancestor` or came of it, however many steps ago, leaving out the link `without`."""
    seen, edge = {initiative.pk}, {initiative.pk}
    while edge:
        back = InitiativeLink.objects.filter(later__in=edge).exclude(pk=without or 0)
        edge = set(back.values_list("earlier", flat=True)) - seen
        seen |= edge
    return ancestor.pk in seen


# ── The picture, and the same in words ──

#: Of the drawing, in its own units, which are pixels where there is room.
BOX, GAP, TALL, PITCH, TOP = 176, 80, 60, 92, 44
#: What a box holds of a name.
LETTERS = 20
PRIVATE, INSPIRED = "A private project", "inspired"


@dataclass(frozen=True)
class Node:
    """A project in the picture. What the viewer may not see has no name, no kind and no address."""

    name: str
    kind: str
    url: str
    when: str
    column: int
    row: int
    is_here: bool = False
    onward: tuple[str, ...] = ()

    @property
    def x(self) -> int:
        return self.column * (BOX + GAP) + 1

    @property
    def y(self) -> int:
        return TOP + self.row * PITCH

    @property
    def short(self) -> str:
        return self.name if len(self.name) <= LETTERS else f"{self.name[: LETTERS - 1].rstrip()}…"

    @property
    def text_x(self) -> int:
        return self.x + 14

    @property
    def is_private(self) -> bool:
        return not self.url


@dataclass(frozen=True)
class Edge:
    """An arrow with its words."""

    path: str
    head: str
    words: str
    x: int
    y: int


@dataclass(frozen=True)
class Column:
    """A term, or the break after one."""

    name: str
    x: int
    is_break: bool
    width: int = BOX


@dataclass(frozen=True)
class Drawing:
    columns: tuple[Column, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    box: int = BOX

    @property
    def width(self) -> int:
        return len(self.columns) * (BOX + GAP) - GAP + 2

    @property
    def height(self) -> int:
        return TOP + (max(node.row for node in self.nodes) + 1) * PITCH - PITCH + TALL + 4


@dataclass(frozen=True)
class _Step:
    """That one came of the other, in words. A post has its key below zero."""

    earlier_id: int
    later_id: int
    words: str
    note: str = ""


def drawn(viewer: Any, *, of: Initiative | None = None) -> Drawing | None:
    """What grew out of what, as far as `viewer` may see: all of it, or what `of` belongs to. Four queries.

    None where there is nothing to draw. A part of which the viewer may see no project is left out, and so is a post that
    they may not read.
    """
    links, every = _links()
    inspired, posts = _inspirations(viewer)
    every |= {row.initiative_id: row.initiative for row in inspired}
    steps = [_Step(row.earlier_id, row.later_id, row.get_kind_display(), row.note) for row in links]
    steps += [_Step(-row.post_id, row.initiative_id, INSPIRED) for row in inspired]
    if of is not None and of.pk not in every:
        return None
    parts = _parts(steps)
    if of is not None:
        parts = [part for part in parts if of.pk in part]
    visible = set(Initiative.objects.visible_to(viewer).filter(pk__in=every).values_list("pk", flat=True))
    parts = [part for part in parts if part & visible]
    if not parts:
        return None
    days = {pk: row.started_on or standing.today(row.created_at) for pk, row in every.items()}
    days |= {key: standing.today(post.published_at or post.created_at) for key, post in posts.items()}
    parts.sort(key=lambda part: min((days[pk], pk) for pk in part))
    shown = {pk for part in parts for pk in part}
    spans = _spans([days[pk] for pk in shown])
    columns_of = {pk: _column(spans, days[pk]) for pk in shown}
    order = {pk: (days[pk], pk) for pk in shown}
    placed: dict[int, tuple[int, int]] = {}
    below = 0
    for part in parts:
        rows = _rows(part, steps, columns_of, order)
        placed |= {pk: (columns_of[pk], below + row) for pk, row in rows.items()}
        below += max(rows.values()) + 1
    onward: dict[int, list[str]] = defaultdict(list)
    edges = []
    for step in steps:
        if step.earlier_id not in shown:
            continue
        is_told = step.later_id in visible and (step.earlier_id in visible or step.earlier_id in posts)
        name = str(every[step.later_id]) if step.later_id in visible else PRIVATE[0].lower() + PRIVATE[1:]
        note = f": {step.note}" if step.note and is_told else ""
        onward[step.earlier_id].append(f"{step.words} {name}{note}")
        edges.append(_edge(placed[step.earlier_id], placed[step.later_id], step.words))

    def node(pk: int) -> Node:
        at: dict[str, Any] = {
            "when": spans[placed[pk][0]].name,
            "column": placed[pk][0],
            "row": placed[pk][1],
            "is_here": of is not None and pk == of.pk,
            "onward": tuple(onward[pk]),
        }
        if pk in posts:
            return Node(str(posts[pk]), "Post on the blog", posts[pk].get_absolute_url(), **at)
        if pk not in visible:
            return Node(PRIVATE, "", "", **at)
        return Node(every[pk].name, every[pk].get_kind_display(), every[pk].get_absolute_url(), **at)

    nodes = tuple(node(pk) for part in parts for pk in sorted(part, key=lambda pk: (days[pk], pk)))
    columns = tuple(Column(span.name, at * (BOX + GAP) + 1, span.is_break) for at, span in enumerate(spans))
    return Drawing(columns, nodes, tuple(edges))


def _links() -> tuple[list[InitiativeLink], dict[int, Initiative]]:
    heavy = [
        f"{end}__{field}" for end in ("earlier", "later") for field in ("search", "description", "outcome")
    ]
    links = list(InitiativeLink.objects.select_related("earlier", "later").defer(*heavy))
    return links, {row.pk: row for link in links for row in (link.earlier, link.later)}


def _inspirations(viewer: Any) -> tuple[list[Inspiration], dict[int, Post]]:
    """Those by posts that `viewer` may read, and these posts by the keys that they have in the drawing."""
    heavy = [f"initiative__{field}" for field in ("search", "description", "outcome")]
    heavy += [f"post__{field}" for field in ("search", "headings", "plain_text")]
    rows = list(
        Inspiration.objects.filter(post__in=Post.objects.visible_to(viewer))
        .select_related("post", "initiative")
        .defer(*heavy)
    )
    return rows, {-row.post_id: row.post for row in rows}


@dataclass(frozen=True)
class _Span:
    name: str
    first: date
    is_break: bool


def _spans(days: Iterable[date]) -> list[_Span]:
    """The terms and breaks that the days fall into, in order."""
    wanted = set(days)
    every: list[_Span] = [_Span("Earlier", date.min, True)]
    for term in Term.objects.order_by("starts_on"):
        every.append(_Span(term.name, term.starts_on, False))
        every.append(_Span(f"after {term.name}", term.ends_on + timedelta(days=1), True))
    used = {_column(every, day) for day in wanted}
    return [span for at, span in enumerate(every) if at in used]


def _column(spans: list[_Span], day: date) -> int:
    return max((at for at, span in enumerate(spans) if span.first <= day), default=0)


def _rows(
    part: set[int],
    links: Iterable[_Step],
    columns: Mapping[int, int],
    order: Mapping[int, tuple[date, int]],
) -> dict[int, int]:
    """The row of each: beside what it came of where the way there is free, else the next one below that is."""
    onward: dict[int, list[int]] = defaultdict(list)
    roots = set(part)
    for link in links:
        if link.earlier_id in part:
            onward[link.earlier_id].append(link.later_id)
            roots.discard(link.later_id)
    taken: set[tuple[int, int]] = set()
    rows: dict[int, int] = {}

    def place(pk: int, parent: int | None) -> None:
        if pk in rows:
            return
        first = columns[pk] if parent is None else min(columns[parent] + 1, columns[pk])
        row = 0 if parent is None else rows[parent]
        while any((row, column) in taken for column in range(first, columns[pk] + 1)):
            row += 1
        rows[pk] = row
        taken.update((row, column) for column in range(first, columns[pk] + 1))
        for later in sorted(onward[pk], key=order.__getitem__):
            place(later, pk)

    for root in sorted(roots, key=order.__getitem__):
        place(root, None)
    return rows


def _parts(links: Iterable[_Step]) -> list[set[int]]:
    """What hangs together."""
    parts: list[set[int]] = []
    for link in links:
        both = {link.earlier_id, link.later_id}
        touching = [part for part in parts if part & both]
        parts = [part for part in parts if not part & both]
        parts.append(both.union(*touching))
    return parts


def _edge(earlier: tuple[int, int], later: tuple[int, int], words: str) -> Edge:
    """From the right of one box to the left of the next; down where both stand in one column."""
    x1, y1 = earlier[0] * (BOX + GAP) + 1, TOP + earlier[1] * PITCH
    x2, y2 = later[0] * (BOX + GAP) + 1, TOP + later[1] * PITCH
    if earlier[0] >= later[0]:
        x, top, bottom = x1 + 30, min(y1, y2) + TALL, max(y1, y2)
        tip = bottom if y2 >= y1 else top
        way = -9 if y2 >= y1 else 9
        return Edge(
            f"M{x} {top}V{bottom}", f"M{x} {tip}l-4.5 {way}h9z", words, x + 10, (top + bottom) // 2 + 5
        )
    right, left = x1 + BOX, x2 - 9
    a, b = y1 + TALL // 2, y2 + TALL // 2
    bend = (left - right) // 2
    path = f"M{right} {a}C{right + bend} {a} {left - bend} {b} {left} {b}"
    return Edge(
        path,
        f"M{x2} {b}l-9-4.5v9z",
        words,
        (right + left) // 2 - 30,
        min(a, b) - 8 if a == b else (a + b) // 2,
    )
