"""The career fair: its public pages, the students', the officers', and a company's own by its link."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from django.core.files.base import ContentFile
from django.utils import timezone

from events import fairs
from members.magic_links import path_of
from tests.access.cases import HOSTS, HOSTS_OF_MEMBERS_EVENT
from tests.access.doors import (
    HIDDEN_READERS,
    MISSING,
    NO,
    OFFICES,
    PUBLIC,
    READERS,
    SIGNED_IN,
    Case,
    Door,
    only,
)
from tests.access.world import png
from tests.factories import make_company, make_event, make_fair, make_fair_student, make_pdf

#: Whoever holds a link is let in by it, whoever they are.
NOBODY_ELSE = only(stranger=MISSING)
LOST = "magic-" + "x" * 43


def build(world: SimpleNamespace) -> None:
    now = timezone.now()
    event = make_event(title="Fair", hosts=[world.visitors["host"]], starts_at=now + timedelta(days=1))
    world.fair = make_fair(event=event, slug="open-fair", booths=3)
    world.fair_company = make_company(fair=world.fair, name="Fathom")
    world.fair_company.logo.save("logo.png", ContentFile(png()))
    world.fair_asking = make_company(fair=world.fair, name="Asking", state="asked")
    world.fair_student = make_fair_student(
        fair=world.fair, user=world.visitors["account"], opens=[world.fair_company], resume=make_pdf()
    )
    world.fair_token = path_of(fairs.link_of(world.fair_company, now=now)).rstrip("/").rpartition("/")[2]
    hidden = make_event(
        title="Inner fair",
        visibility="members",
        hosts=[world.visitors["host"]],
        starts_at=now + timedelta(days=1),
    )
    world.inner_fair = make_fair(event=hidden, slug="inner-fair")
    world.inner_company = make_company(fair=world.inner_fair)


def fair(name: str):
    return lambda world: {"slug": getattr(world, name).slug}


def company(name: str, of: str = "fair"):
    return lambda world: {"slug": getattr(world, of).slug, "pk": getattr(world, name).pk}


def seen(get: Door, inner: Door, post: Door = NO, inner_post: Door = NO, **data) -> list[Case]:
    return [
        Case("a public fair", get, post, fair("fair"), data),
        Case("a members' fair", inner, inner_post, fair("inner_fair"), data),
    ]


class Within(Door):
    """The hosts and officers; others who see the event get a 403, whoever may not know of it a 404."""

    def expects(self, visitor: str) -> str:
        if visitor not in self.who and visitor != "anonymous" and visitor not in HIDDEN_READERS.who:
            return MISSING
        return super().expects(visitor)


class Under(Within):
    """A company under the address of another fair: a 404 even for those who run both."""

    def expects(self, visitor: str) -> str:
        return MISSING if visitor in HOSTS.who else super().expects(visitor)


INNER = Within(HOSTS.who, HOSTS_OF_MEMBERS_EVENT.stranger, HOSTS.others)


def run(post: Door = NO, **data) -> list[Case]:
    """What hosts and officers do with one company."""
    get = NO if post is not NO else HOSTS
    inner_get, inner_post = (NO, INNER) if post is not NO else (INNER, NO)
    return [
        Case("a company", get, post, company("fair_asking"), data),
        Case("one of a members' fair", inner_get, inner_post, company("inner_company", "inner_fair"), data),
        Case(
            "under another fair's address",
            NO if post is not NO else Under(frozenset(), INNER.stranger, INNER.others),
            NO,
            company("fair_asking", "inner_fair"),
        ),
    ]


def linked(get: Door, post: Door = NO, *, with_pk: bool = False, **data) -> list[Case]:
    """The right token lets anybody in, another one nobody."""

    def kwargs(token):
        return lambda world: {
            "token": token or world.fair_token,
            **({"pk": world.fair_student.pk} if with_pk else {}),
        }

    return [
        Case("with the link", get, post, kwargs(""), data),
        Case(
            "with another token",
            NOBODY_ELSE if get is not NO else NO,
            NOBODY_ELSE if post is not NO else NO,
            kwargs(LOST),
            data,
        ),
    ]


TABLE = {
    "events:fair_detail": seen(PUBLIC, HIDDEN_READERS),
    "events:fair_booths": seen(PUBLIC, HIDDEN_READERS),
    "events:fair_register": seen(PUBLIC, HIDDEN_READERS, PUBLIC, HIDDEN_READERS, name=""),
    "events:fair_students": seen(SIGNED_IN, READERS, SIGNED_IN, READERS, withdraw="1"),
    "events:fair_door": seen(HOSTS, INNER),
    "events:fair_companies": seen(HOSTS, INNER, HOSTS, INNER, row=""),
    "events:fair_logo": [
        Case("an accepted company's", PUBLIC, NO, company("fair_company")),
        Case("one without a logo", only(stranger=MISSING), NO, company("fair_asking")),
    ],
    "events:fair_company": run(),
    "events:fair_report": run(),
    "events:fair_company_answer": run(HOSTS, booth="nonsense"),
    "events:fair_company_booth": run(HOSTS, booth="nonsense"),
    "events:fair_company_notes": run(HOSTS, hand_over="1", email="nonsense"),
    "events:fair_edit": [
        Case("a public event", HOSTS, HOSTS, lambda world: {"pk": world.fair.event_id}, {"slug": ""}),
        Case("a members' event", INNER, INNER, lambda world: {"pk": world.inner_fair.event_id}, {"slug": ""}),
    ],
    "events:company_detail": linked(PUBLIC, PUBLIC),
    "events:company_edit": linked(PUBLIC, PUBLIC, website="nonsense"),
    "events:company_withdraw": linked(NO, PUBLIC),
    "events:company_resume": linked(NO, PUBLIC, with_pk=True),
    "events:company_list": linked(NO, PUBLIC),
}

PUBLIC_PAGES = {
    "events:fair_detail",
    "events:fair_booths",
    "events:fair_register",
    "events:fair_logo",
    "events:company_detail",
    "events:company_edit",
    "events:company_withdraw",
    "events:company_resume",
    "events:company_list",
}

ADMIN = {"events_fair": OFFICES, "events_faircompany": OFFICES}
