"""A symposium with other clubs, and the pages that its authors, guests and co-hosts open by a link."""

from __future__ import annotations

from django.utils import timezone

from events import symposia
from events.notifications import ABSTRACT, CO_HOST, SEAT
from tests.access.cases import EVENT_OFFICERS, HOSTS, by_magic_link
from tests.access.doors import MISSING, NO, OFFICES, PUBLIC, Case, only
from tests.factories import (
    make_abstract,
    make_abstract_review,
    make_co_host,
    make_symposium,
    make_symposium_guest,
)

PUBLIC_PAGES = {
    "events:symposium_detail",
    "events:symposium_submit",
    "events:symposium_seat",
    "events:symposium_program",
    "events:symposium_calendar",
    "events:abstract_detail",
    "events:seat_detail",
    "events:co_host_detail",
}
#: Whoever sees the event by invitation.
SEES_INVITED = only("host", "member", *OFFICES, stranger=MISSING)


def build(world) -> None:
    now = timezone.now()
    world.symposium = make_symposium(hosts=[world.visitors["host"]], published_at=now)
    world.hidden_symposium = make_symposium(event=world.invited_event)
    world.abstract = make_abstract(symposium=world.symposium)
    world.abstract_review = make_abstract_review(abstract=world.abstract, reviewer=world.visitors["member"])
    guest, club = make_symposium_guest(symposium=world.symposium), make_co_host(symposium=world.symposium)
    about = world.symposium
    world.abstract_link = symposia.link_to(ABSTRACT, world.abstract, about, now, address=world.abstract.email)
    world.seat_link = symposia.link_to(SEAT, guest, about, now, address=guest.email)
    world.co_host_link = symposia.link_to(CO_HOST, club, about, now, contact=club.lead)


def of(name):
    return lambda world: {"slug": getattr(world, name).slug}


def shown(post=NO):
    return [
        Case("a public one", PUBLIC, post, of("symposium")),
        Case("one by invitation", SEES_INVITED, NO if post is NO else SEES_INVITED, of("hidden_symposium")),
    ]


def run():
    return [Case("a public one", HOSTS, HOSTS, of("symposium"))]


TABLE = {
    "events:symposium_create": [Case("", EVENT_OFFICERS, EVENT_OFFICERS)],
    "events:symposium_detail": shown(),
    "events:symposium_submit": shown(post=PUBLIC),
    "events:symposium_seat": shown(post=PUBLIC),
    "events:symposium_program": [
        Case("a published one", PUBLIC, NO, of("symposium")),
        Case(
            "one that is being planned", only("host", *OFFICES, stranger=MISSING), NO, of("hidden_symposium")
        ),
    ],
    "events:symposium_calendar": [
        Case("a published one", PUBLIC, NO, of("symposium")),
        Case("one that is being planned", only(stranger=MISSING), NO, of("hidden_symposium")),
    ],
    "events:symposium_edit": run(),
    "events:symposium_run": run(),
    "events:symposium_plan": run(),
    "events:symposium_review": [Case("whose reviewer one is", only("member"), NO, of("symposium"))],
    "events:abstract_review": [
        Case(
            "dealt to a member",
            only("member"),
            only("member"),
            lambda world: {"pk": world.abstract_review.pk},
        )
    ],
    "events:abstract_detail": by_magic_link("abstract_link"),
    "events:seat_detail": by_magic_link("seat_link"),
    "events:co_host_detail": by_magic_link("co_host_link"),
}
ADMIN = {"events_symposium": OFFICES, "events_abstract": OFFICES}
