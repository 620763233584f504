"""Calendar entries as other programs read them: one VEVENT per occurrence, and zones with RRULEs.

`icalendar`'s own time zones list every change of the clocks (RDATE), which ical.js and Outlook misread; so
the rule is found here from the zone's data and written as two RRULEs.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Alarm, Calendar, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vText
from icalendar import Event as VEvent

from events.models import Event
from mlclub.gather import Occurrence

PRODUCT = "-//mlclub portal//calendar//EN"
YEARS = 6
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  the local time of a zone's component


@dataclass(frozen=True, kw_only=True)
class Entry(Occurrence):
    """An occurrence with what only a calendar needs."""

    is_tentative: bool = False
    # It takes place, without whoever the entry is for.
    has_left: bool = False
    category: str = ""


def uid_of(event: Event) -> str:
    return f"occ-{event.uid}@{_host()}"


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def entry_of(event: Event, *, is_tentative: bool = False, shows_link: bool = False) -> Entry:
    """The entry of an event. The meeting link goes only where `shows_link` says so: a private feed or mail."""
    url = settings.SITE_URL + event.get_absolute_url()
    told = [event.cancelled_reason if event.is_cancelled else "", event.summary]
    if is_tentative:
        told.insert(0, "You are waiting for a seat.")
    if shows_link and event.online_url:
        told.append(f"Meeting link: {event.online_url}")
    told.append(url)
    return Entry(
        uid=uid_of(event),
        title=event.title,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        url=url,
        place=event.where,
        description="\n\n".join(filter(None, told)),
        sequence=event.schedule_version,
        updated_at=event.updated_at,
        is_cancelled=event.is_cancelled,
        is_tentative=is_tentative,
        category=event.get_kind_display(),
    )


def feed(entries: Iterable[Occurrence], *, name: str, zone: ZoneInfo, alarm: int = 0) -> bytes:
    """A calendar to subscribe to. The same entries give the same bytes, whenever it is asked for."""
    document = _document()
    document.add("method", "PUBLISH")
    document.add("name", vText(name))
    document.add("x-wr-calname", vText(name))
    document.add("x-wr-timezone", vText(zone.key))
    document.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    document.add("x-published-ttl", vText("PT1H"))
    document.add("color", vText("steelblue"))
    _fill(document, entries, zone, alarm)
    return document.to_ical()


def invitation(entry: Occurrence, *, zone: ZoneInfo, name: str, address: str) -> bytes:
    """The file that goes with a mail to one person: METHOD REQUEST, or CANCEL when it does not take place or they are
    not coming any more. Calendars want the status too, to take it out."""
    document = _document()
    document.add("method", "CANCEL" if entry.is_cancelled else "REQUEST")
    (component,) = _fill(document, [entry], zone, 0)
    organizer = vCalAddress(f"MAILTO:{_organizer_address()}")
    component.add("organizer", organizer)
    attendee = vCalAddress(f"MAILTO:{address}")
    attendee.params["CN"] = vText(name)
    attendee.params["PARTSTAT"] = vText("TENTATIVE" if getattr(entry, "is_tentative", False) else "ACCEPTED")
    attendee.params["RSVP"] = vText("FALSE")
    component.add("attendee", attendee)
    return document.to_ical()


def single(entry: Occurrence, *, zone: ZoneInfo) -> bytes:
    """One event to download and put into a calendar by hand."""
    document = _document()
    document.add("method", "PUBLISH")
    _fill(document, [entry], zone, 0)
    return document.to_ical()


def _organizer_address() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip("> ")


def _document() -> Calendar:
    document = Calendar()
    document.add("prodid", PRODUCT)
    document.add("version", "2.0")
    document.add("calscale", "GREGORIAN")
    return document


def _fill(document: Calendar, entries: Iterable[Occurrence], zone: ZoneInfo, alarm: int) -> list[VEvent]:
    rows = list(entries)
    if rows and zone.key not in {"UTC", "Etc/UTC"}:
        first = min(row.starts_at for row in rows).astimezone(zone).year
        document.add_component(zone_component(zone.key, first - 1))
    components = [_component(row, zone, alarm) for row in rows]
    for component in components:
        document.add_component(component)
    return components


def _component(row: Occurrence, zone: ZoneInfo, alarm: int) -> VEvent:
    component = VEvent()
    changed = (row.updated_at or row.starts_at).astimezone(UTC).replace(microsecond=0)
    tentative = getattr(row, "is_tentative", False)
    component.add("uid", row.uid if "@" in row.uid else f"{row.uid}@{_host()}")
    component.add("dtstamp", changed)
    component.add("last-modified", changed)
    component.add("sequence", row.sequence)
    component.add("status", "CANCELLED" if row.is_cancelled else "TENTATIVE" if tentative else "CONFIRMED")
    starts_at, ends_at = row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)
    if _comes_twice(starts_at) or _comes_twice(ends_at):
        # No TZID can say which of the two is meant, and readers take either.
        starts_at, ends_at = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    component.add("dtstart", starts_at)
    component.add("dtend", ends_at)
    is_off = row.is_cancelled and not getattr(row, "has_left", False)
    component.add("summary", _plain(f"Cancelled: {row.title}" if is_off else row.title))
    if row.place:
        component.add("location", _plain(row.place))
    if row.description:
        component.add("description", _plain(row.description))
    if row.url:
        component.add("url", settings.SITE_URL + row.url if row.url.startswith("/") else row.url)
    component.add("transp", "TRANSPARENT" if row.is_cancelled or tentative else "OPAQUE")
    category = getattr(row, "category", "")
    if category:
        component.add("categories", [category])
    if alarm and not row.is_cancelled:
        bell = Alarm()
        bell.add("action", "DISPLAY")
        bell.add("description", _plain(row.title))
        bell.add("trigger", timedelta(minutes=-alarm))
        component.add_component(bell)
    return component


def _comes_twice(there: datetime) -> bool:
    """Whether the clock on the wall shows this hour twice, on the night when it is put back."""
    return there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()


def _plain(text: str) -> str:
    """One kind of line end and no other control characters, which some readers take for new properties."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in text if char == "\n" or char.isprintable())


