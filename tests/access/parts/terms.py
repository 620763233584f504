"""The next term, its texts, its meetings and its state."""

from __future__ import annotations

from tests.access.cases import LEADS, OTHER_LEADS, slug
from tests.access.doors import NO, Case, only


def meeting(name: str):
    return lambda world: {
        "slug": getattr(world, name).slug,
        "pk": getattr(world, name).sessions.order_by("seq").first().pk,
    }


def of_led(kwargs=slug, **data) -> list[Case]:
    return [
        Case("an offering one leads", LEADS, LEADS, kwargs("offering"), data),
        Case("another offering", OTHER_LEADS, OTHER_LEADS, kwargs("other_offering"), data),
        Case("a draft", only("education"), only("education"), kwargs("draft_offering"), data),
    ]


TABLE = {
    "nmep:offering_clone": of_led(term="nonsense"),
    "nmep:offering_stale": of_led(key="nonsense", number="0"),
    "nmep:offering_state": of_led(to="running"),
    "nmep:session_move": [
        *of_led(meeting, starts_at="nonsense"),
        Case(
            "a meeting of another offering",
            only(),
            NO,
            lambda world: {"slug": "ours", "pk": world.other_offering.sessions.first().pk},
        ),
    ],
    "nmep:session_cancel": of_led(meeting, reason=""),
}
