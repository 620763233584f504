"""A career fair from the club's and the companies' side: they register, are answered, and get a booth.

Whatever changes a company locks its row first; two officers who act at once are settled by it and by the constraints.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from events import notifications
from events.models import Booth, Event, Fair, FairCompany
from events.notifications import FAIR_COMPANY
from members import audit, contacts, magic_links
from members.audit import subject_of
from members.ledger import at, tell
from members.models import MagicLink, Organization, User
from mlclub import uploads
from mlclub.refusal import Refused

State = FairCompany.State
#: What a company says of itself and may change.
OWN = ("website", "about", "contact_name", "representatives", "roles", "needs", "tier")
#: A change of booth is told after this: whoever shuffles booths for a while sends one mail.
SETTLES = timedelta(minutes=10)
#: How many booths are added at once.
MOST_BOOTHS = 200


def locked(company: FairCompany) -> FairCompany:
    """The company as it is now, its row locked until the transaction ends."""
    return (
        FairCompany.objects.select_for_update(of=("self",), no_key=True)
        .select_related("fair__event", "booth")
        .get(pk=company.pk)
    )


# ── What companies do ──


@transaction.atomic
def register(
    fair: Fair, given: dict[str, Any], *, logo: ContentFile[bytes] | None = None, now: datetime
) -> None:
    """Take a company's form and send a link to its address. Whoever asks again gets the same link again; the answer
    is the same whether the address is known or not. Raises Refused when the form is closed."""
    if not fair.takes_companies(now):
        raise Refused(
            "Registration for companies is closed. Write to the club if you would still like to come."
        )
    email = given["contact_email"].strip().lower()
    known, _ = FairCompany.objects.get_or_create(
        fair=fair,
        contact_email__iexact=email,
        state__in=FairCompany.LIVE,
        defaults={
            "name": given["name"],
            "contact_email": email,
            "asked_at": now,
            **{name: given.get(name, "") for name in OWN},
        },
    )
    if not known.is_proven:
        known = locked(known)
        known.name = given["name"]
        _write(known, given, logo)
    link_of(known, now=now)
    kind = notifications.CompanyLink if known.is_proven else notifications.CompanyConfirm
    tell(kind, None, address=email, about=known, slot=f"{now:%Y-%m-%dT%H}", now=now)


def _write(company: FairCompany, given: dict[str, Any], logo: ContentFile[bytes] | None) -> None:
    for name in OWN:
        setattr(company, name, given.get(name, getattr(company, name)))
    old = company.logo.name if logo and company.logo else ""
    if logo is not None:
        company.logo.save(str(logo.name), logo, save=False)
    company.save()
    if old and old != company.logo.name:
        storage = company.logo.storage
        transaction.on_commit(lambda: storage.delete(old))


def link_of(company: FairCompany, *, now: datetime) -> MagicLink:
    """The company's own page; it works until a month after the students' résumés are deleted."""
    return magic_links.issue(
        FAIR_COMPANY,
        about=company,
        address=company.contact_email,
        now=now,
        expires_at=max(company.fair.resumes_until, now) + timedelta(days=30),
    )


@transaction.atomic
def confirm(company: FairCompany, *, now: datetime) -> bool:
    """The address is proven: from now on officers see the registration. False when it was proven before.
    Raises Refused when somebody else of the company was faster, or when the fair has begun."""
    company = locked(company)
    if company.is_proven:
        return False
    if company.fair.event.is_cancelled or company.fair.event.has_begun(now):
        raise Refused("It is too late to register for this fair.")
    company.confirmed_at = now
    try:
        with transaction.atomic():
            company.save(update_fields=["confirmed_at"])
    except IntegrityError:
        raise Refused(
            f"{company.name} is registered already, by another address. Ask your colleagues, or answer our mail."
        ) from None
    tell(notifications.CompanyAsked, None, address=company.contact_email, about=company, now=now)
    return True


@transaction.atomic
def change(
    company: FairCompany, given: dict[str, Any], *, logo: ContentFile[bytes] | None = None, now: datetime
) -> None:
    """The company changes what it said. Its name stays: officers know it by that."""
    company = locked(company)
    if not company.is_live or company.fair.event.is_over(now):
        raise Refused("This registration cannot be changed any more.")
    _write(company, given, logo)


@transaction.atomic
def withdraw(company: FairCompany, *, now: datetime) -> bool:
    """The company does not come; its booth is free. False when it had withdrawn already."""
    company = locked(company)
    if not company.is_live:
        return False
    if company.fair.event.has_begun(now):
        raise Refused("The fair has begun. Please tell the officers there.")
    company.state, company.withdrawn_at, company.booth = State.WITHDRAWN, now, None
    company.save(update_fields=["state", "withdrawn_at", "booth"])
    return True


# ── What officers do ──


@transaction.atomic
def accept(
    company: FairCompany, *, by: User, answer: str = "", booth: Booth | None = None, now: datetime
) -> FairCompany:
    """Take a company in, with a booth or without one yet, and tell it. It is an organization of the club from now on.
    Raises Refused when it was answered already, or when the booth is taken."""
    company = locked(company)
    if company.state != State.ASKED or not company.is_proven:
        raise Refused(f"{company.name} was answered already: {company.get_state_display().lower()}.")
    company.state, company.decided_at, company.decided_by, company.answer = (
        State.ACCEPTED,
        now,
        by,
        answer.strip(),
    )
    company.schedule_version = company.fair.event.schedule_version
    company.organization = contacts.organization_called(
        company.name, kind=Organization.Kind.COMPANY, website=company.website
    )
    company.contact = contacts.keep(
        company.contact_name or company.name,
        company.contact_email,
        organization=company.organization,
        source=f"Registered for {company.fair}",
        by=by,
        now=now,
    )
    company.save()
    if booth is not None:
        _seat(company, booth)
    link_of(company, now=now)
    tell(notifications.CompanyAccepted, None, address=company.contact_email, about=company, now=now)
    audit.record(by, "fair-company-accepted", company)
    return company


@transaction.atomic
def decline(company: FairCompany, *, by: User, answer: str = "", now: datetime) -> FairCompany:
    """Say no, also to a company that had been accepted; its booth is free. Raises Refused when it is no longer there."""
    company = locked(company)
    if not company.is_live or not company.is_proven:
        raise Refused(f"{company.name} was answered already: {company.get_state_display().lower()}.")
    if company.fair.event.is_over(now):
        raise Refused("The fair is over.")
    company.state, company.decided_at, company.decided_by, company.answer = (
        State.DECLINED,
        now,
        by,
        answer.strip(),
    )
    company.booth = None
    company.save()
    link_of(company, now=now)
    tell(notifications.CompanyDeclined, None, address=company.contact_email, about=company, now=now)
    audit.record(by, "fair-company-declined", company)
    return company


@transaction.atomic
def assign(company: FairCompany, booth: Booth | None, *, now: datetime) -> bool:
    """Give an accepted company another booth, or none. It is told after ten minutes, and only of where it ended.
    False when nothing changed; Refused when the booth is another's."""
    company = locked(company)
    if not company.is_accepted:
        raise Refused("Only an accepted company gets a booth.")
    if company.booth_id == (booth.pk if booth else None):
        return False
    if booth is None:
        company.booth = None
        company.save(update_fields=["booth"])
    else:
        _seat(company, booth)
    if not company.fair.event.is_over(now):
        link_of(company, now=now)
        tell(
            notifications.CompanyBooth,
            None,
            address=company.contact_email,
            about=company,
            slot=at(now, f"booth {company.booth_id or 'none'}"),
            data={"booth": company.booth_id},
            due_at=now + SETTLES,
            expires_at=company.fair.event.ends_at,
            now=now,
        )
    return True


