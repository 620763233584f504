"""The library of modules: public ones are everybody's, the others the members'."""

from __future__ import annotations

from types import SimpleNamespace

from django.core.files.base import ContentFile

from tests.access.cases import LEADS, OTHER_LEADS, of_offerings, slug
from tests.access.doors import (
    FORBIDDEN,
    HIDDEN_READERS,
    MEMBERS,
    MISSING,
    NO,
    PUBLIC,
    SIGN_IN,
    Case,
    Door,
    only,
)
from tests.factories.library import make_module

PUBLIC_PAGES = {"learn:module_list", "learn:module_detail", "learn:module_deck"}

KEEPERS = only("member", "education", others=FORBIDDEN)
EDUCATION = only("education", others=FORBIDDEN)


class OfMembers(Door):
    """403 for those who may read the module, 404 for those who may not know of it."""

    def expects(self, visitor: str) -> str:
        answer = super().expects(visitor)
        return answer if answer != FORBIDDEN or visitor in (*MEMBERS, "alumnus") else MISSING


def build(world: SimpleNamespace) -> None:
    keeper = world.visitors["member"]
    world.open_module = make_module("Open module", is_public=True, maintainer=keeper)
    world.inner_module = make_module("Inner module", needs=[world.open_module])
    for module in (world.open_module, world.inner_module):
        module.deck_file.save("deck.pdf", ContentFile(b"%PDF-1.7"))


OPEN, INNER = slug("open_module"), slug("inner_module")

TABLE = {
    "nmep:offering_create": [Case("", EDUCATION, EDUCATION)],
    "nmep:plan": [
        Case(case.about, case.get, case.get, case.kwargs)
        for case in of_offerings(LEADS, OTHER_LEADS, only("education"))
    ],
    "learn:module_list": [Case("", PUBLIC)],
    "learn:module_detail": [
        Case("a public module", PUBLIC, NO, OPEN),
        Case("a members' module", HIDDEN_READERS, NO, INNER),
    ],
    "learn:module_deck": [
        Case("a public module", PUBLIC, NO, OPEN),
        Case("a members' module", HIDDEN_READERS, NO, INNER),
    ],
    "learn:module_create": [Case("", EDUCATION, EDUCATION)],
    "learn:module_edit": [
        Case("a module of the member's", KEEPERS, KEEPERS, OPEN),
        Case(
            "another module",
            OfMembers(EDUCATION.who, SIGN_IN, FORBIDDEN),
            OfMembers(EDUCATION.who, SIGN_IN, FORBIDDEN),
            INNER,
        ),
    ],
}
