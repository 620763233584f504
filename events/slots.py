"""Every change of a slot sheet. Each function locks the sheet's row first and counts rows under that lock; what is to
be told is written in the same transaction, and a second click gets the first one's answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from events import mentoring, notifications, presenting, turns
from events.locking import Taken, locked, locked_slot
from events.models import Claim, Event, Slot, SlotQuestion, SlotSheet, Swap
from events.slot_access import owner_of
from members.ledger import Due, at, tell, tell_many
from members.models import User
from mlclub.refusal import Refused

#: Who runs a sheet hears of a slot that comes free within this time.
ALARM = timedelta(days=10)
#: How many free slots a refusal names.
NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The claim that it came to; a repeat changed nothing."""

    claim: Claim
    is_repeat: bool = False


# ── Putting oneself down ──


@transaction.atomic
def claim(slot: Slot, person: User, *, topic: str = "", wants_mentor: bool = False, now: datetime) -> Outcome:
    """Give `person` a place in the slot. Who may claim is asked before: `slot_access`. Raises Refused."""
    slot = locked_slot(slot)
    mine = Claim.objects.taking().filter(slot=slot, person=person).first()
    if mine:
        return Outcome(claim=mine, is_repeat=True)
    if slot.sheet.takes_wishes:
        raise Refused("These slots are drawn. Say which you would like best; the draw gives you one.")
    if not slot.sheet.is_open(now):
        opens_at = slot.sheet.opens_at
        raise Refused(
            "This sheet is not open yet." if opens_at and now < opens_at else "This sheet is closed."
        )
    _check_room(slot, now)
    _check_share(slot.sheet, person)
    turns.check(slot, person, now)
    made = _give(slot, person, topic=topic, wants_mentor=wants_mentor, now=now)
    presenting.taken(made, now)
    if made.wants_mentor:
        mentoring.ask(made, now=now)
    return Outcome(claim=made)


@transaction.atomic
def assign(slot: Slot, person: User, *, by: User, now: datetime) -> Outcome:
    """Put somebody down, by whoever runs the sheet; they are told. Raises Refused."""
    slot = locked_slot(slot)
    mine = Claim.objects.taking().filter(slot=slot, person=person).first()
    if mine:
        return Outcome(claim=mine, is_repeat=True)
    _check_room(slot, now)
    _check_share(slot.sheet, person, whose=f"{person} holds")
    Claim.objects.filter(slot=slot, person=person, state=Claim.State.WISHED).update(
        state=Claim.State.RELEASED, ended_at=now
    )
    made = _give(slot, person, by=by, now=now)
    presenting.taken(made, now)
    if person != by:
        tell(notifications.SlotAssigned, person, about=made, expires_at=slot.begins_at, now=now)
    return Outcome(claim=made)


@transaction.atomic
def release(claim: Claim, *, by: User, now: datetime) -> Outcome:
    """Give a slot back, by its holder before it begins or by whoever runs the sheet. Those who share it, and within
    ten days those who run the sheet, are told. Raises Refused."""
    slot = locked_slot(claim.slot)
    row = Claim.objects.select_related("person").get(pk=claim.pk)
    row.slot = slot
    if row.state in (Claim.State.RELEASED, Claim.State.SWAPPED):
        return Outcome(claim=row, is_repeat=True)
    if not row.is_live:
        raise Refused("This slot is over.")
    if by == row.person and slot.has_begun(now):
        raise Refused("It has begun. Tell whoever runs it.")
    was_held = row.state == Claim.State.HELD
    end(row, Claim.State.RELEASED, now)
    if was_held:
        stepped_in = presenting.given_back(slot, now)
        _tell_of_release(slot, row, by=by, now=now, besides=stepped_in.person if stepped_in else None)
    return Outcome(claim=row)


@transaction.atomic
def mark(claim: Claim, state: Claim.State, *, now: datetime) -> Outcome:
    """Write down, after it began, that somebody was missing (`MISSED`), that it is done (`DONE`), or take that back
    (`HELD`). Raises Refused."""
    slot = locked_slot(claim.slot)
    row = Claim.objects.select_related("person").get(pk=claim.pk)
    row.slot = slot
    if row.state == state:
        return Outcome(claim=row, is_repeat=True)
    if row.state not in Claim.TAKING:
        raise Refused("This slot was given back meanwhile.")
    if not slot.has_begun(now):
        raise Refused("It has not begun yet.")
    row.state, row.ended_at = state, None if state == Claim.State.HELD else now
    row.save(update_fields=["state", "ended_at"])
    presenting.follow(slot)
    return Outcome(claim=row)


