"""Every change of a seat. Each function locks the event's row first, counts rows under that lock, and writes
what is to be told in the same transaction; a second click gets the first one's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from events import draws, notifications, questions, windows
from events.line import lapse, order_of, promote, seated_of, stale, tell_left, with_guests
from events.locking import locked_event
from events.models import Attendance, Event, Registration
from members import audit
from members.ledger import Due, tell, tell_many
from members.models import User


class Answer(StrEnum):
    GOING = "going"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    NOT_REGISTERED = "not_registered"
    TOO_LATE = "too_late"
    CLOSED = "closed"
    NOT_YET = "not_yet"
    EVENT_CANCELLED = "event_cancelled"
    LAPSED = "lapsed"
    TOO_MANY_GUESTS = "too_many_guests"
    NO_SEAT = "no_seat"
    IN_DRAW = "in_draw"
    ASKS = "asks"
    TOLD = "told"
    CHECKED_IN = "checked_in"
    NOT_NOW = "not_now"
    CHANGED = "changed"
    TOO_SMALL = "too_small"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a request came to. `line` is the place in the line, from 1, for whoever waits."""

    answer: Answer
    registration: Registration | None = None
    attendance: Attendance | None = None
    line: int = 0
    is_repeat: bool = False
    seated: int = 0

    @property
    def is_live(self) -> bool:
        return self.answer in {Answer.GOING, Answer.WAITING, Answer.IN_DRAW}


# ── Registering ──


@transaction.atomic
def register(
    event: Event,
    user: User | None = None,
    *,
    name: str = "",
    email: str = "",
    guest_of: Registration | None = None,
    note: str = "",
    answers: Mapping[int, Any] | None = None,
    by: User | None = None,
    tells: bool = True,
    now: datetime | None = None,
) -> Outcome:
    """Register a person, or a guest by name and address. Who may see the event may register: ask that first.
    `answers` are by question, as the form cleaned them. Whom a host registers (`by`) is bound to no hour and asked
    nothing. Without `tells` the caller tells them."""
    event = Event.objects.with_sign_up().select_for_update(of=("self",), no_key=True).get(pk=event.pk)
    now = now or timezone.now()
    email = email.strip().lower()
    mine = Q(user=user) if user else Q(user=None, email__iexact=email)
    rows = Registration.objects.live().filter(event=event).order_by()
    known = rows.aggregate(
        live=Count("pk"),
        latest=Max("created_at"),
        mine=Min("pk", filter=mine),
        stale=Count("pk", filter=stale(now)),
        guests=Count("pk", filter=Q(guest_of=guest_of)) if guest_of else Count("pk", filter=Q(pk=None)),
    )
    if known["stale"]:
        lapse(event, now)
        known["live"] = rows.count()
        known["mine"] = rows.filter(mine).values_list("pk", flat=True).first()
    if known["mine"]:
        return _answer(event, Registration.objects.get(pk=known["mine"]), is_repeat=True)
    refusal = _refusal(event, user or (guest_of.user if guest_of else None), now, by_host=by is not None)
    if refusal:
        return Outcome(answer=refusal)
    if guest_of and event.awaits_draw:
        return Outcome(answer=Answer.NO_SEAT)
    if guest_of and known["guests"] >= event.guests_allowed:
        return Outcome(answer=Answer.TOO_MANY_GUESTS)
    if user and by is None and event.asks and questions.missing(event, answers or {}):  # type: ignore[attr-defined]
        return Outcome(answer=Answer.ASKS)
    if event.awaits_draw:
        draws.commit(event, now=now)
    # The clock was read before the lock was ours: never go before somebody who already has an answer.
    created_at = max(now, known["latest"] or now)
    registration = Registration.objects.create(
        event=event,
        user=user,
        name="" if user else name.strip(),
        email="" if user else email,
        guest_of=guest_of,
        note=note.strip(),
        ticket=draws.new_ticket() if event.awaits_draw else "",
        created_at=created_at,
        updated_at=now,
    )
    if answers:
        questions.write(registration, answers, now=now)
    if user and tells:
        tell(notifications.Registered, user, about=registration, expires_at=event.ends_at, now=now)
    if event.awaits_draw:
        return Outcome(answer=Answer.IN_DRAW, registration=registration)
    position = known["live"] + 1
    line = max(0, position - event.capacity) if event.capacity is not None else 0
    return Outcome(answer=Answer.WAITING if line else Answer.GOING, registration=registration, line=line)


