from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import models
from django.urls import reverse

from members.models.terms import Membership, Term
from mlclub.privacy import Erase, Policy

SALT = "members.invitation"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def by_token(self, token: str) -> Invitation | None:
        """The invitation behind a link, open or not; None when the link was never ours."""
        try:
            claim = signing.loads(token, salt=SALT)
        except signing.BadSignature:
            return None
        return self.select_related("term").filter(pk=claim["invitation"], email=claim["email"]).first()

    def open(self, now: datetime) -> InvitationQuerySet:
        """Those that can still be taken up."""
        return self.filter(accepted_at=None, expires_at__gt=now)


class Invitation(models.Model):
    """An address that may make an account, and what its person becomes on doing so."""

    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    term = models.ForeignKey(Term, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=8, choices=Membership.Kind.choices, blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()
    personal_data = Policy(on_erase=Erase.DELETE, why="Found by the address of the person.")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.email

    def get_absolute_url(self) -> str:
        """The secret link of the mail: signed, nowhere at rest, and good for this one invitation."""
        token = signing.dumps({"invitation": self.pk, "email": self.email}, salt=SALT)
        return reverse("members:invitation_detail", args=[token])

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be taken up."""
        return self.accepted_at is None and self.expires_at > now
