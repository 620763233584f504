"""Changing what events of a series say: this one, this and later ones, or all that are still to come. Whatever
somebody gave one date by hand stays, unless they say otherwise. When and where is `schedule.move`, which tells people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models, transaction

from events import registrations
from events.locking import locked_event
from events.models import Event, Series
from events.registrations import Answer
from events.schedule import Scope, in_scope
from members.models import Club

#: What a series calls what its events call otherwise.
OF_SERIES = {"title": "name"}
#: What points to other rows, set by their keys: people and topics.
RELATED = ("hosts", "invited", "topics")


@dataclass
class Outcome:
    """What a change came to: the events that changed, those that kept something of their own, and those whose seats
    are taken by more people than the new number, with how many."""

    changed: list[Event] = field(default_factory=list)
    kept: list[Event] = field(default_factory=list)
    too_small: dict[int, int] = field(default_factory=dict)


def differing(event: Event, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What of `wanted` the event does not say yet; people and topics are compared by which they are."""
    return {name: value for name, value in wanted.items() if _value(event, name) != _plain(name, value)}


@transaction.atomic
def change(
    event: Event,
    wanted: Mapping[str, Any],
    *,
    scope: Scope = Scope.THIS,
    overwrites: bool = False,
    now: datetime,
) -> Outcome:
    """Write `wanted` (fields of the event, with `hosts`, `invited` and `topics` as lists of rows) on the event, and in its
    series on the others that `scope` means. Of those, a date follows in a field where it says what the series or this
    event said; a number of seats that is too small for who has one is left as it was on that date."""
    new = differing(event, wanted)
    if not new:
        return Outcome()
    usual = {name: [_value(event, name), _value(event.series, OF_SERIES.get(name, name))] for name in new}
    targets = in_scope(event, scope, now, with_exceptions=True)
    outcome = _write(targets, new, usual, source=event, overwrites=overwrites, now=now)
    if scope != Scope.THIS and event.series:
        _say(event.series, new)
    event.refresh_from_db()
    return outcome


@transaction.atomic
def change_series(series: Series, before: Mapping[str, Any], *, now: datetime) -> Outcome:
    """The series says something else than `before` (its fields, with `hosts`): so do its dates to come, where they said
    what it said."""
    ours = {theirs: own for own, theirs in OF_SERIES.items()}
    fields = {ours.get(name, name): value for name, value in before.items()}
    event_fields = {each.name for each in Event._meta.get_fields()}
    new = {
        name: _raw(series, OF_SERIES.get(name, name))
        for name, value in fields.items()
        if name in event_fields and _value(series, OF_SERIES.get(name, name)) != _plain(name, value)
    }
    if not new:
        return Outcome()
    usual = {name: [_plain(name, fields[name])] for name in new}
    targets = list(series.events.filter(starts_at__gt=now, state=Event.State.SCHEDULED).order_by("starts_at"))
    return _write(targets, new, usual, source=None, overwrites=False, now=now)


def _write(
    targets: Iterable[Event],
    new: Mapping[str, Any],
    usual: Mapping[str, list[Any]],
    *,
    source: Event | None,
    overwrites: bool,
    now: datetime,
) -> Outcome:
    zone = Club.current().zone
    outcome = Outcome()
    for target in targets:
        row = locked_event(target)
        is_source = source is not None and row.pk == source.pk
        follows = {
            name
            for name in new
            if is_source or overwrites or _follows(row, name, usual[name], source=source, zone=zone)
        }
        if follows != set(new):
            outcome.kept.append(row)
        before = row.updated_at
        if "capacity" in follows:
            answer = registrations.change_capacity(row, new["capacity"], now=now)
            if answer.answer == Answer.TOO_SMALL:
                outcome.too_small[row.pk] = answer.seated
        changed = []
        for name in follows - {"capacity", *RELATED}:
            value = new[name]
            if isinstance(value, datetime) and not is_source and source is not None:
                value = _along(value, source, row, zone)
            if getattr(row, name) != value:
                setattr(row, name, value)
                changed.append(name)
        if changed:
            row.save(update_fields=changed)
        for name in follows & set(RELATED):
            if _value(row, name) != _plain(name, new[name]):
                getattr(row, name).set(new[name])
                row.save(update_fields=["updated_at"])
        if row.updated_at != before:
            outcome.changed.append(row)
    return outcome


def _follows(row: Event, name: str, usual: Iterable[Any], *, source: Event | None, zone: ZoneInfo) -> bool:
    """Whether a date says what is usual, or nothing of its own."""
    mine = _value(row, name)
    for value in usual:
        if isinstance(value, datetime) and source is not None:
            value = _along(value, source, row, zone)
        if mine == value:
            return True
    return False


def _along(moment: datetime, source: Event, row: Event, zone: ZoneInfo) -> datetime:
    """As far from the start of `row` as `moment` is from that of `source`, by the clock on the wall."""
    far = moment.astimezone(zone).replace(tzinfo=None) - source.starts_at.astimezone(zone).replace(
        tzinfo=None
    )
    return (row.starts_at.astimezone(zone).replace(tzinfo=None) + far).replace(tzinfo=zone)


def _say(series: Series, new: Mapping[str, Any]) -> None:
    """Dates that are made later say it as well."""
    held = Series.objects.select_for_update(no_key=True, of=("self",)).get(pk=series.pk)
    own = {each.name for each in Series._meta.get_fields()}
    for name, value in new.items():
        theirs = OF_SERIES.get(name, name)
        if theirs not in own:
            continue
        if name in RELATED:
            getattr(held, theirs).set(value)
        else:
            setattr(held, theirs, value)
    held.save()


def _raw(row: Any, name: str) -> Any:
    value = getattr(row, name)
    return list(value.all()) if isinstance(value, models.Manager) else value


def _value(row: Event | Series | None, name: str) -> Any:
    """What a row says, comparable; something that nobody says where it has no such field."""
    return _plain(name, _raw(row, name)) if row is not None and hasattr(row, name) else object()


def _plain(name: str, value: Any) -> Any:
    return {row.pk for row in value if isinstance(row, models.Model)} if name in RELATED else value
