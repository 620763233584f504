from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from events.models.events import Event
from mlclub.privacy import Erase, Policy


class AgendaItemQuerySet(models.QuerySet["AgendaItem"]):
    def open(self) -> AgendaItemQuerySet:
        """Not reached yet."""
        return self.filter(state=AgendaItem.State.OPEN)

    def shown(self) -> AgendaItemQuerySet:
        """What the meeting deals with, in its order; items that moved on to a later one are left out."""
        return self.exclude(state=AgendaItem.State.CARRIED).order_by("position", "pk")


class AgendaItem(models.Model):
    """One point of a meeting. What is not reached moves on to the next meeting as a row of its own, which knows where
    it came from."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        CARRIED = "carried", "Moved on to a later meeting"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="agenda")
    title = models.CharField("what", max_length=160)
    who = models.CharField("who speaks about it", max_length=120, blank=True)
    minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(480)]
    )
    notes = models.TextField(
        blank=True, max_length=4000, help_text="What to know before, and what was decided. Members read it."
    )
    position = models.PositiveIntegerField(default=0, editable=False)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    added_at = models.DateTimeField(editable=False)
    settled_at = models.DateTimeField(null=True, blank=True, editable=False)
    carried_from = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="carried_to"
    )

    objects = AgendaItemQuerySet.as_manager()
    personal_data = Policy(
        owners=("added_by",), on_erase=Erase.KEEP, why="What a meeting dealt with is the club's record."
    )

    class Meta:
        ordering = ["event", "position", "pk"]
        indexes = [models.Index(fields=["event", "position"], name="agenda_order")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", settled_at__isnull=True)
                | (~Q(state="open") & Q(settled_at__isnull=False)),
                name="agenda_item_says_when_it_was_settled",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_done(self) -> bool:
        return self.state == self.State.DONE
