"""Reading lists as Markdown: the front matter holds the list, the text below shows it to a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from wiki.exporting.people import handles
from wiki.models import Paper, Placement, ReadingList, ReadingTopic

#: What stands below this line is made from the front matter; an import passes over it.
SHOWN = "<!-- The papers of the front matter, to read. -->"


def page_of(
    reading_list: ReadingList,
    keys: dict[int, str] | None = None,
    *,
    shown: Any = None,
    names: bool = True,
) -> str:
    """The list as a file. `keys` are the citation keys of the papers in the files beside it, without any those of the
    library; `shown` limits the placements, and without `names` nobody is named."""
    topics = list(ReadingTopic.objects.filter(list=reading_list).order_by("position", "pk"))
    placements = list(
        (Placement.objects.filter(list=reading_list) if shown is None else shown)
        .select_related("paper", "added_by")
        .defer("paper__search", "paper__abstract", "paper__bibtex")
        .order_by("position", "pk")
    )
    if keys is None:
        keys = {row.paper_id: row.paper.key or f"paper{row.paper_id}" for row in placements}
    if not names:
        for row in placements:
            row.added_by = None
    front = {
        "title": reading_list.title,
        "slug": reading_list.slug,
        "visibility": reading_list.visibility,
        "curators": handles(reading_list.curators.all()) if names else [],
        "created_at": reading_list.created_at.isoformat(),
        "papers": [_placed(row, keys) for row in placements if row.topic_id is None],
        "topics": _topics(None, topics, placements, keys),
    }
    lines = [_line(row.paper) for row in placements if row.topic_id is None]
    lines += _headings(None, 2, topics, placements)
    return f"---\n{dumped(front)}---\n\n{reading_list.description}\n\n{SHOWN}\n\n" + "\n".join(lines) + "\n"


def dumped(data: Any) -> str:
    return yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=100)


def _topics(
    parent: int | None, topics: list[ReadingTopic], placements: Iterable[Placement], keys: dict[int, str]
) -> list[dict[str, Any]]:
    return [
        {
            "title": topic.title,
            "position": topic.position,
            "papers": [_placed(row, keys) for row in placements if row.topic_id == topic.pk],
            "topics": _topics(topic.pk, topics, placements, keys),
        }
        for topic in topics
        if topic.parent_id == parent
    ]


def _placed(row: Placement, keys: dict[int, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"paper": keys[row.paper_id], "title": row.paper.title, "position": row.position}
    if row.relevance is not None:
        found["relevance"] = row.relevance
    if row.note:
        found["note"] = row.note
    if row.is_automatic:
        found["came_by_itself"] = True
    if row.is_for_members:
        found["for_members"] = True
    if row.added_by is not None:
        found["added_by"] = row.added_by.handle
    return {**found, "added_at": row.added_at.isoformat()}


def _headings(
    parent: int | None, level: int, topics: list[ReadingTopic], placements: list[Placement]
) -> list[str]:
    lines = []
    for topic in topics:
        if topic.parent_id == parent:
            lines += ["", f"{'#' * min(level, 6)} {topic.title}", ""]
            lines += [_line(row.paper) for row in placements if row.topic_id == topic.pk]
            lines += _headings(topic.pk, level + 1, topics, placements)
    return lines


def _line(paper: Paper) -> str:
    title = paper.title.replace("[", "\\[").replace("]", "\\]")
    named = f"[{title}](<{paper.address}>)" if paper.address else title
    return f"- {named}" + (f", {paper.label}" if paper.authors_text else "")
