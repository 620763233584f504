"""Who steps in when a presenter cannot: somebody who said so, or was asked. They are told at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from events import notifications
from events.locking import locked_slot
from events.models import Backup, Claim, Slot
from members.ledger import tell
from members.models import User
from mlclub.refusal import Refused

#: A slot given back later than this goes to whoever steps in; earlier it is free for everybody.
LATE = timedelta(days=7)


def of(slot: Slot) -> Backup | None:
    """Who is ready to step in, or asked to."""
    return Backup.objects.filter(slot=slot, state__in=Backup.LIVE).select_related("person").first()


@transaction.atomic
def offer(slot: Slot, person: User, *, now: datetime) -> Backup:
    """Somebody says that they step in if need be. A second click is the first one. Raises Refused."""
    slot = locked_slot(slot)
    known = of(slot)
    if known and known.person_id == person.pk:
        if known.state == Backup.State.ASKED:
            known.state = Backup.State.READY
            known.save(update_fields=["state"])
        return known
    _check(slot, person, known, now, is_self=True)
    return Backup.objects.create(slot=slot, person=person, state=Backup.State.READY, since=now)


@transaction.atomic
def ask(slot: Slot, person: User, *, by: User, now: datetime) -> Backup:
    """Ask somebody to be there if need be; they are told, and answer on the slot's page. Raises Refused."""
    slot = locked_slot(slot)
    known = of(slot)
    if known and known.person_id == person.pk:
        return known
    _check(slot, person, known, now, is_self=False)
    made = Backup.objects.create(slot=slot, person=person, state=Backup.State.ASKED, asked_by=by, since=now)
    tell(notifications.BackupAsked, person, about=made, expires_at=slot.begins_at, now=now)
    return made


@transaction.atomic
def give_up(backup: Backup, *, now: datetime) -> bool:
    """They cannot after all, or whoever runs it takes them off. False when that was so already."""
    locked_slot(backup.slot)
    return bool(
        Backup.objects.filter(pk=backup.pk, state__in=Backup.LIVE).update(
            state=Backup.State.OVER, ended_at=now
        )
    )


def step_in(slot: Slot, now: datetime) -> Claim | None:
    """The slot was given back: late, whoever is ready holds it from now on, and is told at once. The caller holds the
    sheet's lock."""
    begins_at = slot.begins_at
    if begins_at is None or not now < begins_at <= now + LATE or not slot.is_offered:
        return None
    if Claim.objects.taking().filter(slot=slot).count() >= slot.capacity:
        return None
    row = Backup.objects.filter(slot=slot, state=Backup.State.READY).select_related("person").first()
    if row is None:
        return None
    row.state, row.ended_at = Backup.State.STEPPED_IN, now
    row.save(update_fields=["state", "ended_at"])
    claim = Claim.objects.create(slot=slot, person=row.person, claimed_at=now)
    tell(notifications.BackupStepsIn, row.person, about=claim, expires_at=begins_at, now=now)
    return claim


def took_it(slot: Slot, person: User, now: datetime) -> None:
    """Somebody holds the slot now: they are not their own backup. The caller holds the sheet's lock."""
    Backup.objects.filter(slot=slot, person=person, state__in=Backup.LIVE).update(
        state=Backup.State.OVER, ended_at=now
    )


def _check(slot: Slot, person: User, known: Backup | None, now: datetime, *, is_self: bool) -> None:
    who = "You" if is_self else str(person)
    if slot.has_begun(now) or not slot.is_offered:
        raise Refused("Nobody needs to step in here any more.")
    if Claim.objects.held().filter(slot=slot, person=person).exists():
        raise Refused(f"{who} {'present' if is_self else 'presents'} this already.")
    if known:
        raise Refused(f"{known.person} steps in already, or is asked to. Thank you all the same.")
