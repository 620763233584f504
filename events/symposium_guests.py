"""The other clubs of a symposium: their leads, the seats of their people, and what each club brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from events import notifications, registrations
from events.models import Abstract, Attendance, CoHost, Registration, Symposium, SymposiumGuest
from events.symposia import link_to
from members.ledger import tell
from members.models import Organization
from mlclub.refusal import Refused


@transaction.atomic
def invite_lead(co_host: CoHost, *, now: datetime) -> bool:
    """Mail the lead of another club the link to their page; at most once a day."""
    lead = co_host.lead
    if lead is None or not lead.email:
        raise Refused("Give the club a lead with a mail address.")
    link_to(notifications.CO_HOST, co_host, co_host.symposium, now, contact=lead)
    day = timezone.localtime(now).date().isoformat()
    return tell(notifications.CoHostInvited, None, address=lead.email, about=co_host, slot=day, now=now)


@transaction.atomic
def ask_for_seat(
    symposium: Symposium, *, name: str, email: str, organization: Organization | None, now: datetime
) -> SymposiumGuest:
    """Somebody without an account asks for a seat: the link in their mail takes it. The same words for a known one."""
    email = email.strip().lower()
    guest, _ = SymposiumGuest.objects.get_or_create(
        symposium=symposium,
        email__iexact=email,
        defaults={
            "name": name.strip(),
            "email": email,
            "organization": organization,
            "created_at": now,
        },
    )
    link_to(notifications.SEAT, guest, symposium, now, address=email)
    day = timezone.localtime(now).date().isoformat()
    tell(notifications.SeatToConfirm, None, address=email, about=guest, slot=day, now=now)
    return guest


@transaction.atomic
def take_seat(guest: SymposiumGuest, *, now: datetime) -> registrations.Outcome:
    """The address is proven: register the guest as everybody is, in the line if it is full."""
    outcome = registrations.register(guest.symposium.event, name=guest.name, email=guest.email, now=now)
    if outcome.registration is not None and guest.registration_id != outcome.registration.pk:
        SymposiumGuest.objects.filter(pk=guest.pk).update(registration=outcome.registration)
    return outcome


@transaction.atomic
def give_seat_back(guest: SymposiumGuest, *, now: datetime) -> bool:
    registration = guest.registration
    if registration is None or not registration.is_live:
        return False
    registrations.cancel(registration, now=now)
    SymposiumGuest.objects.filter(pk=guest.pk).update(registration=None)
    return True


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What one club brought: `club` is None for our own members and whoever named no club."""

    club: Organization | None
    registered: int
    came: int
    handed_in: int
    accepted: int


def counts_of(symposium: Symposium) -> list[Counts]:
    """Registrations, attendance and abstracts of each co-host, and of everybody else in the last row."""
    came_addresses = Attendance.objects.filter(event=symposium.event_id, user=None).values("email")
    guests: dict[Any, Any] = {
        row["organization"]: row
        for row in SymposiumGuest.objects.filter(symposium=symposium)
        .order_by()
        .values("organization")
        .annotate(
            going=Count("pk", filter=Q(registration__state="going")),
            came=Count("pk", filter=Q(email__in=came_addresses)),
        )
    }
    accepted = Q(decision__in=[Abstract.Decision.TALK, Abstract.Decision.POSTER])
    work: dict[Any, Any] = {
        row["authors__organization"]: row
        for row in symposium.abstracts.live()
        .order_by()
        .values("authors__organization")
        .annotate(n=Count("pk", distinct=True), ok=Count("pk", filter=accepted, distinct=True))
    }
    clubs = [row.organization for row in symposium.co_hosts.select_related("organization")]
    rows = [
        Counts(
            club=club,
            registered=guests.get(club.pk, {}).get("going", 0),
            came=guests.get(club.pk, {}).get("came", 0),
            handed_in=work.get(club.pk, {}).get("n", 0),
            accepted=work.get(club.pk, {}).get("ok", 0),
        )
        for club in clubs
    ]
    everybody = Registration.objects.live().filter(event=symposium.event_id).count()
    all_came = Attendance.objects.filter(event=symposium.event_id).count()
    ours = work.get(None, {})
    rows.append(
        Counts(
            club=None,
            registered=everybody - sum(row.registered for row in rows),
            came=all_came - sum(row.came for row in rows),
            handed_in=ours.get("n", 0),
            accepted=ours.get("ok", 0),
        )
    )
    return rows
