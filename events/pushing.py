"""Chapters of a meeting that does not take place move on to the next one, and those after them by one meeting each, as
far as there is no free one. A host sees what would move and says so; nothing moves by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from events import notifications, presenting, schedule
from events.locking import locked
from events.models import Claim, Event, Presentation, Rota, Series, Slot, SlotSheet, Talk
from members.ledger import Due, at, tell_many
from members.models import Club
from mlclub.refusal import Refused


@dataclass(frozen=True, kw_only=True)
class Step:
    """A chapter, who holds it, and the meeting that it moves to: none where a date is added for it."""

    slot: Slot
    names: str
    to: Event | None
    on: datetime


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What moves when the chapters of `event` move on. `adds` is the date that the series gets for the last of them."""

    event: Event
    steps: list[Step]
    adds: datetime | None = None

    @property
    def key(self) -> str:
        """By which what is done is what was shown."""
        return " ".join(f"{step.slot.pk}>{step.to.pk if step.to else 'new'}" for step in self.steps)


def plan(event: Event, now: datetime) -> Plan | None:
    """What would move; None where the meeting takes place, has no chapters, or its series has ended with it."""
    if not event.is_cancelled or event.series_id is None:
        return None
    chapters = Slot.objects.filter(
        sheet__kind=SlotSheet.Kind.CHAPTER, sheet__rota__series=event.series_id, withdrawn_at=None
    )
    by_event: dict[int | None, list[Slot]] = {}
    for slot in chapters.select_related("event", "sheet").order_by("position", "pk"):
        by_event.setdefault(slot.event_id, []).append(slot)
    carried = by_event.get(event.pk, [])
    if not carried:
        return None
    coming = Event.objects.scheduled().filter(series=event.series_id, starts_at__gt=max(now, event.starts_at))
    moves: list[tuple[Slot, Event | None]] = []
    for meeting in coming.order_by("starts_at", "pk").defer("description", "search"):
        moves += [(slot, meeting) for slot in carried]
        carried = by_event.get(meeting.pk, [])
        if not carried:
            break
    series = Series.objects.get(pk=event.series_id)
    adds = _next_start(series) if carried else None
    if carried and (series.ended_at or adds is None or adds <= now):
        return None
    moves += [(slot, None) for slot in carried]
    names = _names([slot for slot, _ in moves])
    return Plan(
        event=event,
        adds=adds,
        steps=[
            Step(slot=slot, names=names.get(slot.pk, ""), to=to, on=to.starts_at if to else adds or now)
            for slot, to in moves
        ],
    )


def _names(slots: list[Slot]) -> dict[int, str]:
    held: dict[int, list[str]] = {}
    for claim in Claim.objects.held().filter(slot__in=slots).select_related("person").order_by("claimed_at"):
        held.setdefault(claim.slot_id, []).append(claim.person.display_name)
    return {slot: " and ".join(names) for slot, names in held.items()}


def _longer(series: Series) -> Series:
    """The rule with one date more; breaks are left out as before."""
    days = schedule.planned_days(series)
    probe = Series(
        first_on=series.first_on,
        interval_weeks=series.interval_weeks,
        count=len(days) + 1,
        skips_breaks=series.skips_breaks,
    )
    last = schedule.planned_days(probe)[-1]
    series.count = len(days) + 1 if series.count is not None else None
    series.last_on = max(series.last_on, last) if series.last_on else None
    return series


def _next_start(series: Series) -> datetime | None:
    """When the date begins that the rule would have next."""
    days = schedule.planned_days(_longer(series))
    return series.starts_on_day(days[-1], Club.current().zone) if days else None


@transaction.atomic
def push(event: Event, *, known: str, now: datetime) -> Plan:
    """Move the chapters on, as `known` (the plan's key) said, and tell whoever holds one. Raises Refused when they have
    moved, or would move elsewhere by now."""
    rota = Rota.objects.filter(series=event.series_id).select_related("sheet").first()
    if rota is None:
        raise Refused("This meeting has no chapters.")
    locked(rota.sheet)
    found = plan(Event.objects.get(pk=event.pk), now)
    if found is None:
        raise Refused("There is nothing to move: the chapters have moved on, or there is no later date.")
    if found.key != known:
        raise Refused("Something changed meanwhile. Look again at what would move.")
    if found.adds:
        found = _with_new_date(found)
    for step in found.steps:
        if step.to is None:
            raise Refused("The series has no further date. Give it one, then look again.")
        Slot.objects.filter(pk=step.slot.pk).update(event=step.to)
        Talk.objects.filter(pk__in=Presentation.objects.filter(slot=step.slot).values("talk")).update(
            event=step.to
        )
        step.slot.event = step.to
        presenting.follow(step.slot)
    touched = {found.event.pk, *(step.to.pk for step in found.steps if step.to)}
    Event.objects.filter(pk__in=touched).update(updated_at=now)
    claims = Claim.objects.held().filter(slot__in=[step.slot for step in found.steps])
    tell_many(
        notifications.SlotMoved,
        [
            Due(claim.person, claim, slot=at(begins), expires_at=begins)
            for claim in claims.select_related("slot__event", "person")
            if (begins := claim.slot.begins_at)
        ],
        now=now,
    )
    return found


def _with_new_date(found: Plan) -> Plan:
    """The plan with the date that its series gets now."""
    held: Any = found.event.series_id
    series = _longer(Series.objects.select_for_update(no_key=True, of=("self",)).get(pk=held))
    series.save(update_fields=["count", "last_on"])
    made = {event.starts_at: event for event in schedule.generate(series)}
    new = made.get(found.adds) if found.adds else None
    return replace(found, steps=[replace(step, to=step.to or new) for step in found.steps])
