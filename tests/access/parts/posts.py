"""The blog: what is out is everybody's, the rest its authors' and the editor's."""

from __future__ import annotations

from dataclasses import dataclass

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
from tests.factories import make_post, make_reader_note

PUBLIC_PAGES = {"wiki:post_list", "wiki:post_detail", "wiki:post_moved", "wiki:post_feed", "wiki:post_atom"}

EDITORS = ("member", "librarian", "president")
DRAFT_EDITED = only(*EDITORS)


@dataclass(frozen=True)
class Edited(Door):
    """403 for those who read the post and could write, 404 for whoever writes nothing here."""

    met_by: tuple[str, ...] = MEMBERS

    def expects(self, visitor: str) -> str:
        answer = super().expects(visitor)
        return answer if answer != FORBIDDEN or visitor in self.met_by else MISSING


OUT_EDITED = Edited(frozenset(EDITORS), SIGN_IN, FORBIDDEN)
OUT_READ = Edited(frozenset(EDITORS), SIGN_IN, FORBIDDEN, (*MEMBERS, "alumnus"))
OF_A_NOTE = Edited(frozenset(EDITORS), SIGN_IN, FORBIDDEN, ("new member",))
DECIDES = only("librarian", "president", others=FORBIDDEN)


def build(world) -> None:
    author = world.visitors["member"]
    world.a_draft = make_post(title="A draft", authors=[author])
    world.an_open_post = make_post(title="An open post", authors=[author], state="published")
    world.a_reader_note = make_reader_note(post=world.an_open_post, author=world.visitors["new member"])


def of(name, **more):
    def kwargs(world):
        held = getattr(world, name)
        return {"slug": held.slug, **({"pk": held.authors.get().pk} if more.get("author") else {})}

    return kwargs


def edited(*, posts: bool = False, **more) -> list[Case]:
    def case(about, door, name):
        return Case(about, *((NO, door) if posts else (door, door)), of(name, **more))

    return [
        case("a draft of the member's", DRAFT_EDITED, "a_draft"),
        case("a post that is out", OUT_EDITED, "an_open_post"),
    ]


def note(world):
    return {"pk": world.a_reader_note.pk}


TABLE = {
    "wiki:post_list": [Case("", PUBLIC)],
    "wiki:post_feed": [Case("", PUBLIC)],
    "wiki:post_atom": [Case("", PUBLIC)],
    "wiki:post_moved": [
        Case(
            "a post that is out",
            PUBLIC,
            NO,
            lambda world: {"year": 2020, "month": 2, "day": 5, "slug": world.an_open_post.slug},
        ),
        Case(
            "a draft of the member's",
            only(*EDITORS, stranger=MISSING),
            NO,
            lambda world: {"year": 2020, "month": 2, "day": 5, "slug": world.a_draft.slug},
        ),
    ],
    "wiki:post_detail": [
        Case("a post that is out", PUBLIC, NO, of("an_open_post")),
        Case("a draft of the member's", only(*EDITORS, stranger=MISSING), NO, of("a_draft")),
    ],
    "wiki:post_create": [Case("", WRITERS, WRITERS)],
    "wiki:post_desk": [Case("", READERS)],
    "wiki:post_edit": edited(),
    "wiki:post_settings": edited(),
    "wiki:post_history": [Case(case.about, case.get, NO, case.kwargs) for case in edited()],
    "wiki:post_author_add": edited(posts=True),
    "wiki:post_author_move": edited(posts=True, author=True),
    "wiki:post_begin": edited(posts=True),
    "wiki:post_ask": edited(posts=True),
    "wiki:post_take_up": edited(posts=True),
    "wiki:post_withdraw": edited(),
    "wiki:post_decide": [
        Case("a draft of the member's", DECIDES, DECIDES, of("a_draft")),
        Case("a post that is out", DECIDES, DECIDES, of("an_open_post")),
    ],
    "wiki:post_note": [
        Case("a post that is out", NO, WRITERS, of("an_open_post")),
        Case("a draft of the member's", NO, only(), of("a_draft")),
    ],
    "wiki:post_notes": [
        Case("a post that is out", OUT_READ, NO, of("an_open_post")),
        Case("a draft of the member's", DRAFT_EDITED, NO, of("a_draft")),
    ],
    "wiki:note_answer": [Case("the new member's note", NO, OF_A_NOTE, note)],
    "projects:initiative_from_note": [Case("the new member's note", OF_A_NOTE, OF_A_NOTE, note)],
}
ADMIN = {
    "wiki_post": ("librarian", "president"),
    "wiki_readernote": ("librarian", "president"),
    "wiki_importedauthor": ("librarian", "president"),
}
