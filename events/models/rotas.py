from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from events.models.series import Series
from events.models.slots import Slot, SlotSheet
from events.models.talks import Talk
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from wiki.models import Paper, ReadingList


class Rota(models.Model):
    """Who presents at the dates of a series: its slot sheet, how its turns go, and the list where its papers stand."""

    #: A slot that is nearer than this is nobody's turn: whoever can, takes it.
    TURN_ENDS_BEFORE = timedelta(days=3)

    series = models.OneToOneField(Series, on_delete=models.CASCADE, related_name="rota")
    sheet = models.OneToOneField(SlotSheet, on_delete=models.PROTECT, related_name="rota")
    slots_a_date = models.PositiveSmallIntegerField(
        "slots a date", default=1, validators=[MinValueValidator(1), MaxValueValidator(8)]
    )
    minutes = models.PositiveSmallIntegerField(
        "minutes each", default=30, validators=[MinValueValidator(5), MaxValueValidator(240)]
    )
    turn_days = models.PositiveSmallIntegerField(
        "days for those who have not presented",
        default=3,
        validators=[MaxValueValidator(14)],
        help_text="So long the next empty slot waits for them; 0: open to all at once.",
    )
    asks_feedback = models.BooleanField(
        "asks what feedback somebody wants",
        default=False,
        help_text="Whoever presents says what they want to hear; who comes answers under it.",
    )
    reading_list = models.ForeignKey(
        ReadingList,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="rotas",
        help_text="Papers that are presented are placed there.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(slots_a_date__gte=1), name="rota_has_a_slot_a_date"),
            models.CheckConstraint(condition=Q(minutes__gte=5), name="rota_slot_lasts_some_time"),
        ]

    def __str__(self) -> str:
        return f"Who presents in {self.series}"

    def get_absolute_url(self) -> str:
        return f"{self.series.get_absolute_url()}#presenting"


class Presentation(models.Model):
    """What a slot of a rota is about: the paper, or what its presenter would like to hear."""

    slot = models.OneToOneField(Slot, on_delete=models.CASCADE, related_name="presentation")
    paper = models.ForeignKey(
        Paper, on_delete=models.PROTECT, null=True, blank=True, related_name="presentations"
    )
    # The same on the event's page and on profiles; `events.presenting` keeps it in step.
    talk = models.OneToOneField(
        Talk, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="presentation"
    )
    ask = models.CharField(
        "what feedback do you want?",
        max_length=500,
        blank=True,
        help_text="One question that whoever comes can answer.",
    )
    chosen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    chosen_at = models.DateTimeField(null=True, blank=True)

    personal_data = Policy(
        owners=("chosen_by",), on_erase=Erase.KEEP, why="What was presented is the series' record."
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.paper or self.slot)


class Turn(models.Model):
    """That an empty slot was offered first to those who have not presented, and until when."""

    slot = models.OneToOneField(Slot, on_delete=models.CASCADE, related_name="turn")
    offered_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["offered_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("offered_at")),
                name="turn_ends_after_it_begins",
                violation_error_message="It must end after it begins.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.slot}, until {self.ends_at:%Y-%m-%d %H:%M}"


class Backup(models.Model):
    """That somebody steps in when whoever presents cannot."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked"
        READY = "ready", "Ready"
        STEPPED_IN = "stepped_in", "Stepped in"
        OVER = "over", "Not any more"

    LIVE = (State.ASKED, State.READY)

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="backups")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.READY)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    since = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    personal_data = Policy(owners=("person", "asked_by"), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot"],
                condition=Q(state__in=["asked", "ready"]),
                name="one_backup_a_slot",
                violation_error_message="Somebody steps in already, or is asked.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "ready"], ended_at=None)
                | Q(state__in=["stepped_in", "over"], ended_at__isnull=False),
                name="backup_that_ended_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} for {self.slot}"


class SlotComment(models.Model):
    """An answer to what a presenter asked, for whoever may see the meeting."""

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="slot_comments"
    )
    text = models.TextField(max_length=2000)
    at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True, blank=True)

    personal_data = Policy(
        owners=("author",),
        on_erase=Erase.ANONYMISE,
        why="The advice belongs to whoever presented; it stays without its author's name.",
    )

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""),
                name="comment_says_something",
                violation_error_message="Write a comment.",
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]
