"""What learners ask for, who works alone, and who wants to come in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.urls import reverse

from nmep import unpaired
from nmep.attention.rules import Rule, keys, to
from nmep.models import (
    Absence,
    Assignment,
    CourseApplication,
    Departure,
    ExtensionRequest,
    Offering,
    PairingRound,
)


def _requests(now: datetime) -> Any:
    asked = Absence.objects.waiting().filter(enrolment__offering=OuterRef("pk"))
    wanted = ExtensionRequest.objects.waiting().filter(enrolment__offering=OuterRef("pk"))
    return JSONObject(absences=keys(asked), more_time=keys(wanted))


def _departures(now: datetime) -> Any:
    rows = Departure.objects.filter(enrolment__offering=OuterRef("pk"), state=Departure.State.ASKED)
    return keys(rows, "enrolment")


def _unpaired(now: datetime) -> Any:
    rounds = unpaired.with_counts(unpaired.open_rounds(now).filter(assignment__offering=OuterRef("pk")))
    return ArraySubquery(
        rounds.filter(unpaired__gt=0)
        .order_by("assignment__due_at")
        .values(row=JSONObject(key="assignment__key", n="unpaired"))
    )


def _each_unpaired(offering: Offering, value: Any, now: datetime) -> Sequence[Any]:
    return [row["key"] for row in value for _ in range(row["n"])]


def _unmatched(now: datetime) -> Any:
    rows = Assignment.objects.released(now).filter(
        offering=OuterRef("pk"), partners=Assignment.Partners.REQUIRED, due_at__gt=now
    )
    return ArraySubquery(
        rows.exclude(pairing_round__state__in=PairingRound.TOLD).order_by("due_at").values("key")
    )


def _applications(now: datetime) -> Any:
    rows = CourseApplication.objects.filter(
        offering=OuterRef("pk"), state=CourseApplication.State.APPLIED, user__isnull=False
    )
    return keys(rows)


REQUESTS = Rule(
    key="requests",
    one="Request of a learner waits for its answer",
    many="Requests of learners wait for an answer",
    action="Answer",
    icon="hand-raised",
    rows=_requests,
    read=lambda offering, value, now: [*value["absences"], *value["more_time"]],
    page=to("request_list"),
)
DEPARTURES = Rule(
    key="departures",
    one="Learner asked to leave",
    many="Learners asked to leave",
    action="Answer",
    icon="arrow-right-start-on-rectangle",
    rows=_departures,
    page=lambda slug, rows: reverse("nmep:leave_detail", args=[slug, rows[0]]),
)
UNPAIRED = Rule(
    key="unpaired",
    one="Learner without a partner",
    many="Learners without a partner",
    action="Find one",
    icon="user-plus",
    rows=_unpaired,
    read=_each_unpaired,
    page=lambda slug, rows: reverse("nmep:pair_detail", args=[slug, rows[0]]),
)
UNMATCHED = Rule(
    key="unmatched",
    one="Homework asks for partners and has no pairs yet",
    many="Homeworks ask for partners and have no pairs yet",
    action="Make pairs",
    icon="users",
    rows=_unmatched,
    page=lambda slug, rows: reverse("nmep:pair_detail", args=[slug, rows[0]]),
    named=lambda row: row.upper(),
)
APPLICATIONS = Rule(
    key="applications",
    one="Application to decide",
    many="Applications to decide",
    action="Decide",
    icon="inbox-arrow-down",
    rows=_applications,
    page=to("application_list"),
)
