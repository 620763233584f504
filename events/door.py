"""The door list: who is expected and who is here, ticks that come late or twice, and what may be put right later.

The browser keeps a tick while the network is away. It has the moment of the tap and a key made by the browser, so
that it counts once, at that moment, whenever it arrives and however often it is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from events import registrations
from events.locking import locked_event
from events.models import Attendance, DoorTick, Event, HeadCount, Registration
from members import audit
from members.models import Membership, User
from mlclub.refusal import Refused
from mlclub.typed import number as number_of

#: So long after the end hosts and officers may still add or take back who was there.
EDITS_FOR = timedelta(days=14)
#: A tick that nobody sent within this time has been forgotten with its browser.
TICKS_KEPT = timedelta(days=30)
#: How many active members the list knows besides those who registered, and how many a search shows.
KNOWN, STRAGGLERS = 1000, 8

TOO_EARLY = "Check-in opens an hour before the event begins."
TOO_LATE = f"This was more than {EDITS_FOR.days} days ago: an officer can still put it right in the admin."
CANCELLED = "The event was cancelled."


@dataclass(frozen=True, kw_only=True)
class Person:
    """A row of the list: somebody registered, or here without."""

    registration: Registration | None = None
    arrival: Attendance | None = None
    line: int = 0  # the place in the line, from 1; 0 for a seat
    position: int = 0  # in the order of sign-up, from 1

    @property
    def row(self) -> Registration | Attendance:
        row = self.registration or self.arrival
        assert row is not None  # noqa: S101  a row of the list is one of the two
        return row

    @property
    def name(self) -> str:
        return self.row.who

    @property
    def person(self) -> User | None:
        return self.row.user

    @property
    def key(self) -> str:
        """How a tick names this row."""
        return f"r{self.registration.pk}" if self.registration else f"a{self.row.pk}"


def people_of(event: Event, query: str = "") -> list[Person]:
    """Everybody registered or here whose name has `query` in it, by name."""
    rows = Registration.objects.live().filter(event=event).select_related("user", "guest_of__user").in_order()
    here = list(event.attendances.select_related("user"))
    by_user = {row.user_id: row for row in here if row.user_id}
    by_address = {row.email.lower(): row for row in here if not row.user_id}
    people = []
    for position, row in enumerate(rows, start=1):
        arrival = by_user.pop(row.user_id, None) if row.user_id else by_address.pop(row.email.lower(), None)
        line = max(0, position - event.seats_given) if event.seats_given is not None else 0
        people.append(Person(registration=row, arrival=arrival, line=line, position=position))
    people += [Person(arrival=arrival) for arrival in [*by_user.values(), *by_address.values()]]
    if query:
        people = [each for each in people if query.lower() in each.name.lower()]
    return sorted(people, key=lambda each: each.name.lower())


def stragglers(event: Event, query: str) -> list[User]:
    """Accounts that match and are neither registered nor here."""
    match = Q(name__icontains=query) | Q(handle__istartswith=query)
    return list(_others(event).filter(match).order_by("name", "pk")[:STRAGGLERS])


def _others(event: Event) -> Any:
    known = Q(registrations__event=event, registrations__state=Registration.State.GOING) | Q(
        attendances__event=event
    )
    return User.objects.real().exclude(pk__in=User.objects.filter(known).values("pk"))


def mark(event: Event) -> str:
    """Changes whenever the list does; two small queries."""
    here = event.attendances.aggregate(n=Count("pk"), at=Max("at"), last=Max("pk"))
    coming = event.registrations.aggregate(n=Count("pk"), at=Max("updated_at"), last=Max("pk"))
    parts = [event.updated_at, *here.values(), *coming.values()]
    return sha256(repr(parts).encode()).hexdigest()[:24]


def listed(event: Event) -> dict[str, Any]:
    """The whole list as a browser keeps it: those expected or here, and the active members besides. What is empty is
    left out."""
    people = [
        {
            name: value
            for name, value in {
                "id": each.key,
                "name": each.name,
                "line": each.line,
                "guest_of": each.registration.guest_of.who
                if each.registration and each.registration.guest_of
                else "",
                "attendance": each.arrival.pk if each.arrival else 0,
                "since": f"{timezone.localtime(each.arrival.at):%H:%M}" if each.arrival else "",
                "how": each.arrival.get_source_display().lower() if each.arrival else "",
                "registered": each.registration is not None,
            }.items()
            if value
        }
        for each in people_of(event)
    ]
    active = Membership.objects.filter(
        status=Membership.Status.ACTIVE, term__ends_on__gte=timezone.localdate()
    )
    others = _others(event).filter(pk__in=active.values("person")).order_by("name", "pk")
    return {
        "people": people,
        "others": [{"id": f"u{pk}", "name": name} for pk, name in others.values_list("pk", "name")[:KNOWN]],
    }


def may_edit(event: Event, now: datetime) -> bool:
    """Whether hosts and officers may still change who was there."""
    return not _refusal(event, now, now)


def _refusal(event: Event, at: datetime, now: datetime) -> str:
    if event.is_cancelled:
        return CANCELLED
    if at < event.starts_at - Event.CHECK_IN_BEFORE:
        return TOO_EARLY
    return TOO_LATE if now >= event.ends_at + EDITS_FOR else ""


# ── Ticks ──


@dataclass(frozen=True, kw_only=True)
class Tick:
    """One tap at the door. `who` names a row of the list ("r12", "u5"), or name and address a walk-in; to take one
    back, `attendance` is its number, or `of` the key of the tick that made it."""

    key: uuid.UUID
    at: datetime
    is_undo: bool = False
    who: str = ""
    name: str = ""
    email: str = ""
    attendance: int = 0
    of: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a tick; the sentence says why nothing did."""

    key: uuid.UUID
    attendance: int = 0
    sentence: str = ""


