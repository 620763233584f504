"""Slot sheets go along with their slots and what they say; who held them, helped or was examined does not."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format

from events.models import Slot, SlotSheet
from nmep.cloning.copying import Maps, fresh
from nmep.cloning.planning import Plan
from nmep.models import Offering, OfferingSheet


def clone_sheets(made: Plan, draft: Offering, maps: Maps) -> None:
    """The sheets of the offering with their slots, empty; those of a meeting belong to its new one."""
    owned = list(OfferingSheet.objects.filter(offering=made.source).select_related("sheet").order_by("pk"))
    sheets = [
        fresh(
            row.sheet,
            maps,
            leave=["seed"],
            term=draft.term,
            opens_at=made.moved(row.sheet.opens_at),
            closes_at=made.moved(row.sheet.closes_at),
        )
        for row in owned
    ]
    SlotSheet.objects.bulk_create(sheets)
    maps[SlotSheet] = {row.sheet_id: sheet.pk for row, sheet in zip(owned, sheets, strict=True)}
    copies = OfferingSheet.objects.bulk_create([fresh(row, maps) for row in owned])
    through = OfferingSheet.suggestions.through
    new = {row.pk: copy.pk for row, copy in zip(owned, copies, strict=True)}
    through.objects.bulk_create(
        [
            through(offeringsheet_id=new[offering_sheet], paper_id=paper)
            for offering_sheet, paper in through.objects.filter(offeringsheet__in=new).values_list(
                "offeringsheet", "paper"
            )
        ]
    )
    slots = Slot.objects.filter(sheet__in=maps[SlotSheet], withdrawn_at=None).order_by("pk")
    Slot.objects.bulk_create(
        [
            fresh(
                slot,
                maps,
                leave=["place"],
                starts_at=made.slots.get(slot.pk),
                title=retitled(slot, made.slots.get(slot.pk)),
            )
            for slot in slots
        ]
    )


def retitled(slot: Slot, starts_at: datetime | None) -> str:
    """A slot that is called by its own day is called by its new one."""
    if slot.starts_at is None or starts_at is None:
        return slot.title
    old = date_format(slot.starts_at.astimezone(starts_at.tzinfo), "D j M")
    return slot.title.replace(old, date_format(starts_at, "D j M"))
