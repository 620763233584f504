from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.utils import timezone

from events.models.events import Event
from events.models.kinds import RegistrationState
from mlclub.privacy import Erase, Policy

#: A row is about an account, or about a name and a mail address; never both.
PERSON_OR_ADDRESS = Q(user__isnull=False, name="", email="") | Q(user__isnull=True, name__gt="", email__gt="")


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def live(self) -> RegistrationQuerySet:
        """Those who want to go, seated or waiting."""
        return self.filter(state=Registration.State.GOING)

    def in_order(self) -> RegistrationQuerySet:
        """The order in which seats are given: as drawn, or moved up by a host, then by time."""
        return self.order_by("place", "created_at", "pk")

    def with_position(self) -> RegistrationQuerySet:
        """Adds `position`, from 1, among all live registrations of the same event, whatever else is filtered.
        For a person's own few rows; a whole event is counted in order instead."""
        before = (
            Registration.objects.live()
            .filter(event=OuterRef("event"))
            .filter(
                Q(place__lt=OuterRef("place"))
                | Q(place=OuterRef("place"), created_at__lt=OuterRef("created_at"))
                | Q(place=OuterRef("place"), created_at=OuterRef("created_at"), pk__lte=OuterRef("pk"))
            )
            .order_by()
            .values("event")
            .annotate(n=Count("pk"))
            .values("n")
        )
        return self.live().annotate(position=Subquery(before, output_field=models.IntegerField()))

    def visible_to(self, user: Any) -> RegistrationQuerySet:
        """One's own; all to officers who look after registrations. Hosts go through their event."""
        if not user.is_authenticated:
            return self.none()
        return self if user.has_perm("events.view_registration") else self.filter(user=user)


class Registration(models.Model):
    """That somebody wants to come. Rows are never deleted: a cancelled one keeps its reason."""

    State = RegistrationState

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="registrations")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="registrations",
    )
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField("mail address", blank=True)
    guest_of = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="guests"
    )
    note = models.CharField(
        "food and access",
        max_length=300,
        blank=True,
        help_text="Only the hosts see it; erased 14 days afterwards.",
    )

    state = models.CharField(max_length=9, choices=State.choices, default=State.GOING)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # Below 0 where a draw or a host set the order; everybody else comes after them, by time.
    place = models.IntegerField(default=0, editable=False)
    # By which somebody finds themselves in a draw, and nobody else does.
    ticket = models.CharField(max_length=12, blank=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField("why not", max_length=200, blank=True)
    # Told the hosts that they cannot come, too late to give the seat back.
    said_no_at = models.DateTimeField(null=True, blank=True)
    # A host said that missing it is all right.
    excused_at = models.DateTimeField(null=True, blank=True)
    moved_up_at = models.DateTimeField(null=True, blank=True)
    # A seat that is asked for again the day before: the offer below is then of their own seat.
    asked_to_confirm_at = models.DateTimeField(null=True, blank=True)
    # A seat that freed and waits for a yes.
    offered_at = models.DateTimeField(null=True, blank=True)
    offer_expires_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)

    objects = RegistrationQuerySet.as_manager()
    personal_data = Policy(
        owners=("user",),
        on_erase=Erase.ANONYMISE,
        blank={"note": "", "reason": "", "name": "", "email": ""},
        why="An event keeps its head count.",
    )

    class Meta:
        ordering = ["place", "created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "ticket"], condition=Q(ticket__gt=""), name="one_ticket_a_registration"
            ),
            models.CheckConstraint(
                condition=PERSON_OR_ADDRESS,
                name="registration_of_a_person_or_an_address",
                violation_error_message="A registration belongs to an account, or to a name and a mail address.",
            ),
            models.UniqueConstraint(
                fields=["event", "user"],
                condition=Q(state="going", user__isnull=False),
                name="one_live_registration_a_person",
                violation_error_message="This person is already registered.",
            ),
            models.UniqueConstraint(
                F("event"),
                Lower("email"),
                condition=Q(state="going", user__isnull=True),
                name="one_live_registration_an_address",
                violation_error_message="This address is already registered.",
            ),
            models.CheckConstraint(
                condition=Q(state="going") | Q(cancelled_at__isnull=False),
                name="registration_that_ended_says_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["event", "place", "created_at", "id"],
                name="registration_order",
                condition=Q(state="going"),
            ),
            models.Index(fields=["user", "event"], name="registration_person"),
            models.Index(Lower("email"), name="registration_address", condition=Q(user__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.who} for {self.event}"

    @property
    def who(self) -> str:
        return self.user.display_name if self.user else self.name

    @property
    def address(self) -> str:
        """Where mail about it goes."""
        return self.user.email if self.user else self.email

    @property
    def is_live(self) -> bool:
        return self.state == self.State.GOING

    def has_open_offer(self, now: datetime) -> bool:
        """Whether a seat is held for an answer."""
        return bool(
            self.is_live
            and self.accepted_at is None
            and self.offer_expires_at
            and self.offer_expires_at > now
        )


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    def visible_to(self, user: Any) -> AttendanceQuerySet:
        """One's own; all to officers who look after attendance. Hosts go through their event."""
        if not user.is_authenticated:
            return self.none()
        return self if user.has_perm("events.view_attendance") else self.filter(user=user)


class Attendance(models.Model):
    """That somebody was there."""

    class Source(models.TextChoices):
        CODE = "code", "By the code"
        DOOR = "door", "At the door"
        STAFF = "staff", "By an officer"
        WALK_IN = "walk_in", "Walk-in"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="attendances")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="attendances"
    )
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField("mail address", blank=True)
    at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.CODE)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # A walk-in's address is what somebody typed, until its owner has said that it was them.
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = AttendanceQuerySet.as_manager()
    personal_data = Policy(
        owners=("user",),
        on_erase=Erase.ANONYMISE,
        blank={"name": "", "email": ""},
        why="An event keeps its head count.",
    )

    class Meta:
        ordering = ["at", "pk"]
        verbose_name_plural = "attendance"
        constraints = [
            models.CheckConstraint(
                condition=PERSON_OR_ADDRESS,
                name="attendance_of_a_person_or_an_address",
                violation_error_message="Attendance belongs to an account, or to a name and a mail address.",
            ),
            models.UniqueConstraint(
                fields=["event", "user"],
                condition=Q(user__isnull=False),
                name="one_attendance_a_person",
                violation_error_message="This person is already checked in.",
            ),
            models.UniqueConstraint(
                F("event"),
                Lower("email"),
                condition=Q(user__isnull=True),
                name="one_attendance_an_address",
                violation_error_message="This address is already checked in.",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-at"], name="attendance_person"),
            models.Index(Lower("email"), name="attendance_address", condition=Q(user__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.who} at {self.event}"

    @property
    def who(self) -> str:
        return self.user.display_name if self.user else self.name
