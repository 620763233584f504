from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mlclub.privacy import Erase, Policy
from nmep.models.enrolments import Enrolment


class Departure(models.Model):
    """That somebody asked to leave an offering, or was taken out of it, and what became of that."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked for"
        DONE = "done", "Left"
        STAYS = "stays", "Stays"
        UNDONE = "undone", "Came back"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="departures")
    reason = models.CharField("why", max_length=300, blank=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    # Whether the learner asked, or a lead took them out.
    is_own_wish = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # What it freed, in words, for the page of the leads.
    freed = models.JSONField(default=list, blank=True)

    personal_data = Policy(
        owners=("enrolment__person",), on_erase=Erase.ANONYMISE, blank={"reason": "", "freed": []}
    )

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"],
                condition=Q(state="asked"),
                name="one_open_departure",
                violation_error_message="They have asked already.",
            ),
            models.CheckConstraint(
                condition=Q(state="asked") | Q(settled_at__isnull=False), name="settled_departure_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment.person}: {self.get_state_display().lower()}"

    def settle(self, state: str, *, by: Any, now: datetime) -> bool:
        """Answer what was asked. False means that somebody did before."""
        won = Departure.objects.filter(pk=self.pk, state=self.State.ASKED).update(
            state=state, settled_by=by, settled_at=now
        )
        return bool(won)
