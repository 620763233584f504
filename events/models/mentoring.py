from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.urls import reverse

from events.models.slots import Claim
from members.models import Pairing, PairingMember, User
from mlclub.privacy import NOT_PERSONAL


class TalkMentoring(models.Model):
    """The pairing of somebody who gives a talk with a mentor, and how far the two are. It follows the person when they
    swap slots."""

    #: What is done by when before the talk.
    STEPS = {"outline": timedelta(days=10), "dry_run": timedelta(days=3)}
    LABELS = {"outline": "Outline", "dry_run": "Dry run"}

    claim = models.OneToOneField(Claim, on_delete=models.PROTECT, related_name="mentoring")
    pairing = models.OneToOneField(Pairing, on_delete=models.CASCADE, related_name="+")
    outline_at = models.DateTimeField("outline talked through", null=True, blank=True)
    dry_run_at = models.DateTimeField("dry run held", null=True, blank=True)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(dry_run_at=None) | Q(outline_at__isnull=False),
                name="outline_before_dry_run",
                violation_error_message="The outline comes before the dry run.",
            )
        ]

    def __str__(self) -> str:
        return f"Mentoring of {self.claim}"

    def get_absolute_url(self) -> str:
        return reverse("events:mentor_offer", args=[self.claim_id])

    @property
    def mentor(self) -> User | None:
        """Who helps; asks `pairing.members`, so prefetch them for lists."""
        mentors = [row for row in self.pairing.members.all() if row.part == PairingMember.Part.MENTOR]
        return mentors[0].person if mentors else None

    def due_at(self, step: str) -> datetime | None:
        """Until when a step should be done."""
        begins_at = self.claim.slot.begins_at
        return begins_at - self.STEPS[step] if begins_at else None

    def done_at(self, step: str) -> datetime | None:
        return self.outline_at if step == "outline" else self.dry_run_at
