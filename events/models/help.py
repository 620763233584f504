from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from events.models.events import Event
from mlclub.privacy import Erase, Policy


class HelpTicketQuerySet(models.QuerySet["HelpTicket"]):
    def live(self) -> HelpTicketQuerySet:
        """Waiting, or being helped."""
        return self.filter(state__in=HelpTicket.LIVE)

    def visible_to(self, user: Any) -> HelpTicketQuerySet:
        """One's own; all to officers who look after attendance. Hosts and helpers go through their event."""
        if not user.is_authenticated:
            return self.none()
        return self if user.has_perm("events.view_attendance") else self.filter(person=user)


class HelpTicket(models.Model):
    """That somebody at an event wants help, with what, and who gave it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        TAKEN = "taken", "Being helped"
        DONE = "done", "Done"
        LEFT = "left", "Taken back"

    LIVE = (State.WAITING, State.TAKEN)

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="help_tickets")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    topic = models.CharField("with", max_length=60, help_text="Such as HW3.")
    exercise = models.CharField(max_length=60, blank=True, help_text="Its number or name, if it has one.")
    text = models.CharField("what is it about", max_length=300, blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    helper = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    # People on the same exercise are sent to each other first; from then on a helper is wanted all the same.
    wants_helper_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = HelpTicketQuerySet.as_manager()
    personal_data = Policy(
        owners=("person",), on_erase=Erase.ANONYMISE, blank={"text": ""}, why="A party keeps its counts."
    )

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "person"],
                condition=Q(state__in=["waiting", "taken"]),
                name="one_live_ticket_a_person",
                violation_error_message="You are in the queue already.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "taken"]) | Q(ended_at__isnull=False),
                name="ticket_that_ended_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.about}"

    @property
    def about(self) -> str:
        """`HW3, exercise 2` for lists."""
        return f"{self.topic}, {self.exercise}" if self.exercise else self.topic

    @property
    def exercise_key(self) -> tuple[str, str]:
        """What makes two people be on the same exercise."""
        return (self.topic.strip().lower(), self.exercise.strip().lower())


class HelperOffer(models.Model):
    """That somebody said they can help at an event."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="helper_offers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    said_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    personal_data = Policy(owners=("person",), on_erase=Erase.KEEP, why="Who helped is the club's record.")

    class Meta:
        ordering = ["said_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "person"],
                condition=Q(withdrawn_at=None),
                name="one_helper_offer_a_person",
                violation_error_message="You have said so already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} helps at {self.event}"
