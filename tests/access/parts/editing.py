"""Suggestions, moves of folders, and what the editor asks for."""

from __future__ import annotations

from django.utils import timezone

from tests.access.cases import path
from tests.access.doors import (
    MISSING,
    NO,
    READERS,
    SIGNED_IN,
    WRITERS,
    Case,
    only,
)
from tests.factories import make_suggestion
from wiki import editing, moving

PUBLIC_PAGES = set()

#: Who wrote it, who owns the page, the librarian and the president; nobody else knows of it.
PARTIES = only("alumnus", "member", "librarian", "president", others=MISSING)
DECIDERS = only("member", "librarian", "president", others=MISSING)
ITS_AUTHOR = only("alumnus", others=MISSING)


def build(world) -> None:
    world.suggestion = make_suggestion(page=world.inside, author=world.visitors["alumnus"])
    editing.rename(world.open, "Guides/Wide open", by=world.visitors["member"], now=timezone.now())
    world.move = world.open.passages.get().move
    moving.undo(world.move, by=world.visitors["member"], now=timezone.now())
    world.open.refresh_from_db()


def suggestion(world):
    return {"pk": world.suggestion.pk}


def move(world):
    return {"pk": world.move.pk}


TABLE = {
    "wiki:page_suggest": [
        Case("a public page", SIGNED_IN, SIGNED_IN, path("open")),
        Case("a members' page", READERS, READERS, path("inside")),
    ],
    "wiki:page_complete": [Case("", SIGNED_IN)],
    "wiki:suggestion_list": [Case("", SIGNED_IN)],
    "wiki:suggestion_detail": [Case("an alumnus's", PARTIES, NO, suggestion)],
    "wiki:suggestion_accept": [Case("an alumnus's", NO, DECIDERS, suggestion)],
    "wiki:suggestion_settle": [Case("an alumnus's", NO, DECIDERS, suggestion)],
    "wiki:suggestion_reject": [Case("an alumnus's", NO, DECIDERS, suggestion)],
    "wiki:suggestion_withdraw": [Case("an alumnus's", NO, ITS_AUTHOR, suggestion)],
    "wiki:branch_move": [Case("a folder", WRITERS, WRITERS, lambda world: {"path": "Guides"})],
    "wiki:move_detail": [Case("a page's", READERS, NO, move)],
    "wiki:move_undo": [Case("a page's", NO, WRITERS, move)],
}
ADMIN = {
    "wiki_suggestion": ("librarian", "president"),
    "wiki_move": ("librarian", "president"),
}
