from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from events.models.registrations import PERSON_OR_ADDRESS
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from nmep.models.enrolments import Enrolment
from nmep.models.pass_rules import problems_of
from nmep.models.programmes import Offering


class CoursePolicy(models.Model):
    """How people from outside come into an offering, and what passing it takes. Without one, officers enrol."""

    class Door(models.TextChoices):
        CLOSED = "closed", "Closed"
        OPEN = "open", "Whoever signs up is in, while there are places"
        APPLICATION = "application", "By application"

    offering = models.OneToOneField(Offering, on_delete=models.CASCADE, related_name="course_policy")
    door = models.CharField(
        "how people come in", max_length=11, choices=Door.choices, default=Door.APPLICATION
    )
    places = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Learners at most; auditors take no place. Empty: as many as come.",
    )
    opens_at = models.DateTimeField("sign-up opens", null=True, blank=True)
    closes_at = models.DateTimeField("sign-up closes", null=True, blank=True)
    takes_auditors = models.BooleanField(
        "people may audit", default=True, help_text="Auditors read and come to class, and hand nothing in."
    )
    question = models.CharField(
        "what the form asks",
        max_length=300,
        blank=True,
        help_text="One question beside name and address, such as: What do you hope to learn?",
    )
    units = models.CharField(max_length=60, blank=True, help_text="As the university counts them.")
    sponsor = models.CharField(
        max_length=160,
        blank=True,
        help_text="Who sponsors the course at the university, for everybody to read.",
    )
    is_self_paced = models.BooleanField(
        "weeks at one's own pace",
        default=False,
        help_text="Participants mark each week as done, or say that they are stuck.",
    )
    # What passing takes; `pass_rules` says the shape.
    pass_rule = models.JSONField(default=dict, blank=True)

    personal_data = NOT_PERSONAL

    class Meta:
        verbose_name_plural = "course policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True)
                | Q(closes_at__isnull=True)
                | Q(closes_at__gt=F("opens_at")),
                name="sign_up_closes_after_it_opens",
                violation_error_message="Sign-up must close after it opens.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.offering}: {self.get_door_display().lower()}"

    def clean(self) -> None:
        if problems := problems_of(self.pass_rule):
            raise ValidationError({"pass_rule": problems})

    def is_open(self, now: datetime) -> bool:
        """Whether the form takes somebody at `now`."""
        return (
            self.door != self.Door.CLOSED
            and self.offering.is_live
            and (self.opens_at is None or self.opens_at <= now)
            and (self.closes_at is None or now < self.closes_at)
        )


class ApplicationQuerySet(models.QuerySet["CourseApplication"]):
    def live(self) -> ApplicationQuerySet:
        """Those that still mean something."""
        return self.filter(state__in=CourseApplication.LIVE)

    def visible_to(self, user: Any) -> ApplicationQuerySet:
        """One's own; those of the offerings that one leads; all for the officer for education."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("nmep.view_enrolment"):
            return self
        led = Enrolment.objects.leading(user).values("offering")
        return self.filter(Q(user=user) | Q(offering__in=led))


class CourseApplication(models.Model):
    """That somebody wants to be in a course; by account, or by name and address until the address is proven."""

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed", "Address not confirmed"
        APPLIED = "applied", "Applied"
        WAITING = "waiting", "Waiting for a place"
        ACCEPTED = "accepted", "In"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Wants(models.TextChoices):
        LEARN = "learner", "Take the course"
        AUDIT = "auditor", "Audit it"

    LIVE = (State.UNCONFIRMED, State.APPLIED, State.WAITING, State.ACCEPTED)
    #: What a decision is made of.
    UNDECIDED = (State.APPLIED, State.WAITING)

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="applications")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField("mail address", blank=True)
    wants = models.CharField("what for", max_length=8, choices=Wants.choices, default=Wants.LEARN)
    text = models.TextField("answer", max_length=3000, blank=True)
    state = models.CharField(max_length=11, choices=State.choices, default=State.APPLIED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = ApplicationQuerySet.as_manager()
    personal_data = Policy(
        owners=("user",),
        on_erase=Erase.ANONYMISE,
        blank={"text": "", "name": "", "email": ""},
        why="A course keeps its numbers.",
    )

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=PERSON_OR_ADDRESS,
                name="application_of_a_person_or_an_address",
                violation_error_message="An application belongs to an account, or to a name and a mail address.",
            ),
            models.UniqueConstraint(
                fields=["offering", "user"],
                condition=Q(state__in=["unconfirmed", "applied", "waiting", "accepted"], user__isnull=False),
                name="one_live_application_a_person",
                violation_error_message="You have applied already.",
            ),
            models.UniqueConstraint(
                F("offering"),
                Lower("email"),
                condition=Q(state__in=["unconfirmed", "applied", "waiting", "accepted"], user__isnull=True),
                name="one_live_application_an_address",
                violation_error_message="This address has applied already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.who} for {self.offering}"

    @property
    def who(self) -> str:
        return self.user.display_name if self.user else self.name

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE


class CourseGroup(models.Model):
    """A small group of a course with whoever leads it."""

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=60)
    leader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    meets = models.CharField("when and where", max_length=120, blank=True)

    personal_data = Policy(owners=("leader",), on_erase=Erase.KEEP, why="Who led a group is its record.")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["offering", "name"],
                name="one_group_a_name",
                violation_error_message="This course already has a group of that name.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class GroupPlace(models.Model):
    """That a participant is in a group; in one at most."""

    group = models.ForeignKey(CourseGroup, on_delete=models.CASCADE, related_name="places")
    enrolment = models.OneToOneField(Enrolment, on_delete=models.CASCADE, related_name="group_place")

    personal_data = Policy(owners=("enrolment__person",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["enrolment__person__name"]

    def __str__(self) -> str:
        return f"{self.enrolment.person} in {self.group}"


class WeekCheckIn(models.Model):
    """What a participant says of a week: done, or stuck and where."""

    class State(models.TextChoices):
        DONE = "done", "Done"
        STUCK = "stuck", "Stuck"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="check_ins")
    week = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=5, choices=State.choices)
    note = models.CharField("where", max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(
        owners=("enrolment__person",),
        on_erase=Erase.ANONYMISE,
        blank={"note": ""},
        why="A course keeps its numbers.",
    )

    class Meta:
        ordering = ["week"]
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "week"], name="one_check_in_a_week"),
        ]

    def __str__(self) -> str:
        return f"Week {self.week}: {self.get_state_display()}"
