"""What digests say of initiatives: to their teams, to those who might join, and to alumni."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Max, Q
from django.urls import reverse

from members import interests
from members.models import User
from mlclub.gather import FOR_YOU, NEW, NEWS, PROJECTS, Item
from projects.models import SILENT_AFTER_DAYS, Initiative, Role, Update

#: So many names stand in one line.
NAMED = 3


def digest(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """What the teams that somebody is in wrote in the week before, each by itself, and the others in one line; places
    for newer members; a team of one's own that fell silent. Four queries for all."""
    begun = since - NEWS
    latest: dict[int, Update] = {}
    for update in (
        Update.objects.filter(created_at__gte=begun, created_at__lt=since)
        .select_related("initiative")
        .prefetch_related("initiative__topics")
        .defer("initiative__search", "initiative__description", "initiative__outcome")
        .order_by("initiative__name", "-created_at")
    ):
        latest.setdefault(update.initiative_id, update)
    openings = list(
        Initiative.objects.open_to_newer_members()
        .filter(created_at__gte=begun, created_at__lt=since)
        .defer("search", "description", "outcome")
    )
    seen = {update.initiative for update in latest.values()} | set(openings)
    mine: dict[int, set[int]] = {}
    roles = Role.objects.filter(initiative__in=seen, person__in=users)
    for person_id, initiative_id in roles.values_list("person_id", "initiative_id"):
        mine.setdefault(person_id, set()).add(initiative_id)
    topics = {
        update.initiative_id: {topic.pk for topic in update.initiative.topics.all()}
        for update in latest.values()
    }
    urls = {initiative: update.initiative.get_absolute_url() for initiative, update in latest.items()}
    answer = _silent(users, since)
    for user in users:
        own = mine.get(user.pk, set())
        written = [
            update
            for update in latest.values()
            if _may_see(user, update.initiative, own) and update.author_id != user.pk
        ]
        items = [_own_update(update) for update in written if update.initiative_id in own]
        others = [update.initiative for update in written if update.initiative_id not in own]
        if others:
            items.append(_others(user, others, topics, urls))
        free = [row for row in openings if _may_see(user, row, own) and row.pk not in own]
        if free:
            items.append(_places(free, is_filler=not user.standing.is_new))
        if items:
            answer.setdefault(user.pk, []).extend(items)
    return answer


def _may_see(user: User, initiative: Initiative, own: set[int]) -> bool:
    return (
        initiative.visibility == Initiative.Visibility.PUBLIC
        or initiative.pk in own
        or (initiative.visibility == Initiative.Visibility.MEMBERS and user.standing.reads_members_area)
    )


def _silent(users: Sequence[User], since: datetime) -> dict[int, list[Item]]:
    """For those who lead a team that wrote nothing for three weeks; one query."""
    led = (
        Role.objects.filter(kind=Role.Kind.LEAD, person__in=users)
        .filter(
            initiative__in=Initiative.objects.silent_since(since - timedelta(days=SILENT_AFTER_DAYS)).values(
                "pk"
            )
        )
        .select_related("initiative")
        .defer("initiative__search", "initiative__description", "initiative__outcome")
        .order_by("initiative__name")
    )
    terms = {user.pk: user.standing.term for user in users}
    found: dict[int, list[Item]] = {}
    for role in led:
        term = terms[role.person_id]
        if term and role.term_id == term.pk:
            found.setdefault(role.person_id, []).append(
                Item(
                    section=FOR_YOU,
                    text=f"{role.initiative} has been silent",
                    lead="3 weeks",
                    detail="Two sentences are enough.",
                    url=reverse("projects:update_create", args=[role.initiative.slug]),
                    action="Write",
                    weight=12,
                    is_own=True,
                )
            )
    return found


def _own_update(update: Update) -> Item:
    return Item(
        section=NEW,
        text=f"{update.initiative}: {_first_line(update.done)}",
        url=update.get_absolute_url(),
        weight=8,
        is_own=True,
    )


def _others(
    user: User, initiatives: list[Initiative], topics: Mapping[int, set[int]], urls: Mapping[int, str]
) -> Item:
    """What other teams wrote, in one line that leads to the one whose topic the reader cares about."""
    cares = interests.of(user)
    initiatives = sorted(initiatives, key=lambda row: (cares.isdisjoint(topics[row.pk]), row.name))
    names = [row.name for row in initiatives[:NAMED]]
    more = len(initiatives) - len(names)
    return Item(
        section=NEW,
        text=f"News of {', '.join(names)}" + (f" and {more} more" if more else ""),
        url=urls[initiatives[0].pk],
        action="Read",
        weight=4,
        is_filler=True,
    )


def _places(initiatives: list[Initiative], *, is_filler: bool) -> Item:
    names = [row.name for row in initiatives[:NAMED]]
    return Item(
        section=NEW,
        text=f"Places for newer members in {', '.join(names)}",
        detail=_first_line(initiatives[0].opening) if len(initiatives) == 1 else "",
        url=initiatives[0].get_absolute_url()
        if len(initiatives) == 1
        else reverse("projects:initiative_list"),
        action="Look",
        weight=7 if not is_filler else 3,
        is_filler=is_filler,
    )


def alumni_digest(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """The two initiatives that brought something out last, or wrote last; one query."""
    rows: list[Any] = list(
        Initiative.objects.running()
        .exclude(visibility=Initiative.Visibility.TEAM)
        .annotate(
            made_on=Max("outputs__made_on", filter=Q(outputs__made_on__lt=since)),
            wrote_at=Max("updates__created_at"),
        )
        .exclude(wrote_at=None)
        .defer("search", "description", "outcome")
        .order_by(F("made_on").desc(nulls_last=True), "-wrote_at")[:2]
    )
    items = [
        Item(section=PROJECTS, text=row.name, detail=row.summary, url=row.get_absolute_url(), action="Look")
        for row in rows
    ]
    return {user.pk: items for user in users if user.standing.reads_members_area} if items else {}


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= 120 else line[:117].rstrip() + "…"
