"""Reading lists and papers."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from tests.access.doors import (
    FORBIDDEN,
    MEMBERS,
    MISSING,
    NO,
    PUBLIC,
    READERS,
    SIGN_IN,
    WRITERS,
    Case,
    Door,
    only,
)
from tests.factories import make_list, make_page, make_paper, make_topic
from wiki import marks
from wiki.models import Placement

PUBLIC_PAGES = {
    "wiki:reading_list_list",
    "wiki:reading_list_detail",
    "wiki:reading_list_markdown",
    "wiki:bibliography_list",
    "wiki:bibliography_page",
}

#: Whoever keeps the list, the librarian and the president; others who see it meet a 403, the rest a 404.
KEEPERS = ("member", "librarian", "president")


@dataclass(frozen=True)
class Kept(Door):
    """403 for those who see the list and do not keep it, 404 for whoever may not know of it, or asks for nothing."""

    missed: tuple[str, ...] = ()

    def expects(self, visitor: str) -> str:
        answer = super().expects(visitor)
        if visitor in self.missed:
            return MISSING
        return answer if answer != FORBIDDEN or visitor in (*MEMBERS, "alumnus") else MISSING


INNER_KEPT = Kept(frozenset(KEEPERS), SIGN_IN, FORBIDDEN)
OPEN_KEPT = only(*KEEPERS, others=FORBIDDEN)


def build(world) -> None:
    keeper = world.visitors["member"]
    world.a_paper = make_paper(title="A paper", arxiv_id="2006.11239")
    world.open_list = make_list(
        title="Open list", curators=[keeper], visibility="public", papers=[world.a_paper]
    )
    world.inner_list = make_list(title="Inner list", curators=[keeper], papers=[world.a_paper])
    world.list_topic = make_topic(reading_list=world.inner_list)
    world.a_paper_note = marks.write(world.a_paper, keeper, "Read section 3.", now=timezone.now())
    world.citing_page = make_page(path="Reading/Citing", text=f"See @{world.a_paper.key}.\n")


def of(name, **more):
    def kwargs(world):
        held = getattr(world, f"{name}_list")
        found = {"slug": held.slug}
        if more.get("placement"):
            placed = Placement.objects.filter(list=held).first()
            found["pk"] = placed.pk if placed else 0
        if more.get("topic"):
            found["pk"] = world.list_topic.pk
        return found

    return kwargs


LIBRARIANS = ("librarian", "president")


def paper(world):
    return {"pk": world.a_paper.pk}


def note(world):
    return {"pk": world.a_paper.pk, "note_pk": world.a_paper_note.pk}


TABLE = {
    "wiki:bibliography_import": [Case("", WRITERS, WRITERS)],
    "wiki:bibliography_all": [Case("", READERS)],
    "wiki:bibliography_paper": [Case("", READERS, NO, paper)],
    "wiki:bibliography_list": [
        Case("a public list", PUBLIC, NO, of("open")),
        Case("a members' list", only(*MEMBERS, "alumnus", stranger=MISSING), NO, of("inner")),
    ],
    "wiki:bibliography_page": [
        Case(
            "of a members' page",
            only(*MEMBERS, "alumnus", stranger=MISSING, others=MISSING),
            NO,
            lambda world: {"path": world.citing_page.path},
        )
    ],
    "wiki:paper_keys": [Case("", WRITERS)],
    "wiki:paper_wanted": [Case("", READERS)],
    "wiki:paper_mark": [Case("", NO, READERS, paper)],
    "wiki:paper_look_up": [Case("", NO, WRITERS, paper)],
    "wiki:paper_key": [
        Case("", only(*LIBRARIANS, others=FORBIDDEN), only(*LIBRARIANS, others=FORBIDDEN), paper)
    ],
    "wiki:paper_merge": [
        Case("", only(*LIBRARIANS, others=FORBIDDEN), only(*LIBRARIANS, others=FORBIDDEN), paper)
    ],
    "wiki:note_create": [Case("", NO, WRITERS, paper)],
    "wiki:note_edit": [
        Case("of a member", only("member", others=MISSING), only("member", others=MISSING), note)
    ],
    "wiki:note_remove": [
        Case("none of theirs", NO, only(others=MISSING), lambda world: {**note(world), "note_pk": 0})
    ],
    "wiki:note_hide": [Case("", NO, only(*LIBRARIANS, others=FORBIDDEN), note)],
    "wiki:paper_list": [Case("", READERS)],
    "wiki:paper_edit": [Case("", WRITERS, WRITERS, lambda world: {"pk": world.a_paper.pk})],
    "wiki:reading_list_list": [Case("", PUBLIC)],
    "wiki:reading_list_create": [Case("", WRITERS, WRITERS)],
    "wiki:reading_list_detail": [
        Case("a public list", PUBLIC, NO, of("open")),
        Case("a members' list", only(*MEMBERS, "alumnus", stranger=MISSING), NO, of("inner")),
    ],
    "wiki:reading_list_markdown": [
        Case("a public list", PUBLIC, NO, of("open")),
        Case("a members' list", only(*MEMBERS, "alumnus", stranger=MISSING), NO, of("inner")),
    ],
    "wiki:reading_list_adopt": [Case("a members' list", NO, WRITERS, of("inner"))],
    "wiki:reading_list_edit": [
        Case("a public list", OPEN_KEPT, OPEN_KEPT, of("open")),
        Case("a members' list", INNER_KEPT, INNER_KEPT, of("inner")),
    ],
    "wiki:placement_create": [Case("a members' list", NO, WRITERS, of("inner"))],
    "wiki:placement_edit": [Case("in a members' list", INNER_KEPT, INNER_KEPT, of("inner", placement=True))],
    "wiki:placement_move": [Case("in a members' list", NO, INNER_KEPT, of("inner", placement=True))],
    "wiki:placement_remove": [
        Case(
            "of another list",
            NO,
            Kept(frozenset(), SIGN_IN, FORBIDDEN, KEEPERS),
            lambda world: {
                "slug": world.inner_list.slug,
                "pk": Placement.objects.get(list=world.open_list).pk,
            },
        )
    ],
    "wiki:topic_create": [Case("a members' list", NO, INNER_KEPT, of("inner"))],
    "wiki:topic_remove": [Case("a members' list", NO, INNER_KEPT, of("inner", topic=True))],
}
ADMIN = {
    "wiki_readinglist": ("officer", "education", "librarian", "president"),
    "wiki_paperlookup": ("librarian", "president"),
    "wiki_papernote": ("librarian", "president"),
    "wiki_formerpaper": ("librarian", "president"),
    "wiki_otherkey": ("librarian", "president"),
    "wiki_readmark": ("librarian", "president"),
}
