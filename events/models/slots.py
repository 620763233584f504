from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Count, DurationField, ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from events.models.events import Event
from events.models.slot_sheets import SlotSheet
from members.models import Club
from mlclub.privacy import Erase, Policy

MINUTE = timedelta(minutes=1)


def _begins() -> Coalesce:
    after = ExpressionWrapper(Value(MINUTE) * F("after_minutes"), output_field=DurationField())
    return Coalesce(F("event__starts_at") + after, F("starts_at"))


def _taken() -> Coalesce:
    taken = (
        Claim.objects.filter(slot=OuterRef("pk"), state__in=Claim.TAKING)
        .order_by()
        .values("slot")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return Coalesce(Subquery(taken), 0)


class SlotQuerySet(models.QuerySet["Slot"]):
    def offered(self) -> SlotQuerySet:
        """Those that take place: not withdrawn, and their event is not cancelled."""
        return self.filter(withdrawn_at=None).exclude(event__state=Event.State.CANCELLED)

    def with_times(self) -> SlotQuerySet:
        """Adds `begins`: its own time, or that of its event and the minutes after it. None without a date."""
        return self.annotate(begins=_begins())

    def between(self, since: datetime, until: datetime) -> SlotQuerySet:
        """Beginning after `since` and not after `until`."""
        return self.annotate(begins=_begins()).filter(begins__gt=since, begins__lte=until)

    def with_counts(self) -> SlotQuerySet:
        """Adds `taken`: how many places of it are held or were used."""
        return self.annotate(taken=_taken())

    def with_room(self) -> SlotQuerySet:
        """Those that are not full, with `taken`."""
        return self.annotate(taken=_taken()).filter(taken__lt=F("capacity"))

    def in_order(self) -> SlotQuerySet:
        return self.with_times().order_by(F("begins").asc(nulls_last=True), "position", "pk")


class Slot(models.Model):
    """One place on a sheet. Its time is its own, or that of its event: a class that moves takes it along."""

    sheet = models.ForeignKey(SlotSheet, on_delete=models.CASCADE, related_name="slots")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, blank=True, related_name="slots")
    position = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=160, blank=True, help_text="Such as “Week 6” or “Chapter 3”.")
    starts_at = models.DateTimeField("begins", null=True, blank=True, help_text="Only without an event.")
    after_minutes = models.PositiveSmallIntegerField(
        "minutes after the event begins", default=0, help_text="For several in one event."
    )
    minutes = models.PositiveSmallIntegerField(default=30, validators=[MinValueValidator(1)])
    capacity = models.PositiveSmallIntegerField(
        "people", default=1, validators=[MinValueValidator(1)], help_text="How many take it together."
    )
    place = models.CharField(max_length=200, blank=True, help_text="Empty: where its event is.")
    topic = models.CharField(max_length=200, blank=True)
    url = models.URLField("address", max_length=500, blank=True)
    helpers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="helps_slots",
        help_text="Examiners, or whoever is there for the club.",
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SlotQuerySet.as_manager()
    personal_data = Policy(
        owners=("helpers",), on_erase=Erase.KEEP, is_exported=False, why="Who helped is the sheet's record."
    )

    class Meta:
        ordering = ["sheet", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(event=None) | Q(starts_at=None),
                name="slot_has_one_time",
                violation_error_message="A slot of an event takes the event's time: leave its own empty.",
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1),
                name="slot_has_a_place",
                violation_error_message="A slot is for at least one person.",
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=1),
                name="slot_lasts_some_time",
                violation_error_message="A slot lasts at least a minute.",
            ),
        ]
        indexes = [
            models.Index(fields=["sheet", "position"], name="slot_order"),
            models.Index(fields=["starts_at"], name="slot_start", condition=Q(starts_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.sheet}: {self.label}"

    def get_absolute_url(self) -> str:
        return reverse("events:slot_detail", args=[self.pk])

    @property
    def label(self) -> str:
        """What people call it: its title, its event's, or its hour."""
        if self.title or self.event:
            return self.title or str(self.event)
        if self.starts_at is None:
            return f"Slot {self.position + 1}"
        local = self.starts_at.astimezone(Club.current().zone)
        return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"

    @property
    def begins_at(self) -> datetime | None:
        if self.event is not None:
            return self.event.starts_at + self.after_minutes * MINUTE
        return self.starts_at

    @property
    def ends_at(self) -> datetime | None:
        begins_at = self.begins_at
        return begins_at + self.minutes * MINUTE if begins_at else None

    @property
    def where(self) -> str:
        return self.place or (self.event.where if self.event else "")

    @property
    def is_offered(self) -> bool:
        return self.withdrawn_at is None and not (self.event and self.event.is_cancelled)

    def has_begun(self, now: datetime) -> bool:
        begins_at = self.begins_at
        return begins_at is not None and begins_at <= now

    def is_over(self, now: datetime) -> bool:
        ends_at = self.ends_at
        return ends_at is not None and ends_at <= now


class ClaimQuerySet(models.QuerySet["Claim"]):
    def live(self) -> ClaimQuerySet:
        """Wishes and what is held."""
        return self.filter(state__in=Claim.LIVE)

    def held(self) -> ClaimQuerySet:
        return self.filter(state=Claim.State.HELD)

    def taking(self) -> ClaimQuerySet:
        """Those that use up a place: held, done or missed."""
        return self.filter(state__in=Claim.TAKING)

    def given(self, now: datetime) -> ClaimQuerySet:
        """Talks given, exams sat: over, and nobody wrote that the person was missing."""
        after = ExpressionWrapper(
            Value(MINUTE) * (F("slot__after_minutes") + F("slot__minutes")), output_field=DurationField()
        )
        own = ExpressionWrapper(Value(MINUTE) * F("slot__minutes"), output_field=DurationField())
        over = Q(over_at__lte=now, slot__withdrawn_at=None) & ~Q(slot__event__state=Event.State.CANCELLED)
        rows = self.annotate(
            over_at=Coalesce(F("slot__event__starts_at") + after, F("slot__starts_at") + own)
        )
        return rows.filter(Q(state=Claim.State.DONE) | (Q(state=Claim.State.HELD) & over))

    def visible_to(self, user: Any) -> ClaimQuerySet:
        """For the admin: all, those of private sheets only with the right to see them."""
        return (
            self if user.has_perm("events.view_hidden_claim") else self.filter(slot__sheet__hides_names=False)
        )


class Claim(models.Model):
    """That somebody wishes for a slot, holds it, or once did. Rows are ended, never deleted."""

    class State(models.TextChoices):
        WISHED = "wished", "Wished for"
        HELD = "held", "Held"
        SWAPPED = "swapped", "Given to somebody else"
        RELEASED = "released", "Given back"
        MISSED = "missed", "Missed"
        DONE = "done", "Done"

    LIVE = (State.WISHED, State.HELD)
    TAKING = (State.HELD, State.DONE, State.MISSED)

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="claims")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    state = models.CharField(max_length=8, choices=State.choices, default=State.HELD)
    rank = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The wish: 1 is the dearest. Kept after the draw."
    )
    topic = models.CharField(max_length=200, blank=True)
    wants_mentor = models.BooleanField("I'd like a mentor for this", default=False)
    claimed_at = models.DateTimeField(default=timezone.now)
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ClaimQuerySet.as_manager()
    personal_data = Policy(
        owners=("person",),
        on_erase=Erase.ANONYMISE,
        blank={"topic": ""},
        why="A sheet keeps which of its slots were used.",
    )

    class Meta:
        ordering = ["claimed_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot", "person"],
                condition=Q(state__in=["wished", "held", "done", "missed"]),
                name="one_live_claim_a_person_and_slot",
                violation_error_message="This person already has this slot.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["wished", "held"], ended_at__isnull=True)
                | Q(state__in=["swapped", "released", "missed", "done"], ended_at__isnull=False),
                name="claim_that_ended_says_when",
                violation_error_message="A claim that ended says when, one that is live does not.",
            ),
            models.CheckConstraint(
                condition=~Q(state="wished") | Q(rank__gte=1),
                name="wish_has_a_rank",
                violation_error_message="A wish has a rank from 1.",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "state"], name="claim_person"),
            models.Index(fields=["slot", "state"], name="claim_slot"),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.slot.label}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    def was_given(self, now: datetime) -> bool:
        """Whether it counts as done; the same answer as `ClaimQuerySet.given`."""
        held_and_over = self.state == self.State.HELD and self.slot.is_over(now) and self.slot.is_offered
        return self.state == self.State.DONE or held_and_over


