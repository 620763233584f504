"""Homework partners, and leaving a programme."""

from __future__ import annotations

from tests.access.cases import LEADS, OTHER_LEADS, of_offerings, slug
from tests.access.doors import NO, Case, only
from tests.factories.members import make_new_member
from tests.factories.nmep import make_assignment, make_enrolment
from tests.factories.partners import make_round

ADMIN = {"nmep_pairinground": ("education",), "nmep_departure": ("education",)}

IN_THE_PAIR = only("new member")
OWN_WISH = only("participant")

TABLE = {
    "nmep:partner_list": [
        Case("where one learns", *(only("new member", "participant"),) * 2, slug("offering")),
        Case("where one does not learn", *(only(),) * 2, slug("other_offering")),
    ],
    "nmep:wish_remove": [
        Case("a wish of the participant", NO, OWN_WISH, lambda world: {"slug": "ours", "pk": world.wish.pk}),
    ],
    "nmep:partner_note": [
        Case("of a published team", NO, IN_THE_PAIR, slug("offering", key="hw7")),
        Case("where there is no team", NO, only(), slug("offering", key="hw1")),
    ],
    "nmep:partner_write": [
        Case("to a partner", IN_THE_PAIR, IN_THE_PAIR, slug("offering", key="hw7")),
        Case("where there is no team", only(), only(), slug("offering", key="hw1")),
    ],
    "nmep:pair_list": of_offerings(LEADS, OTHER_LEADS, only("education")),
    "nmep:pair_detail": [
        Case("the offering", LEADS, NO, slug("offering", key="hw7")),
        Case("another offering", OTHER_LEADS, NO, slug("other_offering", key="hw1")),
    ],
    **{
        f"nmep:pair_{verb}": [
            Case("the offering", NO, LEADS, slug("offering", key="hw7")),
            Case("another offering", NO, OTHER_LEADS, slug("other_offering", key="hw1")),
        ]
        for verb in ("match", "lock", "move", "publish", "repair")
    },
    "nmep:leave_mine": [
        Case("where one learns", *(only("new member", "participant"),) * 2, slug("offering")),
        Case("where one does not learn", *(only(),) * 2, slug("other_offering")),
    ],
    "nmep:leave_detail": [
        Case("a learner", LEADS, LEADS, lambda world: {"slug": "ours", "pk": world.enrolment.pk}),
        Case(
            "another's learner",
            OTHER_LEADS,
            OTHER_LEADS,
            lambda world: {"slug": "theirs", "pk": world.other_enrolment.pk},
        ),
    ],
}


def build(world):
    """A published pair of the new member, and a wish of the participant about them."""
    mate = make_enrolment(
        offering=world.offering, person=make_new_member(name="The Partner", term=world.term)
    )
    assignment = make_assignment(offering=world.offering, key="hw7", partners="required")
    made = make_round((world.enrolment, mate), assignment=assignment)
    world.team = made.teams.get()
    world.wish = world.participation.partner_wishes.create(kind="rather_not", about=world.enrolment)
