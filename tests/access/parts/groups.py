"""Following series and presenting in them; what to set up before a workshop."""

from __future__ import annotations

from django.utils import timezone

from events import backups, presenting, schedule
from tests.access.doors import (
    FORBIDDEN,
    MEMBERS,
    MISSING,
    NO,
    OFFICES,
    READERS,
    SIGN_IN,
    SIGNED_IN,
    Case,
    Door,
    only,
)
from tests.factories import make_claim, make_event, make_rota, slots_of

OF_MEMBERS = (*MEMBERS, "alumnus")


class Seen(Door):
    """403 for those who see the series, 404 for those who may not know of it."""

    def expects(self, visitor: str) -> str:
        answer = super().expects(visitor)
        return answer if answer != FORBIDDEN or visitor in OF_MEMBERS else MISSING


def seen(*who: str) -> Door:
    return Seen(frozenset(who), SIGN_IN, FORBIDDEN)


RUNNERS = seen("host", *OFFICES)
#: The new member presents.
PRESENTERS = seen("new member", "host", *OFFICES)


def build(world) -> None:
    people = world.visitors
    world.rota = make_rota(hosts=[people["host"]], kind="research")
    world.presented, world.free_slot, *_ = slots_of(world.rota)
    make_claim(slot=world.presented, person=people["new member"])
    backups.offer(world.presented, people["fellow"], now=timezone.now())
    world.comment = presenting.comment(
        world.presented, people["member"], "canary-advice", now=world.presented.event.ends_at
    )
    chapters = make_rota(hosts=[people["host"]], kind="study_group", titles=["One", "Two"])
    world.off = slots_of(chapters)[0].event
    schedule.cancel(world.off, "No room.")
    world.workshop = make_event(
        title="Workshop", kind="workshop", visibility="members", hosts=[people["host"]]
    )


def slot(**more):
    return lambda world: {"pk": world.presented.pk, **more}


def series(world):
    return {"slug": world.rota.series.slug}


TABLE = {
    "events:series_follow": [
        Case("a members' series", NO, READERS, series),
        Case("a public series", NO, SIGNED_IN, lambda world: {"slug": world.public_series.slug}),
    ],
    "events:series_unfollow": [Case("a members' series", NO, READERS, series)],
    "events:rota_edit": [Case("a members' series", RUNNERS, RUNNERS, series)],
    "events:presentation_edit": [Case("the new member's slot", PRESENTERS, PRESENTERS, slot())],
    "events:backup_offer": [Case("the new member's slot", NO, seen(*MEMBERS), slot())],
    "events:backup_ask": [Case("the new member's slot", PRESENTERS, PRESENTERS, slot())],
    "events:backup_end": [
        Case(
            "another slot, where nobody steps in",
            NO,
            only(),
            lambda world: {"pk": world.free_slot.pk},
        )
    ],
    "events:comment_create": [Case("a research meeting", NO, seen(*MEMBERS), slot())],
    "events:comment_remove": [
        Case(
            "another slot's",
            NO,
            only(),
            lambda world: {"pk": world.free_slot.pk, "comment_pk": world.comment.pk},
        )
    ],
    "events:chapter_push": [
        Case(
            "a meeting that does not take place",
            RUNNERS,
            RUNNERS,
            lambda world: {"pk": world.off.pk},
            {"known": ""},
        )
    ],
    "events:preparation_edit": [
        Case("a members' workshop", RUNNERS, RUNNERS, lambda world: {"pk": world.workshop.pk})
    ],
    "events:setup_answer": [
        Case("a members' workshop", NO, READERS, lambda world: {"pk": world.workshop.pk}, {"works": "yes"})
    ],
}
ADMIN = {
    "events_rota": OFFICES,
    "events_backup": OFFICES,
    "events_slotcomment": OFFICES,
    "events_preparation": OFFICES,
    "events_seriesfollow": ("officer", "president"),
}