# ── Zones ──


@dataclass(frozen=True)
class Change:
    """A change of the clocks: the local time before it, and the offsets around it."""

    local: datetime  # naive, by the offset before
    before: timedelta
    after: timedelta
    name: str
    is_dst: bool


@lru_cache(maxsize=256)
def zone_component(key: str, year: int) -> Timezone:
    """The VTIMEZONE of a zone, valid from `year` on."""
    zone = ZoneInfo(key)
    component = Timezone()
    component.add("tzid", key)
    groups: dict[bool, list[Change]] = {}
    for change in changes(zone, year, year + YEARS):
        groups.setdefault(change.is_dst, []).append(change)
    if not groups:
        start = datetime(year, 1, 1, tzinfo=zone)
        offset = start.utcoffset() or timedelta(0)
        component.add_component(_phase(TimezoneStandard(), EPOCH, offset, offset, start.tzname() or key))
        return component
    for is_dst, group in sorted(groups.items()):
        phase = TimezoneDaylight() if is_dst else TimezoneStandard()
        first = group[0]
        _phase(phase, first.local, first.before, first.after, first.name)
        rule = yearly(group)
        if rule:
            phase.add("rrule", rule)
        else:
            phase.add("rdate", [change.local for change in group[1:]])
        component.add_component(phase)
    return component


def _phase(
    phase: TimezoneStandard | TimezoneDaylight,
    start: datetime,
    before: timedelta,
    after: timedelta,
    name: str,
) -> TimezoneStandard | TimezoneDaylight:
    phase.add("dtstart", start)
    phase.add("tzoffsetfrom", before)
    phase.add("tzoffsetto", after)
    phase.add("tzname", name)
    return phase


def changes(zone: ZoneInfo, first: int, last: int) -> list[Change]:
    """Every change of the clocks from the year `first` to the year `last`."""
    found = []
    day = datetime(first, 1, 1, tzinfo=UTC)
    end = datetime(last + 1, 1, 1, tzinfo=UTC)
    offset = _offset(zone, day)
    while day < end:
        following = day + timedelta(days=1)
        if _offset(zone, following) != offset:
            low, high = day, following
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
            instant = high.replace(second=0, microsecond=0)
            after = _offset(zone, instant)
            there = instant.astimezone(zone)
            found.append(
                Change(
                    local=(instant + offset).replace(tzinfo=None),
                    before=offset,
                    after=after,
                    name=there.tzname() or zone.key,
                    is_dst=after > offset,
                )
            )
            offset = after
        day = following
    return found


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def yearly(group: list[Change]) -> dict[str, object] | None:
    """The rule that all changes of a group follow ("the second Sunday of March"), or None."""
    first = group[0]
    same = all(
        change.local.month == first.local.month
        and change.local.weekday() == first.local.weekday()
        and change.local.time() == first.local.time()
        and (change.before, change.after) == (first.before, first.after)
        for change in group
    )
    years = [change.local.year for change in group]
    if not same or years != list(range(years[0], years[0] + len(years))) or len(years) < YEARS:
        return None
    weeks = set.intersection(*(_weeks(change.local.date()) for change in group))
    if not weeks:
        return None
    weekday = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][first.local.weekday()]
    return {
        "freq": "yearly",
        "bymonth": first.local.month,
        "byday": f"{max(weeks) if max(weeks) < 5 else -1}{weekday}",
    }


def _weeks(day: date) -> set[int]:
    """Which one of its weekday in the month a day is, counted from the front and, for the last, as -1."""
    length = calendar.monthrange(day.year, day.month)[1]
    weeks = {(day.day - 1) // 7 + 1}
    if day.day + 7 > length:
        weeks.add(-1)
    return weeks
