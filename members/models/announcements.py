from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from mlclub.privacy import Erase, Policy


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def visible_to(self, user: Any) -> AnnouncementQuerySet:
        """All for officers who may write to everybody; one's own for hosts."""
        if not user.is_authenticated:
            return self.none()
        return self if user.has_perm("members.send_announcement") else self.filter(written_by=user)

    def drafts(self) -> AnnouncementQuerySet:
        return self.filter(state=Announcement.State.DRAFT)

    def sent(self) -> AnnouncementQuerySet:
        """Those on their way or arrived; what was stopped is none of them."""
        return self.filter(state=Announcement.State.SENT)


class Announcement(models.Model):
    """A mail that a person writes to a group. Who gets it is fixed when it is sent: a row of the ledger for each."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SENT = "sent", "Sent"
        STOPPED = "stopped", "Stopped"

    #: So long nothing leaves, and one click stops it all.
    COOLING_OFF = timedelta(minutes=1)

    audience = models.CharField("to", max_length=120, help_text="The key of the group, as its app calls it.")
    subject = models.CharField(max_length=120)
    body = models.TextField("text", max_length=20_000, help_text="Markdown.")

    state = models.CharField(max_length=7, choices=State.choices, default=State.DRAFT, editable=False)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="announcements", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    sent_at = models.DateTimeField("sent", null=True, blank=True, editable=False)
    # How the group was called then: an event may be renamed, a series may end.
    audience_label = models.CharField("group", max_length=200, blank=True, editable=False)
    recipients = models.PositiveIntegerField(default=0, editable=False)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    stopped_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = AnnouncementQuerySet.as_manager()
    personal_data = Policy(
        owners=("written_by", "sent_by", "stopped_by"),
        on_erase=Erase.ANONYMISE,
        why="What the club wrote to its members is the club's record; the name goes with the account.",
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        permissions = [("send_announcement", "Can write to any group")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft", sent_at=None, sent_by=None)
                | Q(state__in=["sent", "stopped"], sent_at__isnull=False, sent_by__isnull=False),
                name="announcement_sent_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state="stopped") ^ Q(stopped_at=None), name="announcement_stopped_at_some_time"
            ),
        ]
        indexes = [models.Index(fields=["audience", "-sent_at"], name="announcement_to")]

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        return reverse("members:announcement_detail", args=[self.pk])

    @property
    def leaves_at(self) -> datetime | None:
        """Until then it can be stopped."""
        return self.sent_at + self.COOLING_OFF if self.sent_at else None

    def can_be_stopped(self, now: datetime) -> bool:
        return bool(self.state == self.State.SENT and self.leaves_at and now < self.leaves_at)

    # ── Verbs: each settles a race and says whether it won

    def record_sent(self, *, by: Any, now: datetime, label: str) -> bool:
        """False: another click or another officer was first, or it is no draft any more."""
        return bool(
            Announcement.objects.drafts()
            .filter(pk=self.pk)
            .update(state=self.State.SENT, sent_by=by, sent_at=now, audience_label=label[:200])
        )

    def record_stopped(self, *, by: Any, now: datetime) -> bool:
        """False: it has left already, or was stopped before."""
        return bool(
            Announcement.objects.sent()
            .filter(pk=self.pk, sent_at__gt=now - self.COOLING_OFF)
            .update(state=self.State.STOPPED, stopped_by=by, stopped_at=now)
        )
