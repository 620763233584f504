"""What of an offering needs somebody now. The page of the leads, their home, the digest and the desk ask it.

Each rule stands with what it looks at; here is the order in which they are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Case, JSONField, OuterRef, Subquery, When
from django.db.models.functions import JSONObject
from django.urls import reverse

from nmep import rosters, stale_text
from nmep.attention import capstones, learners, meetings, work
from nmep.attention.meetings import without_teacher
from nmep.attention.rules import Need
from nmep.attention.work import REVIEW_PROMISE
from nmep.models import Enrolment, Offering

__all__ = [
    "REVIEW_PROMISE",
    "Need",
    "columns",
    "columns_of_leads",
    "found",
    "of",
    "of_many",
    "stale",
    "to_look_after",
    "without_teacher",
]

#: So many names stand beside the number.
NAMED = 3

RULES = [
    meetings.CLASSES,
    meetings.PARTIES,
    meetings.PAPERS,
    work.REVIEWS,
    work.HELD,
    work.LOOKS,
    learners.REQUESTS,
    learners.DEPARTURES,
    learners.UNPAIRED,
    learners.UNMATCHED,
    meetings.ORALS,
    capstones.GROUPS,
    capstones.MENTORS,
    capstones.STEPS,
    capstones.FEEDBACK,
    capstones.UNDECIDED,
    work.RUNS,
    work.QUESTIONS,
    learners.APPLICATIONS,
]


def columns(now: datetime) -> Mapping[str, Any]:
    """`needs_json`: what every rule finds in an offering, in the offering's own query."""
    return {"needs_json": JSONObject(**{rule.key: rule.rows(now) for rule in RULES})}


def columns_of_leads(now: datetime) -> Mapping[str, Any]:
    """The same on the enrolments of leads, in their own query; None on those of everybody else."""
    led: Any = Offering.objects.filter(pk=OuterRef("offering")).order_by().annotate(**columns(now))
    return {
        "needs_json": Case(
            When(role=Enrolment.Role.LEAD, then=Subquery(led.values("needs_json"))),
            output_field=JSONField(),
        )
    }


def found(offering: Offering, value: Mapping[str, Any], now: datetime) -> list[Need]:
    """What `needs_json` says, in the order of the rules; an archived offering needs nobody."""
    if offering.state == Offering.State.ARCHIVED:
        return []
    needs = []
    for rule in RULES:
        rows = rule.read(offering, value[rule.key], now)
        if rows:
            names = list(dict.fromkeys(name for row in rows if (name := rule.named(row))))
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            needs.append(
                Need(
                    rule.key,
                    len(rows),
                    rule.one if len(rows) == 1 else rule.many,
                    rule.page(offering.slug, rows),
                    rule.action,
                    rule.icon,
                    ", ".join(names[:NAMED]) + more,
                )
            )
    return needs


def to_look_after(offering: Offering, now: datetime) -> list[Need]:
    """The learners whom the roster flags, as one line; four queries."""
    if offering.state not in (Offering.State.RUNNING, Offering.State.CLOSING):
        return []
    n = rosters.table(offering, now).flagged
    url = f"{reverse('nmep:roster', args=[offering.slug])}?show=flagged"
    title = "Learner to look after" if n == 1 else "Learners to look after"
    return [Need("flagged", n, title, url, "See why", "flag")] if n else []


def stale(offering: Offering) -> list[Need]:
    """Texts of a draft that still speak of another term."""
    if offering.state != Offering.State.DRAFT:
        return []
    n = stale_text.findings(offering).stale_texts
    url = reverse("nmep:offering_stale", args=[offering.slug])
    title = "Text speaks of another term" if n == 1 else "Texts speak of another term"
    return [Need("stale", n, title, url, "Mend them", "calendar")] if n else []


def of(offering: Offering, now: datetime) -> list[Need]:
    """Everything that needs a lead of `offering` now; six queries, a few more for a draft."""
    row: Any = Offering.objects.filter(pk=offering.pk).annotate(**columns(now)).get()
    return [*to_look_after(offering, now), *found(offering, row.needs_json, now), *stale(offering)]


def of_many(offerings: Iterable[int], now: datetime) -> dict[int, tuple[Offering, list[Need]]]:
    """The same for several, without what only their roster or their texts say; one query."""
    rows: Any = Offering.objects.filter(pk__in=offerings).select_related("program", "term")
    return {row.pk: (row, found(row, row.needs_json, now)) for row in rows.annotate(**columns(now))}
