from __future__ import annotations

from datetime import date, time, timedelta
from itertools import count

from django.utils import timezone

from events import schedule
from events.models import Attendance, Event, Kind, Material, Registration, Series, Talk

number = count(1)


def make_event(*, title=None, starts_at=None, hours=2, hosts=(), invited=(), visibility="public", **fields):
    """An event in three days' time, open to everyone, unless said otherwise."""
    starts_at = starts_at or (timezone.now() + timedelta(days=3)).replace(second=0, microsecond=0)
    fields.setdefault("ends_at", starts_at + timedelta(hours=hours))
    event = Event.objects.create(
        title=title or f"Evening {next(number)}",
        starts_at=starts_at,
        visibility=visibility,
        **{"place": "Hall 3", "kind": Kind.MEETING, **fields},
    )
    event.hosts.set(hosts)
    event.invited.set(invited)
    return event


def make_series(*, name=None, times=4, first_on=None, start_time=time(18), hosts=(), generate=True, **fields):
    """A weekly series from tomorrow on, with its events."""
    n = next(number)
    series = Series.objects.create(
        name=name or f"Series {n}",
        slug=fields.pop("slug", f"series-{n}"),
        first_on=first_on or date.today() + timedelta(days=1),
        start_time=start_time,
        count=fields.pop("count", times),
        **{"visibility": "public", "place": "Hall 3", **fields},
    )
    series.hosts.set(hosts)
    if generate:
        schedule.generate(series)
    return series


def make_registration(*, event, user=None, created_at=None, **fields):
    """A registration as it stands in the table; `registrations.register` is what people use."""
    at = created_at or timezone.now()
    return Registration.objects.create(event=event, user=user, created_at=at, updated_at=at, **fields)


def make_attendance(*, event, user=None, **fields):
    return Attendance.objects.create(event=event, user=user, **fields)


def make_talk(*, event, speakers=(), **fields):
    talk = Talk.objects.create(event=event, **fields)
    talk.speakers.set(speakers)
    return talk


def make_material(*, event, title="Slides", url="https://files.club.example/slides", **fields):
    return Material.objects.create(event=event, title=title, url=url, **fields)
