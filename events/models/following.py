from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from events.models.series import Series
from mlclub.privacy import Erase, Policy


class SeriesFollow(models.Model):
    """That somebody wants the dates of a series in their calendar, and its news."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="follows")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="series_follows"
    )
    since = models.DateTimeField(default=timezone.now)

    personal_data = Policy(owners=("person",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "person"],
                name="one_follow_a_series",
                violation_error_message="This person follows it already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} follows {self.series}"
