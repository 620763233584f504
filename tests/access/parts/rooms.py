"""Rooms, agendas, and events that take place after all."""

from __future__ import annotations

from types import SimpleNamespace

from events import schedule
from tests.access.cases import HOSTS, NO, of_events
from tests.access.doors import OFFICES, READERS, Case
from tests.factories import make_agenda_item, make_event, make_room


def build(world: SimpleNamespace) -> None:
    world.room = make_room(name="Room 112", way_in="The side door.")
    host = world.visitors["host"]
    for held in (world.public_event, world.members_event, world.invited_event):
        held.point = make_agenda_item(event=held, title=f"Point of {held.title}")
    world.off_event = make_event(title="Off Evening", hosts=[host])
    schedule.cancel(world.off_event, "Storm")


def of_room(world):
    return {"pk": world.room.pk}


def of_points(get, post, **data) -> list[Case]:
    """The cases of an event's point, whose addresses name both."""

    def point(name):
        return lambda world: {
            "pk": getattr(world, f"{name}_event").pk,
            "item_pk": getattr(world, f"{name}_event").point.pk,
        }

    return [
        Case(case.about, case.get, case.post, point(name), data)
        for case, name in zip(of_events(get, post), ("public", "members", "invited"), strict=True)
    ]


TABLE = {
    "events:room_list": [Case("", READERS)],
    "events:room_detail": [Case("", READERS, NO, of_room)],
    "events:agenda_edit": of_events(HOSTS, HOSTS),
    "events:agenda_carry": of_events(NO, HOSTS),
    "events:agenda_item_edit": of_points(HOSTS, HOSTS),
    "events:agenda_item_change": of_points(NO, HOSTS, do="done"),
    "events:event_reinstate": [
        Case("an event that was called off", HOSTS, HOSTS, lambda world: {"pk": world.off_event.pk})
    ],
}

ADMIN = {
    "events_room": OFFICES,
    "events_eventtemplate": OFFICES,
}
