from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from events.models.events import Event
from mlclub.privacy import NOT_PERSONAL, Erase, Policy

#: Without letters and digits that are taken for each other: people type it from a projector.
CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(8))


class FeedbackForm(models.Model):
    """A few questions about a talk or a meeting. Who answered and what was answered are two tables without a key
    between them: nobody can join them, the database's administrator included (see `events.feedback`)."""

    class Audience(models.TextChoices):
        ANYONE = "anyone", "Anyone who has the code"
        ATTENDEES = "attendees", "Whoever was checked in"

    class Opens(models.TextChoices):
        START = "start", "When the event begins"
        END = "end", "When the event is over"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="feedback_forms")
    title = models.CharField(max_length=160)
    audience = models.CharField(max_length=9, choices=Audience.choices, default=Audience.ANYONE)
    # Whose talk or class it is: they do not answer.
    about = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    # [{"key", "label", "kind": "rating" | "text", "low", "high"}]; a rating goes from 1 to 4.
    questions = models.JSONField(default=list)
    code = models.CharField(max_length=12, unique=True, default=new_code, editable=False)
    # Opening and closing follow the event, wherever and by whomever it is moved.
    opens = models.CharField(max_length=5, choices=Opens.choices, default=Opens.START)
    open_for = models.DurationField("open after the event for", default=timedelta(days=1))
    released_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(owners=("about",), on_erase=Erase.KEEP, why="Who spoke is the club's record.")

    class Meta:
        ordering = ["event__starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event"],
                condition=Q(audience="attendees"),
                name="one_pulse_an_event",
                violation_error_message="This event already asks those who were there.",
            ),
            models.CheckConstraint(
                condition=Q(open_for__gt=timedelta(0)),
                name="feedback_is_open_for_a_time",
                violation_error_message="It must stay open for a time.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("events:feedback_give", args=[self.code])

    @property
    def opens_at(self) -> datetime:
        return self.event.starts_at if self.opens == self.Opens.START else self.event.ends_at

    @property
    def closes_at(self) -> datetime:
        return self.event.ends_at + self.open_for

    def is_open(self, now: datetime) -> bool:
        return not self.event.is_cancelled and not self.released_at and self.opens_at <= now < self.closes_at

    def is_settled(self, now: datetime) -> bool:
        """Whether no answer can come any more."""
        return self.released_at is not None or now >= self.closes_at

    @property
    def is_for_attendees(self) -> bool:
        return self.audience == self.Audience.ATTENDEES

    @property
    def ratings(self) -> list[dict[str, Any]]:
        return [question for question in self.questions if question["kind"] == "rating"]

    @property
    def texts(self) -> list[dict[str, Any]]:
        return [question for question in self.questions if question["kind"] == "text"]


class FeedbackGiven(models.Model):
    """That somebody, or some device, has answered a form; not what, and not when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form = models.ForeignKey(FeedbackForm, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    # A keyed hash of the form and the token in the device's cookie: the same device is another one elsewhere.
    device = models.CharField(max_length=64, blank=True)

    personal_data = Policy(
        owners=("person",), on_erase=Erase.DELETE, why="That somebody answered matters to nobody afterwards."
    )

    class Meta:
        verbose_name_plural = "feedback given"
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, device="") | Q(person__isnull=True, device__gt=""),
                name="feedback_by_a_person_or_a_device",
            ),
            models.UniqueConstraint(
                fields=["form", "person"], condition=Q(person__isnull=False), name="one_feedback_a_person"
            ),
            models.UniqueConstraint(
                fields=["form", "device"], condition=Q(person__isnull=True), name="one_feedback_a_device"
            ),
        ]

    def __str__(self) -> str:
        return f"Somebody on {self.form}"


class FeedbackAnswer(models.Model):
    """What was answered; not by whom, and not when. All rows of a form are written anew with each answer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form = models.ForeignKey(FeedbackForm, on_delete=models.CASCADE, related_name="+")
    ratings = models.JSONField(default=dict)
    texts = models.JSONField(default=dict)
    # Keys of texts that somebody took out before the release.
    hidden = models.JSONField(default=list, blank=True)
    # Among those whose sums are shown: answers join them several at a time (see `events.feedback`).
    is_counted = models.BooleanField(default=False, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"An answer about {self.form}"
