from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mlclub.privacy import Erase, Policy
from nmep.models.programmes import Offering
from nmep.models.reviews import Comment, Review


class SecondLookQuerySet(models.QuerySet["SecondLook"]):
    def open(self) -> SecondLookQuerySet:
        return self.filter(answered_at=None)

    def in_offering(self, offering: Offering) -> SecondLookQuerySet:
        return self.filter(review__submission__assignment__offering=offering)


class SecondLook(models.Model):
    """A learner asks for another look at a review of their work. What they say is a comment in the open thread."""

    class Outcome(models.TextChoices):
        STANDS = "stands", "The review stands"
        DONE = "done", "The work is done after all"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="second_looks")
    comment = models.OneToOneField(Comment, on_delete=models.PROTECT, related_name="second_look")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SecondLookQuerySet.as_manager()
    personal_data = Policy(
        owners=("comment__author", "answered_by", "review__submission__authors__enrolment__person"),
        on_erase=Erase.KEEP,
        why="That a record was asked to be mended, and what came of it, belongs to the record.",
    )

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["review"],
                condition=Q(answered_at=None),
                name="one_open_second_look",
                violation_error_message="Another look was asked for already.",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, outcome="", answered_by=None)
                | Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(outcome=""),
                name="second_look_answered_whole",
                violation_error_message="An answer has a day, a person and an outcome.",
            ),
        ]

    def __str__(self) -> str:
        return f"Another look at {self.review.submission}"