@transaction.atomic
def cancel(
    registration: Registration, *, reason: str = "", by: User | None = None, now: datetime | None = None
) -> Outcome:
    """Give the seat, or the place in the line, back; guests go too. The next in line moves up. A host (`by`) may do
    it for somebody at any time."""
    event = locked_event(registration.event)
    now = now or timezone.now()
    order = order_of(event)
    row = Registration.objects.select_related("guest_of").get(pk=registration.pk)
    if not row.is_live:
        return Outcome(answer=Answer.CANCELLED, registration=row, is_repeat=True)
    is_waiting = row.pk not in seated_of(event, order)
    if by is None and (
        event.has_begun(now)
        if is_waiting
        else not event.can_cancel_registration(now) and not row.has_open_offer(now)
    ):
        return Outcome(answer=Answer.TOO_LATE, registration=row)
    leaving = list(Registration.objects.live().filter(with_guests([row.pk])).select_related("user"))
    Registration.objects.filter(pk__in=[each.pk for each in leaving]).update(
        state=Registration.State.CANCELLED,
        cancelled_at=now,
        cancelled_by=by or row.user_id or (row.guest_of.user_id if row.guest_of else None),
        updated_at=now,
        reason=reason.strip()[:200],
    )
    tell_left(event, leaving, now)
    promote(event, before=seated_of(event, order), now=now)
    row.refresh_from_db()
    return Outcome(answer=Answer.CANCELLED, registration=row)


@transaction.atomic
def say_no(registration: Registration, *, reason: str, now: datetime | None = None) -> Outcome:
    """Tell the hosts, too late to give the seat back, that one cannot come. They take it from there."""
    event = locked_event(registration.event)
    now = now or timezone.now()
    row = Registration.objects.select_related("user").get(pk=registration.pk)
    if not row.is_live:
        return Outcome(answer=Answer.CANCELLED, registration=row, is_repeat=True)
    if event.is_cancelled or event.has_begun(now):
        return Outcome(answer=Answer.TOO_LATE, registration=row)
    is_repeat = row.said_no_at is not None
    row.said_no_at = row.said_no_at or now
    row.reason, row.updated_at = reason.strip()[:200], now
    row.save(update_fields=["said_no_at", "reason", "updated_at"])
    if not is_repeat:
        hosts = [Due(host, row, expires_at=event.ends_at) for host in event.hosts.all()]
        tell_many(notifications.CannotCome, hosts, now=now)
    return Outcome(answer=Answer.TOLD, registration=row, is_repeat=is_repeat)


@transaction.atomic
def change_capacity(event: Event, capacity: int | None, *, now: datetime | None = None) -> Outcome:
    """Set the number of seats. Nobody loses a seat by it: fewer than are taken is refused, and so is a draw without
    a number."""
    given, event = event, locked_event(event)
    now = now or timezone.now()
    order = order_of(event)
    before = seated_of(event, order)
    if (event.uses_draw and capacity is None) or (capacity is not None and capacity < max(1, len(before))):
        return Outcome(answer=Answer.TOO_SMALL, seated=len(before))
    is_repeat = event.capacity == capacity
    if not is_repeat:
        event.capacity = given.capacity = capacity
        event.save(update_fields=["capacity"])
        promote(event, before=before, now=now)
    return Outcome(answer=Answer.CHANGED, is_repeat=is_repeat, seated=len(seated_of(event, order_of(event))))


