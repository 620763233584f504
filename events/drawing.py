"""The draw of a sheet with ranked wishes: everybody as near to their first wish as all of them together allow."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import networkx
from django.db import transaction
from django.db.models import F

from events import notifications
from events.locking import locked
from events.models import Claim, Slot, SlotSheet
from members import audit
from members.ledger import Due, tell_many
from members.models import User
from mlclub.refusal import Refused

#: Cheaper than nothing however far down the list: nobody goes without a slot that somebody could give them.
WITHOUT = 1_000_000
#: Room below the cost of a rank, so that the seed settles what the wishes leave open and nothing else.
CHANCE = 1000


@dataclass(frozen=True, kw_only=True)
class Lot:
    """What the draw gives one person, and why. Without a slot where none of their wishes had room."""

    person: User
    slot: Slot | None
    rank: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A preview. `stamp` names the wishes and the room it was made from: publishing something else is refused."""

    seed: int
    lots: list[Lot]
    stamp: str

    @property
    def without(self) -> int:
        return sum(lot.slot is None for lot in self.lots)

    @property
    def first_wishes(self) -> int:
        return sum(lot.rank == 1 for lot in self.lots)


def preview(sheet: SlotSheet, *, seed: int, now: datetime) -> Draw:
    """The draw of the present wishes with this seed; the same again for the same wishes. Writes nothing."""
    wishes, room, people, slots = _gathered(sheet, now)
    given = matched(wishes, room, seed=seed)
    wanted: dict[int, int] = {}
    for ranks in wishes.values():
        for slot in ranks:
            wanted[slot] = wanted.get(slot, 0) + 1
    lots = [
        Lot(
            person=people[person],
            slot=slots[given[person]] if person in given else None,
            rank=wishes[person][given[person]] if person in given else None,
            reason=_reason(wishes[person], given.get(person), wanted, room, slots),
        )
        for person in sorted(wishes, key=lambda key: people[key].display_name)
    ]
    told = repr(
        (seed, sorted((key, sorted(ranks.items())) for key, ranks in wishes.items()), sorted(room.items()))
    )
    return Draw(seed=seed, lots=lots, stamp=hashlib.sha256(told.encode()).hexdigest()[:16])


def matched(wishes: Mapping[int, Mapping[int, int]], room: Mapping[int, int], *, seed: int) -> dict[int, int]:
    """person → slot, from person → {slot: rank} and slot → places, by a flow of least cost with the square of the
    rank: two second wishes rather than a first and a third."""
    chance = random.Random(seed)  # noqa: S311
    graph: networkx.DiGraph[Any] = networkx.DiGraph()
    graph.add_node("in", demand=-len(wishes))
    graph.add_node("out", demand=len(wishes))
    for person in sorted(wishes):
        graph.add_edge("in", ("person", person), capacity=1, weight=0)
        graph.add_edge(("person", person), "out", capacity=1, weight=WITHOUT * CHANCE)
        for slot, rank in sorted(wishes[person].items()):
            weight = rank**2 * CHANCE + chance.randrange(CHANCE // max(1, len(wishes)) or 1)
            graph.add_edge(("person", person), ("slot", slot), capacity=1, weight=weight)
    for slot, places in sorted(room.items()):
        graph.add_edge(("slot", slot), "out", capacity=max(0, places), weight=0)
    flow = networkx.min_cost_flow(graph) if wishes else {}
    return {
        person: node[1]
        for person in wishes
        for node, amount in flow[("person", person)].items()
        if amount and node != "out"
    }


@transaction.atomic
def publish(sheet: SlotSheet, *, seed: int, stamp: str, by: User, now: datetime) -> Draw:
    """Make the previewed draw count and tell everybody who wished. Raises Refused when it was published before, or
    when the wishes are not those of the preview any more."""
    sheet = locked(sheet)
    if not sheet.takes_wishes:
        raise Refused("This draw has been published already.")
    draw = preview(sheet, seed=seed, now=now)
    if draw.stamp != stamp:
        raise Refused("The wishes have changed since. Look at the new draw, then publish it.")
    rows = Claim.objects.filter(slot__sheet=sheet, state=Claim.State.WISHED)
    lots = {lot.person.pk: lot for lot in draw.lots}
    won = [
        row.pk for row in rows if (slot := lots[row.person_id].slot) is not None and row.slot_id == slot.pk
    ]
    rows.filter(pk__in=won).update(state=Claim.State.HELD, claimed_at=now)
    rows.exclude(pk__in=won).update(state=Claim.State.RELEASED, ended_at=now)
    sheet.seed, sheet.published_at, sheet.published_by = seed, now, by
    sheet.save(update_fields=["seed", "published_at", "published_by"])
    audit.record(by, "slots.drawn", sheet, after={"seed": seed, "people": len(lots), "without": draw.without})
    tell_many(notifications.DrawPublished, [Due(lot.person, sheet) for lot in draw.lots], now=now)
    return draw


def _gathered(
    sheet: SlotSheet, now: datetime
) -> tuple[dict[int, dict[int, int]], dict[int, int], dict[int, User], dict[int, Slot]]:
    rows = Slot.objects.offered().filter(sheet=sheet).with_counts().select_related("event").in_order()
    slots = {slot.pk: slot for slot in rows if not slot.has_begun(now)}
    room = {key: slot.capacity - getattr(slot, "taken", 0) for key, slot in slots.items()}
    held = Claim.objects.held().filter(slot__sheet=sheet).values("person")
    wishes: dict[int, dict[int, int]] = {}
    people: dict[int, User] = {}
    claims = Claim.objects.filter(slot__sheet=sheet, state=Claim.State.WISHED).exclude(person__in=held)
    for row in claims.select_related("person").order_by("person", F("rank").asc()):
        people[row.person_id] = row.person
        ranks = wishes.setdefault(row.person_id, {})
        if row.slot_id in slots:
            ranks[row.slot_id] = row.rank or 1
    return wishes, room, people, slots


def _reason(
    ranks: Mapping[int, int],
    given: int | None,
    wanted: Mapping[int, int],
    room: Mapping[int, int],
    slots: Mapping[int, Slot],
) -> str:
    if given is None:
        return "None of the wishes had room." if ranks else "None of the wished slots is left."
    rank = ranks[given]
    if rank == 1:
        return "First wish."
    dearer = [slot for slot, each in sorted(ranks.items(), key=lambda pair: pair[1]) if each < rank]
    told = [
        f"{slots[slot].label}: {wanted[slot]} wished, {room[slot]} place{'' if room[slot] == 1 else 's'}"
        for slot in dearer
    ]
    return f"Wish {rank}. {'; '.join(told)}."
