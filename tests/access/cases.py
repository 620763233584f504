"""Who may do what with whose: the doors that many addresses share, and the objects behind them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from members.link_purposes import token_of
from members.models import MagicLink
from mlclub import tokens
from tests.access.doors import (
    EVERYBODY,
    FORBIDDEN,
    GONE,
    HIDDEN_READERS,
    MEMBERS,
    MISSING,
    NO,
    NOBODY,
    OFFICES,
    PUBLIC,
    READERS,
    SIGN_IN,
    Case,
    Door,
    only,
)

# ── Who may do what with whose ──

HOSTS = only("host", *OFFICES, others=FORBIDDEN)
HOSTS_OF_MEMBERS_EVENT = Door(HOSTS.who, SIGN_IN, FORBIDDEN)
#: Every office may look after events.
EVENT_OFFICERS = only(*OFFICES, others=FORBIDDEN)
#: The invited event's host, the invited, the registered, and officers know of it.
INVITED = only("host", "member", *OFFICES, stranger=MISSING)
#: Work is the learner's, the assigned reviewer's, the leads', the officer for education's.
OWN_WORK = only("new member", "lead", "reviewer", "education")
OTHER_WORK = only("education")
LEADS = only("lead", "education")
OTHER_LEADS = only("education")
STAFF = only("lead", "reviewer", "education")
WORKERS = only("member", "new member", "president", others=FORBIDDEN)
PROJECT_LEADS = only("member", "president", others=FORBIDDEN)
LIBRARY = only("librarian", "president", others=FORBIDDEN)
IN_THE_COURSE = only("participant", *MEMBERS, "alumnus")


def event(name: str, *, among: str = "pk"):
    def kwargs(world):
        held = getattr(world, f"{name}_event")
        return {
            "pk": {"pk": held.pk},
            "page": {"pk": held.pk, "slug": held.slug},
            "talk": {"pk": held.pk, "talk_pk": held.talk.pk},
            "material": {"pk": held.pk, "material_pk": held.material.pk},
            "file": {"pk": held.material.pk},
            "registration": {"pk": held.pk, "registration_pk": held.registration.pk},
        }[among]

    return kwargs


def of_events(get: Door, post: Door = NO, *, among: str = "pk") -> list[Case]:
    """What hosts and officers do: 403 for others who see the event, 404 for those who may not know of it."""

    def narrowed(door: Door, sees: Door) -> Door:
        # a door of the hosts answers 403 to those who see the event, and 404 to the others
        return door if door is NO else Within(door.who, door.stranger, door.others, sees.who)

    return [
        Case("a public event", get, post, event("public", among=among)),
        Case(
            "a members' event",
            narrowed(get, HIDDEN_READERS),
            narrowed(post, HIDDEN_READERS),
            event("members", among=among),
        ),
        Case(
            "an event by invitation",
            narrowed(get, INVITED),
            narrowed(post, INVITED),
            event("invited", among=among),
        ),
    ]


class Within(Door):
    """A door behind another: whoever does not see the object meets a 404, not a 403."""

    def __init__(self, who, stranger, others, seen):
        super().__init__(who, stranger, others)
        object.__setattr__(self, "seen", seen)

    def expects(self, visitor):
        if visitor != "anonymous" and visitor not in self.seen and visitor not in self.who:
            return MISSING
        return super().expects(visitor)


def project(name: str, *, with_role: bool = False):
    def kwargs(world):
        held = getattr(world, f"{name}_project")
        return {"slug": held.slug, **({"pk": held.role.pk} if with_role else {})}

    return kwargs


def of_projects(get: Door, post: Door = NO, *, with_role: bool = False) -> list[Case]:
    def cases():
        for name, seen in (
            ("public", EVERYBODY),
            ("members", READERS.who),
            ("team", frozenset(["member", "new member", *OFFICES])),
        ):
            doors = [
                door if door is NO else Within(door.who, door.stranger, door.others, seen)
                for door in (get, post)
            ]
            yield Case(f"a project for {name}", *doors, project(name, with_role=with_role))

    return list(cases())


def path(name: str):
    return lambda world: {"path": getattr(world, name).path}


def of_pages(get: Door, post: Door = NO, **data) -> list[Case]:
    return [
        Case("a public page", get, post, path("open"), data),
        Case("a members' page", get, post, path("inside"), data),
    ]


def person(name: str):
    return lambda world: {"handle": getattr(world, name).handle}


def slug(name: str, **more):
    return lambda world: {"slug": getattr(world, name).slug, **more}


def work(name: str):
    return lambda world: {
        "slug": getattr(world, name).assignment.offering.slug,
        "pk": getattr(world, name).pk,
    }


def of_work(own: Door, other: Door, *, posts: bool = False, data: dict | None = None) -> list[Case]:
    """A page of somebody's submission, and the same page of a stranger's in another offering."""
    doors = ((NO, own), (NO, other)) if posts else ((own, NO), (other, NO))
    return [
        Case("the new member's work", *doors[0], work("submission"), data or {}),
        Case("a stranger's work", *doors[1], work("other_submission"), data or {}),
        Case(
            "the work under another offering's address",
            *((NO, only()) if posts else (only(), NO)),
            lambda world: {"slug": "theirs", "pk": world.submission.pk},
        ),
    ]


def of_offerings(own: Door, other: Door, draft: Door, *, posts: bool = False, **more) -> list[Case]:
    def case(about, door, name):
        return Case(about, *((NO, door) if posts else (door, NO)), slug(name, **more))

    return [
        case("the offering", own, "offering"),
        case("another offering", other, "other_offering"),
        case("a planned offering", draft, "draft_offering"),
    ]


OVER = only(stranger=GONE, others=GONE)
PLANNERS = only("education", "president", stranger=MISSING)


def by_magic_link(
    name: str, get: Door = PUBLIC, post: Door = PUBLIC, data: dict | None = None, **more
) -> list[Case]:
    """A page behind a magic link, the one called `name` in the world: whoever holds it gets in, signed in or not.
    A wrong token, and the link to something else, are nobody's; one that has run out, or was ended, is gone."""

    def token(change):
        return lambda world: {"token": change(getattr(world, name)), **more}

    def over(field):
        def changed(link):
            # Taken back with the transaction of the world.
            moment = timezone.now() - timedelta(days=1)
            MagicLink.objects.get_or_create(
                token_hash=tokens.digest(f"{name}-{field}"),
                defaults={
                    "address": f"{field}@club.example",
                    "purpose": link.purpose,
                    "about": link.about,
                    "created_at": moment - timedelta(days=9),
                    "expires_at": moment,
                    "revoked_at": moment if field == "ended" else None,
                },
            )
            return f"{name}-{field}"

        return changed

    def missing(door):
        return NO if door is NO else NOBODY

    return [
        Case("with the link", get, post, token(lambda link: token_of(link.nonce, link.about)), data or {}),
        Case("with a wrong link", missing(get), missing(post), token(lambda link: "magic-wrong")),
        # The link is looked at before the method is.
        Case("with a link that has run out", OVER, OVER, token(over("old"))),
        Case("with a link that was ended", OVER, OVER, token(over("ended"))),
        Case(
            "with the link to another page",
            missing(get),
            missing(post),
            lambda world: {"token": token_of(world.foreign_link.nonce, world.foreign_link.about), **more},
        ),
    ]