def _seat(company: FairCompany, booth: Booth) -> None:
    if booth.fair_id != company.fair_id:
        raise Refused("That booth is at another fair.")
    company.booth = booth
    try:
        with transaction.atomic():
            company.save(update_fields=["booth"])
    except IntegrityError:
        other = FairCompany.objects.filter(booth=booth).exclude(pk=company.pk).first()
        company.booth_id = FairCompany.objects.values_list("booth", flat=True).get(pk=company.pk)
        whose = f" has {other.name} now" if other else " was just given away"
        raise Refused(f"Booth {booth.number}{whose}. Choose another one.") from None


@transaction.atomic
def hand_over(company: FairCompany, *, name: str, email: str, by: User, now: datetime) -> None:
    """Somebody else writes for the company from now on: the former link opens nothing, the new one is mailed."""
    company = locked(company)
    email = email.strip().lower()
    magic_links.revoke(about=company, purpose=FAIR_COMPANY, now=now)
    company.contact_name, company.contact_email = name.strip(), email
    try:
        with transaction.atomic():
            company.save(update_fields=["contact_name", "contact_email"])
    except IntegrityError:
        raise Refused("This address stands for another company at this fair.") from None
    link_of(company, now=now)
    tell(notifications.CompanyLink, None, address=email, about=company, slot=at(now), now=now)
    audit.record(by, "fair-company-handed-over", company)