@transaction.atomic
def describe(claim: Claim, *, topic: str, now: datetime) -> bool:
    """Say what it will be about. False when the slot is not theirs any more, or has begun."""
    if claim.slot.has_begun(now):
        return False
    said = bool(Claim.objects.held().filter(pk=claim.pk).update(topic=topic.strip()[:200]))
    if said:
        presenting.follow(claim.slot)
    return said


# ── Wishes ──


@transaction.atomic
def wish(sheet: SlotSheet, person: User, ranked: Sequence[int], *, now: datetime) -> list[Claim]:
    """Replace the wishes of `person` by these slots (keys), the dearest first. Raises Refused."""
    sheet = locked(sheet)
    if not sheet.takes_wishes:
        raise Refused("The draw is over." if sheet.published_at else "This sheet takes no wishes.")
    if not sheet.is_open(now):
        raise Refused("This sheet takes no wishes now.")
    chosen = list(dict.fromkeys(ranked))
    free = {slot.pk for slot in Slot.objects.offered().filter(sheet=sheet) if not slot.has_begun(now)}
    if not set(chosen) <= free:
        raise Refused("One of these slots is not there any more. Choose again.")
    before = {row.slot_id: row for row in _wishes(sheet).filter(person=person)}
    wanted = {key: rank for rank, key in enumerate(chosen, start=1)}
    if {key: row.rank for key, row in before.items()} != wanted:
        _wishes(sheet).filter(person=person).update(state=Claim.State.RELEASED, ended_at=now)
        Claim.objects.bulk_create(
            Claim(slot_id=key, person=person, state=Claim.State.WISHED, rank=rank, claimed_at=now)
            for key, rank in wanted.items()
        )
    return list(_wishes(sheet).filter(person=person).order_by("rank"))


def _wishes(sheet: SlotSheet) -> Any:
    return Claim.objects.filter(slot__sheet=sheet, state=Claim.State.WISHED)


# ── The slots themselves ──


@transaction.atomic
def order(
    sheet: SlotSheet, titles: Sequence[str], *, event: Event | None = None, minutes: int, now: datetime
) -> list[Slot]:
    """Make the running order of a sheet: one slot a title, in this order, one after the other from the beginning of
    `event`. A title that has its slot keeps it, with whoever holds it; one that is gone is withdrawn."""
    sheet = locked(sheet)
    known: dict[str, list[Slot]] = {}
    for slot in Slot.objects.filter(sheet=sheet, withdrawn_at=None).order_by("position", "pk"):
        known.setdefault(slot.title, []).append(slot)
    placed = []
    for position, title in enumerate(titles):
        slot = known[title].pop(0) if known.get(title) else Slot(sheet=sheet, title=title)
        slot.event, slot.starts_at = event, None
        slot.position, slot.minutes = position, minutes
        slot.after_minutes = position * minutes if event else 0
        slot.save()
        placed.append(slot)
    for slot in (left for rows in known.values() for left in rows):
        withdraw(slot, now=now)
    return placed


@transaction.atomic
def withdraw(slot: Slot, *, now: datetime) -> int:
    """Take a slot off the sheet; those who held it are told and may choose another. How many those are."""
    slot = locked_slot(slot)
    if slot.withdrawn_at is not None:
        return 0
    slot.withdrawn_at = now
    slot.save(update_fields=["withdrawn_at"])
    rows = list(Claim.objects.live().filter(slot=slot).select_related("person"))
    for row in rows:
        row.slot = slot
        end(row, Claim.State.RELEASED, now)
    presenting.follow(slot)
    told = [row for row in rows if not slot.has_begun(now)]
    tell_many(notifications.SlotWithdrawn, [Due(row.person, row) for row in told], now=now)
    return len(rows)


