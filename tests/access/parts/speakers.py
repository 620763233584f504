"""Speakers, and the page that a speaker opens without an account; people outside as officers see them."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.utils import timezone

from events import speakers
from tests.access.cases import by_magic_link
from tests.access.doors import FORBIDDEN, NO, NOBODY, OFFICERS, OFFICES, PUBLIC, READERS, WRITERS, Case, only
from tests.factories import make_invited, make_visit

PUBLIC_PAGES = {
    "events:guest_detail",
    "events:guest_decline",
    "events:guest_slides",
    "events:guest_calendar",
    "events:speaker_photo",
}
#: Whoever hosts them, and officers who look after events: every office may.
RUNS = only("host", *OFFICES)
#: Somebody suggested it: they see it on the list, and do not write to the speaker.
TAKES = only("host", "member", *OFFICES)
CONTACT_OFFICERS = only("officer", "president", others=FORBIDDEN)


class Suggested(type(RUNS)):
    """The one who suggested a speaker sees the row, and is turned away from what the host does."""

    def expects(self, visitor):
        return FORBIDDEN if visitor == "member" else super().expects(visitor)


def build(world) -> None:
    from tests.access.world import png

    host = world.visitors["host"]
    world.speaker = make_visit(host=host, suggested_by=world.visitors["member"])
    world.other_speaker = make_visit()
    world.spoke = make_visit(
        host=host, event=world.public_event, state="spoke", is_shown=True, shows_photo=True
    )
    world.spoke.photo.save("face.png", ContentFile(png()))
    world.hidden_speaker = make_visit(host=host, event=world.invited_event, state="confirmed")
    world.guest_visit = make_invited(host=host, event=world.public_event)
    world.guest_link = speakers.link_of(world.guest_visit, timezone.now())
    world.outsider = world.speaker.contact


def visit(name):
    return lambda world: {"pk": getattr(world, name).pk}


def run(post=False, get=True):
    runs = Suggested(RUNS.who, RUNS.stranger, RUNS.others)
    others = only(*OFFICES)

    def doors(door):
        return (door if get else NO, door if post else NO)

    return [
        Case("a speaker of the host's", *doors(runs), visit("speaker")),
        Case("a speaker of somebody else's", *doors(others), visit("other_speaker")),
    ]


TABLE = {
    "events:speaker_list": [Case("", READERS)],
    "events:speaker_suggest": [Case("", WRITERS, WRITERS)],
    "events:speaker_detail": run(),
    "events:speaker_take": [
        Case("suggested by a member", NO, TAKES, visit("speaker")),
        Case("somebody else's", NO, only(*OFFICES), visit("other_speaker")),
    ],
    "events:speaker_invite": run(post=True),
    "events:speaker_take_back": run(post=True, get=False),
    "events:speaker_event": run(post=True, get=False),
    "events:speaker_answer": run(post=True, get=False),
    "events:speaker_thank": run(post=True),
    "events:speaker_photo": [
        Case("who agreed, at a public event", PUBLIC, NO, visit("spoke")),
        Case("who did not", NOBODY, NO, visit("hidden_speaker")),
    ],
    "events:guest_detail": by_magic_link("guest_link"),
    "events:guest_decline": by_magic_link("guest_link"),
    "events:guest_slides": by_magic_link("guest_link", get=NO),
    "events:guest_calendar": by_magic_link("guest_link", post=NO),
    "members:contact_list": [Case("", OFFICERS)],
    "members:contact_create": [Case("", CONTACT_OFFICERS, CONTACT_OFFICERS)],
    "members:contact_detail": [Case("", OFFICERS, NO, lambda world: {"pk": world.outsider.pk})],
    "members:contact_edit": [
        Case("", CONTACT_OFFICERS, CONTACT_OFFICERS, lambda world: {"pk": world.outsider.pk})
    ],
}
ADMIN = {"events_speakervisit": OFFICES}
