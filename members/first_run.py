"""The first run: one page, behind a one-time address, that makes the club, its term and its first officer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from members import audit, offices, standing
from members.models import Club, Membership, Office, OfficeTerm, Term, User
from members.term_systems import Proposal

SALT = "members.first-run"
LASTS = timedelta(days=14)

#: How long the first president stays after the first term, so that there is time to hand over.
OVERLAP = timedelta(weeks=4)


class AlreadySetUp(Exception):
    """The club exists: somebody was there first."""


def address() -> str:
    """The one-time address. It is signed and nowhere at rest; it opens nothing once a club is set up."""
    token = signing.dumps("first-run", salt=SALT)
    return settings.SITE_URL + reverse("members:first_run", args=[token])


def is_token(token: str) -> bool:
    try:
        signing.loads(token, salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        return False
    return True


def is_done() -> bool:
    """Whether a club is set up. One that came otherwise (the demo, a restored backup) has officers."""
    return Club.objects.exclude(set_up_at=None).exists() or OfficeTerm.objects.exists()


@dataclass(frozen=True)
class FirstOfficer:
    name: str
    email: str
    password: str


@transaction.atomic
def set_up(
    *, club: dict[str, Any], logo: ContentFile[bytes] | None, term: Proposal, officer: FirstOfficer
) -> User:
    """Make the club, its first term and its president, once. Raises AlreadySetUp for everybody but the first."""
    row, _ = Club.objects.get_or_create(pk=1)
    row = Club.objects.select_for_update().get(pk=1)
    if is_done():
        raise AlreadySetUp
    for name, value in club.items():
        setattr(row, name, value)
    if logo:
        row.logo.save(logo.name or "logo.png", logo, save=False)
    row.set_up_at = timezone.now()
    row.save()
    offices.seed()
    first_term, _ = Term.objects.get_or_create(
        slug=term.slug, defaults={"name": term.name, "starts_on": term.starts_on, "ends_on": term.ends_on}
    )
    president = User.objects.create_user(officer.email, officer.password, name=officer.name)
    # Whoever holds the one-time address is believed: there may be no mail server to prove an address with.
    EmailAddress.objects.create(user=president, email=president.email, verified=True, primary=True)
    Membership.objects.create(person=president, term=first_term)
    # Alone at first, the president looks after education as well, until somebody else is named.
    for office in Office.objects.filter(slug__in=["president", "education"]):
        OfficeTerm.objects.create(
            person=president,
            office=office,
            starts_on=min(standing.today(), first_term.starts_on),
            ends_on=max(first_term.ends_on, standing.today()) + OVERLAP,
        )
    audit.record(president, "club-set-up", row)
    return president
