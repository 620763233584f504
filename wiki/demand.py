"""How much a page is asked for: by the pages that lead to it, require it, or place it on a path, and by its readers."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from wiki.models import LearningStep, Link, Requirement

#: What one of each counts, beside a page that merely is there.
LEADS_HERE, REQUIRES_IT, STEP_OF_A_PATH = 1, 3, 2
#: So many times a page was opened count as one page that leads to it.
READ = 10


def with_demand(pages: Any) -> Any:
    """Adds `inbound`, `required_by` and `demand`: 1 for being there, 1 for each other page that leads to it, 3 for each
    that requires it, 2 for each learning path it is a step of, and 1 for every ten times it was opened lately."""
    inbound = Link.objects.filter(target=OuterRef("pk"), source__trashed_at=None).exclude(
        source=OuterRef("pk")
    )
    required = Requirement.objects.filter(required=OuterRef("pk"), page__trashed_at=None)
    return pages.annotate(
        inbound=_count(inbound, "target", "source"),
        required_by=_count(required, "required", "pk"),
        on_paths=_count(LearningStep.objects.filter(page=OuterRef("pk")), "page", "pk"),
    ).annotate(
        demand=1
        + F("inbound") * LEADS_HERE
        + F("required_by") * REQUIRES_IT
        + F("on_paths") * STEP_OF_A_PATH
        + F("seen") / READ
    )


def _count(rows: Any, key: str, what: str) -> Any:
    counted = rows.order_by().values(key).annotate(n=Count(what, distinct=True)).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
