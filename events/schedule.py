"""Making series and changing when and where things take place. Each change raises the event's
`schedule_version` and is told once to everybody who is registered, in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from events import notifications, rooms, speakers
from events.locking import locked_event
from events.models import Event, Registration, Room, Series
from events.models.series import on_the_wall
from members.ledger import Due, Kind, tell_many
from members.models import Break, Club, Term
from mlclub.refusal import Refused


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


def planned_spans(series: Series) -> list[rooms.Span]:
    """From when to when the series takes place by its rule."""
    zone = Club.current().zone
    starts = [series.starts_on_day(day, zone) for day in planned_days(series)]
    return [in_utc(starts_at, starts_at + series.duration) for starts_at in starts]


def in_utc(starts_at: datetime, ends_at: datetime) -> rooms.Span:
    """The same moments in UTC: of an hour that the wall shows twice, Python finds none equal to any other zone's."""
    return starts_at.astimezone(UTC), ends_at.astimezone(UTC)


@transaction.atomic
def generate(series: Series, *, known: Collection[int] | None = None) -> list[Event]:
    """Make the events that the rule asks for and that are not there yet. Whatever somebody moved, renamed or
    cancelled stays as it is; running it again makes nothing. With `known`, the events (keys) that may be in the room
    as well, raises `rooms.Clash` for any other."""
    there = set(series.events.values_list("original_starts_at", flat=True))
    missing = [span for span in planned_spans(series) if span[0] not in there]
    if known is not None:
        rooms.book(series.room, missing, known=known)
    zone = Club.current().zone
    hosts = list(series.hosts.all())
    made = []
    for starts_at, ends_at in missing:
        event = Event.objects.create(
            series=series,
            kind=series.kind,
            title=series.name,
            summary=series.summary,
            description=series.description,
            term=term_of(starts_at.astimezone(zone).date()),
            starts_at=starts_at,
            ends_at=ends_at,
            original_starts_at=starts_at,
            room=series.room,
            place=series.place,
            online_url=series.online_url,
            visibility=series.visibility,
            capacity=series.capacity,
            guests_allowed=series.guests_allowed,
            asks_note=series.asks_note,
            uses_offers=series.uses_offers,
            helpers_wanted=series.helpers_wanted,
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
    room: Room | None = None,
    place: str | None = None,
    online_url: str | None = None,
    scope: Scope = Scope.THIS,
    overwrites: bool = False,
    known: Collection[int] | None = None,
    now: datetime | None = None,
    besides: Collection[int] = (),
) -> Change:
    """Give an event another time or place; in a series also the later ones, or all that are still to come, by
    the same number of days and at the same hour of the wall clock. A room says its own place; a `place` without a room
    is elsewhere. Dates that somebody moved by hand stay when they are, and those put somewhere else by hand stay there,
    unless `overwrites`. Accounts in `besides` are told by the caller. With `known`, the events (keys) that may be in
    the room as well, raises `rooms.Clash` for any other."""
    now = now or timezone.now()
    starts_at = starts_at or event.starts_at
    ends_at = ends_at or starts_at + (event.ends_at - event.starts_at)
    is_said = room is not None or place not in (None, event.place)
    where = Where(room, room.spoken if room else place or "") if is_said else None
    targets = in_scope(event, scope, now, with_exceptions=overwrites)
    spans = moved_spans(event, targets, starts_at, ends_at)
    new_room = event.room if where is None else where.room
    if known is not None:
        rooms.book(new_room, spans.values(), besides=list(spans), known=known)
    usual = usual_places(event)
    if scope != Scope.THIS and event.series_id:
        _move_rule(event.series_id, event, targets, spans[event.pk], where, online_url)
    changed = mails = 0
    for target in targets:
        row = locked_event(target)
        goes_along = overwrites or row.pk == event.pk or (row.room_id, row.place) in usual
        told = _set(row, *spans[row.pk], where if goes_along else None, online_url, now)
        if told:
            changed += 1
            mails += tell_registered(notifications.Moved, row, now=now, data=told, besides=besides)
            mails += speakers.event_changed(row, told, now)
    event.refresh_from_db()
    return Change(events=changed, mails=mails)


@dataclass(frozen=True)
class Where:
    """A room, or a place in words."""

    room: Room | None
    place: str


def usual_places(event: Event) -> set[tuple[int | None, str]]:
    """Where the dates of its series are unless somebody put one of them elsewhere; and those that have no place yet."""
    usual = {(event.room_id, event.place), (None, "")}
    if event.series:
        usual.add((event.series.room_id, event.series.place))
    return usual


