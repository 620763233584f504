"""The demo's study groups: one in the middle of its book, one that stopped after three weeks and says so."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from events import presenting
from events.models import Claim, Slot
from members import standing
from members.models import Term
from projects import study_groups
from projects.models import Initiative, Role, StudyGroup

#: Both are among the initiatives of the demo.
RUNNING, STOPPED = "Optimisation reading room", "Measure theory for the curious"
BOOK = "Convex optimisation, a first book"
CHAPTERS = (
    "Convex sets",
    "Convex functions",
    "Problems and their shapes",
    "Duality",
    "Approximation and fitting",
    "Statistical estimation",
    "Geometric problems",
    "Unconstrained minimisation",
    "Equality constraints",
    "Interior-point methods",
    "Stochastic gradients",
    "Non-convex landscapes",
)
GIVEN = 5
STOPPED_AFTER = 3


def seed(terms: list[Term], now: datetime) -> None:
    """Give the groups their books; `terms` are the four of the demo, oldest first, `now` an aware instant."""
    _running(Initiative.objects.get(name=RUNNING), terms[-1], now)
    _stopped(Initiative.objects.get(name=STOPPED))


def _running(group: Initiative, term: Term, now: datetime) -> None:
    """Five of twelve chapters are presented, two of those to come have somebody, the others are free."""
    today = standing.today(now)
    last_sunday = today - timedelta(days=today.weekday() + 1)
    team = [
        role.person
        for role in group.roles.filter(term=term).select_related("person").order_by("kind", "person__name")
    ]
    lead = group.roles.filter(term=term, kind=Role.Kind.LEAD).select_related("person").first()
    plan = study_groups.Plan(
        source=BOOK,
        authors="The notes of an open course",
        source_url="https://books.example/convex",
        chapters=CHAPTERS,
        first_on=last_sunday - timedelta(weeks=GIVEN - 1),
        begins=time(15),
        minutes=90,
        place="Room 112, Marlow Hall",
        uses_breaks=True,
    )
    by = lead.person if lead else team[0]
    group = study_groups.arrange(group, plan, by=by, now=now - timedelta(weeks=GIVEN + 1))
    rows = (
        Slot.objects.filter(sheet__rota__series=group.series_id).select_related("event", "sheet").in_order()
    )
    for n, slot in enumerate(rows[: GIVEN + 2]):
        begins_at = slot.begins_at or now
        Claim.objects.create(
            slot=slot, person=team[n % len(team)], claimed_at=min(now, begins_at) - timedelta(days=8)
        )
        presenting.follow(slot)


def _stopped(group: Initiative) -> None:
    StudyGroup.objects.create(
        initiative=group,
        source="Measure and integral, a primer",
        chapters_done=STOPPED_AFTER,
        chapters_planned=len(CHAPTERS),
    )
    begins = group.started_on
    group.state = Initiative.State.ARCHIVED
    group.ended_on = begins + timedelta(weeks=STOPPED_AFTER) if begins else group.ended_on
    group.outcome = (
        f"It ended after {STOPPED_AFTER} of {len(CHAPTERS)} chapters. "
        "Two of four moved away in the fourth week; the notes of the first three are good."
    )
    group.save()
