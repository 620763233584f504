"""Inviting people, and what an invitation does once its address is proven."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from members import audit, standing
from members.ledger import tell
from members.models import Invitation, Membership, Term, User
from members.notifications import Invited

LASTS = timedelta(days=30)


def open_for(email: str, now: datetime) -> Invitation | None:
    """The newest open invitation to an address."""
    return Invitation.objects.open(now).filter(email__iexact=email).order_by("-created_at").first()


@transaction.atomic
def invite(email: str, *, name: str = "", term: Term | None, kind: str, by: User | None) -> Invitation:
    """Invite an address and write the mail; an open invitation to the same thing is used again."""
    now = timezone.now()
    email = email.strip().lower()
    invitation = Invitation.objects.open(now).filter(email=email, term=term, kind=kind).first()
    if invitation is None:
        invitation = Invitation.objects.create(
            email=email,
            name=name,
            term=term,
            kind=kind,
            invited_by=by,
            created_at=now,
            expires_at=now + LASTS,
        )
        audit.record(
            by, "person-invited", invitation, after={"kind": kind, "term": term.slug if term else ""}
        )
    tell(Invited, None, address=email, about=invitation, expires_at=invitation.expires_at)
    return invitation


@transaction.atomic
def take_up(invitation: Invitation, person: User, *, now: datetime | None = None) -> bool:
    """Make `person` what the invitation says, once. False means it was taken up or had run out before."""
    now = now or timezone.now()
    won = Invitation.objects.open(now).filter(pk=invitation.pk).update(accepted_at=now)
    if not won:
        return False
    if invitation.term and invitation.kind:
        welcome(person, invitation.term, invitation.kind)
    audit.record(person, "invitation-taken-up", invitation)
    return True


def take_up_all(person: User, email: str) -> None:
    """Take up whatever was sent to an address that `person` has just proven to hold."""
    for invitation in (
        Invitation.objects.open(timezone.now()).filter(email__iexact=email).select_related("term")
    ):
        take_up(invitation, person)


def welcome(person: User, term: Term, kind: str) -> Membership:
    """The person's membership in `term`, made or woken; a kind they already have is not changed."""
    membership, made = Membership.objects.select_for_update().get_or_create(
        person=person, term=term, defaults={"kind": kind}
    )
    if not made and membership.status == Membership.Status.INVITED:
        membership.status = Membership.Status.ACTIVE
        membership.save()
    standing.forget(person)
    return membership
