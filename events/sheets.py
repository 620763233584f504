"""A slot sheet as one person sees it. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from events.models import Claim, Slot, SlotSheet, Swap
from events.slot_access import Access


@dataclass(frozen=True, kw_only=True)
class Row:
    """A slot, who holds it as far as the reader may know, and what the reader can do."""

    slot: Slot
    claims: tuple[Claim, ...]
    sees_names: bool
    mine: Claim | None
    is_over: bool
    has_begun: bool
    can_claim: bool

    @property
    def taken(self) -> int:
        return len(self.claims)

    @property
    def left(self) -> int:
        return max(0, self.slot.capacity - self.taken)

    @property
    def is_full(self) -> bool:
        return self.left == 0

    @property
    def is_held(self) -> bool:
        return self.mine is not None and self.mine.state in Claim.TAKING

    @property
    def word(self) -> str:
        """How full it is: "2 places free", "1 of 2 free", "Taken"."""
        if self.is_full:
            return "Taken"
        if self.slot.capacity == 1:
            return "Free"
        return f"{self.left} of {self.slot.capacity} free"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The rows of a sheet, and what holds for all of them."""

    sheet: SlotSheet
    access: Access
    rows: list[Row]
    now: datetime
    is_open: bool

    @property
    def mine(self) -> list[Row]:
        return [row for row in self.rows if row.is_held]

    @property
    def free(self) -> list[Row]:
        return [row for row in self.rows if not row.is_full and not row.has_begun and row.slot.is_offered]

    @property
    def wishes(self) -> dict[int, int]:
        """The reader's wishes: slot → rank."""
        return {
            row.slot.pk: row.mine.rank or 0
            for row in self.rows
            if row.mine and row.mine.state == Claim.State.WISHED
        }


def sheet_of(sheet: SlotSheet, user: Any, access: Access, now: datetime) -> Sheet:
    """The sheet for `user`: two queries, and one for the helpers."""
    people = Claim.objects.filter(state__in=[*Claim.TAKING, Claim.State.WISHED]).select_related("person")
    slots = list(
        Slot.objects.filter(sheet=sheet, withdrawn_at=None)
        .select_related("event")
        .defer("event__description", "event__search")
        .prefetch_related(Prefetch("claims", people, to_attr="present"), "helpers")
        .in_order()
    )
    for slot in slots:
        slot.sheet = sheet
    held = sum(
        claim.state == Claim.State.HELD and claim.person_id == user.pk
        for slot in slots
        for claim in slot.present  # type: ignore[attr-defined]
    )
    is_open = sheet.is_open(now)
    may_claim = access.claims and is_open and not sheet.takes_wishes and held < sheet.max_claims
    return Sheet(
        sheet=sheet,
        access=access,
        rows=[row_of(slot, user, access, now, may_claim=may_claim) for slot in slots],
        now=now,
        is_open=is_open,
    )


def row_of(slot: Slot, user: Any, access: Access, now: datetime, *, may_claim: bool) -> Row:
    """One slot with its prefetched claims."""
    present: list[Claim] = slot.present  # type: ignore[attr-defined]
    taking = tuple(claim for claim in present if claim.state in Claim.TAKING)
    helps = any(helper.pk == user.pk for helper in slot.helpers.all())
    has_begun = slot.has_begun(now)
    mine = next((claim for claim in present if claim.person_id == user.pk), None)
    return Row(
        slot=slot,
        claims=taking,
        sees_names=access.sees_names or access.runs or helps,
        mine=mine,
        is_over=slot.is_over(now),
        has_begun=has_begun,
        can_claim=may_claim
        and not (mine and mine.state in Claim.TAKING)
        and len(taking) < slot.capacity
        and not has_begun
        and slot.is_offered,
    )


def swappable(row: Row, sheet: Sheet) -> list[Claim]:
    """What the holder of a slot may ask for in exchange, soonest first."""
    return [
        claim
        for other in sheet.rows
        if other.slot.pk != row.slot.pk
        and not other.has_begun
        and other.slot.is_offered
        and not other.is_held
        for claim in other.claims
        if claim.state == Claim.State.HELD
    ]


def open_swaps(user: Any, sheet: SlotSheet) -> list[Swap]:
    """What `user` asked for, and is asked for, on this sheet."""
    rows = Swap.objects.filter(state=Swap.State.ASKED, claim__slot__sheet=sheet)
    return list(
        (rows.filter(claim__person=user) | rows.filter(to=user)).select_related(
            "claim__person", "claim__slot__event", "other__slot__event", "other__person", "to"
        )
    )
