"""Making series and changing when and where things take place. Each change raises the event's
`schedule_version` and is told once to everybody who is registered, in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from events import notifications
from events.models import Event, Registration, Series
from events.registrations import locked
from members.ledger import Due, Kind, tell_many
from members.models import Break, Club, Term


class Scope(StrEnum):
    """How much of a series a change is meant for."""

    THIS = "this"
    LATER = "later"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a change came to."""

    events: int = 0
    mails: int = 0


# ── Series ──


def breaks_between(first: date, last: date) -> list[tuple[date, date]]:
    """The breaks of terms that touch these days."""
    return list(
        Break.objects.filter(starts_on__lte=last, ends_on__gte=first).values_list("starts_on", "ends_on")
    )


def planned_days(series: Series) -> list[date]:
    """The days on which the series takes place by its rule."""
    if not series.skips_breaks:
        return series.days()
    return series.days(
        breaks_between(series.first_on, series.last_on or series.first_on + timedelta(days=3 * 366))
    )


def skipped_days(series: Series) -> list[date]:
    """The days that a break takes out of the rule, up to its last occurrence."""
    planned = planned_days(series)
    if not planned or not series.skips_breaks:
        return []
    everything = Series(
        first_on=series.first_on, interval_weeks=series.interval_weeks, last_on=planned[-1], count=None
    ).days()
    return [day for day in everything if day not in set(planned)]


def term_of(day: date) -> Term | None:
    """The term that a day belongs to; nothing for a day between two."""
    term = Term.objects.current(day)
    return term if term and term.ends_on >= day else None


@transaction.atomic
def generate(series: Series) -> list[Event]:
    """Make the events that the rule asks for and that are not there yet. Whatever somebody moved, renamed or
    cancelled stays as it is; running it again makes nothing."""
    zone = Club.current().zone
    known = set(series.events.values_list("original_starts_at", flat=True))
    hosts = list(series.hosts.all())
    made = []
    for day in planned_days(series):
        starts_at = series.starts_on_day(day, zone)
        if starts_at in known:
            continue
        event = Event.objects.create(
            series=series,
            kind=series.kind,
            title=series.name,
            description=series.description,
            term=term_of(day),
            starts_at=starts_at,
            ends_at=starts_at + series.duration,
            original_starts_at=starts_at,
            place=series.place,
            online_url=series.online_url,
            visibility=series.visibility,
            capacity=series.capacity,
            uses_offers=series.uses_offers,
        )
        event.hosts.set(hosts)
        made.append(event)
    return made


def in_scope(event: Event, scope: Scope, now: datetime, *, with_exceptions: bool = False) -> list[Event]:
    """The events that a change of `event` is meant for, soonest first: those still to come that follow the
    rule, and `event` itself always. A cancelled one stays cancelled; one moved by hand stays where it is,
    unless `with_exceptions`."""
    if scope == Scope.THIS or event.series_id is None:
        return [event]
    others = Event.objects.scheduled().filter(series=event.series_id, starts_at__gt=now).exclude(pk=event.pk)
    if scope == Scope.LATER:
        others = others.filter(original_starts_at__gt=event.original_starts_at or event.starts_at)
    targets = [event, *(other for other in others if with_exceptions or not other.is_exception)]
    return sorted(targets, key=lambda each: each.starts_at)


# ── Moving and cancelling ──


@transaction.atomic
def move(
    event: Event,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    place: str | None = None,
    online_url: str | None = None,
    scope: Scope = Scope.THIS,
    now: datetime | None = None,
    besides: Collection[int] = (),
) -> Change:
    """Give an event another time or place; in a series also the later ones, or all that are still to come, by
    the same number of days and at the same hour of the wall clock. Accounts in `besides` are told by the caller."""
    now = now or timezone.now()
    zone = Club.current().zone
    starts_at = starts_at or event.starts_at
    ends_at = ends_at or starts_at + (event.ends_at - event.starts_at)
    length = ends_at - starts_at
    days = starts_at.astimezone(zone).date() - event.starts_at.astimezone(zone).date()
    hour = starts_at.astimezone(zone).time()
    targets = in_scope(event, scope, now)
    if scope != Scope.THIS and event.series_id:
        _move_rule(event.series_id, targets, days, hour, length, place, online_url)
    changed = mails = 0
    for target in targets:
        row = locked(target)
        begins = (
            starts_at
            if row.pk == event.pk
            else datetime.combine(row.starts_at.astimezone(zone).date() + days, hour, tzinfo=zone)
        )
        told = _set(row, begins, begins + length, place, online_url, now)
        if told:
            changed += 1
            mails += tell_registered(notifications.Moved, row, now=now, data=told, besides=besides)
    event.refresh_from_db()
    return Change(events=changed, mails=mails)


