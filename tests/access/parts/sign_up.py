"""How seats are given: the draw, and the pages on which hosts settle it."""

from __future__ import annotations

from types import SimpleNamespace

from django.utils import timezone

from events import draws
from tests.access.doors import HIDDEN_READERS, PUBLIC, Case
from tests.factories import make_draw_event


def build(world: SimpleNamespace) -> None:
    people = world.visitors
    world.drawn_event = make_draw_event(visibility="members", hosts=[people["host"]])
    world.open_draw = make_draw_event(visibility="public")
    for event in (world.drawn_event, world.open_draw):
        draws.commit(event, now=timezone.now())


def pk(name: str):
    return lambda world: {"pk": getattr(world, name).pk}


PUBLIC_PAGES = {"events:event_draw"}

TABLE = {
    "events:event_draw": [
        Case("a public event", PUBLIC, kwargs=pk("open_draw")),
        Case("a members' event", HIDDEN_READERS, kwargs=pk("drawn_event")),
    ],
}
