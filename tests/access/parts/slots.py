"""Slot sheets: members' ones, and those of a programme, which only its people know of."""

from __future__ import annotations

from datetime import time, timedelta
from types import SimpleNamespace

from django.utils import timezone

from events import swaps
from nmep import papers, sheets
from tests.access.cases import LEADS, OTHER_LEADS, slug
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
from tests.factories import make_claim, make_paper, make_session, make_sheet, make_slot

#: Who has a place in the offering "ours".
INSIDE = ("participant", "new member", "lead", "reviewer", "education")
LEARNERS = ("new member", "participant")
RUNNERS = ("host", "officer", "education", "librarian", "president")


class Seen(Door):
    """403 for those who see the sheet, 404 for those who may not know of it."""

    seen: tuple[str, ...] = ()

    def expects(self, visitor: str) -> str:
        answer = super().expects(visitor)
        return MISSING if answer == FORBIDDEN and visitor not in self.seen else answer


def door(who: tuple[str, ...], seen: tuple[str, ...]) -> Door:
    made = Seen(frozenset(who), SIGN_IN, FORBIDDEN)
    object.__setattr__(made, "seen", seen)
    return made


OF_MEMBERS = (*MEMBERS, "alumnus")


def build(world: SimpleNamespace) -> None:
    people = world.visitors
    now = timezone.now()
    world.sheet = make_sheet(title="Chapters", hosts=[people["host"]], takes_questions=True, asks_topic=True)
    world.slot = make_slot(sheet=world.sheet, days=30)
    world.taken_slot = make_slot(sheet=world.sheet, days=37)
    claim = make_claim(slot=world.taken_slot, person=people["member"])
    world.wanting = make_claim(
        slot=make_slot(sheet=make_sheet(title="Talks", offers_mentor=True), days=20),
        person=people["fellow"],
        wants_mentor=True,
    )
    world.ranked_sheet = make_sheet(title="Wishes", hosts=[people["host"]], mode="ranked", slots=2)
    world.swap = swaps.ask(
        claim, other=make_claim(slot=make_slot(sheet=world.sheet, days=44), person=people["fellow"]), now=now
    )
    world.coming_class = make_session(offering=world.offering, starts_at=now + timedelta(days=30), week=5)
    world.other_class = make_session(
        offering=world.other_offering, starts_at=now + timedelta(days=30), week=5
    )
    world.paper_sheet = sheets.create_papers(world.offering, by=people["lead"], first_week=1)
    world.paper_slot = world.paper_sheet.sheet.slots.order_by("-position").first()
    make_claim(slot=world.paper_slot, person=people["new member"])
    world.paper = make_paper(title="Attention")
    world.paper_talk = papers.choose(world.paper_slot, world.paper, by=people["lead"], now=now)
    day = now.astimezone(world.offering.zone).date()
    sheets.add_orals(
        world.offering,
        by=people["lead"],
        on=day - timedelta(days=2),
        begins=time(10),
        ends=time(11),
        minutes=60,
        examiners=[people["reviewer"]],
    )
    world.oral_sheet = sheets.sheet_of_kind(world.offering, sheets.OfferingSheet.Kind.ORAL)
    world.oral = make_claim(slot=world.oral_sheet.sheet.slots.get(), person=people["new member"])


def pk(name: str):
    return lambda world: {"pk": getattr(world, name).pk}


def within(name: str, *, offering: str = "ours"):
    return lambda world: {"slug": offering, "pk": getattr(world, name).pk}


def of_sheet(own: Door, paper: Door, *, posts: bool, **data) -> list[Case]:
    """The slot of a members' sheet, and one of a programme's."""
    cases = [("a members' sheet", own, "slot"), ("a programme's sheet", paper, "paper_slot")]
    return [
        Case(about, *((NO, each) if posts else (each, NO)), pk(name), data) for about, each, name in cases
    ]


EXAMINERS = only("reviewer", "lead", "education")
TEACHERS = only(*(name for name in MEMBERS if name != "new member"))

