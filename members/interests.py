"""What people care about: the topics that they want to learn, give or know, and where a text speaks of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from members.models import Club, Membership, Topic, User

CACHED = "_topics"


def prime(users: Iterable[Any]) -> None:
    """Find out at once what many accounts care about this term; two queries. Their standing is known."""
    people = list(users)
    by_membership = {user.standing.membership.pk: user.pk for user in people if user.standing.membership}
    found: dict[int, set[int]] = {user.pk: set() for user in people}
    wanted = Membership.learn.through.objects.filter(membership__in=by_membership)
    given = Membership.give.through.objects.filter(membership__in=by_membership)
    for membership, topic in wanted.values_list("membership", "topic").union(
        given.values_list("membership", "topic")
    ):
        found[by_membership[membership]].add(topic)
    for person, topic in User.expertise.through.objects.filter(user__in=people).values_list("user", "topic"):
        found[person].add(topic)
    for user in people:
        setattr(user, CACHED, frozenset(found[user.pk]))


def of(user: Any) -> frozenset[int]:
    """The keys of the topics that `user` cares about; kept on the object."""
    if not hasattr(user, CACHED):
        prime([user])
    kept: frozenset[int] = getattr(user, CACHED)
    return kept


@dataclass(frozen=True)
class Vocabulary:
    """The club's topics, to be found in texts."""

    names: Mapping[int, str]
    pattern: re.Pattern[str] | None
    keys: Mapping[str, int]

    @classmethod
    def current(cls) -> Vocabulary:
        """All topics there are; one query for as long as the club is kept."""
        club: Any = Club.current()
        known: Vocabulary | None = getattr(club, CACHED, None)
        if known is None:
            known = cls.read()
            setattr(club, CACHED, known)
        return known

    @classmethod
    def read(cls) -> Vocabulary:
        names = dict(Topic.objects.order_by().values_list("pk", "name"))
        keys = {name.lower(): pk for pk, name in names.items() if name.strip()}
        # The longest first: "reinforcement learning" before "learning".
        words = "|".join(re.escape(name) for name in sorted(keys, key=len, reverse=True))
        return cls(names, re.compile(rf"\b(?:{words})\b") if words else None, keys)

    def in_text(self, text: str) -> frozenset[int]:
        """The topics that `text` names."""
        if self.pattern is None:
            return frozenset()
        return frozenset(self.keys[found] for found in self.pattern.findall(text.lower()))

    def shared(self, user: Any, topics: Iterable[int]) -> str:
        """The name of a topic among `topics` that `user` cares about; empty where there is none."""
        return min((self.names[topic] for topic in of(user).intersection(topics)), default="")
