"""Exchanging slots, or handing one over: one asks, nothing changes until the other says yes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from events import mentoring, notifications, presenting
from events.locking import locked
from events.models import Claim, Slot, Swap
from events.slot_access import owner_of
from events.slots import end
from members.ledger import tell
from members.models import User
from mlclub.refusal import Refused


@transaction.atomic
def ask(claim: Claim, *, other: Claim | None = None, to: User | None = None, now: datetime) -> Swap:
    """Ask the holder of `other` to exchange it for `claim`, or `to` to take `claim` over. Raises Refused."""
    locked(claim.slot.sheet)
    claim = _fresh(claim)
    if not _is_movable(claim, now):
        raise Refused("This slot cannot be given to anybody any more.")
    if Swap.objects.filter(claim=claim, state=Swap.State.ASKED).exists():
        raise Refused("You have asked somebody already. Take that back first.")
    if other is not None:
        other = _fresh(other)
        if other.slot.sheet_id != claim.slot.sheet_id or not _is_movable(other, now):
            raise Refused("That slot cannot be swapped any more.")
        _check_exchange(claim, other)
        to = other.person
    if to is None or to == claim.person:
        raise Refused("Choose somebody else.")
    if other is None:
        _check_handover(claim, to)
    swap = Swap.objects.create(claim=claim, other=other, to=to, asked_at=now)
    tell(notifications.SwapAsked, to, about=swap, expires_at=claim.slot.begins_at, now=now)
    return swap


@transaction.atomic
def answer(swap: Swap, *, accepts: bool, now: datetime) -> Swap:
    """The other's yes or no. An answered one keeps its answer. Raises Refused where a yes cannot be carried out."""
    locked(swap.claim.slot.sheet)
    row = Swap.objects.select_related("to", "claim").get(pk=swap.pk)
    if row.state != Swap.State.ASKED:
        return row
    if accepts:
        claim = _fresh(row.claim)
        other = _fresh(row.other) if row.other else None
        if not _is_movable(claim, now) or (other and not _is_movable(other, now)):
            raise Refused("One of the two slots is over or was given back.")
        if other:
            _check_exchange(claim, other)
        else:
            _check_handover(claim, row.to)
        # First the answer, so that ending the claims does not take this very request back.
        _settle(row, Swap.State.ACCEPTED, now)
        _move(claim, other, row.to, now)
    else:
        _settle(row, Swap.State.DECLINED, now)
    tell(notifications.SwapAnswered, row.claim.person, about=row, slot=row.state, now=now)
    return row


@transaction.atomic
def take_back(swap: Swap, *, now: datetime) -> Swap:
    """Whoever asked does not want it any more."""
    locked(swap.claim.slot.sheet)
    row = Swap.objects.get(pk=swap.pk)
    if row.state == Swap.State.ASKED:
        _settle(row, Swap.State.WITHDRAWN, now)
    return row


def _settle(row: Swap, state: Swap.State, now: datetime) -> None:
    row.state, row.answered_at = state, now
    row.save(update_fields=["state", "answered_at"])


def _move(claim: Claim, other: Claim | None, to: User, now: datetime) -> None:
    end(claim, Claim.State.SWAPPED, now)
    if other is None:
        taken = Claim.objects.create(slot=claim.slot, person=to, topic=claim.topic, claimed_at=now)
        mentoring.end_for(claim, now)
        presenting.taken(taken, now)
        return
    end(other, Claim.State.SWAPPED, now)
    for giver, slot in ((claim, other.slot), (other, claim.slot)):
        # What somebody prepares goes with them, and so does who helps them.
        made = Claim.objects.create(
            slot=slot,
            person=giver.person,
            topic=giver.topic,
            wants_mentor=giver.wants_mentor,
            claimed_at=now,
        )
        mentoring.follow(giver, made)
    presenting.exchanged(claim.slot, other.slot)


def _fresh(claim: Claim) -> Claim:
    return Claim.objects.select_related("person", "slot__sheet", "slot__event").get(pk=claim.pk)


def _is_movable(claim: Claim, now: datetime) -> bool:
    slot = claim.slot
    return claim.state == Claim.State.HELD and slot.is_offered and not slot.has_begun(now)


def _has(person: User, slot: Slot) -> bool:
    return Claim.objects.taking().filter(slot=slot, person=person).exists()


def _check_exchange(claim: Claim, other: Claim) -> None:
    if claim.slot_id == other.slot_id:
        raise Refused("You share that slot already.")
    if _has(claim.person, other.slot) or _has(other.person, claim.slot):
        raise Refused("One of you holds the other's slot already.")


def _check_handover(claim: Claim, to: User) -> None:
    sheet = claim.slot.sheet
    if not owner_of(sheet).candidates().filter(pk=to.pk).exists():
        raise Refused("They cannot hold a slot of this sheet.")
    if Claim.objects.held().filter(slot__sheet=sheet, person=to).count() >= sheet.max_claims:
        raise Refused(f"{to} holds a slot of this sheet already. Ask for a swap instead.")
