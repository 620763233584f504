from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from events.models.events import Event
from events.models.registrations import Registration
from events.models.series import Series
from members.models import Office
from mlclub.privacy import NOT_PERSONAL, Erase, Policy

#: A window or a question belongs to one event, or to all of a series; never to both.
EVENT_OR_SERIES = Q(event__isnull=False, series__isnull=True) | Q(event__isnull=True, series__isnull=False)


class RegistrationWindow(models.Model):
    """That registration opens earlier for some than for everybody."""

    class Group(models.TextChoices):
        NEW_MEMBERS = "new_members", "New members"
        MEMBERS = "members", "Active members and fellows"
        FELLOWS = "fellows", "Fellows"
        ALUMNI = "alumni", "Alumni"
        OFFICERS = "officers", "Whoever holds an office"
        OFFICE = "office", "Whoever holds one office"
        PEOPLE = "people", "People by name"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, null=True, blank=True, related_name="windows")
    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, null=True, blank=True, related_name="windows"
    )
    group = models.CharField("for", max_length=12, choices=Group.choices)
    office = models.ForeignKey(Office, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    earlier_by = models.DurationField(help_text="How long before registration opens to everybody.")

    personal_data = Policy(
        owners=("people",), on_erase=Erase.KEEP, is_exported=False, why="A list that an organiser made."
    )

    class Meta:
        ordering = ["-earlier_by", "pk"]
        constraints = [
            models.CheckConstraint(condition=EVENT_OR_SERIES, name="window_of_an_event_or_a_series"),
            models.CheckConstraint(
                condition=Q(earlier_by__gt=timedelta(0)),
                name="window_opens_earlier",
                violation_error_message="It must open earlier than for everybody.",
            ),
            models.CheckConstraint(
                condition=Q(group="office", office__isnull=False)
                | (~Q(group="office") & Q(office__isnull=True)),
                name="window_of_an_office_names_it",
                violation_error_message="Name the office, and only for a window of one office.",
            ),
        ]

    def __str__(self) -> str:
        return self.whom

    @property
    def whom(self) -> str:
        """The group in words."""
        return self.office.name if self.office else self.get_group_display()


class SignUpQuestionQuerySet(models.QuerySet["SignUpQuestion"]):
    def asked(self) -> SignUpQuestionQuerySet:
        return self.filter(retired_at=None)

    def of(self, event: Event) -> SignUpQuestionQuerySet:
        """What is asked at an event: first what its whole series asks."""
        mine = Q(event=event)
        if event.series_id:
            mine |= Q(series=event.series_id)
        return self.filter(mine).order_by(models.F("series").desc(nulls_last=True), "position", "pk")


class SignUpQuestion(models.Model):
    """What people are asked when they sign up. One that was answered is retired, not deleted, so that what was
    said stays beside what was asked."""

    class Kind(models.TextChoices):
        TEXT = "text", "A line of text"
        LONG = "long", "Some lines of text"
        CHOICE = "choice", "One of several"
        CHOICES = "choices", "Any of several"
        YES_NO = "yes_no", "Yes or no"
        NUMBER = "number", "A number"

    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, null=True, blank=True, related_name="questions"
    )
    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, null=True, blank=True, related_name="questions"
    )
    text = models.CharField("question", max_length=200)
    hint = models.CharField(max_length=200, blank=True)
    kind = models.CharField("answered by", max_length=8, choices=Kind.choices, default=Kind.TEXT)
    choices = models.JSONField(default=list, blank=True)
    is_required = models.BooleanField("must be answered", default=False)
    position = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SignUpQuestionQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=EVENT_OR_SERIES, name="question_of_an_event_or_a_series"),
            models.CheckConstraint(
                condition=Q(text__gt=""),
                name="sign_up_question_says_something",
                violation_error_message="Ask something.",
            ),
        ]
        indexes = [
            models.Index(fields=["event", "position"], name="question_event", condition=Q(retired_at=None)),
            models.Index(fields=["series", "position"], name="question_series", condition=Q(retired_at=None)),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def has_choices(self) -> bool:
        return self.kind in {self.Kind.CHOICE, self.Kind.CHOICES}


class SignUpAnswer(models.Model):
    """What somebody answered, with the question as it was worded then."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(SignUpQuestion, on_delete=models.RESTRICT, related_name="answers")
    asked = models.CharField(max_length=200)
    # A text, a number, yes or no, or a list of texts: the words that were chosen, not their places.
    value = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(owners=("registration__user",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["question__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["registration", "question"], name="one_answer_a_question"),
        ]

    def __str__(self) -> str:
        return f"{self.asked} {self.words}"

    @property
    def words(self) -> str:
        """The answer for people."""
        value: Any = self.value
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return str(value)


class EventDraw(models.Model):
    """The draw of an event's seats. `commitment` is shown from the start and `seed` afterwards, so that anybody
    can see that the seed was settled before anybody had put themselves in."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="draw")
    seed = models.CharField(max_length=64, editable=False)
    commitment = models.CharField("SHA-256 of the seed", max_length=64, editable=False)
    committed_at = models.DateTimeField(editable=False)
    drawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    seats = models.PositiveIntegerField("seats drawn", null=True, blank=True, editable=False)
    # [ticket, turn] in the order drawn: tickets, no names.
    result = models.JSONField(default=list, blank=True, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-committed_at", "pk"]

    def __str__(self) -> str:
        return f"Draw of {self.event}"
