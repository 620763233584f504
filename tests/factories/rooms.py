from __future__ import annotations

from datetime import timedelta
from itertools import count

from django.utils import timezone

from events.models import AgendaItem, EventTemplate, Room

number = count(1)


def make_room(*, name=None, building="Marlow Hall", **fields):
    return Room.objects.create(name=name or f"Room {next(number)}", building=building, **fields)


def make_template(*, name=None, **fields):
    """A template for gatherings of an hour and a half, on no particular day."""
    return EventTemplate.objects.create(
        name=name or f"Gathering {next(number)}", **{"length": timedelta(minutes=90), **fields}
    )


def make_agenda_item(*, event, title=None, **fields):
    fields.setdefault("position", event.agenda.count())
    return AgendaItem.objects.create(
        event=event, title=title or f"Point {next(number)}", **{"added_at": timezone.now(), **fields}
    )