@transaction.atomic
def move_up(registration: Registration, *, reason: str, by: User, now: datetime | None = None) -> Outcome:
    """Put somebody at the head of the line, for a reason that the audit trail keeps. Nobody loses a seat by it."""
    event = locked_event(registration.event)
    now = now or timezone.now()
    order = order_of(event)
    row = Registration.objects.get(pk=registration.pk)
    if event.awaits_draw or not row.is_live:
        return Outcome(answer=Answer.NOT_REGISTERED, registration=row)
    seats = len(seated_of(event, order))
    if order.index(row.pk) <= seats:
        return _answer(event, row, is_repeat=True)
    order.remove(row.pk)
    order.insert(seats, row.pk)
    rows = Registration.objects.in_bulk(order)
    for place, key in enumerate(order, start=-len(order)):
        rows[key].place = place
    Registration.objects.bulk_update(rows.values(), ["place"])
    audit.record(
        by,
        "registration.moved_up",
        event,
        after={"registration": row.pk, "reason": reason.strip()[:200]},
    )
    return _answer(event, row, is_repeat=False)


# ── Offers ──


@transaction.atomic
def accept_offer(registration: Registration, *, now: datetime | None = None) -> Outcome:
    """Take the offered seat, if the offer still holds."""
    event = locked_event(registration.event)
    now = now or timezone.now()
    lapse(event, now)
    row = Registration.objects.select_related("user").get(pk=registration.pk)
    if not row.is_live:
        lapsed = row.state == Registration.State.LAPSED
        return Outcome(answer=Answer.LAPSED if lapsed else Answer.CANCELLED, registration=row)
    if not row.has_open_offer(now):
        return _answer(event, row, is_repeat=True)
    row.accepted_at = row.updated_at = now
    row.save(update_fields=["accepted_at", "updated_at"])
    if row.user:
        tell(
            notifications.Registered, row.user, about=row, slot="accepted", expires_at=event.ends_at, now=now
        )
    return Outcome(answer=Answer.GOING, registration=row)


# ── Being there ──


