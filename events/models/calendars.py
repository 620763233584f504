from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from mlclub.privacy import Erase, Policy


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def live(self) -> CalendarFeedQuerySet:
        return self.filter(revoked_at=None)


class CalendarFeed(models.Model):
    """A person's secret calendar address. Only a hash of it is stored; a revoked one answers 410."""

    class Alarm(models.IntegerChoices):
        NONE = 0, "No alarm"
        QUARTER = 15, "15 minutes before"
        HOUR = 60, "1 hour before"
        DAY = 1440, "1 day before"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    alarm = models.PositiveIntegerField("alarm", choices=Alarm.choices, default=Alarm.NONE)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()
    personal_data = Policy(owners=("user",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at=None), name="one_live_feed_a_person"
            )
        ]

    def __str__(self) -> str:
        return f"Calendar of {self.user}"
