from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from members.models.webhooks import Webhook
from mlclub.privacy import Erase, Policy


class NotificationQuerySet(models.QuerySet["Notification"]):
    def due(self, now: datetime) -> NotificationQuerySet:
        """Rows that can be sent at `now`, those of people who are waiting first."""
        return self.filter(
            status__in=[Notification.Status.PENDING, Notification.Status.FAILED], try_at__lte=now
        ).order_by("rank", "try_at", "pk")

    def by_mail(self) -> NotificationQuerySet:
        return self.filter(webhook=None)

    def to_channels(self) -> NotificationQuerySet:
        """Rows for Discord and Slack, which another sender takes."""
        return self.exclude(webhook=None)

    def abandoned(self, now: datetime) -> NotificationQuerySet:
        """Rows whose sender fell silent while it held them."""
        return self.filter(status=Notification.Status.SENDING, lease_until__lt=now)

    def held(self, since: datetime | None) -> NotificationQuerySet:
        """Rows that wait for an officer while the ledger is on hold since `since`; none where it is not."""
        if since is None:
            return self.none()
        return self.filter(
            status__in=[Notification.Status.PENDING, Notification.Status.FAILED],
            due_at__lt=since,
            released_at=None,
        )

    def free(self, since: datetime | None) -> NotificationQuerySet:
        """The opposite of `held`."""
        if since is None:
            return self
        return self.filter(Q(due_at__gte=since) | Q(released_at__isnull=False))

    def dead(self) -> NotificationQuerySet:
        """Rows that nobody tries again unless an officer says so."""
        return self.filter(status__in=[Notification.Status.DEAD, Notification.Status.UNKNOWN])

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
        DISCORD = "discord", "Discord"
        SLACK = "slack", "Slack"

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="notifications",
    )
    address = models.EmailField(
        null=True, blank=True, help_text="Instead of a person, for somebody without an account."
    )
    webhook = models.ForeignKey(
        Webhook,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="notifications",
        help_text="Instead of a person, for a channel of Discord or Slack.",
    )
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.MAIL)
    kind = models.CharField(max_length=60)
    about = models.CharField(max_length=120, blank=True, help_text="app.model:pk")
    slot = models.CharField(
        max_length=120, blank=True, help_text="What makes this message the only one of its kind."
    )
    data = models.JSONField(default=dict, blank=True)

    # The kind's category when it was written: the order of sending.
    rank = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    # When it is tried next: `due_at`, or later after a failure or because of quiet hours.
    try_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    reason = models.CharField(max_length=300, blank=True)
    claim = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Set just before the mail server is spoken to: a sender that dies earlier has sent nothing.
    begun_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    interruptions = models.PositiveSmallIntegerField(
        default=0, help_text="How often a sender died on the way."
    )
    message_id = models.CharField(max_length=200, blank=True)
    merged_as = models.CharField(
        max_length=200,
        blank=True,
        help_text="Of a reminder that went together with others: that mail's Message-ID.",
    )
    subject = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=200, blank=True, db_index=True)
    released_at = models.DateTimeField(
        null=True, blank=True, help_text="When an officer let it out of the hold."
    )

    objects = NotificationQuerySet.as_manager()
    personal_data = Policy(owners=("person",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "address", "webhook", "channel", "kind", "about", "slot"],
                nulls_distinct=False,
                name="one_message_a_slot_and_recipient",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False, address=None, webhook=None)
                | Q(person=None, address__isnull=False, webhook=None)
                | Q(person=None, address=None, webhook__isnull=False),
                name="to_a_person_an_address_or_a_channel",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rank", "try_at"], name="ledger_due", condition=Q(status__in=["pending", "failed"])
            ),
            models.Index(fields=["lease_until"], name="ledger_leased", condition=Q(status="sending")),
            models.Index(
                fields=["status", "-created_at"],
                name="ledger_dead",
                condition=Q(status__in=["dead", "unknown"]),
            ),
            models.Index(fields=["about", "kind"], name="ledger_about"),
            models.Index(fields=["person", "-created_at"], name="ledger_person"),
        ]
        permissions = [("resend_notification", "Can send again and release the hold")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.person or self.address or self.webhook}"

    @property
    def about_pk(self) -> int:
        """The key of what the message is about (its `about` is text)."""
        return int(self.about.rpartition(":")[2])

    @property
    def to(self) -> str:
        """The address that the mail goes to."""
        return self.person.email if self.person else self.address or ""


class Preference(models.Model):
    """Somebody's no (or yes) to a kind of message on a channel. No row: the kind's default."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="preferences"
    )
    address = models.EmailField(
        null=True, blank=True, help_text="Instead of a person, for somebody without an account."
    )
    kind = models.CharField(max_length=60)
    channel = models.CharField(
        max_length=10, choices=Notification.Channel.choices, default=Notification.Channel.MAIL
    )
    is_wanted = models.BooleanField()
    changed_at = models.DateTimeField()

    personal_data = Policy(owners=("person",), on_erase=Erase.DELETE)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "address", "kind", "channel"],
                nulls_distinct=False,
                name="one_preference_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False, address__isnull=True)
                | Q(person__isnull=True, address__isnull=False),
                name="of_a_person_or_an_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.address}: {self.kind} {'yes' if self.is_wanted else 'no'}"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def standing(self) -> SuppressionQuerySet:
        """Those that nobody has lifted."""
        return self.filter(lifted_at=None)


class Suppression(models.Model):
    """An address that bounced or complained: nothing in bulk goes there until somebody lifts it."""

    class Cause(models.TextChoices):
        BOUNCE = "bounce", "Mail came back"
        SOFT = "soft", "Mail was put off again and again"
        COMPLAINT = "complaint", "Reported as unwanted"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed at the mail provider"

    address = models.EmailField()
    cause = models.CharField(max_length=12, choices=Cause.choices, default=Cause.BOUNCE)
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lift_reason = models.CharField("why it was lifted", max_length=200, blank=True)
    # The provider's own id of the event, so that a repeated webhook counts once, lifted or not.
    event_id = models.CharField(max_length=200, blank=True)

    objects = SuppressionQuerySet.as_manager()
    personal_data = Policy(on_erase=Erase.DELETE, why="Found by the address of the person.")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["address"], condition=Q(lifted_at=None), name="one_standing_suppression_an_address"
            ),
            models.UniqueConstraint(
                fields=["event_id"], condition=~Q(event_id=""), name="one_suppression_an_event"
            ),
        ]

    def __str__(self) -> str:
        return self.address


class MailEvent(models.Model):
    """What a mail provider reported about an address. Its id is unique, so that a report made twice counts once."""

    class Kind(models.TextChoices):
        BOUNCED = "bounced", "Came back for good"
        PUT_OFF = "put_off", "Put off"
        COMPLAINED = "complained", "Reported as unwanted"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"

    #: After so long a report says nothing any more.
    KEPT = timedelta(days=180)

    event_id = models.CharField(max_length=200, unique=True)
    address = models.EmailField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    personal_data = Policy(on_erase=Erase.DELETE, why="Found by the address of the person.")

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["address", "-at"], name="mail_events_of_an_address")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.address}"
