from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from members.models import User
from mlclub.privacy import Erase, Policy
from nmep.models.programmes import Offering


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def active(self) -> EnrolmentQuerySet:
        return self.filter(state=Enrolment.State.ACTIVE)

    def learners(self) -> EnrolmentQuerySet:
        return self.filter(role=Enrolment.Role.LEARNER)

    def staff(self) -> EnrolmentQuerySet:
        """Active leads, lecturers, mentors and helpers."""
        return self.active().filter(role__in=Enrolment.STAFF)

    def leading(self, user: User) -> EnrolmentQuerySet:
        return self.active().filter(person=user, role=Enrolment.Role.LEAD)

    def visible_to(self, user: Any) -> EnrolmentQuerySet:
        """One's own, those in offerings that one leads, and all for the officer for education."""
        if user.has_perm("nmep.view_enrolment"):
            return self
        led = Enrolment.objects.leading(user).values("offering")
        return self.filter(Q(person=user) | Q(offering__in=led))


class Enrolment(models.Model):
    """What a person is in an offering. Rows are ended, never deleted."""

    class Role(models.TextChoices):
        LEARNER = "learner", "Learner"
        LEAD = "lead", "Lead"
        LECTURER = "lecturer", "Lecturer"
        MENTOR = "mentor", "Mentor"
        HELPER = "helper", "Helper"
        OBSERVER = "observer", "Observer"
        # Reads and comes to class in a course, and hands nothing in.
        AUDITOR = "auditor", "Auditor"

    class State(models.TextChoices):
        INVITED = "invited", "Invited"
        ACTIVE = "active", "Active"
        COMPLETED = "completed", "Completed"
        WITHDREW = "withdrew", "Withdrew"
        DID_NOT_FINISH = "did_not_finish", "Did not finish"

    #: Roles of those who take part: with work to hand in, or without.
    PARTICIPANTS = (Role.LEARNER, Role.AUDITOR)
    #: Roles that may read and review work that is dealt to them.
    STAFF = (Role.LEAD, Role.LECTURER, Role.MENTOR, Role.HELPER)

    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="enrolments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="enrolments")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.LEARNER)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    # Whose queue a learner's work goes to; without one it waits for whoever takes the next.
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="reviews_for"
    )
    note = models.CharField(max_length=200, blank=True, help_text="For leads and officers.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = EnrolmentQuerySet.as_manager()
    history = HistoricalRecords()
    personal_data = Policy(
        owners=("person",), on_erase=Erase.ANONYMISE, blank={"note": ""}, why="Teams keep their history."
    )

    class Meta:
        ordering = ["person__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["offering", "person", "role"],
                name="one_enrolment_a_role",
                violation_error_message="This person already has that role in this offering.",
            )
        ]
        indexes = [models.Index(fields=["person", "state"], name="enrolment_person")]

    def __str__(self) -> str:
        return f"{self.person}, {self.get_role_display().lower()} in {self.offering}"

    @property
    def is_learning(self) -> bool:
        """Whether work is expected and taken."""
        return self.role == self.Role.LEARNER and self.state == self.State.ACTIVE
