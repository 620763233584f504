"""Shutting an account, at once and with a reason, and opening it again."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone

from members import audit
from members.models import User


def end_sessions(person: User) -> int:
    """Sign `person` out everywhere; returns how many sessions there were."""
    sessions = list(UserSession.objects.filter(user=person))
    for session in sessions:
        session.end()
    return len(sessions)


@transaction.atomic
def suspend(person: User, reason: str, *, by: User) -> bool:
    """Shut the account and end its sessions. False means it was shut (or erased) already."""
    shut = User.objects.filter(pk=person.pk, is_active=True, erased_at=None).update(
        is_active=False, suspended_at=timezone.now(), suspended_reason=reason
    )
    if not shut:
        return False
    end_sessions(person)
    audit.record(by, "account-suspended", person, after={"reason": reason})
    person.refresh_from_db()
    return True


@transaction.atomic
def reinstate(person: User, *, by: User) -> bool:
    """Open a suspended account again. False means it was open, or that nothing is left of it."""
    opened = User.objects.filter(pk=person.pk, erased_at=None, suspended_at__isnull=False).update(
        is_active=True, suspended_at=None, suspended_reason=""
    )
    if not opened:
        return False
    audit.record(by, "account-reinstated", person, before={"reason": person.suspended_reason})
    person.refresh_from_db()
    return True
