"""What people are told about events. Every mail carries the event as a calendar file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.formats import date_format

from events import ical
from events.models import Event, Registration
from events.seats import seat_of, seated
from members.ledger import Category, Due, Kind, at, kind
from members.models import Club, Notification

DAY_BEFORE = timedelta(hours=24)
HOUR_BEFORE = timedelta(hours=1)


def spoken(event: Event) -> str:
    """When it takes place, in the club's zone: "Wed 4 November, 18:30 to 20:30 PST"."""
    return spoken_span(event.starts_at, event.ends_at)


def spoken_span(starts_at: datetime, ends_at: datetime) -> str:
    zone = Club.current().zone
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    until = date_format(end, "H:i") if start.date() == end.date() else date_format(end, "D j F, H:i")
    return f"{date_format(start, 'D j F Y, H:i')} to {until} {end.tzname()}"


class AboutRegistration(Kind):
    """Messages whose subject is one registration."""

    def registration(self, row: Notification) -> Registration:
        return Registration.objects.select_related("event", "user").get(pk=row.about_pk)

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        registration = Registration.objects.select_related("event").filter(pk=row.about_pk).first()
        if registration is None or not registration.is_live:
            return "not registered any more"
        return "the event was cancelled" if registration.event.is_cancelled else True

    def context(self, row: Notification) -> dict[str, Any]:
        registration = self.registration(row)
        event = registration.event
        line = 0
        if registration.user:
            line = seat_of(event, registration.user, registration.updated_at).line
        return {
            "registration": registration,
            "event": event,
            "when": spoken(event),
            "line": line,
            "in_draw": event.awaits_draw,
            "meeting_link": "" if line or event.awaits_draw else event.online_url,
        }

    def attachments(self, row: Notification) -> list[tuple[str, bytes, str]]:
        registration = self.registration(row)
        context = self.context(row)
        is_tentative = bool(context["line"] or context["in_draw"])
        return [invite(registration.event, row, is_tentative=is_tentative)]


class AboutEvent(Kind):
    """Messages whose subject is one event."""

    def event(self, row: Notification) -> Event:
        return Event.objects.get(pk=row.about_pk)

    def found(self, row: Notification) -> Event | None:
        return Event.objects.filter(pk=row.about_pk).first()

    def is_registered(self, row: Notification) -> bool:
        return Registration.objects.live().filter(whose(row), event=row.about_pk).exists()

    def waits(self, event: Event, row: Notification) -> bool:
        """Whether the person is in the line: then no meeting link, and a tentative entry."""
        if event.seats_given is None:
            return False
        mine = Registration.objects.with_position().filter(event=event).filter(whose(row)).first()
        return mine is not None and getattr(mine, "position", 0) > event.seats_given

    def context(self, row: Notification) -> dict[str, Any]:
        event = self.event(row)
        link = "" if self.waits(event, row) else event.online_url
        return {"event": event, "when": spoken(event), "meeting_link": link, **row.data}

    def attachments(self, row: Notification) -> list[tuple[str, bytes, str]]:
        event = self.event(row)
        return [invite(event, row, is_tentative=self.waits(event, row))]


def whose(row: Notification) -> Q:
    """The registrations of whoever the message goes to."""
    return Q(user=row.person_id) if row.person_id else Q(user=None, email__iexact=row.address)


def invite(
    event: Event, row: Notification, *, is_tentative: bool = False, has_left: bool = False
) -> tuple[str, bytes, str]:
    """The event as a calendar file for whoever the message goes to; SEQUENCE rises with every change, and whenever
    they leave or come back, so that a calendar takes the latest word whatever it heard before."""
    entry = ical.entry_of(event, is_tentative=is_tentative, shows_link=not is_tentative and not has_left)
    ended = Registration.objects.filter(whose(row), event=event).exclude(state=Registration.State.GOING)
    left = ended.count()
    entry = replace(entry, sequence=entry.sequence + 2 * left - (1 if has_left and left else 0))
    if has_left:
        entry = replace(entry, is_cancelled=True, has_left=True)
    name = row.person.display_name if row.person else (row.address or "")
    address = row.person.email if row.person else (row.address or "")
    content = ical.invitation(entry, zone=Club.current().zone, name=name, address=address)
    method = "CANCEL" if entry.is_cancelled else "REQUEST"
    return ("event.ics", content, f"text/calendar; method={method}")


@kind(
    "event-registered",
    label="You registered for an event",
    template="events/mail/registered",
    category=Category.TRANSACTIONAL,
    why="because you registered for this event",
)
class Registered(AboutRegistration):
    """A seat, or a place in the line."""


@kind(
    "event-promoted",
    label="A seat came free for you",
    template="events/mail/promoted",
    category=Category.TRANSACTIONAL,
    why="because you waited for a seat",
)
class Promoted(AboutRegistration):
    """The next in line moved up."""


