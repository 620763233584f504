"""Is there already a page on this?"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import F
from django.db.models.functions import Greatest

from wiki import paths
from wiki.models import Page


def similar(pages: Any, path: str, *, limit: int = 5) -> list[Page]:
    """Pages whose title or other names are much like the one somebody is about to write."""
    title = paths.title_of(paths.tidy(path))
    if len(title) < 3:
        return []
    return list(
        pages.annotate(
            likeness=Greatest(TrigramSimilarity("title", title), TrigramSimilarity("names", title))
        )
        .filter(likeness__gt=0.3)
        .order_by(F("likeness").desc(), "path")
        .only("path", "title", "names")[:limit]
    )
