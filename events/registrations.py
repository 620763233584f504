"""Every change of a seat. Each function locks the event's row first, counts rows under that lock, and writes
what is to be told in the same transaction; a second click gets the first one's answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from events import notifications
from events.models import Attendance, Event, Registration
from members.ledger import Due, at, tell, tell_many
from members.models import Club, User


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
        return self.answer in {Answer.GOING, Answer.WAITING}


def locked(event: Event) -> Event:
    """The event, with its row locked until the transaction ends. Inserting rows that point to it needs no
    stronger lock than this one."""
    return Event.objects.select_for_update(of=("self",), no_key=True).get(pk=event.pk)


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
    now: datetime | None = None,
) -> Outcome:
    """Register a person, or a guest by name and address. Who may see the event may register: ask that first."""
    event = locked(event)
    now = now or timezone.now()
    email = email.strip().lower()
    mine = Q(user=user) if user else Q(user=None, email__iexact=email)
    rows = Registration.objects.live().filter(event=event).order_by()
    known = rows.aggregate(
        live=Count("pk"),
        latest=Max("created_at"),
        mine=Min("pk", filter=mine),
        stale=Count("pk", filter=_stale(now)),
        guests=Count("pk", filter=Q(guest_of=guest_of)) if guest_of else Count("pk", filter=Q(pk=None)),
    )
    if known["stale"]:
        _lapse(event, now)
        known["live"] = rows.count()
        known["mine"] = rows.filter(mine).values_list("pk", flat=True).first()
    if known["mine"]:
        return _answer(event, Registration.objects.get(pk=known["mine"]), is_repeat=True)
    refusal = _refusal(event, now)
    if refusal:
        return Outcome(answer=refusal)
    if guest_of and known["guests"] >= event.guests_allowed:
        return Outcome(answer=Answer.TOO_MANY_GUESTS)
    # The clock was read before the lock was ours: never go before somebody who already has an answer.
    created_at = max(now, known["latest"] or now)
    registration = Registration.objects.create(
        event=event,
        user=user,
        name="" if user else name.strip(),
        email="" if user else email,
        guest_of=guest_of,
        note=note.strip(),
        created_at=created_at,
        updated_at=now,
    )
    position = known["live"] + 1
    line = max(0, position - event.capacity) if event.capacity is not None else 0
    if user:
        tell(notifications.Registered, user, about=registration, expires_at=event.ends_at, now=now)
    return Outcome(answer=Answer.WAITING if line else Answer.GOING, registration=registration, line=line)


@transaction.atomic
def cancel(
    registration: Registration, *, reason: str = "", by_host: bool = False, now: datetime | None = None
) -> Outcome:
    """Give the seat, or the place in the line, back; guests go too. The next in line moves up."""
    event = locked(registration.event)
    now = now or timezone.now()
    order = _order(event)
    row = Registration.objects.get(pk=registration.pk)
    if not row.is_live:
        return Outcome(answer=Answer.CANCELLED, registration=row, is_repeat=True)
    is_waiting = row.pk not in _seated(event, order)
    if not by_host and (
        event.has_begun(now)
        if is_waiting
        else not event.can_cancel_registration(now) and not row.has_open_offer(now)
    ):
        return Outcome(answer=Answer.TOO_LATE, registration=row)
    ended = Registration.objects.live().filter(Q(pk=row.pk) | Q(guest_of=row.pk))
    ended.update(
        state=Registration.State.CANCELLED, cancelled_at=now, updated_at=now, reason=reason.strip()[:200]
    )
    _promote(event, before=_seated(event, order), now=now)
    row.refresh_from_db()
    return Outcome(answer=Answer.CANCELLED, registration=row)


@transaction.atomic
def change_capacity(event: Event, capacity: int | None, *, now: datetime | None = None) -> Outcome:
    """Set the number of seats. Nobody loses a seat by it: fewer than are taken is refused."""
    given, event = event, locked(event)
    now = now or timezone.now()
    order = _order(event)
    before = _seated(event, order)
    if capacity is not None and capacity < max(1, len(before)):
        return Outcome(answer=Answer.TOO_SMALL, seated=len(before))
    is_repeat = event.capacity == capacity
    if not is_repeat:
        event.capacity = given.capacity = capacity
        event.save(update_fields=["capacity"])
        _promote(event, before=before, now=now)
    return Outcome(answer=Answer.CHANGED, is_repeat=is_repeat, seated=len(_seated(event, _order(event))))


# ── Moving up ──


def _order(event: Event) -> list[int]:
    return list(Registration.objects.live().filter(event=event).in_order().values_list("pk", flat=True))


def _seated(event: Event, order: list[int]) -> set[int]:
    return set(order if event.capacity is None else order[: event.capacity])


def _promote(event: Event, *, before: set[int], now: datetime) -> None:
    """Give seats that came free to the next in line. The one place where anybody moves up."""
    moved = _seated(event, _order(event)) - before
    if not moved or event.is_cancelled or event.has_begun(now):
        return
    rows = list(Registration.objects.filter(pk__in=moved).select_related("user").in_order())
    if asks_first(event, now):
        for row in rows:
            offer_seat(event, row, now=now)
        return
    Registration.objects.filter(pk__in=moved).update(updated_at=now)
    tell_many(
        notifications.Promoted,
        [
            Due(row.user, row, address="" if row.user else row.email, expires_at=event.starts_at)
            for row in rows
        ],
        now=now,
    )


def asks_first(event: Event, now: datetime) -> bool:
    """Whether a freed seat is offered, not given: the event says so, or it is too late to give it back."""
    return event.uses_offers or bool(event.cancel_until and now >= event.cancel_until)


def offer_seat(event: Event, registration: Registration, *, now: datetime) -> None:
    """Hold a seat for an answer. The caller holds the event's lock, and the row is within the capacity."""
    registration.offered_at = registration.updated_at = now
    registration.offer_expires_at = offer_until(event, now)
    registration.save(update_fields=["offered_at", "offer_expires_at", "updated_at"])
    tell(
        notifications.Offer,
        registration.user,
        address="" if registration.user else registration.email,
        about=registration,
        slot=at(now),
        expires_at=registration.offer_expires_at,
        now=now,
    )


