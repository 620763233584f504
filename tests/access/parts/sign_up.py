"""How seats are given: the draw, and the pages on which hosts settle it."""

from __future__ import annotations

from types import SimpleNamespace

from django.utils import timezone

from events import draws
from tests.access.doors import HIDDEN_READERS, NO, OFFICES, PUBLIC, Case
from tests.access.parts.slots import OF_MEMBERS, door
from tests.factories import make_draw_event, make_question, make_registration, make_series


def build(world: SimpleNamespace) -> None:
    people = world.visitors
    world.drawn_event = make_draw_event(visibility="members", hosts=[people["host"]])
    world.open_draw = make_draw_event(visibility="public")
    for event in (world.drawn_event, world.open_draw):
        draws.commit(event, now=timezone.now())
    world.sign_up_question = make_question(event=world.drawn_event)
    world.waiting_row = make_registration(
        event=world.drawn_event, user=people["fellow"], ticket="aaaa-bbbbbb"
    )
    world.hosted_series = make_series(visibility="members", hosts=[people["host"]])


def pk(name: str):
    return lambda world: {"pk": getattr(world, name).pk}


RUNNERS = ("host", *OFFICES)
RUN = door(RUNNERS, OF_MEMBERS)


def row(world: SimpleNamespace) -> dict[str, int]:
    return {"pk": world.drawn_event.pk, "registration_pk": world.waiting_row.pk}


PUBLIC_PAGES = {"events:event_draw"}

TABLE = {
    "events:event_draw": [
        Case("a public event", PUBLIC, kwargs=pk("open_draw")),
        Case("a members' event", HIDDEN_READERS, kwargs=pk("drawn_event")),
    ],
    "events:sign_up_edit": [Case("a members' event", RUN, RUN, pk("drawn_event"))],
    "events:series_sign_up": [
        Case("a members' series", RUN, RUN, lambda world: {"slug": world.hosted_series.slug})
    ],
    "events:question_edit": [Case("a members' event", RUN, RUN, pk("sign_up_question"))],
    "events:people_add": [Case("a members' event", RUN, RUN, pk("drawn_event"))],
    "events:door_list": [Case("a members' event", NO, RUN, pk("drawn_event"))],
    "events:people_move_up": [Case("a members' event", RUN, RUN, row)],
    "events:people_excuse": [Case("a members' event", NO, RUN, row)],
}

ADMIN = {
    "events_eventdraw": OFFICES,
    "events_registrationwindow": OFFICES,
    "events_signupquestion": OFFICES,
    "events_noshowrule": ("officer", "president"),
}
