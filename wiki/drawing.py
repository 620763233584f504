"""What needs what, as a drawing: rows from what needs nothing down to what comes last, narrow enough for a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import networkx

from wiki.requiring import Stop, Surroundings

#: In the drawing's own units, which are pixels where there is room. Two boxes and a gap are what a phone holds.
BOX, TALL, GAP, DROP = 150, 56, 20, 40
NARROW, WIDE = 2, 5
#: What a line of a box holds of a title.
LETTERS = 18
#: More pages than this make no picture that anybody reads; the list is enough.
MOST = 80


@dataclass(frozen=True)
class Node:
    """A page in the picture."""

    url: str
    title: str
    lines: tuple[str, ...]
    x: int
    y: int
    is_here: bool
    is_known: bool
    is_onward: bool

    @property
    def middle(self) -> int:
        return self.x + BOX // 2

    @property
    def written(self) -> tuple[tuple[str, int], ...]:
        """Each line with its height."""
        top = self.y + TALL // 2 + (5 if len(self.lines) == 1 else -4)
        return tuple((line, top + 18 * at) for at, line in enumerate(self.lines))

    @property
    def tick_x(self) -> int:
        return self.x + BOX - 16

    @property
    def tick_y(self) -> int:
        return self.y + 16


@dataclass(frozen=True)
class Arrow:
    """From what is read first to what is read after it."""

    path: str
    head: str


@dataclass(frozen=True)
class Drawing:
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    width: int
    height: int
    box: int = BOX
    tall: int = TALL


def drawn(found: Surroundings, *, columns: int = NARROW) -> Drawing | None:
    """The picture of what surrounds a page; none where nothing needs anything, or where there is too much of it.

    An arrow that only repeats what two others say is left out of the picture; the list has it.
    """
    stops = {stop.page.pk: stop for stop in (*found.way, *found.onward)}
    graph: Any = networkx.DiGraph()
    graph.add_edges_from((a, b) for a, b in found.edges if a in stops and b in stops)
    if not graph or len(graph) > MOST:
        return None
    graph = networkx.transitive_reduction(graph)
    onward = {stop.page.pk for stop in found.onward}
    width = columns * BOX + (columns - 1) * GAP + 2
    placed: dict[int, tuple[int, int]] = {}
    y = 1
    for layer in networkx.topological_generations(graph):
        order = sorted(layer, key=lambda pk: (_pull(graph, placed, pk), stops[pk].page.title, pk))
        for row in (order[at : at + columns] for at in range(0, len(order), columns)):
            taken = len(row) * BOX + (len(row) - 1) * GAP
            x = (width - taken) // 2
            for pk in row:
                placed[pk] = (x, y)
                x += BOX + GAP
            y += TALL + DROP
    nodes = tuple(_node(stops[pk], at, is_onward=pk in onward) for pk, at in placed.items())
    arrows = tuple(_arrow(placed[a], placed[b]) for a, b in sorted(graph.edges))
    return Drawing(nodes, arrows, width, y - DROP + 1)


def _pull(graph: Any, placed: dict[int, tuple[int, int]], pk: int) -> float:
    """Where on the line the page would stand to be below what it requires."""
    above = [placed[each][0] for each in graph.predecessors(pk) if each in placed]
    return sum(above) / len(above) if above else 0.0


def _node(stop: Stop, at: tuple[int, int], *, is_onward: bool) -> Node:
    page = stop.page
    return Node(
        url=page.get_absolute_url(),
        title=page.title,
        lines=_lines(page.title),
        x=at[0],
        y=at[1],
        is_here=stop.is_here,
        is_known=stop.is_known,
        is_onward=is_onward,
    )


def _lines(title: str) -> tuple[str, ...]:
    """One line or two of a title, the rest left out."""
    if len(title) <= LETTERS:
        return (title,)
    head, rest = "", title
    for word in title.split():
        if len(f"{head} {word}".strip()) > LETTERS:
            break
        head = f"{head} {word}".strip()
    if not head:
        head = title[:LETTERS]
    rest = title[len(head) :].strip()
    return (head, rest if len(rest) <= LETTERS else f"{rest[: LETTERS - 1].rstrip()}…")


def _arrow(a: tuple[int, int], b: tuple[int, int]) -> Arrow:
    """From the foot of one box to the top of the next."""
    x1, y1, x2, y2 = a[0] + BOX // 2, a[1] + TALL, b[0] + BOX // 2, b[1]
    bend = max(16, (y2 - y1) // 2)
    return Arrow(f"M{x1} {y1}C{x1} {y1 + bend} {x2} {y2 - bend} {x2} {y2 - 8}", f"M{x2} {y2}l-4.5-9h9z")


def both(found: Surroundings) -> Sequence[tuple[str, Drawing]]:
    """The picture for a phone and, where there is more than a phone's width of it, for a wide window."""
    narrow = drawn(found)
    if narrow is None:
        return []
    wide = drawn(found, columns=WIDE)
    return [("narrow-only", narrow), ("wide-only", wide)] if wide else [("", narrow)]