def _set(
    row: Event,
    starts_at: datetime,
    ends_at: datetime,
    place: str | None,
    online_url: str | None,
    now: datetime,
) -> dict[str, str] | None:
    """Write a change; answers what it was before, or nothing when it is the same."""
    moved = (row.starts_at, row.ends_at) != (starts_at, ends_at)
    elsewhere = (place is not None and place != row.place) or (
        online_url is not None and online_url != row.online_url
    )
    if not moved and not elsewhere:
        return None
    before = {
        "was_when": notifications.spoken(row) if moved else "",
        "was_where": row.where if elsewhere else "",
        "is_elsewhere": "yes" if elsewhere else "",
    }
    shift = starts_at - row.starts_at
    for field in ("registration_opens_at", "registration_closes_at", "cancel_until"):
        if getattr(row, field):
            setattr(row, field, getattr(row, field) + shift)
    if moved:
        row.term = term_of(starts_at.astimezone(Club.current().zone).date())
    # A place that nobody knew before is news, but no change to be warned of an hour before.
    if elsewhere and row.where:
        row.place_changed_at = now
    row.starts_at, row.ends_at = starts_at, ends_at
    row.place = row.place if place is None else place
    row.online_url = row.online_url if online_url is None else online_url
    row.schedule_version += 1
    row.save()
    return before


def _move_rule(
    series_pk: int,
    targets: list[Event],
    days: timedelta,
    hour: time,
    length: timedelta,
    place: str | None,
    online_url: str | None,
) -> None:
    """Let the rule begin anew where the change begins, so that dates made later follow it. What the rule says
    of every occurrence from there on moves along, also of those that somebody moved or cancelled by hand."""
    zone = Club.current().zone
    series = Series.objects.select_for_update(no_key=True).get(pk=series_pk)
    first = min(target.original_starts_at or target.starts_at for target in targets)
    later = list(series.events.filter(original_starts_at__gte=first).order_by("original_starts_at"))
    if days > timedelta(0):
        later.reverse()  # From the far end, so that none steps on one that has yet to make room.
    for row in later:
        day = (row.original_starts_at or row.starts_at).astimezone(zone).date() + days
        Event.objects.filter(pk=row.pk).update(original_starts_at=datetime.combine(day, hour, tzinfo=zone))
    series.first_on = first.astimezone(zone).date() + days
    series.count = len(later) if series.count else None
    series.last_on = series.last_on + days if series.last_on else None
    series.start_time = hour
    series.duration = length
    series.place = series.place if place is None else place
    series.online_url = series.online_url if online_url is None else online_url
    series.save()


@transaction.atomic
def cancel(
    event: Event,
    reason: str,
    *,
    scope: Scope = Scope.THIS,
    now: datetime | None = None,
    besides: Collection[int] = (),
) -> Change:
    """Cancel an event; in a series also the later ones, or all that are still to come. A second time changes
    nothing. Calendars keep it as cancelled for 90 days. Accounts in `besides` are told by the caller."""
    now = now or timezone.now()
    changed = mails = 0
    for target in in_scope(event, scope, now, with_exceptions=True):
        row = locked(target)
        if row.is_cancelled:
            continue
        row.state = Event.State.CANCELLED
        row.cancelled_reason = reason.strip()[:200]
        row.cancelled_at = now
        row.schedule_version += 1
        row.save()
        changed += 1
        if not row.is_over(now):
            mails += tell_registered(notifications.Cancelled, row, now=now, besides=besides)
    if scope != Scope.THIS and event.series_id:
        Series.objects.filter(pk=event.series_id).update(ended_at=now)
    event.refresh_from_db()
    return Change(events=changed, mails=mails)


def tell_registered(
    kind: type[Kind],
    event: Event,
    *,
    now: datetime,
    data: dict[str, str] | None = None,
    besides: Collection[int] = (),
) -> int:
    """Tell everybody who is registered, seated or waiting, about this version of the schedule."""
    return tell_many(
        kind,
        (
            Due(
                user_id,
                event,
                slot=notifications.version_slot(event),
                expires_at=max(event.ends_at, now + timedelta(hours=6)),
                address=email,
                data=data or {},
            )
            for user_id, email in people_of([event])
            if user_id not in besides
        ),
        now=now,
    )


def people_of(events: Iterable[Event]) -> list[tuple[int | None, str]]:
    """Whom a change of these events is told to: (account, address), one line for each registration."""
    rows = Registration.objects.live().filter(event__in=[event.pk for event in events]).in_order()
    return list(rows.values_list("user_id", "email"))
