"""Taking over reading lists from nested JSON: topics with children, and papers with a short name, a title, authors, a
link and a relevance, of which any may be missing.

The files are read in a process of their own; then all of it is stored in one transaction, or nothing.
"""

from __future__ import annotations

import json
import multiprocessing
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from django.db import transaction

from mlclub.refusal import Refused
from wiki import lists, papers
from wiki.importing.report import Report
from wiki.models import Paper, Placement, ReadingList, ReadingTopic
from wiki.papers import Named, known_by

LARGEST = 5 * 1024 * 1024
PATIENCE = 60
#: What other tools call the same.
_CHILDREN = ("children", "topics", "entries", "papers")


@dataclass(frozen=True)
class Found:
    """A paper in a list: under which topics, and what is said of it."""

    topics: tuple[str, ...]
    title: str
    short_name: str = ""
    authors: str = ""
    link: str = ""
    relevance: int | None = None
    line: int = 0


@dataclass
class ListDraft:
    """A list on its way in; `remarks` are (line, words, whether something is left out)."""

    file: str
    title: str
    topics: list[tuple[str, ...]] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    remarks: list[tuple[int, str, bool]] = field(default_factory=list)


def import_lists(source: Path, *, now: datetime, is_rehearsal: bool = False) -> Report:
    """Import one file, or every `.json` of a folder, each as a list. Raises Refused; then nothing was stored."""
    report = Report()
    drafts = _read_apart(_files(source))
    for draft in drafts:
        for line, words, is_loss in draft.remarks:
            (report.drop if is_loss else report.warn)(draft.file, line, words)
    with transaction.atomic():
        for draft in drafts:
            _store(draft, report, now=now)
        if is_rehearsal:
            transaction.set_rollback(True)
    report.pages = len(drafts)
    return report


def _files(source: Path) -> list[tuple[str, bytes]]:
    if source.is_symlink():
        raise Refused(f"{source} is a symbolic link. Name the file itself.")
    if not source.exists():
        raise Refused(f"{source} is not there.")
    paths = [source] if source.is_file() else sorted(source.glob("*.json"))
    if not paths:
        raise Refused(f"{source} holds no .json file.")
    found = []
    for path in paths:
        if path.is_symlink():
            raise Refused(f"{path.name} is a symbolic link. Replace it by the file itself, or remove it.")
        if path.stat().st_size > LARGEST:
            raise Refused(f"{path.name} is larger than 5 MB.")
        found.append((path.name, path.read_bytes()))
    return found


# ── Reading, in a process of its own ──


def _read_apart(files: list[tuple[str, bytes]]) -> list[ListDraft]:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_read_all, args=(theirs, files), daemon=True)
    child.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(PATIENCE) else None
    except EOFError:
        answer = None
    finally:
        child.kill()
        child.join()
        ours.close()
    if answer is None:
        raise Refused("Reading it took too long, or ended the process that read it.")
    if isinstance(answer, str):
        raise Refused(answer)
    return list(answer)


def _read_all(pipe: Connection, files: list[tuple[str, bytes]]) -> None:
    try:
        pipe.send([_read(name, content) for name, content in files])
    except Refused as refused:
        pipe.send(str(refused))
    except RecursionError:
        pipe.send("The topics are nested too deeply to be read.")
    pipe.close()


class _Node(dict[str, Any]):
    """An object of a file, and the line in which it begins."""

    line = 0


def _parsed(text: str) -> Any:
    """JSON whose objects know their lines. Raises ValueError."""
    ends = [match.start() for match in re.finditer("\n", text)]
    decoder: Any = json.JSONDecoder()
    read: Any = json.decoder.JSONObject  # type: ignore[attr-defined]

    def read_object(begun: tuple[str, int], *more: Any) -> tuple[_Node, int]:
        found, end = read(begun, *more)
        node = _Node(found)
        node.line = bisect_left(ends, begun[1]) + 1
        return node, end

    decoder.parse_object = read_object
    decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]
    return decoder.decode(text)