@transaction.atomic
def ask(slot: Slot, author: User, text: str, *, now: datetime) -> SlotQuestion:
    """Ask the one question that everybody has, or change it. Raises Refused once the slot has begun."""
    slot = locked_slot(slot)
    if not slot.sheet.takes_questions:
        raise Refused("Nobody is asked for questions here.")
    if slot.has_begun(now):
        raise Refused("It has begun: ask in the room.")
    if not slot.is_offered:
        raise Refused("This does not take place.")
    if Claim.objects.held().filter(slot=slot, person=author).exists():
        raise Refused("You present this yourself.")
    known = SlotQuestion.objects.filter(slot=slot, author=author).first()
    if known is None:
        return SlotQuestion.objects.create(slot=slot, author=author, text=text, asked_at=now)
    if known.text != text:
        known.text, known.changed_at = text, now
        known.save(update_fields=["text", "changed_at"])
    return known


# ── What the functions above share ──


def free(sheet: SlotSheet, now: datetime) -> list[Slot]:
    """The slots with room that are still to come, soonest first."""
    rows = Slot.objects.offered().with_room().filter(sheet=sheet).select_related("event").in_order()
    return [slot for slot in rows if not slot.has_begun(now)]


def said_free(sheet: SlotSheet, now: datetime) -> str:
    """What is free, in a sentence: "Week 8 and Week 9 are free." """
    names = [slot.label for slot in free(sheet, now)]
    if not names:
        return "No slot is free any more."
    more = len(names) - NAMED
    shown = names[:NAMED] + ([f"{more} more"] if more > 0 else [])
    listed = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"{listed} {'is' if len(names) == 1 else 'are'} free."


def end(claim: Claim, state: Claim.State, now: datetime) -> None:
    """End a live claim; whatever was asked in exchange for it is off. The caller holds the sheet's lock."""
    claim.state, claim.ended_at = state, now
    claim.save(update_fields=["state", "ended_at"])
    if state == Claim.State.RELEASED:
        mentoring.end_for(claim, now)
    for asked in (Swap.objects.filter(claim=claim), Swap.objects.filter(other=claim)):
        asked.filter(state=Swap.State.ASKED).update(state=Swap.State.WITHDRAWN, answered_at=now)


def _check_room(slot: Slot, now: datetime) -> None:
    if not slot.is_offered:
        raise Refused(f"{slot.label} does not take place. {said_free(slot.sheet, now)}")
    if slot.has_begun(now):
        raise Refused(f"{slot.label} has begun. {said_free(slot.sheet, now)}")
    if Claim.objects.taking().filter(slot=slot).count() >= slot.capacity:
        raise Taken(f"{slot.label} was just taken. {said_free(slot.sheet, now)}")


def _check_share(sheet: SlotSheet, person: User, *, whose: str = "You hold") -> None:
    """Refuse whoever holds as many slots of the sheet as a person may."""
    held = list(Claim.objects.held().filter(slot__sheet=sheet, person=person).select_related("slot__event"))
    if len(held) >= sheet.max_claims:
        names = " and ".join(row.slot.label for row in held)
        raise Refused(f"{whose} {names} already. Give it back first, or swap.")


def _give(
    slot: Slot,
    person: User,
    *,
    topic: str = "",
    wants_mentor: bool = False,
    by: User | None = None,
    now: datetime,
) -> Claim:
    return Claim.objects.create(
        slot=slot,
        person=person,
        topic=topic.strip()[:200],
        wants_mentor=wants_mentor and slot.sheet.offers_mentor,
        claimed_at=now,
        assigned_by=by,
    )


def _tell_of_release(slot: Slot, row: Claim, *, by: User, now: datetime, besides: User | None = None) -> None:
    """Tell whom it concerns; whoever steps in (`besides`) has been told."""
    begins_at = slot.begins_at
    others = Claim.objects.held().filter(slot=slot).exclude(person=by).select_related("person")
    if besides:
        others = others.exclude(person=besides)
    told: Iterable[User] = [other.person for other in others]
    if by != row.person:
        told = [*told, row.person]
    if begins_at and now < begins_at <= now + ALARM:
        told = [*told, *(person for person in owner_of(slot.sheet).runners() if person != by)]
    tell_many(
        notifications.SlotReleased,
        [Due(person, row, slot=at(now), expires_at=begins_at) for person in dict.fromkeys(told)],
        now=now,
    )
