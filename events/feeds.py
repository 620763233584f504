"""What the calendar feeds hold, and a mark that says cheaply whether it changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import BooleanField, Case, Count, Max, Q, Sum, When

from events import following, ical
from events.models import CalendarFeed, Event, Registration, Series
from events.models.events import EventQuerySet
from members.models import Club, User
from mlclub import gather, tokens
from mlclub.gather import Occurrence

#: Raise it when the form of the entries changes, so that every reader fetches anew.
FORM = 2
BEFORE = timedelta(days=90)
AFTER = timedelta(days=366)
#: A cancelled event stays in calendars as cancelled for so long.
CANCELLED_KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Mark:
    """Changes whenever the feed does: a digest for the ETag, and when it last changed."""

    digest: str
    changed_at: datetime | None


def span(now: datetime) -> tuple[datetime, datetime]:
    """From when to when a feed reaches; whole days, so that it does not change with every second."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - BEFORE, day + AFTER


def _mark(*parts: object, changed_at: datetime | None) -> Mark:
    club = Club.current()
    text = "|".join(str(part) for part in (FORM, club.name, club.time_zone, *parts))
    return Mark(hashlib.sha256(text.encode()).hexdigest()[:32], changed_at)


def _in_span(now: datetime) -> Q:
    since, until = span(now)
    forgotten = Q(state=Event.State.CANCELLED, cancelled_at__lt=since + BEFORE - CANCELLED_KEPT)
    return Q(starts_at__gte=since, starts_at__lt=until) & ~forgotten


def _of_events(kind: str, events: EventQuerySet, now: datetime) -> Mark:
    found = events.aggregate(n=Count("pk"), latest=Max("updated_at"))
    return _mark(kind, found["n"], found["latest"], span(now)[0], changed_at=found["latest"])


# ── Open to everyone ──


def public_mark(now: datetime) -> Mark:
    return _of_events("public", Event.objects.public().filter(_in_span(now)).order_by(), now)


def public_body(now: datetime) -> bytes:
    events = (
        Event.objects.public()
        .filter(_in_span(now))
        .defer("description", "search")
        .order_by("starts_at", "pk")
    )
    club = Club.current()
    return ical.feed(map(ical.entry_of, events), name=club.name, zone=club.zone)


def series_mark(series: Series, now: datetime) -> Mark:
    return _of_events(f"series {series.pk} {series.name}", _dates_of(series, now).order_by(), now)


def series_body(series: Series, now: datetime) -> bytes:
    club = Club.current()
    dates = _dates_of(series, now).defer("description", "search").order_by("starts_at", "pk")
    return ical.feed(map(ical.entry_of, dates), name=f"{series.name} · {club.brief}", zone=club.zone)


def _dates_of(series: Series, now: datetime) -> EventQuerySet:
    return Event.objects.public().filter(_in_span(now), series=series)


# ── One person's ──


def find(token: str) -> CalendarFeed | None:
    """The feed behind a token, revoked or not."""
    return CalendarFeed.objects.select_related("user").filter(token_hash=tokens.digest(token)).first()


def _own(user: User) -> Q:
    """Of events: those that somebody goes to, waits for, hosts or speaks at."""
    registered = Registration.objects.live().filter(user=user).values("event")
    hosting = Event.hosts.through.objects.filter(user=user).values("event")
    speaking = user.talks.values("event")
    return Q(pk__in=registered) | Q(pk__in=hosting) | Q(pk__in=speaking)


def _mine(user: User, now: datetime) -> Q:
    return _in_span(now) & (_own(user) | following.dates(user))


def personal_mark(feed: CalendarFeed, now: datetime) -> Mark:
    """Two queries; one more for each app above that has something to put into calendars."""
    # Whether somebody may still see what they follow is asked for the entries; the mark changes every day anyway.
    own = _in_span(now) & (_own(feed.user) | following.every_date(feed.user))
    events = Event.objects.filter(own).order_by()
    # The sum tells one series from another, of equally many dates, that somebody follows in its place.
    found = events.aggregate(n=Count("pk"), latest=Max("updated_at"), which=Sum("pk"))
    mine = Registration.objects.filter(user=feed.user).aggregate(n=Count("pk"), latest=Max("updated_at"))
    others = _others_mark(feed.user, now)
    latest = max(filter(None, [found["latest"], mine["latest"], feed.created_at]), default=None)
    return _mark(
        "personal",
        feed.pk,
        feed.alarm,
        *found.values(),
        *mine.values(),
        span(now)[0],
        *others,
        changed_at=latest,
    )


def _others_mark(user: User, now: datetime) -> list[object]:
    """What the other apps' entries change with: their own mark where they offer one, else the entries."""
    marks: list[object] = []
    for module in gather.modules():
        if module.__name__ == "events.gathered" or not hasattr(module, "calendar"):
            continue
        offer = getattr(module, "calendar_mark", None) or module.calendar
        marks.append(offer(user, *span(now)))
    return marks


def entries_of(user: User, since: datetime, until: datetime, now: datetime) -> list[Occurrence]:
    """What somebody goes to, waits for, hosts or speaks at, and the dates of series they follow, without their
    meeting links; waiting is tentative."""
    events = Event.objects.filter(_mine(user, now), starts_at__gte=since, starts_at__lt=until).annotate(
        is_own=Case(When(_own(user), then=True), default=False, output_field=BooleanField())
    )
    rows = list(events.defer("description", "search").order_by("starts_at", "pk"))
    mine = Registration.objects.with_position().filter(event__in=[row.pk for row in rows]).filter(user=user)
    positions = {row.event_id: getattr(row, "position", 0) for row in mine}
    return [
        ical.entry_of(
            row,
            is_tentative=row.seats_given is not None and positions.get(row.pk, 0) > row.seats_given,
            shows_link=row.is_own
            and (row.seats_given is None or positions.get(row.pk, 0) <= row.seats_given),
        )
        for row in rows
    ]


def personal_body(feed: CalendarFeed, now: datetime) -> bytes:
    club = Club.current()
    entries = gather.flat("calendar", feed.user, *span(now))
    entries.sort(key=lambda entry: (entry.starts_at, entry.uid))
    return ical.feed(
        entries, name=f"{club.brief}: {feed.user.display_name}", zone=club.zone, alarm=feed.alarm
    )


@transaction.atomic
def renew(user: User, now: datetime) -> str:
    """A new secret; the one before answers 410 from now on. Only here is the token known."""
    old = CalendarFeed.objects.live().select_for_update().filter(user=user).first()
    token = tokens.new()
    if old:
        old.revoked_at = now
        old.save(update_fields=["revoked_at"])
    CalendarFeed.objects.create(
        user=user, token_hash=tokens.digest(token), alarm=old.alarm if old else 0, created_at=now
    )
    return token


def revoke(user: User, now: datetime) -> int:
    return CalendarFeed.objects.live().filter(user=user).update(revoked_at=now)
