"""Leaderboards, checks that are answered at once, and results of graders outside."""

from __future__ import annotations

from nmep.models import Part
from tests.access.cases import LEADS, OTHER_LEADS, slug
from tests.access.doors import NO, Case, only
from tests.factories.boards import make_board
from tests.factories.nmep import make_assignment

IN_IT = only("new member", "participant", "lead", "reviewer", "education")
LEARNERS = only("new member", "participant")


def build(world) -> None:
    parts = (Part.Kind.PREDICTIONS,)
    world.board = make_board(assignment=make_assignment(offering=world.offering, key="board", parts=parts))
    make_board(assignment=make_assignment(offering=world.other_offering, key="board", parts=parts))


def check(world):
    return {"slug": "ours", "key": "board", "pk": world.board.pk}


TABLE = {
    "nmep:board_detail": [
        Case("in the offering", IN_IT, NO, slug("offering", key="board")),
        Case("in another offering", only("education"), NO, slug("other_offering", key="board")),
        Case("without a board", only(), NO, slug("offering", key="hw1")),
    ],
    "nmep:board_name": [Case("in the offering", NO, LEARNERS, slug("offering", key="board"))],
    "nmep:outside_results": [
        Case("in the offering", LEADS, LEADS, slug("offering", key="hw1")),
        Case("in another offering", OTHER_LEADS, OTHER_LEADS, slug("other_offering", key="hw1")),
    ],
    "nmep:check_at_once_create": [
        Case("in the offering", LEADS, LEADS, slug("offering", key="board", kind="evidence")),
    ],
    "nmep:check_at_once_edit": [Case("in the offering", LEADS, LEADS, check)],
}
