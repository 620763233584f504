"""What every change of a slot sheet begins with: the lock of its row, and how it is refused."""

from __future__ import annotations

from events.models import Slot, SlotSheet
from mlclub.refusal import Refused


class Taken(Refused):
    """Somebody else was first; the text says what is free."""


def locked(sheet: SlotSheet) -> SlotSheet:
    """The sheet, with its row locked until the transaction ends."""
    return SlotSheet.objects.select_for_update(of=("self",), no_key=True).get(pk=sheet.pk)


def locked_slot(slot: Slot) -> Slot:
    """The slot as it is now, its sheet's row locked until the transaction ends."""
    sheet = locked(slot.sheet)
    fresh = Slot.objects.select_related("event").get(pk=slot.pk)
    fresh.sheet = sheet
    return fresh
