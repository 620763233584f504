from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Erase, Policy


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def posting(self) -> WebhookQuerySet:
        """Those that are switched on."""
        return self.filter(is_on=True)


class Webhook(models.Model):
    """A channel of Discord or Slack into which the portal may write. Its address is a secret: whoever has it writes too."""

    class Service(models.TextChoices):
        DISCORD = "discord", "Discord"
        SLACK = "slack", "Slack"

    class Readers(models.TextChoices):
        PUBLIC = "public", "Anybody"
        MEMBERS = "members", "Members only"

    name = models.CharField("channel", max_length=80, help_text="As the club calls it, e.g. #events.")
    service = models.CharField(max_length=7, choices=Service.choices, default=Service.DISCORD)
    readers = models.CharField(
        "who reads it",
        max_length=7,
        choices=Readers.choices,
        default=Readers.PUBLIC,
        help_text="Into a channel that anybody reads goes only what is public.",
    )
    is_on = models.BooleanField("write into it", default=True)

    # Encrypted with the secret key, as the password of the mail server is.
    address = models.TextField(editable=False)
    ends_in = models.CharField(max_length=8, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    last_posted_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The service's answer, and since when nothing went; empty while all is well.
    problem = models.CharField(max_length=300, blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    # The service asked for silence until then (429 with Retry-After).
    quiet_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = WebhookQuerySet.as_manager()
    personal_data = Policy(
        owners=("made_by",),
        on_erase=Erase.KEEP,
        is_exported=False,
        why="Which channel the club writes into is the club's.",
    )

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "name"],
                name="one_webhook_a_channel",
                violation_error_message="This channel is listed already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_service_display()})"

    @property
    def is_for_members(self) -> bool:
        return self.readers == self.Readers.MEMBERS

    def is_quiet(self, now: datetime) -> bool:
        """Whether the service asked for a pause that is not over."""
        return self.quiet_until is not None and self.quiet_until > now


class ChannelPost(models.Model):
    """The one message about a thing in a channel: what the service calls it, and what it says now."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="posts")
    about = models.CharField(max_length=120, help_text="app.model:pk")
    remote_id = models.CharField(max_length=100, blank=True, help_text="The service's id of the message.")
    said = models.CharField(max_length=64, help_text="A hash of what it says.")
    edits = models.PositiveIntegerField(default=0)
    posted_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-posted_at"]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "about"], name="one_post_a_thing_and_channel")
        ]

    def __str__(self) -> str:
        return f"{self.about} in {self.webhook}"

    def note_edit(self, said: str, *, now: datetime) -> None:
        self.said, self.edited_at, self.edits = said, now, self.edits + 1
        self.save(update_fields=["said", "edited_at", "edits"])
