"""The words of the table: who opens a page, and what everybody else meets there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from django.http import HttpResponseBase

#: The kinds of visitor. Whoever holds a link of a mail or a calendar is an anonymous one with the right token.
VISITORS = (
    "anonymous",
    "account",  # without a membership
    "participant",  # takes the course, is no member
    "new member",  # learns in the offering, works on the projects
    "member",  # leads the projects, goes to the events
    "host",  # hosts the events and the series
    "lead",  # of the offering
    "reviewer",  # of the submission, a helper of the offering
    "ex-officer",  # was president, is a member
    "fellow",
    "alumnus",
    "officer",  # for events
    "education",
    "librarian",
    "president",
)
EVERYBODY = frozenset(VISITORS)
#: Those who stand for all where a page makes no difference between people, or opens to nobody.
ALIKE = ("anonymous", "account", "alumnus", "member", "new member", "fellow", "president")
SIGN_IN, FORBIDDEN, MISSING, GONE, WRONG_METHOD, IN = "sign in", "403", "404", "410", "405", "in"


@dataclass(frozen=True)
class Door:
    """Who gets in, what a stranger meets, and what others who are signed in meet."""

    who: frozenset[str]
    stranger: str = SIGN_IN
    others: str = MISSING

    def expects(self, visitor: str) -> str:
        if visitor in self.who:
            return IN
        return self.stranger if visitor == "anonymous" else self.others

    @property
    def asked_by(self) -> tuple[str, ...]:
        """Everybody; where the door tells members of every sort alike, those who stand for the rest."""
        if self.who >= EVERYBODY - {"anonymous"} or not self.who:
            return ALIKE[:4] if "anonymous" in self.who else ALIKE
        if self.who >= frozenset(ALIKE[3:]):
            return tuple(
                name for name in VISITORS if name not in ("host", "reviewer", "education", "librarian")
            )
        return VISITORS


def only(*visitors: str, others: str = MISSING, stranger: str = SIGN_IN) -> Door:
    return Door(frozenset(visitors), stranger, others)


@dataclass(frozen=True)
class Nowhere(Door):
    """The method is not offered: 405, or turned away before anybody looked at the method."""

    def expects(self, visitor: str) -> str:
        return WRONG_METHOD

    @property
    def asked_by(self) -> tuple[str, ...]:
        """Nobody may, so the two ends are enough."""
        return ("anonymous", "president")


OFFICES = ("officer", "education", "librarian", "president")
MEMBERS = ("new member", "member", "host", "lead", "reviewer", "ex-officer", "fellow", *OFFICES)

PUBLIC = Door(EVERYBODY)
SIGNED_IN = Door(EVERYBODY - {"anonymous"})
#: Members, fellows, officers; alumni read.
READERS = only(*MEMBERS, "alumnus")
WRITERS = only(*MEMBERS)
#: A page that a stranger is not even asked to sign in for: the 404 offers it.
HIDDEN_READERS = only(*MEMBERS, "alumnus", stranger=MISSING)
OFFICERS = only(*OFFICES, others=FORBIDDEN)
NOBODY = only(stranger=MISSING)
NO = Nowhere(frozenset())


@dataclass(frozen=True)
class Case:
    """One address with one object: `kwargs` may be a function of the world."""

    about: str
    get: Door
    post: Door = NO
    kwargs: Callable[[SimpleNamespace], dict[str, Any]] = field(default=lambda world: {})
    data: dict[str, Any] = field(default_factory=dict)

    def asked(self) -> list[tuple[str, Door, tuple[str, ...]]]:
        """Method, door and visitors; where both methods have the same door, fewer of them post."""
        posting = self.post.asked_by
        if self.post is not NO and self.post.who == self.get.who:
            few = {"anonymous", "account", "member", "alumnus", "ex-officer", *sorted(self.post.who)[:1]}
            posting = tuple(name for name in posting if name in few)
        return [("get", self.get, self.get.asked_by), ("post", self.post, posting)]


def met(response: HttpResponseBase) -> str:
    """What the visitor met, in the words of the table."""
    status, location = response.status_code, response.headers.get("Location", "")
    if status in (301, 302, 303):
        return SIGN_IN if location.startswith("/accounts/login/") else IN
    if status in (200, 204, 400, 409, 422):
        return IN
    return str(status)
