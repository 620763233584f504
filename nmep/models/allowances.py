from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mlclub.privacy import Erase, Policy
from nmep.models.assignments import Assignment, Deviation
from nmep.models.enrolments import Enrolment
from nmep.models.programmes import Session


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def waiting(self) -> AbsenceQuerySet:
        return self.filter(state=Absence.State.ASKED)


class Absence(models.Model):
    """That a learner said they cannot come to a class. Excused, it does not count as missed."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked"
        EXCUSED = "excused", "Excused"
        DECLINED = "declined", "Not excused"

    class Reason(models.TextChoices):
        ILLNESS = "illness", "Illness"
        EXAM = "exam", "Exam or class"
        TRAVEL = "travel", "Travel"
        PERSONAL = "personal", "Personal"
        OTHER = "other", "Something else"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="absences")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="absences")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    reason = models.CharField(max_length=8, choices=Reason.choices, default=Reason.OTHER)
    text = models.CharField("in a sentence", max_length=500, blank=True)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = AbsenceQuerySet.as_manager()
    personal_data = Policy(
        owners=("enrolment__person",),
        on_erase=Erase.ANONYMISE,
        blank={"text": "", "reason": Reason.OTHER},
        why="Completion was decided by it.",
    )

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "session"],
                name="one_absence_a_class",
                violation_error_message="This class was asked for already.",
            ),
            models.CheckConstraint(
                condition=Q(state="asked") | Q(decided_at__isnull=False),
                name="decided_absence_has_a_time",
                violation_error_message="A decision has its time.",
            ),
        ]
        indexes = [models.Index(fields=["session", "state"], name="absence_state")]

    def __str__(self) -> str:
        return f"{self.session}: {self.get_state_display().lower()}"


class ExtensionRequestQuerySet(models.QuerySet["ExtensionRequest"]):
    def waiting(self) -> ExtensionRequestQuerySet:
        return self.filter(state=ExtensionRequest.State.ASKED)


class ExtensionRequest(models.Model):
    """That a learner asked for more days on an assignment. Granting it makes a Deviation and a line of the journal."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked"
        GRANTED = "granted", "Granted"
        DECLINED = "declined", "Not granted"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="extension_requests")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="extension_requests")
    days = models.PositiveSmallIntegerField(
        "days more", default=2, validators=[MinValueValidator(1), MaxValueValidator(30)]
    )
    reason = models.CharField(max_length=8, choices=Deviation.Reason.choices, default=Deviation.Reason.OTHER)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ExtensionRequestQuerySet.as_manager()
    personal_data = Policy(
        owners=("enrolment__person",),
        on_erase=Erase.ANONYMISE,
        blank={"reason": Deviation.Reason.OTHER},
        why="Lateness was judged by it.",
    )

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "assignment"],
                condition=Q(state="asked"),
                name="one_open_request_an_assignment",
                violation_error_message="You have asked already; a lead will answer.",
            ),
            models.CheckConstraint(
                condition=Q(state="asked") | Q(decided_at__isnull=False),
                name="decided_request_has_a_time",
                violation_error_message="A decision has its time.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} more days for {self.assignment.label}: {self.get_state_display().lower()}"
