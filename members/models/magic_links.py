from __future__ import annotations

import secrets
from datetime import datetime

from django.db import models
from django.db.models import Q

from members.models.contacts import Contact
from mlclub import tokens
from mlclub.privacy import Erase, Policy


def new_nonce() -> str:
    return secrets.token_hex(32)


class MagicLinkQuerySet(models.QuerySet["MagicLink"]):
    def by_token(self, token: str) -> MagicLink | None:
        """The link with this token, live or not; None when it was never ours."""
        return self.select_related("contact").filter(token_hash=tokens.digest(token)).first()

    def current(self) -> MagicLinkQuerySet:
        """Neither revoked nor replaced by a newer one; some of them may have run out."""
        return self.filter(revoked_at=None, replaced_at=None)

    def to(self, address: str) -> MagicLinkQuerySet:
        """Those that went to a mail address."""
        return self.filter(Q(contact__email__iexact=address) | Q(contact=None, address__iexact=address))


class MagicLink(models.Model):
    """A page for somebody without an account: whoever holds the link may do one thing with one object.

    The token is nowhere at rest: it is an HMAC of `nonce` under the secret key, so that every mail about the same
    thing carries the same link, and a copy of the database opens nothing.
    """

    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="magic_links"
    )
    # Whoever is no contact of the club has only the address that they gave.
    address = models.EmailField("mail address", blank=True)
    purpose = models.CharField(max_length=40)
    about = models.CharField(max_length=100, help_text="What it opens: app.model:pk.")
    nonce = models.CharField(max_length=64, default=new_nonce, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    # When something was last changed through it: reading leaves no trace.
    last_used_at = models.DateTimeField(null=True, blank=True)

    #: The secret address under which it was opened, while its page is answered (`by_magic_link` sets it).
    path = ""

    objects = MagicLinkQuerySet.as_manager()
    personal_data = Policy(
        owners=("contact__user",),
        on_erase=Erase.DELETE,
        is_exported=False,
        why="A key is no record of a person.",
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(contact__isnull=False, address="") | Q(contact__isnull=True, address__gt=""),
                name="magic_link_of_a_contact_or_an_address",
                violation_error_message="A link belongs to a contact or to an address, one of the two.",
            ),
            models.UniqueConstraint(
                fields=["purpose", "about", "contact", "address"],
                condition=Q(revoked_at=None, replaced_at=None),
                nulls_distinct=False,
                name="one_current_magic_link",
            ),
        ]
        indexes = [models.Index(fields=["about", "purpose"], name="magic_link_about")]

    def __str__(self) -> str:
        return f"{self.purpose}, {self.about}"

    @property
    def about_pk(self) -> int:
        """The key of what it opens."""
        return int(self.about.rpartition(":")[2])

    @property
    def to(self) -> str:
        """The mail address of whoever holds it; empty where the contact has none any more."""
        return self.contact.email if self.contact else self.address

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and self.replaced_at is None and now < self.expires_at
