"""Leaving a programme: the request, what is free then, and the answer. Never why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from members.ledger import Category, Kind, kind
from members.models import Notification
from nmep.models import Departure
from nmep.notifications.work import link


def _departure(row: Notification) -> Departure:
    rows = Departure.objects.select_related(
        "enrolment__person", "enrolment__offering__program", "enrolment__offering__term"
    )
    return rows.get(pk=row.about_pk)


@kind(
    "nmep-leave-asked",
    label="A learner wants to leave",
    template="nmep/mail/leave_asked",
    category=Category.TRANSACTIONAL,
    why="because you lead this programme",
)
class LeaveAsked(Kind):
    """Somebody asks to leave; who it is stands on the page."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        if Departure.objects.filter(pk=row.about_pk, state=Departure.State.ASKED).exists():
            return True
        return "answered meanwhile"

    def context(self, row: Notification) -> dict[str, Any]:
        enrolment = _departure(row).enrolment
        address = reverse("nmep:leave_detail", args=[enrolment.offering.slug, enrolment.pk])
        return {"offering": enrolment.offering, "url": f"{settings.SITE_URL}{address}"}


@kind(
    "nmep-learner-left",
    label="What a leaver frees",
    template="nmep/mail/learner_left",
    category=Category.TRANSACTIONAL,
    why="because you lead this programme",
)
class LearnerLeft(Kind):
    """The places that are open now, once each."""

    def context(self, row: Notification) -> dict[str, Any]:
        departure = _departure(row)
        offering = departure.enrolment.offering
        address = reverse("nmep:pair_list", args=[offering.slug])
        return {"offering": offering, "freed": departure.freed, "url": f"{settings.SITE_URL}{address}"}


@kind(
    "nmep-leave-settled",
    label="Leaving a programme",
    template="nmep/mail/leave_settled",
    category=Category.TRANSACTIONAL,
    why="because you left this programme or came back to it",
)
class LeaveSettled(Kind):
    """To the learner: they are out, or in again."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        state = Departure.objects.filter(pk=row.about_pk).values_list("state", flat=True).first()
        wanted = Departure.State.DONE if row.slot == "left" else Departure.State.UNDONE
        return True if state == wanted else "it has changed since"

    def context(self, row: Notification) -> dict[str, Any]:
        offering = _departure(row).enrolment.offering
        return {"offering": offering, "is_back": row.slot == "back", "url": link(offering)}
