"""What home and the digest say of slots: what one holds, what is empty and near, and slides that never came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.urls import reverse

from events.models import Claim, Event, Kind, Material, SeriesFollow, Slot, SlotSheet
from events.slots import ALARM
from members.models import User
from mlclub.gather import FOR_YOU, Card, Item, Section

#: Slides of a class are asked for so long after it.
ASKED_FOR = timedelta(days=30)
AHEAD = timedelta(days=14)
#: How many empty slots push themselves on a home page.
PUSHED = 2


def columns(rows: Any, what: str, title: Any, of: Any, at: Any) -> Any:
    """The same five columns of different tables, for one UNION."""
    text = CharField()
    return rows.order_by().values_list(
        Value(what, output_field=text), "pk", Cast(title, text), Cast(of, text), at
    )


def _slot_title() -> Any:
    return Coalesce(NullIf(F("title"), Value("")), F("event__title"), Value(""))


def parts(user: User, now: datetime) -> list[Any]:
    """For the one query of home: my slots of the next two weeks, empty members' slots of the next ten days, missing slides of classes
    that I taught. Paper talks of a programme are told by the programme."""
    slots = Slot.objects.offered()
    mine = (
        slots.between(now, now + AHEAD)
        .filter(Exists(Claim.objects.held().filter(slot=OuterRef("pk"), person=user)))
        .exclude(sheet__kind=SlotSheet.Kind.PAPER, sheet__audience=SlotSheet.Audience.OWNER)
    )
    found = [
        columns(mine, "mine", _slot_title(), F("sheet__title"), F("begins")),
        columns(_without_slides(user, now), "slides", F("title"), Value(""), F("ends_at")),
    ]
    if user.standing.writes:
        empty = (
            slots.between(now, now + ALARM)
            .with_room()
            .filter(sheet__mode=SlotSheet.Mode.FIRST_COME)
            .filter(
                Q(sheet__audience=SlotSheet.Audience.MEMBERS)
                | Q(sheet__rota__series__in=SeriesFollow.objects.filter(person=user).values("series"))
            )
            .filter(Q(sheet__opens_at=None) | Q(sheet__opens_at__lte=now))
            .filter(Q(sheet__closes_at=None) | Q(sheet__closes_at__gt=now))
            .exclude(Exists(Claim.objects.taking().filter(slot__sheet=OuterRef("sheet"), person=user)))
        )
        found.append(columns(empty, "free", _slot_title(), F("sheet__title"), F("begins")))
    return found


def _without_slides(user: User, now: datetime) -> Any:
    slides = Material.objects.filter(event=OuterRef("pk"), kind=Material.Kind.SLIDES)
    return (
        Event.objects.scheduled()
        .filter(kind=Kind.LECTURE, talks__speakers=user, ends_at__lte=now, ends_at__gt=now - ASKED_FOR)
        .exclude(Exists(slides))
    )


def card(what: str, pk: int, title: str, sheet: str, at: datetime) -> Card:
    if what == "slides":
        add = reverse("events:material_create", args=[pk])
        return Card(
            section=Section.DUE,
            title=f"Slides of {title} are missing",
            url=add,
            meta=("you taught it",),
            icon="presentation-chart-bar",
            action="Add them",
            action_url=add,
            weight=4,
        )
    page = reverse("events:slot_detail", args=[pk])
    name = f"{sheet}: {title}" if title else sheet
    if what == "mine":
        return Card(
            section=Section.NEXT,
            title=name,
            url=page,
            when=at,
            meta=("your slot",),
            icon="user",
        )
    return Card(
        section=Section.NEEDED,
        title=f"{name} is free",
        url=page,
        when=at,
        meta=("nobody has it yet",),
        icon="plus",
        action="Claim",
        action_url=reverse("events:slot_claim", args=[pk]),
        post=True,
        weight=5,
    )


def lines(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """The slots of the week for those who hold them; one query. A private sheet is told to its holder alone."""
    soon = Slot.objects.offered().between(since, until)
    held = Claim.objects.held().filter(person__in=users, slot__in=soon.values("pk"))
    found: dict[int, list[Item]] = {}
    for claim in held.select_related("slot__sheet", "slot__event"):
        found.setdefault(claim.person_id, []).append(
            Item(
                section=FOR_YOU,
                text=f"Your slot: {claim.slot.sheet.title}, {claim.slot.label}",
                url=claim.slot.get_absolute_url(),
                action="Open",
                when=claim.slot.begins_at,
                weight=20,
                is_own=True,
            )
        )
    return found