def read(raw: Any, now: datetime) -> Tick:
    """The tick that a browser sent as JSON. Raises `Refused` where it is none."""
    if not isinstance(raw, Mapping):
        raise Refused("This is no tick.")
    try:
        key = uuid.UUID(str(raw.get("key")))
        of = uuid.UUID(str(raw["of"])) if raw.get("of") else None
        at = parse_datetime(str(raw.get("at", "")))
    except ValueError:
        raise Refused("This is no tick.") from None
    if at is None or timezone.is_naive(at) or raw.get("act") not in {"in", "undo"}:
        raise Refused("This is no tick.")
    return Tick(
        key=key,
        # The clock of a phone may be fast: nobody came later than now.
        at=min(at, now),
        is_undo=raw["act"] == "undo",
        who=str(raw.get("who", ""))[:20],
        name=" ".join(str(raw.get("name", "")).replace("\x00", "").split())[:120],
        email=str(raw.get("email", "")).replace("\x00", "").strip()[:254],
        attendance=number_of(raw.get("attendance", 0)),
        of=of,
    )


@transaction.atomic
def take(event: Event, tick: Tick, *, by: User, now: datetime) -> Taken:
    """Do what a tick says, once: sent again it gets the first answer and changes nothing."""
    event = locked_event(event)
    known = DoorTick.objects.filter(event=event, key=tick.key).first()
    if known is None:
        number, sentence = None, ""
        try:
            number = (_take_back if tick.is_undo else _let_in)(event, tick, by=by, now=now)
        except Refused as refused:
            sentence = str(refused)
        known = DoorTick.objects.create(
            event=event, key=tick.key, attendance_number=number, sentence=sentence, received_at=now
        )
    return Taken(key=tick.key, attendance=known.attendance_number or 0, sentence=known.sentence)


def _let_in(event: Event, tick: Tick, *, by: User, now: datetime) -> int:
    return let_in(event, **_person(event, tick), by=by, at=tick.at, now=now)[0].pk


def _person(event: Event, tick: Tick) -> dict[str, Any]:
    """Whom a tick means: a registration, an account, or somebody by name and address."""
    letter, number = tick.who[:1], number_of(tick.who[1:])
    if letter == "r":
        row = Registration.objects.select_related("user").filter(event=event, pk=number).first()
        if row is None:
            raise Refused("This registration is not there any more.")
        return {"user": row.user} if row.user else {"name": row.name, "email": row.email}
    if letter == "u":
        user = User.objects.real().filter(pk=number).first()
        if user is None:
            raise Refused("This account is not there any more.")
        return {"user": user}
    try:
        validate_email(tick.email)
    except ValidationError:
        raise Refused(f"{tick.name or 'A walk-in'} needs a mail address, such as ada@post.example.") from None
    if not tick.name:
        raise Refused("A walk-in needs a name.")
    return {"name": tick.name, "email": tick.email}


@transaction.atomic
def let_in(
    event: Event,
    *,
    by: User,
    at: datetime,
    now: datetime,
    user: User | None = None,
    name: str = "",
    email: str = "",
) -> tuple[Attendance, bool]:
    """Check somebody in at the door, or add them afterwards; whether they had been here already. Raises `Refused`."""
    refused = _refusal(event, at, now)
    if refused:
        raise Refused(refused)
    source = Attendance.Source.DOOR if user else Attendance.Source.WALK_IN
    outcome = registrations.check_in(event, user, name=name, email=email, source=source, by=by, now=at)
    if outcome.attendance is None:
        raise Refused(TOO_EARLY)
    if not outcome.is_repeat and at >= event.ends_at + Event.CHECK_IN_AFTER:
        audit.record(by, "attendance.added", event, after={"attendance": outcome.attendance.pk})
    return outcome.attendance, outcome.is_repeat


def _take_back(event: Event, tick: Tick, *, by: User, now: datetime) -> int | None:
    number = tick.attendance
    if tick.of:
        made = DoorTick.objects.filter(event=event, key=tick.of).first()
        number = made.attendance_number or 0 if made else 0
    take_back(event, number, by=by, now=now)
    return None


@transaction.atomic
def take_back(event: Event, attendance: int, *, by: User, now: datetime) -> bool:
    """Take a check-in back, with a line in the audit trail. False: it was gone already. Raises `Refused`."""
    if now >= event.ends_at + EDITS_FOR:
        raise Refused(TOO_LATE)
    if not registrations.undo_check_in(event, attendance):
        return False
    audit.record(by, "attendance.taken-back", event, before={"attendance": attendance})
    return True


def count_heads(event: Event, people: int, *, by: User, now: datetime) -> HeadCount:
    """Keep how many people somebody counted in the room; a later count stands for an earlier one."""
    if now < event.starts_at - Event.CHECK_IN_BEFORE:
        raise Refused("The room can be counted from an hour before the event begins.")
    count, _ = HeadCount.objects.update_or_create(
        event=event, defaults={"people": people, "by": by, "at": now}
    )
    return count


def forget_ticks(now: datetime) -> int:
    """Keys of ticks that no browser will send again."""
    deleted, _ = DoorTick.objects.filter(received_at__lt=now - TICKS_KEPT).delete()
    return deleted


def read_all(raw: Any, now: datetime) -> Iterable[Tick]:
    """The ticks of one sending. Raises `Refused` where it is no list of them, or too long a one."""
    if not isinstance(raw, list) or len(raw) > 500:
        raise Refused("These are no ticks.")
    return [read(each, now) for each in raw]
