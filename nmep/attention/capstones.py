"""Capstones and their groups, mentors, steps and talks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import JSONObject
from django.urls import reverse

from events.feedback import MIN_ANSWERS
from events.models import FeedbackAnswer
from nmep import mentoring
from nmep.attention.rules import Rule, itself, keys, to
from nmep.models import (
    Capstone,
    CapstoneMember,
    CapstonePolicy,
    CapstoneStep,
    Enrolment,
    Milestone,
    Offering,
    ShowcaseTalk,
)
from nmep.models.assignments import at_wall_time


def _without_group(now: datetime) -> Any:
    groups = CapstonePolicy.objects.filter(offering=OuterRef("offering"))
    mine = CapstoneMember.objects.live().filter(enrolment=OuterRef("pk"))
    rows = Enrolment.objects.active().learners().filter(offering=OuterRef("pk"))
    return keys(rows.filter(Exists(groups), ~Exists(mine)))


def _mentors(now: datetime) -> Any:
    rows = mentoring.needing(now).filter(offering=OuterRef("pk")).order_by("initiative__name")
    return ArraySubquery(rows.values("initiative__name"))


def _undecided(now: datetime) -> Any:
    rows = Capstone.objects.undecided().filter(offering=OuterRef("pk")).order_by("initiative__name")
    return ArraySubquery(rows.values("initiative__name"))


def _steps(now: datetime) -> Any:
    """The steps of the capstones with the groups that have not handed them in; which are due is for the wall clock."""
    handed_in = CapstoneStep.objects.filter(
        capstone=OuterRef("pk"), milestone=OuterRef(OuterRef("pk"))
    ).exclude(state=CapstoneStep.State.OPEN)
    people = CapstoneMember.objects.live().filter(capstone=OuterRef("pk"))
    owing = (
        Capstone.objects.filter(offering=OuterRef("offering"))
        .exclude(state__in=[Capstone.State.PRESENTED, Capstone.State.ARCHIVED])
        .filter(Exists(people), ~Exists(handed_in))
    )
    steps = Milestone.objects.filter(
        offering=OuterRef("pk"), kind=Milestone.Kind.CAPSTONE, due_session__isnull=False
    ).order_by()
    return ArraySubquery(
        steps.values(
            row=JSONObject(
                title="title",
                days="due_days",
                time="due_time",
                starts_at="due_session__event__starts_at",
                groups=ArraySubquery(owing.order_by("initiative__name").values("initiative__name")),
            )
        )
    )


def _overdue(offering: Offering, value: Any, now: datetime) -> Sequence[Any]:
    late = [
        row
        for row in value
        if at_wall_time(
            datetime.fromisoformat(row["starts_at"]),
            days=row["days"],
            hour=time.fromisoformat(row["time"]),
            offering=offering,
        )
        < now
    ]
    return [f"{name}: {row['title']}" for row in late for name in row["groups"]]


def _feedback(now: datetime) -> Any:
    """Talks of a showcase that is over, with enough answers, whose group waits to read them."""
    answers = FeedbackAnswer.objects.filter(form=OuterRef("form")).order_by().values("form")
    counted = answers.annotate(n=Count("pk")).filter(n__gte=MIN_ANSWERS)
    rows = ShowcaseTalk.objects.filter(
        showcase__session__offering=OuterRef("pk"),
        form__released_at=None,
        showcase__session__event__ends_at__lte=now,
    ).filter(Exists(counted))
    return keys(rows)


GROUPS = Rule(
    key="groups",
    one="Learner is in no capstone group",
    many="Learners are in no capstone group",
    action="Look",
    icon="user-group",
    rows=_without_group,
    page=to("capstone_list"),
)
MENTORS = Rule(
    key="mentors",
    one="Capstone has no mentor, has not met it for three weeks, or asks for help",
    many="Capstones have no mentor, have not met it for three weeks, or ask for help",
    action="Look",
    icon="user-group",
    rows=_mentors,
    page=to("capstone_list"),
    named=itself,
)
STEPS = Rule(
    key="steps",
    one="Capstone step is overdue",
    many="Capstone steps are overdue",
    action="Look",
    icon="clock",
    rows=_steps,
    read=_overdue,
    page=to("capstone_list"),
    named=itself,
)
FEEDBACK = Rule(
    key="feedback",
    one="Talk has feedback to read and release",
    many="Talks have feedback to read and release",
    action="Read it",
    icon="megaphone",
    rows=_feedback,
    page=lambda slug, rows: reverse("nmep:feedback_read", args=[slug, rows[0]]),
)
UNDECIDED = Rule(
    key="undecided",
    one="Presented capstone has not said what happens next",
    many="Presented capstones have not said what happens next",
    action="Look",
    icon="arrow-right-circle",
    rows=_undecided,
    page=to("capstone_list"),
    named=itself,
)
