"""Who needs a partner for a homework, and who has none. Asked by the pages of the leads, their home and the desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from nmep.models import (
    Assignment,
    Enrolment,
    MarkChange,
    PairingRound,
    PartnerWish,
    Submission,
    SubmissionAuthor,
    TeamPlace,
)
from nmep.models.enrolments import EnrolmentQuerySet

Ref = int | OuterRef


def _inner(ref: Ref) -> Ref:
    """The same thing, seen from one query further in."""
    return OuterRef(ref) if isinstance(ref, OuterRef) else ref


def needing(assignment: Ref, offering: Ref) -> EnrolmentQuerySet:
    """Everybody who learns here, has the work still before them, and does not work alone by choice."""
    inner = _inner(assignment)
    begun = SubmissionAuthor.objects.filter(enrolment=OuterRef("pk"), assignment=inner)
    marks = MarkChange.objects.filter(
        enrolment=OuterRef("pk"), assignment=inner, kind__in=MarkChange.STANDING
    ).order_by("-at", "-pk")
    by_choice = PartnerWish.objects.filter(
        asking=OuterRef("pk"),
        kind=PartnerWish.Kind.ALONE,
        asking__offering__assignments=inner,
        asking__offering__assignments__partners=Assignment.Partners.OPTIONAL,
    )
    rows = Enrolment.objects.active().learners().filter(offering=offering)
    rows = rows.alias(stands=Subquery(marks.values("kind")[:1]))
    return rows.filter(
        ~Exists(begun.exclude(submission__state=Submission.State.DRAFT)),
        ~Exists(by_choice),
        Q(stands=None) | ~Q(stands__in=[MarkChange.Kind.EXEMPT, MarkChange.Kind.DONE]),
    )


def unpaired(assignment: Ref, offering: Ref) -> EnrolmentQuerySet:
    """Those of them who are in no team, or whose partners do not learn here any more."""
    paired = (
        TeamPlace.objects.filter(enrolment=OuterRef("pk"), round__assignment=_inner(assignment))
        .annotate(
            n=Count("team__places", filter=Q(team__places__enrolment__state=Enrolment.State.ACTIVE)),
        )
        .filter(n__gt=1)
    )
    return needing(assignment, offering).filter(~Exists(paired))


def open_rounds(now: datetime) -> QuerySet[PairingRound]:
    """Published rounds of work that is not due yet."""
    return PairingRound.objects.filter(state=PairingRound.State.PUBLISHED, assignment__due_at__gt=now)


def with_counts(rounds: QuerySet[PairingRound]) -> Any:
    """The rounds with `unpaired`: how many have no partner, or None."""
    alone = unpaired(OuterRef("assignment"), OuterRef("assignment__offering")).order_by()
    counted = alone.values("offering").annotate(n=Count("pk")).values("n")
    return rounds.annotate(unpaired=Subquery(counted))
