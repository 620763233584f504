"""The numbers of a term that the programme knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from events.models import Claim, Slot
from members.models import Membership, Term
from mlclub.gather import (
    Figure,
)
from nmep import review_times
from nmep.models import (
    CapstoneMember,
    Enrolment,
    OfferingSheet,
    OralResult,
    Program,
    Submission,
    SubmissionAuthor,
)

#: Slots are to have somebody so long before.
AHEAD = timedelta(days=10)


def numbers(term: Term) -> list[Figure]:
    """How the offerings of a term went."""
    learners = Enrolment.objects.learners().filter(offering__term=term)
    authored = SubmissionAuthor.objects.filter(assignment__offering__term=term, n=1).exclude(
        submission__state=Submission.State.DRAFT
    )
    handed_in = authored.count()
    review_days, reviewed = review_times.median_days(term)
    on_time = authored.filter(late_by=timedelta(0)).count()
    ended = learners.exclude(state__in=[Enrolment.State.INVITED, Enrolment.State.ACTIVE])
    counts = ended.aggregate(n=Count("pk"), completed=Count("pk", filter=Q(state=Enrolment.State.COMPLETED)))
    return [
        Figure(
            name="Learners enrolled",
            value=learners.count(),
            n=learners.count(),
            definition="Enrolments as a learner.",
        ),
        Figure(
            name="Homework on time",
            value=round(100 * on_time / handed_in, 1) if handed_in else 0,
            n=handed_in,
            definition="Share of first versions that came by their due date, in percent.",
        ),
        Figure(
            name="Completed the programme",
            value=round(100 * counts["completed"] / counts["n"], 1) if counts["n"] else 0,
            n=counts["n"],
            definition="Share of those for whom it ended, leavers included, who completed it, in percent.",
        ),
        Figure(
            name="Median review days",
            value=review_days,
            n=reviewed,
            definition="Half of the posted reviews could be read within so many days of the hand-in.",
        ),
        *_slots_ahead(term),
        *_funnel(term),
        _beyond_the_club(term),
    ]


def _slots_ahead(term: Term) -> list[Figure]:
    """How early the slots of papers and exams had somebody."""
    now = timezone.now()
    held = Claim.objects.filter(slot=OuterRef("pk"), claimed_at__lte=OuterRef("begins") - AHEAD).taking()
    sheets = OfferingSheet.objects.filter(offering__term=term).values("sheet")
    slots: Any = Slot.objects.offered().filter(sheet__in=sheets).with_times()
    counts = (
        slots.filter(begins__lte=now + AHEAD)
        .annotate(is_early=Exists(held))
        .aggregate(n=Count("pk"), early=Count("pk", filter=Q(is_early=True)))
    )
    return [
        Figure(
            name="Slots filled 10 days ahead",
            value=round(100 * counts["early"] / counts["n"], 1) if counts["n"] else 0,
            n=counts["n"],
            definition="Share of paper and exam slots, of those that begin within ten days or have begun, that "
            "somebody held ten days before, in percent.",
        )
    ]


def _funnel(term: Term) -> list[Figure]:
    """How many learners of the programme came how far; leavers count where they were."""
    handed_in = SubmissionAuthor.objects.filter(enrolment=OuterRef("pk")).exclude(
        submission__state=Submission.State.DRAFT
    )
    given = Claim.objects.filter(
        person=OuterRef("person"),
        state=Claim.State.DONE,
        slot__sheet__in=OfferingSheet.objects.filter(
            offering=OuterRef(OuterRef("offering")), kind=OfferingSheet.Kind.PAPER
        ).values("sheet"),
    )
    passed = OralResult.objects.filter(enrolment=OuterRef("pk"), outcome=OralResult.Outcome.PASSED)
    presented = CapstoneMember.objects.live().filter(
        enrolment=OuterRef("pk"), capstone__presented_at__isnull=False
    )
    steps: list[tuple[str, str, Any]] = [
        ("handed in a homework", "Learners with a version of any homework.", Exists(handed_in)),
        ("gave a paper talk", "Learners whose paper talk was held.", Exists(given)),
        ("passed the oral exam", "Learners with a passed oral exam.", Exists(passed)),
        ("presented a capstone", "Learners whose group has presented.", Exists(presented)),
        ("completed", "Learners who completed the programme.", Q(state=Enrolment.State.COMPLETED)),
    ]
    rows = (
        Enrolment.objects.learners()
        .filter(offering__term=term, offering__program__kind=Program.Kind.NMEP)
        .exclude(state=Enrolment.State.INVITED)
    )
    counts = rows.aggregate(
        n=Count("pk"), **{f"step_{at}": Count("pk", filter=Q(held)) for at, (*_, held) in enumerate(steps)}
    )
    if not counts["n"]:
        return []
    return [
        Figure(
            name=f"New-member programme: {words}",
            value=counts[f"step_{at}"],
            n=counts["n"],
            definition=f"{definition} n is everybody who was enrolled as a learner.",
        )
        for at, (words, definition, _) in enumerate(steps)
    ]


def _beyond_the_club(term: Term) -> Figure:
    """Whom courses reach who is no member."""
    member = Membership.objects.filter(person=OuterRef("person"), term=term).exclude(
        status=Membership.Status.INVITED
    )
    counts = (
        Enrolment.objects.filter(role__in=Enrolment.PARTICIPANTS, offering__term=term)
        .exclude(offering__program__kind=Program.Kind.NMEP)
        .exclude(state=Enrolment.State.INVITED)
        .aggregate(
            n=Count("person", distinct=True), beyond=Count("person", distinct=True, filter=~Q(Exists(member)))
        )
    )
    return Figure(
        name="Course participants beyond the club",
        value=counts["beyond"],
        n=counts["n"],
        definition="People in a course of the term, learners and auditors, who are no members in it.",
    )