def offer_until(event: Event, now: datetime) -> datetime:
    """Until when an offer holds: a quarter of the time that is left, at most a day and at least half an hour,
    not ending at night, and never after the start."""
    length = max(timedelta(minutes=30), min(timedelta(days=1), (event.starts_at - now) / 4))
    until = (now + length).astimezone(Club.current().zone)
    if until.hour >= 22 or until.hour < 9:
        morning = until.date() + timedelta(days=1) if until.hour >= 22 else until.date()
        until = datetime.combine(morning, time(9), tzinfo=until.tzinfo)
    return min(until, event.starts_at)


@transaction.atomic
def accept_offer(registration: Registration, *, now: datetime | None = None) -> Outcome:
    """Take the offered seat, if the offer still holds."""
    event = locked(registration.event)
    now = now or timezone.now()
    _lapse(event, now)
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


def _stale(now: datetime) -> Q:
    return Q(offer_expires_at__lte=now, accepted_at=None)


def _lapse(event: Event, now: datetime) -> int:
    """Let offers that nobody answered go to the next in line. The caller holds the event's lock."""
    order = _order(event)
    stale = Registration.objects.live().filter(event=event).filter(_stale(now))
    lapsed = stale.update(state=Registration.State.LAPSED, cancelled_at=now, updated_at=now)
    if lapsed:
        _promote(event, before=_seated(event, order), now=now)
    return lapsed


def expire_offers(now: datetime) -> int:
    """Let every offer that ran out go to the next in line; for the clock."""
    lapsed = 0
    for event in Event.objects.scheduled().filter(
        pk__in=Registration.objects.live().filter(_stale(now)).values("event")
    ):
        with transaction.atomic():
            lapsed += _lapse(locked(event), now)
    return lapsed


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
    event = locked(event)
    now = now or timezone.now()
    email = email.strip().lower()
    too_early = now < event.starts_at - Event.CHECK_IN_BEFORE
    if event.is_cancelled or too_early or (by is None and not event.takes_check_in(now)):
        return Outcome(answer=Answer.NOT_NOW)
    here = Attendance.objects.filter(event=event)
    known = here.filter(user=user).first() if user else here.filter(user=None, email__iexact=email).first()
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
    return Outcome(answer=Answer.CHECKED_IN, attendance=attendance)


@transaction.atomic
def undo_check_in(event: Event, attendance_pk: int) -> bool:
    """Take back a check-in that was a mistake; False when it was gone already."""
    locked(event)
    deleted, _ = Attendance.objects.filter(event=event, pk=attendance_pk).delete()
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
        event = locked(event)
        merged += _merge_registrations(event, user, email) + _merge_attendance(event, user, email)
    return merged


def _merge_registrations(event: Event, user: User, email: str) -> int:
    order = _order(event)
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
        _promote(event, before=_seated(event, order), now=now)
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


def _refusal(event: Event, now: datetime) -> Answer | None:
    if event.is_cancelled:
        return Answer.EVENT_CANCELLED
    if event.registration_opens_at and now < event.registration_opens_at:
        return Answer.NOT_YET
    return None if event.is_open(now) else Answer.CLOSED


def _answer(event: Event, row: Registration, *, is_repeat: bool) -> Outcome:
    """The answer for a live registration: going, or waiting with the place in the line."""
    line = 0 if event.capacity is None else max(0, _order(event).index(row.pk) + 1 - event.capacity)
    return Outcome(
        answer=Answer.WAITING if line else Answer.GOING, registration=row, line=line, is_repeat=is_repeat
    )
