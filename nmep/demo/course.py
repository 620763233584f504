"""How the demo's open course is run: its door, its small groups, its weeks, and what passing takes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from nmep.models import (
    CourseApplication,
    CourseGroup,
    CoursePolicy,
    Enrolment,
    GroupPlace,
    Offering,
    Session,
    WeekCheckIn,
)

GROUPS = ["Ebb", "Flood", "Neap", "Spring", "Slack"]


def seed(offering: Offering, now: datetime, rng: random.Random) -> None:
    """For the course that runs now: everybody in it applied, and one application is not confirmed yet."""
    learners = list(Enrolment.objects.learners().filter(offering=offering).select_related("person"))
    begins = min((row.created_at for row in learners), default=now)
    CoursePolicy.objects.create(
        offering=offering,
        door=CoursePolicy.Door.APPLICATION,
        places=len(learners),
        opens_at=begins - timedelta(days=30),
        closes_at=now + timedelta(days=10),
        question="What do you hope to be able to do afterwards?",
        units="1 unit, pass or no pass",
        sponsor="the department of statistics",
        is_self_paced=True,
        pass_rule={
            "pass_at": 70,
            "parts": [
                {"kind": "homework", "weight": 40, "drop": 0},
                {"kind": "attendance", "weight": 40, "drop": 2},
                {"kind": "check_ins", "weight": 20, "drop": 2},
            ],
        },
    )
    CourseApplication.objects.bulk_create(
        [
            CourseApplication(
                offering=offering,
                user=row.person,
                state=CourseApplication.State.ACCEPTED,
                text="To read a paper without being afraid of it.",
                created_at=begins - timedelta(days=rng.randint(4, 25)),
                decided_at=begins,
            )
            for row in learners
        ]
        + [
            CourseApplication(
                offering=offering,
                name="Late Comer",
                email="late.comer@club.example",
                state=CourseApplication.State.UNCONFIRMED,
                created_at=now - timedelta(days=1),
            )
        ]
    )
    staff = [
        row.person for row in Enrolment.objects.staff().filter(offering=offering).select_related("person")
    ]
    groups = [
        CourseGroup.objects.create(
            offering=offering,
            name=name,
            # One group waits for somebody who leads it.
            leader=staff[at % len(staff)] if staff and at < len(GROUPS) - 1 else None,
            meets=f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri')[at]} 17:00, library",
        )
        for at, name in enumerate(GROUPS)
    ]
    GroupPlace.objects.bulk_create(
        GroupPlace(group=groups[at % len(groups)], enrolment=row) for at, row in enumerate(learners)
    )
    past = Session.objects.filter(offering=offering, event__ends_at__lte=now).order_by("week")
    weeks = list(past.values_list("week", "event__ends_at"))
    WeekCheckIn.objects.bulk_create(
        _said(row, week, ended_at, now, rng)
        for row in learners
        for week, ended_at in weeks
        if rng.random() < 0.85
    )


def _said(row: Enrolment, week: int, ended_at: datetime, now: datetime, rng: random.Random) -> WeekCheckIn:
    is_stuck = rng.random() < 0.06
    return WeekCheckIn(
        enrolment=row,
        week=week,
        state=WeekCheckIn.State.STUCK if is_stuck else WeekCheckIn.State.DONE,
        note="The step from one neuron to a layer" if is_stuck else "",
        at=min(now, ended_at + timedelta(hours=rng.randint(2, 90))),
    )
