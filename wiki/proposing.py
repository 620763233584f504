"""Sentences that sound as if one page were to be read before another: proposals, which somebody accepts or rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from wiki.models import Link, Page, Requirement, RequirementProposal

#: A sentence with more characters is none.
LONGEST = 1500
_LINK = re.compile(r"(?<![\\!])\[\[([^\[\]\n]{1,500})\]\]")
_FENCE = re.compile(r"^\s*(```|~~~)")
_SENTENCE = re.compile(r"(?<=[.!?])[*_]*\s+")
_KNOWN = (
    r"(?:(?:first )?(?:understand|know|have (?:read|understood|seen)|read|remember|learn|review|"
    r"are (?:comfortable|familiar) with|(?:be |feel )?(?:comfortable|familiar) with)\b)"
)
#: What stands before the links that are meant.
_BEFORE_LINKS = re.compile(
    r"^\W*(?:requirements?|requires?|pre-?requisites?|prereqs?|needs? first|read first|needed first)\s*[:*]"
    rf"|\bmake sure (?:that )?(?:you|to)(?: have| already)? ?{_KNOWN}"
    rf"|\byou (?:should|must|need to|will need to|ought to)(?: already| first)? {_KNOWN}"
    r"|\b(?:this|the) (?:page|article|note|text|section|guide) (?:requires|needs|builds (?:up)?on|presupposes)\b"
    r"|\b(?:we|this page|this article|it) assumes?(?: that)?(?: you (?:know|understand|have read)| some)?"
    r"|\bassum(?:es|ing) (?:familiarity with|knowledge of|that you (?:know|understand))"
    r"|\b(?:familiarity with|(?:a )?(?:basic |good |working )?knowledge of|an understanding of)\b",
    re.IGNORECASE,
)
#: What may stand anywhere in the sentence.
_ANYWHERE = re.compile(
    r"\bbefore (?:you )?(?:read|reading|start|starting|going on|continuing|tackling)\b"
    r"|\bif you (?:are|have) not (?:yet )?(?:familiar|read|seen)\b|\bif you (?:haven't|aren't|don't know)\b",
    re.IGNORECASE,
)
#: "Read [[this]] first": the one before a link, the other after it.
_READ = re.compile(
    r"\b(?:read|study|understand|learn|start with|begin with|review|go through|see)\b", re.IGNORECASE
)
_FIRST = re.compile(r"\bfirst\b", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:not|no|never) (?:need|required|necessary)\b|\bneed not\b|\b(?:don't|needn't|doesn't) need\b",
    re.IGNORECASE,
)
_NEVER_MIND = re.compile(r"^\W*(?:requirements?|prerequisites?)\W+none\b", re.IGNORECASE)


def asked_first(text: str) -> Iterator[tuple[str, str]]:
    """(name of a link, the sentence in plain words) for everything that the text says is to be known before it."""
    in_code = False
    for line in text.splitlines():
        if _FENCE.match(line):
            in_code = not in_code
        if in_code or "[[" not in line:
            continue
        for sentence in _SENTENCE.split(line):
            links = list(_LINK.finditer(sentence)) if len(sentence) <= LONGEST else []
            if not links or _NOT.search(sentence) or _NEVER_MIND.match(sentence):
                continue
            cue = _BEFORE_LINKS.search(sentence)
            if cue:
                links = [link for link in links if link.start() >= cue.end()]
            elif not _ANYWHERE.search(sentence) and not (
                _READ.search(sentence, 0, links[0].start()) and _FIRST.search(sentence, links[-1].end())
            ):
                continue
            for link in links:
                name = link.group(1).partition("|")[0].partition("#")[0].strip()
                if name:
                    yield name, _plain(sentence)


def _plain(sentence: str) -> str:
    """As it reads: without brackets, stars and marks of a list."""
    words = _LINK.sub(lambda link: (link.group(1).partition("|")[2] or link.group(1)).strip(), sentence)
    words = " ".join(re.sub(r"[*_`]+", "", words).lstrip("#>-+ ").split())
    return words if len(words) <= 300 else f"{words[:299].rstrip()}…"


def propose(texts: Mapping[int, str], *, now: datetime) -> int:
    """Propose relations for pages by their texts, where their links lead to a page. Nothing that is there already or was
    ever proposed is proposed again. Says how many are new."""
    asked = {pk: dict(reversed(list(asked_first(text)))) for pk, text in texts.items()}
    asked = {pk: names for pk, names in asked.items() if names}
    if not asked:
        return 0
    wanted: dict[tuple[int, int], str] = {}
    links = Link.objects.filter(source__in=asked, target__trashed_at=None, target__isnull=False)
    for source, name, target in links.order_by("pk").values_list("source", "name", "target"):
        if name in asked[source] and target != source:
            wanted.setdefault((source, target), asked[source][name])
    there = set(Requirement.objects.filter(page__in=asked).values_list("page", "required"))
    there |= set(RequirementProposal.objects.filter(page__in=asked).values_list("page", "required"))
    fresh = [pair for pair in wanted if pair not in there]
    RequirementProposal.objects.bulk_create(
        [
            RequirementProposal(
                page_id=page, required_id=required, sentence=wanted[page, required], proposed_at=now
            )
            for page, required in fresh
        ],
        ignore_conflicts=True,
    )
    return len(fresh)


def propose_for_all(*, now: datetime) -> int:
    """Read every page for such sentences. Says how many proposals are new."""
    pages = Page.objects.filter(trashed_at=None).order_by("path").values_list("pk", "head__text")
    return propose({pk: text or "" for pk, text in pages.iterator(chunk_size=200)}, now=now)
