"""What every change of seats, of a slot sheet or of a symposium begins with: the lock of the row, and how it is refused."""

from __future__ import annotations

from events.models import Event, Slot, SlotSheet, Symposium
from mlclub.refusal import Refused


class Taken(Refused):
    """Somebody else was first; the text says what is free."""


def locked_event(event: Event) -> Event:
    """The event, with its row locked until the transaction ends. Inserting rows that point to it needs no
    stronger lock than this one."""
    return Event.objects.select_for_update(of=("self",), no_key=True).get(pk=event.pk)


def locked(sheet: SlotSheet) -> SlotSheet:
    """The sheet, with its row locked until the transaction ends."""
    return SlotSheet.objects.select_for_update(of=("self",), no_key=True).get(pk=sheet.pk)


def locked_slot(slot: Slot) -> Slot:
    """The slot as it is now, its sheet's row locked until the transaction ends."""
    sheet = locked(slot.sheet)
    fresh = Slot.objects.select_related("event").get(pk=slot.pk)
    fresh.sheet = sheet
    return fresh


def locked_symposium(symposium: Symposium) -> Symposium:
    """The symposium as it is now, its row locked until the transaction ends."""
    return Symposium.objects.select_for_update(of=("self",)).select_related("event").get(pk=symposium.pk)
