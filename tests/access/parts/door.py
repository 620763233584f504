"""The door, what an event leaves behind, and thanks."""

from __future__ import annotations

from types import SimpleNamespace

from events import notifications
from events.models import Attendance
from tests.access.cases import HOSTS, event, of_events
from tests.access.doors import NO, PUBLIC, READERS, Case, only
from tests.factories import make_album, make_attendance, make_event, make_talk

PUBLIC_PAGES = {"events:walk_in_confirm"}


def build(world: SimpleNamespace) -> None:
    make_album(event=world.public_event)
    make_album(event=world.members_event)
    world.spoken = make_talk(
        event=world.members_event, title="Tides", speakers=[world.visitors["member"]], may_record=True
    )
    world.walk_in = make_attendance(
        event=make_event(), name="Wil", email="wil@post.example", source=Attendance.Source.WALK_IN
    )


TABLE = {
    "events:door_roster": of_events(HOSTS),
    "events:door_ticks": of_events(NO, HOSTS),
    "events:head_count": of_events(NO, HOSTS),
    "events:people_export": of_events(NO, HOSTS),
    "events:album_edit": of_events(HOSTS, HOSTS),
    "events:album_object": [Case("a members' event", READERS, READERS, event("members"))],
    "events:event_feedback": of_events(HOSTS),
    "events:event_thank": of_events(HOSTS, HOSTS),
    "events:talk_consent": [
        Case(
            "the member's talk",
            NO,
            only("member"),
            lambda world: {"pk": world.members_event.pk, "talk_pk": world.spoken.pk},
            {"may": "yes"},
        )
    ],
    "events:walk_in_confirm": [
        Case(
            "a walk-in's link", PUBLIC, PUBLIC, lambda world: {"token": notifications.token_of(world.walk_in)}
        )
    ],
}

ADMIN = {
    "members_thanks": ("president",),
    "events_album": ("officer", "president"),
}
