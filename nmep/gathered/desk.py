"""What of the programme needs an officer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from events.models import Event, Talk
from members.models import User
from mlclub.gather import (
    DeskItem,
)
from nmep import papers, rosters
from nmep.gathered import capstone_news
from nmep.gathered.home import REVIEW_PROMISE
from nmep.models import (
    Offering,
    Session,
    Submission,
)
from nmep.unpaired import rounds_with_unpaired

STAFFED_AHEAD = timedelta(days=10)


def desk(user: User, now: datetime) -> list[DeskItem]:
    """Hand-ins that wait too long, classes without a lecturer, learners to look after."""
    if not user.has_perm("nmep.view_submission"):
        return []
    return [
        *_late_reviews(now),
        *_unstaffed(now),
        *_empty_slots(now),
        *_flagged(now),
        *_unpaired(now),
        *capstone_news.desk_items(now),
    ]


def _late_reviews(now: datetime) -> list[DeskItem]:
    rows = (
        Submission.objects.waiting()
        .filter(handed_in_at__lt=now - REVIEW_PROMISE, assignment__offering__in=Offering.objects.live())
        .order_by()
        .values("assignment__offering__slug")
        .annotate(n=Count("pk"))
    )
    return [
        DeskItem(
            group="Programme",
            title="Hand-ins wait more than 5 days for a review",
            count=row["n"],
            url=reverse("nmep:review_queue", args=[row["assignment__offering__slug"]]),
            action="Open the queue",
        )
        for row in rows
    ]


def unstaffed(now: datetime) -> list[Session]:
    """Classes of the next ten days that nobody teaches yet."""
    taught = Talk.objects.filter(event=OuterRef("event")).filter(
        Q(speakers__isnull=False) | ~Q(speaker_names="")
    )
    soon = Session.objects.classes().filter(
        event__starts_at__gte=now,
        event__starts_at__lt=now + STAFFED_AHEAD,
        event__state=Event.State.SCHEDULED,
        offering__in=Offering.objects.live(),
    )
    return list(soon.filter(~Exists(taught)).select_related("event", "offering").order_by("event__starts_at"))


def _unstaffed(now: datetime) -> list[DeskItem]:
    return [
        DeskItem(
            group="Programme",
            title=f"Week {session.week} has no lecturer: {session.title}",
            count=1,
            url=reverse("nmep:lecturer_list", args=[session.offering.slug]),
            detail=f"in {(session.event.starts_at - now).days} days",
            action="Find one",
        )
        for session in unstaffed(now)
    ]


def _empty_slots(now: datetime) -> list[DeskItem]:
    by_offering: dict[str, list[Any]] = {}
    for slot in papers.empty(now):
        by_offering.setdefault(getattr(slot, "slug", ""), []).append(slot)
    return [
        DeskItem(
            group="Programme",
            title="Paper slots with room in the next 10 days",
            count=len(slots),
            url=reverse("nmep:paper_list", args=[slug]),
            detail=", ".join(slot.label for slot in slots[:3]),
            action="Put somebody down",
            icon="user-minus",
        )
        for slug, slots in by_offering.items()
    ]


def _unpaired(now: datetime) -> list[DeskItem]:
    return [
        DeskItem(
            group="Programme",
            title=f"No partner for {made.assignment.label}",
            count=made.unpaired,  # type: ignore[attr-defined]
            url=reverse("nmep:pair_detail", args=[made.assignment.offering.slug, made.assignment.key]),
            action="Mend",
            icon="user-plus",
        )
        for made in rounds_with_unpaired(now)
    ]


def _flagged(now: datetime) -> list[DeskItem]:
    items = []
    running = Offering.objects.filter(state__in=[Offering.State.RUNNING, Offering.State.CLOSING])
    for offering in running.select_related("program", "term"):
        flagged = rosters.table(offering, now).flagged
        if flagged:
            items.append(
                DeskItem(
                    group="Programme",
                    title=f"Learner{'' if flagged == 1 else 's'} to look after in {offering}",
                    count=flagged,
                    url=f"{reverse('nmep:roster', args=[offering.slug])}?show=flagged",
                    action="See why",
                    icon="flag",
                )
            )
    return items
