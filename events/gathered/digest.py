"""What the weekly digest says of events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from events import slot_cards
from events.gathered.programme import PROGRAMME
from events.models import Event, Registration, Talk
from members.models import User
from mlclub.gather import Item


def digest(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """The events of the coming days that each person may see; their own are no filler."""
    events = list(
        Event.objects.scheduled()
        .between(since, until)
        .exclude(kind__in=PROGRAMME)
        .with_counts()
        .prefetch_related("hosts")
        .defer("description", "search")
    )
    keys = [event.pk for event in events]
    by_key = {event.pk: event for event in events}
    going: dict[int, set[int]] = {}
    for person, key in (
        Registration.objects.live().filter(event__in=keys, user__in=users).values_list("user", "event")
    ):
        going.setdefault(person or 0, set()).add(key)
    invited: dict[int, set[int]] = {}
    for person, key in Event.invited.through.objects.filter(event__in=keys, user__in=users).values_list(
        "user", "event"
    ):
        invited.setdefault(person, set()).add(key)
    speaking: dict[int, list[int]] = {}
    talks = Talk.speakers.through.objects.filter(talk__event__in=keys, user__in=users)
    for person, key in talks.values_list("user", "talk__event"):
        speaking.setdefault(person, []).append(key)
    answer = {}
    slots = slot_cards.lines(users, since, until)
    for user in users:
        mine = going.get(user.pk, set())
        known = mine | invited.get(user.pk, set())
        hosted = {event.pk for event in events if event.is_hosted_by(user)}
        items = slots.get(user.pk, []) + [
            Item(
                section="For you",
                text=f"You speak at {by_key[key].title}",
                url=by_key[key].get_absolute_url(),
                when=by_key[key].starts_at,
                weight=5,
            )
            for key in speaking.get(user.pk, [])
        ]
        for event in events:
            open_to = event.is_public or (event.visibility == "members" and user.standing.reads_members_area)
            if not (open_to or event.pk in known or event.pk in hosted):
                continue
            is_mine = event.pk in mine
            words = [event.title, event.where or "no place yet"]
            count = getattr(event, "live_count", 0)
            if count:
                words.append(f"{count} going")
            items.append(
                Item(
                    section="This week",
                    text=", ".join(words),
                    url=event.get_absolute_url(),
                    action="" if is_mine else "Going",
                    when=event.starts_at,
                    weight=1 if is_mine else 0,
                    is_filler=not is_mine,
                )
            )
        if items:
            answer[user.pk] = items
    return answer
