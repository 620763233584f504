"""Classes nobody teaches, parties nobody helps with, slots that are free or missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, JSONObject
from django.urls import reverse

from events.models import Claim, Event, HelperOffer, Slot, Talk
from events.slots import ALARM
from nmep.attention.rules import Rule, itself, keys, to
from nmep.models import Enrolment, Offering, OfferingSheet, OralResult, Session

#: Classes of so many days need somebody who teaches them.
STAFFED_AHEAD = timedelta(days=10)
#: A party of so many days needs somebody who helps.
HELPED_AHEAD = timedelta(days=2)


def without_teacher(now: datetime, ahead: timedelta = STAFFED_AHEAD) -> QuerySet[Session]:
    """Classes of the next ten days, or of the time `ahead`, that nobody teaches yet."""
    taught = Talk.objects.filter(event=OuterRef("event")).filter(
        Q(speakers__isnull=False) | ~Q(speaker_names="")
    )
    return (
        Session.objects.classes()
        .filter(
            event__starts_at__gte=now,
            event__starts_at__lt=now + ahead,
            event__state=Event.State.SCHEDULED,
        )
        .filter(~Exists(taught))
    )


def _classes(now: datetime) -> Any:
    label = Concat(
        Value("Week "), Cast("week", CharField()), Value(": "), F("title"), output_field=CharField()
    )
    rows = without_teacher(now).filter(offering=OuterRef("pk")).order_by("event__starts_at", "seq")
    return ArraySubquery(rows.annotate(said=label).values("said"))


def _parties(now: datetime) -> Any:
    helped = HelperOffer.objects.filter(event=OuterRef("event"), withdrawn_at=None)
    rows = Session.objects.filter(
        offering=OuterRef("pk"),
        kind=Session.Kind.PARTY,
        event__state=Event.State.SCHEDULED,
        event__starts_at__gt=now,
        event__starts_at__lt=now + HELPED_AHEAD,
    ).filter(~Exists(helped))
    return ArraySubquery(
        rows.order_by("event__starts_at").values(row=JSONObject(pk="event", slug="event__slug"))
    )


def _sheet(kind: OfferingSheet.Kind) -> QuerySet[Any]:
    return OfferingSheet.objects.filter(offering=OuterRef(OuterRef("pk")), kind=kind).values("sheet")


def _papers(now: datetime) -> Any:
    rows = Slot.objects.offered().between(now, now + ALARM).with_room()
    return ArraySubquery(rows.filter(sheet__in=_sheet(OfferingSheet.Kind.PAPER)).in_order().values("title"))


def _orals(now: datetime) -> Any:
    """Who has no exam ahead and none passed, and the places that are left for them."""
    sheets = OfferingSheet.objects.filter(
        offering=OuterRef(OuterRef("pk")), kind=OfferingSheet.Kind.ORAL
    ).values("sheet")
    own = OfferingSheet.objects.filter(offering=OuterRef("offering"), kind=OfferingSheet.Kind.ORAL)
    its = OfferingSheet.objects.filter(
        offering=OuterRef(OuterRef("offering")), kind=OfferingSheet.Kind.ORAL
    ).values("sheet")
    held = Claim.objects.filter(person=OuterRef("person"), slot__sheet__in=its).taking()
    passed = OralResult.objects.filter(enrolment=OuterRef("pk"), outcome=OralResult.Outcome.PASSED)
    wanting = (
        Enrolment.objects.active()
        .learners()
        .filter(offering=OuterRef("pk"))
        .filter(Exists(own), ~Exists(held), ~Exists(passed))
    )
    free = Slot.objects.offered().between(now, now + timedelta(days=365)).with_room().filter(sheet__in=sheets)
    return JSONObject(wanting=keys(wanting), free=keys(free))


def _missing_orals(offering: Offering, value: Any, now: datetime) -> Sequence[Any]:
    return value["wanting"][len(value["free"]) :]


CLASSES = Rule(
    key="classes",
    one="Class of the next 10 days without a lecturer",
    many="Classes of the next 10 days without a lecturer",
    action="Find one",
    icon="academic-cap",
    rows=_classes,
    page=to("lecturer_list"),
    named=itself,
)
PARTIES = Rule(
    key="parties",
    one="Party in two days without a helper",
    many="Parties in two days without a helper",
    action="Ask for help",
    icon="lifebuoy",
    rows=_parties,
    page=lambda slug, rows: reverse("events:event_detail", args=[rows[0]["pk"], rows[0]["slug"]]),
)
PAPERS = Rule(
    key="papers",
    one="Paper slot of the next 10 days with room",
    many="Paper slots of the next 10 days with room",
    action="Put somebody down",
    icon="document-text",
    rows=_papers,
    page=to("paper_list"),
    named=itself,
)
ORALS = Rule(
    key="orals",
    one="Oral slot is missing",
    many="Oral slots are missing",
    action="Add slots",
    icon="chat-bubble-left-right",
    rows=_orals,
    read=_missing_orals,
    page=to("oral_list"),
)
