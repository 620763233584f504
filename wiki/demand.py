"""How much a page is asked for: by the pages that lead to it, require it, or place it on a path, and by its readers."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, IntegerField, JSONField, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce

#: What one of each counts, beside a page that merely is there.
LEADS_HERE, REQUIRES_IT, STEP_OF_A_PATH = 1, 3, 2
#: So many times a page was opened count as one page that leads to it.
READ = 10


#: How many there are for each page, counted once for all pages: asking page by page takes a second for 10,000.
_INBOUND = (
    "SELECT link.target_id AS page, count(DISTINCT link.source_id) AS n FROM wiki_link link"
    " JOIN wiki_page source ON source.id = link.source_id AND source.trashed_at IS NULL"
    " WHERE link.target_id <> link.source_id GROUP BY 1"
)
_REQUIRED = (
    "SELECT needs.required_id AS page, count(*) AS n FROM wiki_requirement needs"
    " JOIN wiki_page page ON page.id = needs.page_id AND page.trashed_at IS NULL GROUP BY 1"
)
_ON_PATHS = "SELECT page_id AS page, count(*) AS n FROM wiki_learningstep GROUP BY 1"


def with_demand(pages: Any) -> Any:
    """Adds `inbound`, `required_by` and `demand`: 1 for being there, 1 for each other page that leads to it, 3 for each
    that requires it, 2 for each learning path it is a step of, and 1 for every ten times it was opened lately."""
    return pages.annotate(
        inbound=_count(_INBOUND), required_by=_count(_REQUIRED), on_paths=_count(_ON_PATHS)
    ).annotate(
        demand=1
        + F("inbound") * LEADS_HERE
        + F("required_by") * REQUIRES_IT
        + F("on_paths") * STEP_OF_A_PATH
        + F("seen") / READ
    )


def _count(counted: str) -> Any:
    """The count of a page among those of all, which PostgreSQL makes once a query as it does not depend on the row."""
    every = RawSQL(  # noqa: S611
        f"(SELECT jsonb_object_agg(page, n) FROM ({counted}) counted)",  # noqa: S608  (words of this file)
        [],
        output_field=JSONField(),
    )
    of_page = Func(
        every,
        Cast("pk", TextField()),
        template="(%(expressions)s)",
        arg_joiner=" ->> ",
        output_field=TextField(),
    )
    return Coalesce(Cast(of_page, IntegerField()), 0)
