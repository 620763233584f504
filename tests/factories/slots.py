from __future__ import annotations

from datetime import timedelta
from itertools import count

from django.utils import timezone

from events.models import Claim, Slot, SlotSheet
from tests.factories.members import make_member

number = count(1)


def make_sheet(*, slots=0, days=10, hosts=(), invited=(), capacity=1, **fields):
    """A members' sheet with `slots` slots a week apart, the first in `days` days."""
    fields.setdefault("title", f"Sheet {next(number)}")
    sheet = SlotSheet.objects.create(**fields)
    sheet.hosts.set(hosts)
    sheet.invited.set(invited)
    for n in range(slots):
        make_slot(sheet=sheet, days=days + 7 * n, capacity=capacity)
    return sheet


def make_slot(*, sheet=None, days=10, helpers=(), **fields):
    """A slot at a time of its own, unless it has an event."""
    sheet = sheet or make_sheet()
    position = fields.setdefault("position", sheet.slots.count())
    fields.setdefault("title", f"Week {position + 1}")
    if "event" not in fields:
        fields.setdefault("starts_at", timezone.now().replace(microsecond=0) + timedelta(days=days))
    slot = Slot.objects.create(sheet=sheet, **fields)
    slot.helpers.set(helpers)
    return slot


def make_claim(*, slot=None, person=None, state=Claim.State.HELD, **fields):
    """A claim as it stands in the table; `slots.claim` is what people use."""
    slot = slot or make_slot()
    if state not in Claim.LIVE:
        fields.setdefault("ended_at", timezone.now())
    return Claim.objects.create(slot=slot, person=person or make_member(), state=state, **fields)