@transaction.atomic
def add_booths(fair: Fair, *, row: str, first: int, last: int) -> int:
    """Number the booths of one row, from `first` to `last`; numbers that are there stay. Says how many are new."""
    if last < first or last - first >= MOST_BOOTHS:
        raise Refused(f"Give a first and a last number, at most {MOST_BOOTHS} booths at once.")
    before = fair.booths.count()
    Booth.objects.bulk_create(
        [Booth(fair=fair, row=row.strip(), number=number) for number in range(first, last + 1)],
        ignore_conflicts=True,
    )
    return fair.booths.count() - before


@transaction.atomic
def remove_booth(booth: Booth) -> None:
    """Take a booth off the plan. Raises Refused while a company has it."""
    booth = Booth.objects.select_for_update(of=("self",)).get(pk=booth.pk)
    if taken := FairCompany.objects.filter(booth=booth).first():
        raise Refused(f"Booth {booth.number} is {taken.name}’s. Give them another one first.")
    booth.delete()


# ── Questions ──


def booths_by_row(booths: Iterable[Booth]) -> list[tuple[str, list[Booth]]]:
    """The plan: rows in the order of their first number, booths by number."""
    rows: dict[str, list[Booth]] = {}
    for booth in sorted(booths, key=lambda each: each.number):
        rows.setdefault(booth.row, []).append(booth)
    return list(rows.items())


def open_matters(now: datetime) -> list[dict[str, Any]]:
    """Fairs that are still to come, with what waits: companies to be answered, accepted ones without a booth."""
    waiting = Q(companies__state=State.ASKED, companies__confirmed_at__isnull=False)
    boothless = Q(companies__state=State.ACCEPTED, companies__booth=None)
    rows: Any = (
        Fair.objects.filter(event__state=Event.State.SCHEDULED, event__ends_at__gt=now)
        .order_by("event__starts_at")
        .annotate(waiting=Count("companies", filter=waiting), boothless=Count("companies", filter=boothless))
        .values("slug", "event__title", "event__starts_at", "waiting", "boothless")
    )
    return list(rows)


# ── Housekeeping ──


def forget_unproven(now: datetime) -> int:
    """Registrations whose address nobody proved within a week, with their logos and links."""
    stale = list(
        FairCompany.objects.filter(confirmed_at=None, asked_at__lt=now - FairCompany.PROVEN_WITHIN)[:200]
    )
    for company in stale:
        forget(company)
    return len(stale)


@transaction.atomic
def forget(company: FairCompany) -> None:
    """Delete a registration that nobody but its sender has seen."""
    if not FairCompany.objects.select_for_update().filter(pk=company.pk, confirmed_at=None).exists():
        return
    MagicLink.objects.filter(about=subject_of(company)).delete()
    uploads.delete_with_row(company.logo)
    company.delete()


def contact_erased(contact: Any) -> None:
    """Who wrote for a company goes with the contact; that the company came stays."""
    mine = Q(contact=contact)
    if contact.email:
        mine |= Q(contact_email__iexact=contact.email)
    rows = list(FairCompany.objects.filter(mine))
    for row in rows:
        MagicLink.objects.filter(about=subject_of(row)).delete()
    FairCompany.objects.filter(pk__in=[row.pk for row in rows]).update(**FairCompany.personal_data.blank)


def forget_contacts(now: datetime) -> int:
    """Empty who wrote for a company and who came, once the time that its form named has passed; and forget them as
    contacts of the club, where they are known for nothing else. That the company came stays."""
    over = FairCompany.objects.filter(fair__event__ends_at__lte=now - Fair.CONTACTS_KEPT)
    named = Q()
    for name in FairCompany.personal_data.blank:
        named |= Q(**{f"{name}__gt": ""})
    rows = list(over.filter(named).select_related("contact")[:200])
    for row in rows:
        _forget_contact(row, now)
    return len(rows)


@transaction.atomic
def _forget_contact(company: FairCompany, now: datetime) -> None:
    contact = company.contact
    MagicLink.objects.filter(about=subject_of(company)).delete()
    FairCompany.objects.filter(pk=company.pk).update(contact=None, **FairCompany.personal_data.blank)
    if contact is not None and contact.user_id is None and not contacts.is_used(contact):
        contacts.erase(contact, by=None, now=now)
