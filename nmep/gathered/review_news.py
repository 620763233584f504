"""What of reviewing waits for a lead: reviews that are held, and learners who ask for another look."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef
from django.db.models.functions import JSONObject
from django.urls import reverse

from mlclub.gather import Card, Section
from nmep.models import Review, SecondLook


def columns() -> dict[str, Any]:
    """For rows of enrolments: what is held by homework, and who asked, in the same query."""
    held = (
        Review.objects.held()
        .filter(submission__assignment__offering=OuterRef("offering"))
        .order_by("submission__assignment__position")
        .values("submission__assignment__position", "submission__assignment__key")
        .annotate(n=Count("pk"))
    )
    looks = SecondLook.objects.open().filter(review__submission__assignment__offering=OuterRef("offering"))
    return {
        "held_json": ArraySubquery(held.values(row=JSONObject(key="submission__assignment__key", n="n"))),
        "looks_json": ArraySubquery(looks.order_by("asked_at").values("review__submission")),
    }


def cards(enrolment: Any) -> list[Card]:
    """For a lead of the offering."""
    offering = enrolment.offering
    found = [
        Card(
            section=Section.NEEDED,
            title=f"{row['n']} finished review{'' if row['n'] == 1 else 's'} of {row['key'].upper()} held",
            url=reverse("nmep:review_release", args=[offering.slug, row["key"]]),
            meta=(str(offering), "nobody has released them"),
            icon="pause",
            action="Look",
            action_url=reverse("nmep:review_release", args=[offering.slug, row["key"]]),
            weight=23,
        )
        for row in enrolment.held_json
    ]
    n = len(enrolment.looks_json)
    if n:
        url = reverse("nmep:review_queue", args=[offering.slug])
        if n == 1:
            url = reverse("nmep:submission_detail", args=[offering.slug, enrolment.looks_json[0]]) + "#thread"
        found.append(
            Card(
                section=Section.NEEDED,
                title=f"{n} learner{' asks' if n == 1 else 's ask'} for another look at a review",
                url=url,
                meta=(str(offering),),
                icon="arrow-path",
                action="Answer",
                action_url=url,
                weight=26,
            )
        )
    return found
