from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL
from wiki.models.papers import Paper


class PaperLookup(models.Model):
    """What arXiv or the registry of DOIs was asked about a paper, and what it said. An answer is kept for good."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        FOUND = "found", "Found"
        UNKNOWN = "unknown", "Not known there"
        GIVEN_UP = "given_up", "Nobody answered"

    paper = models.OneToOneField(Paper, on_delete=models.CASCADE, related_name="lookup")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(default=timezone.now)
    # When it may be tried next; a worker that has it moves this ahead, so that no other takes it meanwhile.
    try_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.JSONField(default=dict, blank=True)
    problem = models.CharField(max_length=200, blank=True)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["try_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", answered_at=None)
                | (~Q(state="waiting") & Q(answered_at__isnull=False)),
                name="lookup_that_ended_says_when",
            )
        ]
        indexes = [models.Index(fields=["try_at"], name="lookup_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.paper}, {self.get_state_display().lower()}"


class LookupPace(models.Model):
    """When a place outside may be asked again, by whichever worker comes first."""

    source = models.CharField(max_length=10, primary_key=True)
    next_at = models.DateTimeField()

    personal_data = NOT_PERSONAL

    def __str__(self) -> str:
        return self.source
