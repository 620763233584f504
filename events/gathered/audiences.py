"""Whom hosts and officers may write to: those who go to an event, those who wait, those who often come to a series, and
those who follow it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from events import following
from events.models import Event, Registration, Series
from events.seats import seated
from members import standing
from members.models import User
from members.notifications import WordsFromHosts
from mlclub.gather import Audience
from mlclub.typed import number as number_of

#: Events that are offered in the list of groups: not long over, and not far ahead.
BEFORE, AHEAD = timedelta(days=7), timedelta(days=30)
MOST = 15
#: Whoever went to or registered for an event of a series lately belongs around it.
LATELY = timedelta(days=120)
KIND = WordsFromHosts.slug


def audiences(user: User, now: datetime, key: str) -> list[Audience]:
    """Those of the events and series that `user` runs; of one event or series where a key is given."""
    if not user.is_authenticated:
        return []
    noun, _, rest = key.partition(":")
    pk = number_of(rest.partition(":")[0]) if key else None
    found: list[Audience] = []
    if noun in ("", "events.event"):
        found += _of_events(user, now, pk)
    if noun in ("", "events.series"):
        found += _of_series(user, now, pk)
    return [each for each in found if not key or each.key == key]


def _of_events(user: User, now: datetime, pk: int | None) -> list[Audience]:
    events = Event.objects.select_related("series").defer("search", "description")
    if pk is None:
        events = events.scheduled().filter(ends_at__gt=now - BEFORE, starts_at__lt=now + AHEAD)
    else:
        events = events.filter(pk=pk)
    if not user.has_perm("events.change_event"):
        events = events.filter(hosts=user)
    found = []
    for event in events.order_by("starts_at", "pk")[:MOST]:
        section = f"{event.title}, {event.starts_at:%-d %b}"
        going = Registration.objects.live().filter(event=event)
        found.append(
            _registered(event, "going", "Going to", section, seated(event), is_chosen=pk is not None)
        )
        if event.capacity is not None:
            line = going.in_order()[event.capacity :]
            found.append(
                _registered(event, "waiting", "In the line for", section, line, is_chosen=pk is not None)
            )
        came = User.objects.real().filter(attendances__event=event).distinct()
        if event.starts_at <= now:
            found.append(
                Audience(
                    key=f"events.event:{event.pk}:came", label=f"Came to {event.title}", section=section, kind=KIND,
                    why=f"because you were at {event.title}", people=came,
                )
            )  # fmt: skip
    return found


def _registered(
    event: Event, part: str, words: str, section: str, rows: QuerySet[Registration], *, is_chosen: bool
) -> Audience:
    """Accounts and, once the group is chosen, the addresses of those without one."""
    keys: Any = rows.values("pk")
    chosen = Registration.objects.filter(pk__in=keys)
    addresses: tuple[str, ...] = ()
    if is_chosen:
        written = chosen.filter(user=None).values_list("email", flat=True)
        addresses = tuple(sorted({address.lower() for address in written}))
    return Audience(
        key=f"events.event:{event.pk}:{part}",
        label=f"{words} {event.title}",
        section=section,
        kind=KIND,
        why=f"because you are registered for {event.title}",
        people=User.objects.real().filter(pk__in=chosen.filter(user__isnull=False).values("user")),
        addresses=addresses,
    )


def _of_series(user: User, now: datetime, pk: int | None) -> list[Audience]:
    series = Series.objects.filter(ended_at=None) if pk is None else Series.objects.filter(pk=pk)
    if not user.has_perm("events.change_series"):
        series = series.filter(hosts=user)
    found, term = [], standing.current_term(user, now)
    for each in series.order_by("name", "pk")[:MOST]:
        lately = Registration.objects.filter(
            event__series=each, event__starts_at__gt=now - LATELY, state=Registration.State.GOING
        )
        found.append(
            Audience(
                key=f"events.series:{each.pk}:regulars",
                label=f"Regulars of {each.name}",
                section="Series",
                kind=KIND,
                why=f"because you come to {each.name}",
                people=User.objects.real().filter(pk__in=lately.filter(user__isnull=False).values("user")),
            )
        )
        found.append(
            Audience(
                key=f"events.series:{each.pk}:followers",
                label=f"Those who follow {each.name}",
                section="Series",
                kind=KIND,
                why=f"because you follow {each.name}",
                people=following.followers(each, term=term, now=now),
            )
        )
    return found