TABLE = {
    "events:sheet_list": [Case("", SIGNED_IN)],
    "events:sheet_detail": [
        Case("a members' sheet", READERS, NO, pk("sheet")),
        Case("a programme's sheet", only(*INSIDE), NO, lambda world: {"pk": world.paper_sheet.sheet_id}),
    ],
    "events:sheet_wish": [Case("", NO, door(MEMBERS, OF_MEMBERS), pk("ranked_sheet"))],
    "events:sheet_draw": [Case("", door(RUNNERS, OF_MEMBERS), door(RUNNERS, OF_MEMBERS), pk("ranked_sheet"))],
    "events:slot_detail": of_sheet(READERS, only(*INSIDE), posts=False),
    "events:slot_claim": of_sheet(door(MEMBERS, OF_MEMBERS), door(LEARNERS, INSIDE), posts=True),
    "events:slot_ask": of_sheet(READERS, only(*INSIDE), posts=True, text="Why?"),
    "events:slot_assign": of_sheet(
        door(RUNNERS, OF_MEMBERS), door(("lead", "education"), INSIDE), posts=True
    ),
    "events:slot_mark": [
        # Without a claim it is a 404 for those who run it.
        Case("nobody's claim", NO, door((), tuple(set(OF_MEMBERS) - set(RUNNERS))), pk("slot"))
    ],
    "events:slot_release": [
        Case("the member's slot", NO, only("member"), pk("taken_slot")),
        Case("the new member's slot", NO, only("new member"), pk("paper_slot")),
    ],
    "events:slot_topic": [
        Case("the member's slot", NO, only("member"), pk("taken_slot"), {"topic": "Tides"})
    ],
    "events:slot_swap": [Case("the member's slot", NO, only("member"), pk("taken_slot"))],
    "events:swap_detail": [Case("", only("member", "fellow"), only("member", "fellow"), pk("swap"))],
    "events:slot_mentor": [Case("the member's slot", NO, only("member"), pk("taken_slot"))],
    "events:mentor_offer": [Case("", only(*MEMBERS), only(*MEMBERS), pk("wanting"))],
    "nmep:paper_list": [
        Case("the offering", only(*INSIDE), NO, slug("offering")),
        Case("another offering", only("education"), NO, slug("other_offering")),
    ],
    "nmep:paper_create": [
        Case("the offering", NO, LEADS, slug("offering")),
        Case("another offering", NO, OTHER_LEADS, slug("other_offering")),
    ],
    "nmep:paper_suggest": [Case("the offering", NO, LEADS, slug("offering"))],
    "nmep:paper_choose": [
        Case(
            "the new member's slot",
            only("new member", "lead", "education"),
            only("new member", "lead", "education"),
            within("paper_slot"),
        )
    ],
    "nmep:paper_notes": [
        Case("the new member's slot", NO, only("new member", "lead", "education"), within("paper_slot"))
    ],
    "nmep:paper_slides": [
        Case(
            "the new member's slot",
            only("new member", "lead", "education"),
            only("new member", "lead", "education"),
            within("paper_slot"),
        )
    ],
    "nmep:oral_list": [
        Case("the offering", only(*INSIDE), NO, slug("offering")),
        Case("another offering", only("education"), NO, slug("other_offering")),
    ],
    "nmep:oral_create": [Case("the offering", NO, LEADS, slug("offering"))],
    "nmep:oral_result": [
        Case("the new member's exam", EXAMINERS, EXAMINERS, within("oral")),
        Case("under another offering's address", only(), NO, within("oral", offering="theirs")),
    ],
    "nmep:lecture_take": [
        Case("a class", TEACHERS, TEACHERS, within("coming_class"), {"drop": "1"}),
        Case(
            "another offering's",
            only(*MEMBERS),
            only(*MEMBERS),
            within("other_class", offering="theirs"),
            {"drop": "1"},
        ),
    ],
    "nmep:lecturer_list": [
        Case("the offering", LEADS, NO, slug("offering")),
        Case("another offering", OTHER_LEADS, NO, slug("other_offering")),
    ],
    "nmep:lecturer_ask": [Case("the offering", NO, LEADS, slug("offering"))],
    "wiki:paper_detail": [Case("", READERS, NO, pk("paper"))],
}

ADMIN = {
    "events_slotsheet": OFFICES,
    "events_claim": ("officer", "education", "president"),
    "nmep_offeringsheet": OFFICES,
    "nmep_papertalk": OFFICES,
    "nmep_oralresult": ("education",),
}
