"""The order of those who want to come: who has a seat by it, who moves up, and which seats are held for an answer.
Every function that changes something is called under the event's lock (`locking.locked_event`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Q

from events import notifications
from events.locking import locked_event
from events.models import Event, Registration
from members.ledger import Due, at, tell, tell_many
from members.models import Club

#: Later than this before the start nothing is asked any more: whoever moves up has the seat.
LAST_OFFER = timedelta(hours=1)
#: An offer leaves at least so much time, and none of it at night.
SHORTEST, LONGEST = timedelta(minutes=30), timedelta(days=1)
MORNING, EVENING = time(9), time(22)


def order_of(event: Event) -> list[int]:
    """The keys of all live registrations, first those who have a seat."""
    return list(Registration.objects.live().filter(event=event).in_order().values_list("pk", flat=True))


def seated_of(event: Event, order: list[int]) -> set[int]:
    """Those of `order` who have a seat."""
    return set(order if event.seats_given is None else order[: event.seats_given])


def promote(event: Event, *, before: set[int], now: datetime) -> None:
    """Give seats that came free to the next in line. The one place where anybody moves up."""
    moved = seated_of(event, order_of(event)) - before
    if not moved or event.is_cancelled or event.has_begun(now):
        return
    rows = list(Registration.objects.filter(pk__in=moved).select_related("user").in_order())
    until = offer_until(event, now) if asks_first(event, now) else now
    # Guests without an account come with whoever brings them: they have no page to answer on.
    asked = [row for row in rows if row.user_id and until > now]
    for row in asked:
        hold(row, until=until, now=now)
    given = [row for row in rows if row not in asked]
    Registration.objects.filter(pk__in=[row.pk for row in given]).update(moved_up_at=now, updated_at=now)
    tell_many(
        notifications.Promoted,
        [
            Due(row.user, row, address="" if row.user else row.email, expires_at=event.starts_at)
            for row in given
        ],
        now=now,
    )


def asks_first(event: Event, now: datetime) -> bool:
    """Whether a freed seat is offered, not given: the event says so, or it is too late to give it back."""
    return event.uses_offers or bool(event.cancel_until and now >= event.cancel_until)


def hold(registration: Registration, *, until: datetime, now: datetime) -> None:
    """Hold a seat for an answer until then. The row is within the capacity."""
    registration.offered_at = registration.moved_up_at = registration.updated_at = now
    registration.offer_expires_at = until
    registration.save(update_fields=["offered_at", "moved_up_at", "offer_expires_at", "updated_at"])
    tell(
        notifications.Offer,
        registration.user,
        about=registration,
        slot=at(now),
        expires_at=until,
        now=now,
    )


def offer_until(event: Event, now: datetime) -> datetime:
    """Until when an offer made at `now` holds: a quarter of the time that is left, at most a day, not ending at
    night, and with half an hour of the day in it; but never later than an hour before the start, so that an offer
    made after that is over at once."""
    length = max(SHORTEST, min(LONGEST, (event.starts_at - now) / 4))
    until = _awake(now + length)
    if until != now + length:
        until += SHORTEST
    return min(max(until, _with_half_an_hour(now)), event.starts_at - LAST_OFFER)


def _awake(moment: datetime) -> datetime:
    """The moment itself, or the next morning where it is at night."""
    local = moment.astimezone(Club.current().zone)
    if MORNING <= local.time() < EVENING:
        return moment
    day = local.date() + timedelta(days=1) if local.time() >= EVENING else local.date()
    return datetime.combine(day, MORNING, tzinfo=local.tzinfo)


def _with_half_an_hour(now: datetime) -> datetime:
    """When half an hour of the day has passed since `now`."""
    begins = _awake(now)
    local = begins.astimezone(Club.current().zone)
    tonight = datetime.combine(local.date(), EVENING, tzinfo=local.tzinfo)
    if begins + SHORTEST < tonight:
        return begins + SHORTEST
    return _awake(tonight) + (SHORTEST - (tonight - begins))


def tell_left(event: Event, rows: Iterable[Registration], now: datetime) -> None:
    """Say to those who are not registered any more that they are not, with what takes it out of their calendar."""
    if event.is_over(now):
        return
    tell_many(
        notifications.Left,
        [Due(row.user, row, address="" if row.user else row.email, expires_at=event.ends_at) for row in rows],
        now=now,
    )


# ── Offers that nobody answered ──


def stale(now: datetime) -> Q:
    """Of live registrations: an offer ran out without an answer."""
    return Q(offer_expires_at__lte=now, accepted_at=None)


def lapse(event: Event, now: datetime) -> int:
    """Let offers that nobody answered go to the next in line, and guests with them."""
    order = order_of(event)
    rows = Registration.objects.live().filter(event=event)
    late = list(rows.filter(stale(now)).values_list("pk", flat=True))
    if late:
        leaving = list(rows.filter(with_guests(late)).select_related("user"))
        Registration.objects.filter(pk__in=[row.pk for row in leaving]).update(
            state=Registration.State.LAPSED, cancelled_at=now, updated_at=now
        )
        tell_left(event, leaving, now)
        promote(event, before=seated_of(event, order), now=now)
    return len(late)


def with_guests(keys: Iterable[int]) -> Q:
    """The registrations and whoever they bring."""
    keys = list(keys)
    return Q(pk__in=keys) | Q(guest_of__in=keys)


def expire_offers(now: datetime) -> int:
    """Let every offer that ran out go to the next in line; for the clock."""
    lapsed = 0
    for event in Event.objects.scheduled().filter(
        pk__in=Registration.objects.live().filter(stale(now)).values("event")
    ):
        with transaction.atomic():
            lapsed += lapse(locked_event(event), now)
    return lapsed
