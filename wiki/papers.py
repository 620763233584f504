"""Naming a paper by hand: by a link, an arXiv number or a DOI. The same work is kept once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from wiki.models import Paper

ARXIV = re.compile(
    r"(?:^|arxiv\.org/(?:abs|pdf|html)/|arxiv:)\s*(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?/?$",
    re.IGNORECASE,
)
DOI = re.compile(r"(?:^|doi\.org/|doi:)\s*(10\.\d{4,9}/\S+)$", re.IGNORECASE)
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
    typed = text.strip()
    if found := ARXIV.search(typed):
        return {"arxiv_id": found.group(1)}
    if found := DOI.search(typed):
        return {"doi": found.group(1)}
    if WEB.match(typed):
        return {"url": typed[:500]}
    raise ValueError(text)


def find(named: Named) -> Paper | None:
    """The paper that is known by the same number, DOI or address."""
    if named.arxiv_id:
        return Paper.objects.filter(arxiv_id__iexact=named.arxiv_id).first()
    if named.doi:
        return Paper.objects.filter(doi__iexact=named.doi).first()
    if named.url:
        return Paper.objects.filter(url=named.url).first()
    return Paper.objects.filter(title__iexact=named.title).first()


def keep(named: Named, *, now: datetime) -> Paper:
    """The paper, made if nobody has named it before. A known one keeps what it says of itself."""
    known = find(named)
    if known:
        return known
    try:
        with transaction.atomic():
            return Paper.objects.create(
                title=named.title,
                authors_text=named.authors,
                arxiv_id=named.arxiv_id,
                doi=named.doi,
                url=named.url,
                created_at=now,
            )
    except IntegrityError:
        # Somebody else named it in the same moment.
        made = find(named)
        if made is None:
            raise
        return made
