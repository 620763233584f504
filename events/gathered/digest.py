"""What the weekly digest says of events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from events import following, slot_cards
from events.gathered.programme import PROGRAMME
from events.models import Attendance, Event, Kind, Registration, Talk
from members.interests import Vocabulary
from members.models import Club, User
from mlclub.gather import FOR_YOU, MOVING, NEWS, THIS_WEEK, Item

#: What makes an event stand before another, and stay where there is not room for all.
MINE, FOLLOWED, OFTEN, ON_TOPIC = 10, 6, 5, 4
#: Whoever came to so many events of a series within this time is told of the next one before others.
LATELY, SO_OFTEN = timedelta(weeks=10), 2
#: So few seats are said.
FEW = 5


def digest(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """The events of the coming days that each person may see; their own are no filler, nor those they follow."""
    events = list(
        Event.objects.scheduled()
        .between(since, until)
        .exclude(kind__in=PROGRAMME)
        .with_counts()
        .select_related("series")
        .prefetch_related("hosts")
        .defer("description", "search")
    )
    by_key = {event.pk: event for event in events}
    going = _by_person(
        Registration.objects.live().filter(event__in=by_key, user__in=users).values_list("user", "event")
    )
    invited = _by_person(
        Event.invited.through.objects.filter(event__in=by_key, user__in=users).values_list("user", "event")
    )
    speaking = _by_person(
        Talk.speakers.through.objects.filter(talk__event__in=by_key, user__in=users).values_list(
            "user", "talk__event"
        )
    )
    series = {event.series_id for event in events if event.series_id}
    often = _often(users, series, since)
    follows = following.of(users) if series else {}
    words = Vocabulary.current()
    topics = {event.pk: words.in_text(f"{event.title} {event.summary}") for event in events}
    slots = slot_cards.lines(users, since, until)
    hosts = {event.pk: {host.pk for host in event.hosts.all()} for event in events}
    urls = {event.pk: event.get_absolute_url() for event in events}
    answer = {}
    for user in users:
        mine = going.get(user.pk, set())
        hosted = {key for key, people in hosts.items() if user.pk in people}
        spoken = speaking.get(user.pk, set())
        items = list(slots.get(user.pk, ()))
        presented = [item.when for item in items if item.when]
        items += [
            _duty(by_key[key], f"You speak at {by_key[key]}")
            for key in spoken
            if not any(by_key[key].starts_at <= when <= by_key[key].ends_at for when in presented)
        ]
        items += [_duty(by_key[key], f"You host {by_key[key]}") for key in hosted - spoken]
        known = mine | invited.get(user.pk, set()) | hosted | spoken
        for event in events:
            open_to = event.is_public or (event.visibility == "members" and user.standing.reads_members_area)
            if not (open_to or event.pk in known) or event.pk in hosted | spoken:
                continue
            topic = words.shared(user, topics[event.pk])
            is_mine = event.pk in mine
            follow = event.series_id in follows.get(user.pk, ())
            comes = event.series_id in often.get(user.pk, ())
            items.append(
                Item(
                    section=THIS_WEEK,
                    text=event.title,
                    detail=_detail(event, is_mine=is_mine, follows=follow, topic=topic),
                    url=urls[event.pk],
                    action="" if is_mine else "Wait" if _left(event) == 0 else "Going",
                    when=event.starts_at,
                    weight=max(MINE * is_mine, FOLLOWED * follow, OFTEN * comes, ON_TOPIC * bool(topic)),
                    is_filler=not (is_mine or follow),
                    is_own=is_mine or follow,
                )
            )
        if items:
            answer[user.pk] = items
    return answer


def _by_person(pairs: Any) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for person, key in pairs:
        found[person].add(key)
    return found


def _often(users: Sequence[User], series: set[int], since: datetime) -> dict[int, set[int]]:
    """The series that people came to lately: it decides what stands first, and no line says it."""
    if not series:
        return {}
    came = Attendance.objects.filter(
        user__in=users, event__series__in=series, event__starts_at__gte=since - LATELY
    )
    counted = came.order_by().values_list("user", "event__series").annotate(n=Count("pk"))
    return _by_person((person, key) for person, key, n in counted if n >= SO_OFTEN)


def _duty(event: Event, text: str) -> Item:
    return Item(
        section=FOR_YOU,
        text=text,
        detail=event.where or "no place yet",
        url=event.get_absolute_url(),
        action="Open",
        when=event.starts_at,
        weight=22,
        is_own=True,
    )


def _left(event: Any) -> int | None:
    """How many seats are left; None where there are as many as come."""
    return None if event.capacity is None else max(event.capacity - event.live_count, 0)


def _detail(event: Any, *, is_mine: bool, follows: bool, topic: str) -> str:
    """Where it is, how many go, and why it is told to this person."""
    words = [event.where or "no place yet"]
    left = _left(event)
    if is_mine:
        # Whether somebody waits for a seat their registration says, and the event's page.
        is_sure = left is None or event.live_count <= event.capacity
        words.append("you are going" if is_sure else "you are signed up")
    elif left == 0:
        words.append("full, a line for seats that come free")
    elif left is not None and left <= FEW:
        words.append(f"{left} seat{'' if left == 1 else 's'} left")
    elif event.live_count:
        words.append(f"{event.live_count} going")
    if follows and not is_mine:
        words.append(f"you follow {event.series}")
    elif topic:
        words.append(f"because of {topic}")
    return ", ".join(words)


def officer_digest(officers: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """How many came to the general meetings of the week before, beside the average of those before; one query."""
    zone = Club.current().zone
    monday = since - NEWS
    held = (
        Event.objects.scheduled()
        .filter(kind=Kind.MEETING, starts_at__gte=since - timedelta(weeks=16), ends_at__lte=since)
        .annotate(came=Count("attendances"))
        .filter(came__gt=0)
        .defer("description", "search")
        .order_by("starts_at")
    )
    before: list[int] = []
    items = []
    for event in held:
        if event.starts_at >= monday:
            average = f"average {sum(before) / len(before):.0f}" if before else "the first that was counted"
            items.append(
                Item(
                    section=MOVING,
                    text=f"{event.came} at {event.title} ({average})",
                    lead=f"{event.starts_at.astimezone(zone):%a}",
                    url=event.get_absolute_url(),
                    weight=20,
                )
            )
        before.append(event.came)
    return {officer.pk: items for officer in officers} if items else {}
