from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from mlclub.privacy import Erase, Policy


class NotificationQuerySet(models.QuerySet["Notification"]):
    def due(self, now: datetime) -> NotificationQuerySet:
        """Pending rows whose time has come, and rows whose sender died while holding the lease."""
        return self.filter(
            Q(status=Notification.Status.PENDING, due_at__lte=now)
            | Q(status=Notification.Status.SENDING, lease_until__lt=now)
        )

    def visible_to(self, user: object) -> NotificationQuerySet:
        """Everybody reads their own ledger."""
        return self.filter(person=user)


class Notification(models.Model):
    """One message to one person: written in the act's own transaction, sent elsewhere, kept as the record."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        SKIPPED = "skipped", "Not needed"
        FAILED = "failed", "Trying again"
        DEAD = "dead", "Gave up"
        UNKNOWN = "unknown", "Unknown"

    class Channel(models.TextChoices):
        MAIL = "mail", "Mail"

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    address = models.EmailField(null=True, blank=True, help_text="Instead of a person, for somebody without an account.")
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.MAIL)
    kind = models.CharField(max_length=60)
    about = models.CharField(max_length=120, blank=True, help_text="app.model:pk")
    slot = models.CharField(max_length=120, blank=True, help_text="What makes this message the only one of its kind.")
    data = models.JSONField(default=dict, blank=True)

    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    reason = models.CharField(max_length=300, blank=True)
    claim = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    message_id = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    released_at = models.DateTimeField(null=True, blank=True, help_text="When an officer let it out of the hold.")

    objects = NotificationQuerySet.as_manager()
    personal_data = Policy(owners=("person",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "address", "channel", "kind", "about", "slot"],
                nulls_distinct=False,
                name="one_message_a_slot",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False, address__isnull=True) | Q(person__isnull=True, address__isnull=False),
                name="to_a_person_or_an_address",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="ledger_due", condition=Q(status__in=["pending", "sending"])),
            models.Index(fields=["about", "kind"], name="ledger_about"),
            models.Index(fields=["person", "-created_at"], name="ledger_person"),
        ]
        permissions = [("resend_notification", "Can send again and release the hold")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.person or self.address}"

    @property
    def about_pk(self) -> int:
        """The key of what the message is about (its `about` is text)."""
        return int(self.about.rpartition(":")[2])


class Preference(models.Model):
    """A person's no (or yes) to a kind of message on a channel. No row: the kind's default."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences")
    kind = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Notification.Channel.choices, default=Notification.Channel.MAIL)
    is_wanted = models.BooleanField()
    changed_at = models.DateTimeField()

    personal_data = Policy(owners=("person",), on_erase=Erase.DELETE)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "kind", "channel"], name="one_preference_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.kind} {'yes' if self.is_wanted else 'no'}"


class Suppression(models.Model):
    """An address that bounced or complained: nothing in bulk goes there until somebody clears it."""

    address = models.EmailField(unique=True)
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    # The provider's own id of the event, so that a repeated webhook counts once.
    event_id = models.CharField(max_length=200, blank=True)

    personal_data = Policy(on_erase=Erase.DELETE, why="Found by the address of the person.")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.address
