"""Naming a paper by hand: by a link, an arXiv number or a DOI. The same work is kept once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from django.db import IntegrityError, transaction
from django.db.models import Q

from mlclub import locks
from wiki import lookups
from wiki.models import FormerPaper, Paper

_NUMBER = r"(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?"
#: The number alone, after `arXiv:`, or in an address of arXiv or of a page that shows its papers.
ARXIV = re.compile(
    rf"^(?:(?:https?://)?(?:[\w-]+\.)*(?:arxiv\.org|ar5iv\.org|ar5iv\.labs\.arxiv\.org|alphaxiv\.org)"
    rf"/(?:abs|pdf|html|format|overview)/|arxiv\s*:\s*)?{_NUMBER}(?:\.pdf)?(?:\s*\[[\w.-]+\])?/?$",
    re.IGNORECASE,
)
DOI = re.compile(
    r"^(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi\s*:\s*)?(?P<id>10\.\d{4,9}/\S+)$", re.IGNORECASE
)
#: arXiv gives its papers DOIs of its own; they are the same work.
ARXIV_DOI = re.compile(r"^10\.48550/arxiv\.(?P<id>\S+)$", re.IGNORECASE)
WEB = re.compile(r"^https?://[^\s/]+\.[^\s]+$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Named:
    """A paper as somebody names it. At least the title, or something that it is known by."""

    title: str
    authors: str = ""
    arxiv_id: str = ""
    doi: str = ""
    url: str = ""


def known_by(text: str) -> dict[str, str]:
    """What a typed reference is: {"arxiv_id": …}, {"doi": …} or {"url": …}. Raises ValueError for anything else."""
    typed = text.strip().strip("<>\"'").rstrip(".,;")
    bare = re.split(r"[?#]", typed, maxsplit=1)[0]
    if found := ARXIV.match(bare):
        return {"arxiv_id": _without_version(found["id"])}
    if found := DOI.match(unquote(typed)):
        doi = re.split(r"[?#]", found["id"], maxsplit=1)[0].rstrip(".,;/")
        if own := ARXIV_DOI.match(doi):
            return {"arxiv_id": _without_version(own["id"])}
        return {"doi": doi[:200]}
    if WEB.match(typed):
        return {"url": typed[:500]}
    raise ValueError(text)


def _without_version(number: str) -> str:
    return re.sub(r"v\d+$", "", number)


def find(named: Named) -> Paper | None:
    """The paper that is known by the same number, DOI or address, or was before it was merged."""
    if named.arxiv_id:
        known = Q(arxiv_id__iexact=named.arxiv_id)
    elif named.doi:
        known = Q(doi__iexact=named.doi)
    elif named.url:
        known = Q(url=named.url)
    else:
        return Paper.objects.filter(title__iexact=named.title).first()
    paper = Paper.objects.filter(known).first()
    if paper is None:
        former = FormerPaper.objects.filter(known).select_related("paper").first()
        paper = former.paper if former else None
    return paper


@transaction.atomic
def keep(named: Named, *, now: datetime) -> Paper:
    """The paper, made if nobody has named it before, and looked up where the network allows. A known one keeps what it
    says of itself; one that was named by its number alone takes the title that somebody types."""
    _wait_for(named)
    known = find(named)
    if known:
        if known.is_untitled and named.title:
            known.title, known.is_untitled = named.title, False
            known.authors_text = known.authors_text or named.authors
            known.save(update_fields=["title", "is_untitled", "authors_text"])
        return known
    number = f"arXiv:{named.arxiv_id}" if named.arxiv_id else f"doi:{named.doi}" if named.doi else named.url
    try:
        with transaction.atomic():
            paper = Paper.objects.create(
                title=(named.title or number)[:500],
                is_untitled=not named.title,
                authors_text=named.authors,
                arxiv_id=named.arxiv_id,
                doi=named.doi,
                url=named.url,
                created_at=now,
            )
    except IntegrityError:
        # An import brought it in the same moment.
        made = find(named)
        if made is None:
            raise
        return made
    lookups.ask(paper, now=now)
    return paper


def _wait_for(named: Named) -> None:
    """Of two who name the same paper at once, the second waits until the first is done and finds it."""
    name = named.arxiv_id or named.doi or named.url or named.title
    locks.hold(f"paper {name.lower()}")
