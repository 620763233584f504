"""People and organizations outside the club: each once, joined with an account by a proven address, and erased."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from members import audit
from members.models import Contact, MagicLink, Organization, User
from mlclub import gather


@transaction.atomic
def keep(
    name: str,
    email: str = "",
    *,
    organization: Organization | None = None,
    role: str = "",
    source: str = "",
    by: User | None = None,
    now: datetime,
) -> Contact:
    """The contact with this mail address, or without one the contact of this name at `organization`; made if there is
    none. What is known already stays as it is."""
    name, email = name.strip(), email.strip().lower()
    said: dict[str, Any] = {
        "name": name,
        "email": email,
        "organization": organization,
        "role": role.strip(),
        "source": source.strip(),
        "added_by": by,
        "created_at": now,
    }
    if email:
        account = {"user": partial(_account_of, email)}
        return Contact.objects.get_or_create(email__iexact=email, defaults=said | account)[0]
    known = Contact.objects.filter(name__iexact=name, organization=organization, erased_at=None).first()
    return known or Contact.objects.create(**said)


def organization_called(
    name: str, *, kind: str = Organization.Kind.OTHER, website: str = "", owner: User | None = None
) -> Organization:
    """The organization of this name, whatever its capitals; made if there is none."""
    name = " ".join(name.split())
    known = Organization.objects.filter(name__iexact=name).first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return Organization.objects.create(name=name, kind=kind, website=website, owner=owner)
    except IntegrityError:
        return Organization.objects.alias(lower=Lower("name")).get(lower=name.lower())


@transaction.atomic
def give_address(contact: Contact, email: str, *, now: datetime) -> Contact:
    """Write down the address of a contact that had none. Where somebody is known by it already, that contact is given
    and nothing changes."""
    email = email.strip().lower()
    known = Contact.objects.filter(email__iexact=email).first()
    if known is not None:
        return known
    contact.email = email
    contact.save(update_fields=["email"])
    address_changed(contact, now=now)
    return contact


def address_changed(contact: Contact, *, now: datetime) -> None:
    """Links that went to the former address open nothing any more; the account is that of the new one."""
    MagicLink.objects.filter(contact=contact, revoked_at=None).update(revoked_at=now)
    account = _account_of(contact.email)
    if contact.user_id is None and account is not None:
        contact.user = account
        contact.save(update_fields=["user"])


def address_verified(user: User, email: str) -> None:
    """A contact turns out to have an account."""
    if not Contact.objects.filter(user=user).exists():
        Contact.objects.filter(email__iexact=email, user=None).update(user=user)


def _account_of(email: str) -> User | None:
    """The account whose proven address this is, unless it is another contact's already."""
    if not email:
        return None
    taken = Contact.objects.exclude(user=None).values("user")
    found: User | None = (
        User.objects.filter(is_active=True, emailaddress__email__iexact=email, emailaddress__verified=True)
        .exclude(pk__in=taken)
        .first()
    )
    return found


def is_used(contact: Contact) -> bool:
    """Whether anything but a link that was mailed to them knows of the contact, on whichever floor."""
    for field in Contact._meta.get_fields(include_hidden=True):
        points_here = field.auto_created and not field.concrete and (field.one_to_many or field.one_to_one)
        model: Any = field.related_model
        if not points_here or model is MagicLink or model._meta.auto_created:
            continue
        if model._base_manager.filter(**{field.remote_field.name: contact}).exists():  # type: ignore[union-attr]
            return True
    return False


@transaction.atomic
def erase(contact: Contact, *, by: User | None, now: datetime) -> bool:
    """Forget who a contact was, here and on every floor above; False means that somebody already had. By nobody where
    the time for which they are kept has passed."""
    contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    if contact.erased_at is not None:
        return False
    for _ in gather.each("contact_erased", contact):
        pass
    for field, value in Contact.personal_data.blank.items():
        setattr(contact, field, value)
    contact.user, contact.erased_at = None, now
    contact.save()
    contact.topics.clear()
    contact.magic_links.all().delete()
    audit.record(by, "contact-erased", contact)
    return True