def _read(name: str, content: bytes) -> ListDraft:
    try:
        data = _parsed(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Refused(f"{name} is not UTF-8.") from None
    except ValueError as problem:
        raise Refused(f"{name} is no JSON: {problem}.") from None
    if isinstance(data, list):
        data = _Node({"children": data})
    if not isinstance(data, _Node):
        raise Refused(f"{name} holds no list: neither topics nor papers.")
    title = (
        _text(data.get("name") or data.get("title"))[:120] or Path(name).stem.replace("-", " ").capitalize()
    )
    draft = ListDraft(name, title)
    _walk(draft, data, ())
    return draft


def _children(node: _Node) -> Iterator[Any]:
    for name in _CHILDREN:
        if isinstance(node.get(name), list):
            yield from node[name]


def _walk(draft: ListDraft, node: _Node, topics: tuple[str, ...]) -> None:
    for child in _children(node):
        if not isinstance(child, _Node):
            words = f"{_where(topics)}: neither a topic nor a paper; left out."
            draft.remarks.append((node.line, words, True))
        elif child.get("type") == "topic" or any(isinstance(child.get(name), list) for name in _CHILDREN):
            below = (*topics, _text(child.get("name") or child.get("title"))[:120] or "Without a name")
            if len(below) > lists.DEEPEST:
                words = f"{_where(below)}: deeper than {lists.DEEPEST} topics; it stands under {topics[-1]}."
                draft.remarks.append((child.line, words, False))
                below = topics
            elif below not in draft.topics:
                draft.topics.append(below)
            _walk(draft, child, below)
        else:
            _paper(draft, child, topics)


def _paper(draft: ListDraft, node: _Node, topics: tuple[str, ...]) -> None:
    def remark(words: str, *, is_loss: bool) -> None:
        draft.remarks.append((node.line, words, is_loss))

    short = _text(node.get("flavor") or node.get("short_name"))
    title = _text(node.get("title")) or short or _text(node.get("name"))
    link = _text(node.get("link") or node.get("url"))
    if not title and not link:
        remark(f"{_where(topics)}: an entry without title, short name and link; left out.", is_loss=True)
        return
    authors = node.get("authors")
    if isinstance(authors, list):
        authors = " and ".join(filter(None, map(_text, authors)))
    relevance = node.get("relevance")
    if relevance is not None and (not isinstance(relevance, int) or not 0 <= relevance <= 3):
        remark(f"{_where(topics)}, {title}: the relevance {relevance} is none of 0 to 3.", is_loss=False)
        relevance = None
    if link and not link.lower().startswith(("http://", "https://")):
        remark(f"{_where(topics)}, {title}: “{link[:80]}” is no address; kept without a link.", is_loss=True)
        link = ""
    draft.found.append(
        Found(
            topics,
            (title or link)[:500],
            short[:60],
            _text(authors)[:1000],
            link[:500],
            relevance,
            node.line,
        )
    )


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _where(topics: tuple[str, ...]) -> str:
    return " › ".join(topics) or "at the top"


# ── Storing ──


def _store(draft: ListDraft, report: Report, *, now: datetime) -> None:
    reading_list = ReadingList.objects.filter(title__iexact=draft.title).order_by("pk").first()
    reading_list = reading_list or lists.create(draft.title, now=now)
    topics: dict[tuple[str, ...], ReadingTopic] = {}
    for names in draft.topics:
        topics[names] = lists.add_topic(reading_list, names[-1], parent=topics.get(names[:-1]))
    for found in draft.found:
        report.links += 1
        report.links_resolved += bool(found.link)
        if not found.link:
            report.links_broken += 1
            report.warn(
                draft.file, found.line, f"{_where(found.topics)}, {found.title}: no link; kept as a stub."
            )
        paper = _kept(found, now=now)
        topic = topics.get(found.topics)
        there = Placement.objects.filter(list=reading_list, topic=topic, paper=paper).exists()
        if there:
            report.unchanged += 1
            continue
        lists.place(reading_list, paper, topic=topic, relevance=found.relevance, by=None, now=now)
        report.created += 1


def _kept(found: Found, *, now: datetime) -> Paper:
    """The paper of an entry, the one that is known where there is one; nothing is looked up outside."""
    known_as = known_by(found.link) if found.link else {}
    paper = papers.find(Named(title=found.title, **known_as)) or (
        papers.find(Named(title=found.title)) if found.link else None
    )
    if paper is None:
        return Paper.objects.create(
            title=found.title,
            short_name=found.short_name,
            authors_text=found.authors,
            created_at=now,
            **known_as,
        )
    if found.short_name and not paper.short_name:
        paper.short_name = found.short_name
        paper.save(update_fields=["short_name"])
    return paper
