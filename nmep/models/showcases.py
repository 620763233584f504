from __future__ import annotations

from datetime import datetime, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from events.models import FeedbackForm
from mlclub.privacy import NOT_PERSONAL
from nmep.models.capstones import Capstone
from nmep.models.programmes import Session


class Showcase(models.Model):
    """The running order of the meeting at which the groups present."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="showcase")
    minutes = models.PositiveSmallIntegerField(
        "minutes each",
        default=9,
        validators=[MinValueValidator(3), MaxValueValidator(60)],
        help_text="Talk and questions together.",
    )
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What the projector shows.
    current = models.ForeignKey(
        "ShowcaseTalk", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    personal_data = NOT_PERSONAL

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=3, minutes__lte=60),
                name="showcase_talk_has_minutes",
                violation_error_message="Between 3 and 60 minutes.",
            )
        ]

    def __str__(self) -> str:
        return str(self.session)

    def get_absolute_url(self) -> str:
        return reverse("nmep:showcase_detail", args=[self.session.offering.slug])


class ShowcaseTalk(models.Model):
    """One group's place in the running order, and the form by which listeners say what they think."""

    showcase = models.ForeignKey(Showcase, on_delete=models.CASCADE, related_name="talks")
    capstone = models.OneToOneField(Capstone, on_delete=models.CASCADE, related_name="talk")
    position = models.PositiveSmallIntegerField()
    form = models.OneToOneField(
        FeedbackForm, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["showcase", "position"],
                name="one_talk_a_place",
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message="Another group already stands at this place.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.capstone}"

    def starts_at(self, showcase: Showcase) -> datetime:
        """When it begins if all keep to their minutes."""
        return showcase.session.event.starts_at + timedelta(minutes=(self.position - 1) * showcase.minutes)