def moved_spans(
    event: Event, targets: Iterable[Event], starts_at: datetime, ends_at: datetime
) -> dict[int, rooms.Span]:
    """When each of `targets` would be if `event` were from `starts_at` to `ends_at`, by its key."""
    zone = Club.current().zone
    length = ends_at - starts_at
    days = starts_at.astimezone(zone).date() - event.starts_at.astimezone(zone).date()
    hour = starts_at.astimezone(zone).time()
    spans = {}
    for target in targets:
        begins = (
            starts_at
            if target.pk == event.pk
            else on_the_wall(target.starts_at.astimezone(zone).date() + days, hour, zone)
        )
        spans[target.pk] = in_utc(begins, begins + length)
    return spans


def _set(
    row: Event,
    starts_at: datetime,
    ends_at: datetime,
    where: Where | None,
    online_url: str | None,
    now: datetime,
) -> dict[str, str] | None:
    """Write a change; answers what it was before, or nothing when it is the same."""
    moved = (row.starts_at, row.ends_at) != (starts_at, ends_at)
    elsewhere = (where is not None and where.place != row.place) or (
        online_url is not None and online_url != row.online_url
    )
    is_same_room = where is None or (where.room and where.room.pk) == row.room_id
    if not moved and not elsewhere and is_same_room:
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
    if where is not None:
        row.room, row.place = where.room, where.place
    row.online_url = row.online_url if online_url is None else online_url
    if not moved and not elsewhere:
        # A room of the club's, by the name that it has always had here: nothing that anybody needs to be told.
        row.save(update_fields=["room"])
        return None
    row.schedule_version += 1
    row.save()
    return before


def _move_rule(
    series_pk: int,
    event: Event,
    targets: list[Event],
    span: rooms.Span,
    where: Where | None,
    online_url: str | None,
) -> None:
    """Let the rule begin anew where the change begins, so that dates made later follow it. What the rule says
    of every occurrence from there on moves along, also of those that somebody moved or cancelled by hand."""
    zone = Club.current().zone
    starts_at, ends_at = span
    days = starts_at.astimezone(zone).date() - event.starts_at.astimezone(zone).date()
    hour = starts_at.astimezone(zone).time()
    series = Series.objects.select_for_update(no_key=True, of=("self",)).get(pk=series_pk)
    first = min(target.original_starts_at or target.starts_at for target in targets)
    later = list(series.events.filter(original_starts_at__gte=first).order_by("original_starts_at"))
    if days > timedelta(0):
        later.reverse()  # From the far end, so that none steps on one that has yet to make room.
    for row in later:
        day = (row.original_starts_at or row.starts_at).astimezone(zone).date() + days
        Event.objects.filter(pk=row.pk).update(original_starts_at=on_the_wall(day, hour, zone))
    series.first_on = first.astimezone(zone).date() + days
    series.count = len(later) if series.count else None
    series.last_on = series.last_on + days if series.last_on else None
    series.start_time = hour
    series.duration = ends_at - starts_at
    if where is not None:
        series.room, series.place = where.room, where.place
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
        row = locked_event(target)
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
            mails += speakers.event_changed(row, {}, now)
    if scope != Scope.THIS and event.series_id:
        Series.objects.filter(pk=event.series_id).update(ended_at=now)
    event.refresh_from_db()
    return Change(events=changed, mails=mails)


def cancelled_together(event: Event) -> list[Event]:
    """The other dates of its series that were called off in the same act and are still to come."""
    if event.series_id is None or event.cancelled_at is None:
        return []
    rows = Event.objects.filter(series=event.series_id, cancelled_at=event.cancelled_at).exclude(pk=event.pk)
    return list(rows.order_by("starts_at"))


@transaction.atomic
def reinstate(
    event: Event,
    *,
    with_others: bool = False,
    known: Collection[int] | None = None,
    now: datetime | None = None,
) -> Change:
    """It takes place after all; with the dates of its series that were called off together with it, if they are still
    to come. Everybody who is still registered is told once; a second click changes nothing. Raises Refused when it
    would be over, and, with `known` (the events that may be in the room as well), `rooms.Clash`."""
    now = now or timezone.now()
    if event.is_over(now):
        raise Refused("It would be over by now.")
    others = [other for other in cancelled_together(event) if not other.is_over(now)] if with_others else []
    targets = sorted([event, *others], key=lambda each: each.starts_at)
    if known is not None:
        for target in targets:
            rooms.book(target.room, [(target.starts_at, target.ends_at)], besides=[target.pk], known=known)
    changed = mails = 0
    for target in targets:
        row = locked_event(target)
        if not row.is_cancelled:
            continue
        row.state, row.cancelled_reason, row.cancelled_at = Event.State.SCHEDULED, "", None
        row.schedule_version += 1
        row.save()
        changed += 1
        mails += tell_registered(notifications.Reinstated, row, now=now)
    if changed and event.series_id:
        Series.objects.filter(pk=event.series_id).update(ended_at=None)
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