class Swap(models.Model):
    """One asks another to exchange slots, or to take one over. Nothing changes until the other says yes."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Taken back"

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="swaps")
    # The slot asked for in exchange; none when it is handed over.
    other = models.ForeignKey(
        Claim, on_delete=models.CASCADE, null=True, blank=True, related_name="swaps_asked"
    )
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=9, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)

    personal_data = Policy(owners=("claim__person", "to"), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(state="asked"),
                name="one_open_swap_a_claim",
                violation_error_message="Somebody has been asked already. Take that back first.",
            ),
            models.CheckConstraint(
                condition=Q(state="asked", answered_at=None)
                | (~Q(state="asked") & Q(answered_at__isnull=False)),
                name="swap_that_ended_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim} asked {self.to}"

    def get_absolute_url(self) -> str:
        return reverse("events:swap_detail", args=[self.pk])


class SlotQuestion(models.Model):
    """What somebody wants to ask about a talk; one each, to be changed until it begins."""

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="questions")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.CharField("question", max_length=500)
    asked_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True, blank=True)

    personal_data = Policy(
        owners=("author",),
        on_erase=Erase.ANONYMISE,
        why="The question belongs to the talk; it stays without its author's name.",
    )

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot", "author"],
                name="one_question_a_person_and_slot",
                violation_error_message="You have asked a question already: change that one.",
            ),
            models.CheckConstraint(
                condition=~Q(text=""),
                name="question_says_something",
                violation_error_message="Write a question.",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
