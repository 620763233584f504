"""What follows from signing up and signing in: allauth's signals, connected once from `apps.py`."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, email_confirmed, user_logged_in, user_signed_up
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from members import audit, invitations
from members.models import User
from mlclub import gather


@transaction.atomic
def address_proven(person: User, email: str) -> None:
    """What waits for an address finds its person: invitations here, and whatever the floors above hold.

    The only way in which rows of people without an account become somebody's. Doing it again is harmless.
    """
    invitations.take_up_all(person, email)
    for _ in gather.each("address_verified", person, email):
        pass


@receiver(email_confirmed)
def on_email_confirmed(sender: Any, email_address: EmailAddress, **kwargs: Any) -> None:
    address_proven(email_address.user, email_address.email)


@receiver(user_signed_up)
def on_signed_up(sender: Any, user: User, **kwargs: Any) -> None:
    """Addresses that came proven: through an invitation's link, or from the university's sign-in."""
    for address in EmailAddress.objects.filter(user=user, verified=True):
        address_proven(user, address.email)


@receiver(user_logged_in)
def on_logged_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    now = timezone.now()
    User.objects.filter(pk=user.pk).update(last_seen_at=now)
    for address in EmailAddress.objects.filter(user=user, verified=True):
        if invitations.open_for(address.email, now):
            invitations.take_up_all(user, address.email)


@receiver(email_changed)
def on_email_changed(sender: Any, user: User, **kwargs: Any) -> None:
    # Not which: the trail outlives the account, an address must not.
    audit.record(user, "address-changed", user)
