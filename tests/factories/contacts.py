from __future__ import annotations

from itertools import count

from django.utils import timezone

from members import magic_links
from members.models import Contact, Organization

number = count(1)


def make_organization(*, name=None, kind="company", **fields):
    return Organization.objects.create(name=name or f"Organization {next(number)}", kind=kind, **fields)


def make_contact(*, name=None, email=None, **fields):
    """Somebody outside, with an address of their own."""
    n = next(number)
    return Contact.objects.create(
        name=name or f"Contact {n}", email=email or f"contact{n}@lab.example", **fields
    )


def make_magic_link(*, purpose, about, contact=None, now=None, **fields):
    """A live link of a new contact, unless told whose."""
    return magic_links.issue(
        purpose,
        about=about,
        contact=contact or (None if fields.get("address") else make_contact()),
        now=now or timezone.now(),
        **fields,
    )