@transaction.atomic
def check_in(
    event: Event,
    user: User | None = None,
    *,
    name: str = "",
    email: str = "",
    source: Attendance.Source = Attendance.Source.CODE,
    by: User | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Write down that somebody is there, registered or not. Twice is once. Whoever runs the event (`by`) may
    also do it later."""
    event = locked_event(event)
    now = now or timezone.now()
    email = email.strip().lower()
    too_early = now < event.starts_at - Event.CHECK_IN_BEFORE
    if event.is_cancelled or too_early or (by is None and not event.takes_check_in(now)):
        return Outcome(answer=Answer.NOT_NOW)
    here = Attendance.objects.filter(event=event)
    if user:
        known = here.filter(user=user).first()
    else:
        # Whoever is here with their account and also gives its address is one person.
        known = here.filter(Q(user=None, email__iexact=email) | Q(user__email__iexact=email)).first()
    if known is None and user:
        # The same person as a walk-in, before signing in: their account's address is a verified one.
        known = here.filter(user=None, email__iexact=user.email).first()
        if known:
            known.user, known.name, known.email = user, "", ""
            known.save(update_fields=["user", "name", "email"])
    if known:
        return Outcome(answer=Answer.CHECKED_IN, attendance=known, is_repeat=True)
    attendance = Attendance.objects.create(
        event=event,
        user=user,
        name="" if user else name.strip(),
        email="" if user else email,
        at=now,
        source=source,
        by=by,
    )
    if user is None:
        notifications.welcome(attendance, now=now)
    return Outcome(answer=Answer.CHECKED_IN, attendance=attendance)


@transaction.atomic
def undo_check_in(event: Event, attendance_pk: int) -> bool:
    """Take back a check-in that was a mistake; False when it was gone already."""
    locked_event(event)
    deleted, _ = Attendance.objects.filter(event=event, pk=attendance_pk).delete()
    return bool(deleted)


@transaction.atomic
def confirm_walk_in(attendance: Attendance, *, now: datetime) -> str:
    """The owner of a walk-in's address says that it was them: "confirmed", or "joined" where the address has an
    account, which then has everything written under it."""
    locked_event(attendance.event)
    row = Attendance.objects.filter(pk=attendance.pk).first()
    if row is None:
        return "gone"
    if row.user_id:
        return "joined"
    if owner := User.objects.real().filter(email__iexact=row.email).first():
        merge_into_account(owner, row.email)
        return "joined"
    if row.confirmed_at is None:
        Attendance.objects.filter(user=None, email__iexact=row.email, confirmed_at=None).update(
            confirmed_at=now
        )
    return "confirmed"


@transaction.atomic
def disown(attendance: Attendance) -> bool:
    """The owner of an address says that somebody else gave it: the row goes. False: it was confirmed before."""
    locked_event(attendance.event)
    deleted, _ = Attendance.objects.filter(pk=attendance.pk, user=None, confirmed_at=None).delete()
    return bool(deleted)


# ── Housekeeping ──


@transaction.atomic
def merge_into_account(user: User, email: str) -> int:
    """Give the account what was written under its now verified address; the earlier of two rows stays."""
    merged = 0
    keys = [
        *Registration.objects.filter(user=None, email__iexact=email).values_list("event", flat=True),
        *Attendance.objects.filter(user=None, email__iexact=email).values_list("event", flat=True),
    ]
    for event in Event.objects.filter(pk__in=keys).order_by("pk"):
        event = locked_event(event)
        merged += _merge_registrations(event, user, email) + _merge_attendance(event, user, email)
    return merged


def _merge_registrations(event: Event, user: User, email: str) -> int:
    order = order_of(event)
    theirs = list(Registration.objects.filter(event=event, user=None, email__iexact=email))
    own = Registration.objects.live().filter(event=event, user=user).first()
    now = timezone.now()
    for row in theirs:
        if own and row.is_live:
            later = max(own, row, key=lambda each: (each.created_at, each.pk))
            later.state, later.cancelled_at, later.updated_at = Registration.State.CANCELLED, now, now
            later.reason = "Registered twice"
            later.save(update_fields=["state", "cancelled_at", "updated_at", "reason"])
        row.user, row.name, row.email = user, "", ""
        row.save(update_fields=["user", "name", "email"])
    if theirs:
        promote(event, before=seated_of(event, order), now=now)
    return len(theirs)


def _merge_attendance(event: Event, user: User, email: str) -> int:
    theirs = list(Attendance.objects.filter(event=event, user=None, email__iexact=email))
    for row in theirs:
        own = Attendance.objects.filter(event=event, user=user).first()
        if own and own.at <= row.at:
            row.delete()
            continue
        if own:
            own.delete()
        row.user, row.name, row.email = user, "", ""
        row.save(update_fields=["user", "name", "email"])
    return len(theirs)


def erase_notes(now: datetime) -> int:
    """Erase what people wrote about food and access, 14 days after the event."""
    return (
        Registration.objects.filter(event__ends_at__lt=now - Event.NOTES_KEPT)
        .exclude(note="")
        .update(note="", updated_at=now)
    )


def _refusal(event: Event, user: User | None, now: datetime, *, by_host: bool) -> Answer | None:
    if event.is_cancelled:
        return Answer.EVENT_CANCELLED
    if by_host:
        return Answer.CLOSED if event.is_over(now) else None
    if now >= event.closes_at:
        return Answer.CLOSED
    opens_at = windows.opens_for(event, user, now) if user else event.registration_opens_at
    return Answer.NOT_YET if opens_at and now < opens_at else None


def _answer(event: Event, row: Registration, *, is_repeat: bool) -> Outcome:
    """The answer for a live registration: going, waiting with the place in the line, or in the draw."""
    if event.awaits_draw:
        return Outcome(answer=Answer.IN_DRAW, registration=row, is_repeat=is_repeat)
    line = 0 if event.capacity is None else max(0, order_of(event).index(row.pk) + 1 - event.capacity)
    return Outcome(
        answer=Answer.WAITING if line else Answer.GOING, registration=row, line=line, is_repeat=is_repeat
    )
