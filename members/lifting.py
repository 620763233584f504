"""Sending in bulk again to an address that came back: proven by its owner, or said by an officer with a reason."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from members import audit
from members.ledger import at, stopping, tell
from members.models import MailEvent, Notification, Suppression, User
from members.notifications import AddressCheck

AT_MOST_EVERY = timedelta(minutes=10)


def ask_for_proof(person: User, *, now: datetime) -> bool:
    """Send a mail whose link proves the address. False: one went minutes ago."""
    lately = Notification.objects.filter(
        person=person, kind=AddressCheck.slug, created_at__gt=now - AT_MOST_EVERY
    )
    if lately.exists():
        return False
    return tell(AddressCheck, person, slot=at(now), expires_at=now + stopping.PROOF_HOLDS, now=now)


def prove(address: str, *, now: datetime) -> bool:
    """Whoever reads mail there says so. False: it was not paused any more."""
    return stopping.lift(address, now=now, reason="its owner proved that it works")


def verified(address: str, *, now: datetime) -> None:
    """Somebody signed in or confirmed by a mail to `address`: it works. A complaint stays what it is."""
    standing = Suppression.objects.standing().filter(address=address.strip().lower())
    if standing.filter(cause__in=[Suppression.Cause.BOUNCE, Suppression.Cause.SOFT]).exists():
        stopping.lift(address, now=now, reason="a mail to it was answered")


def by_officer(address: str, *, by: User, reason: str, now: datetime) -> bool:
    """An officer knows that it works; their reason is kept."""
    with transaction.atomic():
        lifted = stopping.lift(address, now=now, by=by, reason=reason)
        if lifted:
            audit.record(by, "mail.lift", "members.suppression", after={"address": address, "reason": reason})
    return lifted


def forget_old_events(now: datetime) -> None:
    """What a provider reported half a year ago says nothing any more."""
    MailEvent.objects.filter(at__lt=now - MailEvent.KEPT).delete()
