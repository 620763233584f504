"""Whose turn it is to present: who has, who has a slot, who has not yet; and the next empty slot, which is offered
first to those who have not, for a few days, and then to everybody. Nobody is ranked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Lower

from events import notifications
from events.locking import locked
from events.models import Claim, Rota, SeriesFollow, Slot, SlotSheet, Turn
from members.ledger import Due, tell_many
from members.models import Club, Membership, Term, User
from members.standing import today
from mlclub.refusal import Refused

#: The kinds of sheet that belong to a rota.
KINDS = (SlotSheet.Kind.TALK, SlotSheet.Kind.UPDATE, SlotSheet.Kind.CHAPTER)


@dataclass(frozen=True)
class Taker:
    """Somebody who takes turns, and whether they have."""

    person: User
    presented_at: datetime | None
    coming_at: datetime | None

    @property
    def word(self) -> str:
        if self.presented_at:
            return "presented"
        return "has a slot" if self.coming_at else "not yet"


def people(rota: Rota) -> Any:
    """Who takes turns: whoever follows the series, and whoever has or had a slot of it."""
    follows = SeriesFollow.objects.filter(series=rota.series_id, person=OuterRef("pk"))
    claims = Claim.objects.taking().filter(slot__sheet=rota.sheet_id, person=OuterRef("pk"))
    return User.objects.real().filter(Exists(follows) | Exists(claims))


def takers(rota: Rota, now: datetime) -> list[Taker]:
    """Everybody who takes turns, by name; one query."""
    given: Any = Claim.objects.given(now).filter(slot__sheet=rota.sheet_id, person=OuterRef("pk"))
    coming = (
        Claim.objects.held()
        .filter(slot__sheet=rota.sheet_id, slot__withdrawn_at=None, person=OuterRef("pk"))
        .exclude(pk__in=Claim.objects.given(now).filter(slot__sheet=rota.sheet_id).values("pk"))
    )
    rows = people(rota).annotate(
        presented_at=Subquery(given.order_by("-over_at").values("over_at")[:1]),
        coming_at=Subquery(coming.order_by("slot__event__starts_at").values("slot__event__starts_at")[:1]),
    )
    return [Taker(row, row.presented_at, row.coming_at) for row in rows.order_by(Lower("name"), "pk")]


def had_turn(sheet: SlotSheet, person: User) -> bool:
    """Whether somebody has presented on this sheet, or holds a slot of it."""
    return Claim.objects.filter(
        slot__sheet=sheet,
        slot__withdrawn_at=None,
        person=person,
        state__in=[Claim.State.HELD, Claim.State.DONE],
    ).exists()


def check(slot: Slot, person: User, now: datetime) -> None:
    """Refuse whoever has presented while the slot waits for those who have not. The caller holds the sheet's lock."""
    if slot.sheet.kind not in KINDS:
        return
    turn = Turn.objects.filter(slot=slot, ends_at__gt=now).first() or _offered(slot, now)
    if turn is None or not had_turn(slot.sheet, person):
        return
    until = turn.ends_at.astimezone(Club.current().zone)
    raise Refused(
        f"{slot.label} waits until {until:%A} {until:%H:%M} for those who have not presented yet. "
        "After that it is open to everybody."
    )


def next_empty(sheet: SlotSheet, now: datetime) -> Slot | None:
    """The soonest slot to come that nobody holds."""
    soonest: Slot | None = _empty(now).filter(sheet=sheet).select_related("event", "sheet").first()
    return soonest


def _empty(now: datetime) -> Any:
    """Slots to come that nobody holds, soonest first."""
    rows: Any = Slot.objects.offered().with_times().with_room()
    return rows.filter(taken=0, begins__gt=now).order_by("begins", "position", "pk")


def _offered(slot: Slot, now: datetime) -> Turn | None:
    """Begin the turn of a slot that has become the next empty one, before the clock has noticed."""
    rota = Rota.objects.filter(sheet=slot.sheet_id).select_related("series", "sheet").first()
    if rota is None:
        return None
    soonest = next_empty(slot.sheet, now)
    return _begin(rota, slot, now) if soonest and soonest.pk == slot.pk else None


def _begin(rota: Rota, slot: Slot, now: datetime) -> Turn | None:
    """Offer a slot to those who have not presented, and tell them. The caller holds the sheet's lock."""
    begins_at = slot.begins_at
    if not rota.turn_days or begins_at is None or Turn.objects.filter(slot=slot).exists():
        return None
    ends_at = min(now + timedelta(days=rota.turn_days), begins_at - Rota.TURN_ENDS_BEFORE)
    everybody = takers(rota, now)
    waiting = [taker.person for taker in everybody if taker.word == "not yet"]
    # With nobody to wait for, or nobody to hold back, a slot is simply free.
    if ends_at <= now or not waiting or len(waiting) == len(everybody):
        return None
    turn = Turn.objects.create(slot=slot, offered_at=now, ends_at=ends_at)
    told = _who_may_claim(waiting, now)
    tell_many(
        notifications.SlotOpenToYouFirst,
        [Due(person, slot, slot="first", expires_at=ends_at) for person in told],
        now=now,
    )
    return turn


def _who_may_claim(persons: list[User], now: datetime) -> list[User]:
    """Those of them who are active in the current term: whoever left is not asked."""
    term = Term.objects.current(today(now))
    active = set(
        Membership.objects.filter(person__in=persons, term=term, status=Membership.Status.ACTIVE).values_list(
            "person", flat=True
        )
    )
    return [person for person in persons if person.pk in active]


def offer_next(now: datetime) -> int:
    """Begin the turn of every rota's next empty slot that has none; how many began. Running it again is harmless."""
    empty = _empty(now).filter(sheet=OuterRef("sheet"))
    rotas: Any = Rota.objects.filter(turn_days__gt=0, series__ended_at=None)
    rotas = (
        rotas.annotate(soonest=Subquery(empty.values("pk")[:1]), begins=Subquery(empty.values("begins")[:1]))
        .filter(soonest__isnull=False, begins__gt=now + Rota.TURN_ENDS_BEFORE)
        .exclude(Exists(Turn.objects.filter(slot=OuterRef("soonest"))))
        .filter(Exists(Claim.objects.taking().filter(slot__sheet=OuterRef("sheet"))))
        .select_related("series", "sheet")
    )
    began = 0
    for rota in rotas:
        with transaction.atomic():
            locked(rota.sheet)
            slot = next_empty(rota.sheet, now)
            began += bool(slot and _begin(rota, slot, now))
    return began