@kind(
    "event-offer",
    label="A seat is offered to you",
    template="events/mail/offer",
    category=Category.TRANSACTIONAL,
    why="because you wait for a seat",
)
class Offer(AboutRegistration):
    """A freed seat that waits for a yes until a certain hour."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        wanted = super().still_wanted(row, now)
        if wanted is not True:
            return wanted
        registration = self.registration(row)
        return registration.has_open_offer(now) or "the offer is over"

    def context(self, row: Notification) -> dict[str, Any]:
        context = super().context(row)
        until = context["registration"].offer_expires_at.astimezone(Club.current().zone)
        return {**context, "until": f"{date_format(until, 'D j F, H:i')} {until.tzname()}"}


@kind(
    "event-left",
    label="You left an event",
    template="events/mail/left",
    category=Category.TRANSACTIONAL,
    why="because you were registered for this event",
)
class Left(AboutRegistration):
    """Cancelled, taken off by a host, or gone on to the next; the file takes it out of the calendar."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        registration = self.registration(row)
        again = Registration.objects.live().filter(whose(row), event=registration.event_id)
        return not again.exists() or "registered again"

    def context(self, row: Notification) -> dict[str, Any]:
        registration = self.registration(row)
        by = registration.cancelled_by_id
        return {
            "event": registration.event,
            "when": spoken(registration.event),
            "has_lapsed": registration.state == Registration.State.LAPSED,
            "is_guest": registration.guest_of_id is not None,
            "may_return": registration.user_id is not None,
            "by_host": by is not None and by != registration.user_id,
        }

    def attachments(self, row: Notification) -> list[tuple[str, bytes, str]]:
        return [invite(self.registration(row).event, row, has_left=True)]


@kind(
    "event-moved",
    label="An event you go to moved",
    template="events/mail/moved",
    category=Category.TRANSACTIONAL,
    why="because you are registered for this event",
)
class Moved(AboutEvent):
    """Another time or place. Told once for each change; only the latest is still wanted."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        event = self.found(row)
        if event is None or event.is_cancelled:
            return "the event was cancelled"
        if row.slot != version_slot(event):
            return "it moved again"
        return self.is_registered(row) or "not registered any more"


@kind(
    "event-cancelled",
    label="An event you go to was cancelled",
    template="events/mail/cancelled",
    category=Category.TRANSACTIONAL,
    why="because you are registered for this event",
)
class Cancelled(AboutEvent):
    """It does not take place."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        event = self.found(row)
        if event is None or not event.is_cancelled:
            return "it takes place after all"
        if is_said_anew(row):
            return "it is said by a later message"
        return self.is_registered(row) or "not registered any more"


@kind(
    "event-reinstated",
    label="An event takes place after all",
    template="events/mail/reinstated",
    category=Category.TRANSACTIONAL,
    why="because you are registered for this event",
)
class Reinstated(AboutEvent):
    """It was called off, and takes place after all."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        event = self.found(row)
        if event is None or event.is_cancelled:
            return "the event was cancelled"
        if row.slot != version_slot(event):
            return "it changed again"
        return self.is_registered(row) or "not registered any more"


@kind(
    "event-reminder",
    label="Reminders of events you go to",
    template="events/mail/reminder",
    category=Category.REMINDER,
    why="because you are going to this event",
)
class EventReminder(AboutEvent):
    """A day before; and an hour before where it is online or the place changed. The slot contains the start,
    so an event that moved gets a new reminder and the old one cannot fire."""

    def due(self, now: datetime) -> Iterable[Due]:
        yield from self.falling_due(Event.objects.scheduled(), now, DAY_BEFORE, "24h")
        soon = Event.objects.scheduled().filter(Q(online_url__gt="") | Q(place_changed_at__isnull=False))
        yield from self.falling_due(soon, now, HOUR_BEFORE, "1h")

    def falling_due(self, events: Any, now: datetime, offset: timedelta, name: str) -> Iterator[Due]:
        """Everybody who had a seat before the reminder was due; later ones have just had another mail."""
        for event in events.filter(starts_at__gt=now, starts_at__lte=now + offset):
            due_at = event.starts_at - offset
            for user_id, email, settled_at in seated(event).values_list("user_id", "email", "updated_at"):
                if settled_at <= due_at:
                    yield Due(
                        user_id,
                        event,
                        slot=at(event.starts_at, name),
                        due_at=due_at,
                        expires_at=event.starts_at,
                        address=email,
                    )

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        event = self.found(row)
        if event is None or event.is_cancelled:
            return "the event was cancelled"
        if row.slot.partition(" ")[0] != at(event.starts_at):
            return "the event moved"
        if event.has_begun(now):
            return "the event has begun"
        return self.is_registered(row) or "not registered any more"

    def context(self, row: Notification) -> dict[str, Any]:
        context = super().context(row)
        event = context["event"]
        return {
            **context,
            "is_hour_before": row.slot.endswith("1h"),
            "place_changed": bool(event.place_changed_at),
        }


def is_said_anew(row: Notification) -> bool:
    """Whether a later message of the same kind says the same to the same person: called off, on again, and off again
    before anybody was told."""
    later = Notification.objects.filter(kind=row.kind, about=row.about, pk__gt=row.pk)
    return later.filter(person=row.person_id, address=row.address).exists()


def version_slot(event: Event) -> str:
    """What makes a message about a change the only one: the version of the schedule."""
    return f"version {event.schedule_version}"
