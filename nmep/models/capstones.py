from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils import timezone

from members.models import Pairing
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from nmep.models.assignments import Milestone
from nmep.models.enrolments import Enrolment
from nmep.models.programmes import Offering
from projects.models import Initiative


class CapstonePolicy(models.Model):
    """How the groups of an offering are made. Its row is the lock under which they change."""

    offering = models.OneToOneField(Offering, on_delete=models.CASCADE, related_name="capstone_policy")
    min_size = models.PositiveSmallIntegerField("at least", default=3, validators=[MinValueValidator(1)])
    max_size = models.PositiveSmallIntegerField(
        "at most", default=4, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    closed_at = models.DateTimeField("groups closed", null=True, blank=True)

    personal_data = NOT_PERSONAL

    class Meta:
        verbose_name_plural = "capstone policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(min_size__gte=1) & Q(max_size__gte=F("min_size")),
                name="capstone_sizes_fit",
                violation_error_message="A group has at least one learner, and no more at least than at most.",
            )
        ]

    def __str__(self) -> str:
        return f"Capstones of {self.offering}"

    @property
    def sizes(self) -> str:
        """3–4, or 3."""
        return str(self.min_size) if self.min_size == self.max_size else f"{self.min_size}–{self.max_size}"


class CapstoneQuerySet(models.QuerySet["Capstone"]):
    def live(self) -> CapstoneQuerySet:
        return self.exclude(state=Capstone.State.ARCHIVED)

    def with_people(self) -> CapstoneQuerySet:
        """Brings along who is in it now."""
        members = CapstoneMember.objects.live().select_related("enrolment__person")
        return self.select_related("initiative").prefetch_related(
            Prefetch("members", members.order_by("enrolment__person__name"), to_attr="team")
        )

    def of_member(self, user: Any) -> CapstoneQuerySet:
        """Those that somebody is in now."""
        return self.filter(
            Exists(CapstoneMember.objects.live().filter(capstone=OuterRef("pk"), enrolment__person=user))
        )

    def undecided(self) -> CapstoneQuerySet:
        """Presented, and nobody has said what happens next."""
        return self.filter(state=Capstone.State.PRESENTED, decided_at=None)


class Capstone(models.Model):
    """The final project of a group of learners. Name, summary, team, updates and outputs are its initiative's."""

    class State(models.TextChoices):
        FORMING = "forming", "Forming"
        PROPOSED = "proposed", "Proposed"
        REVISE = "revise", "Proposal to mend"
        APPROVED = "approved", "Approved"
        CHECKPOINTED = "checkpointed", "Past its checkpoint"
        PRESENTED = "presented", "Presented"
        ARCHIVED = "archived", "Archived"

    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="capstones")
    initiative = models.OneToOneField(Initiative, on_delete=models.PROTECT, related_name="capstone")
    idea_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.FORMING)
    # Everybody who was ever asked, and the one that counts now or is being asked.
    pairings = models.ManyToManyField(Pairing, blank=True, related_name="+", editable=False)
    mentoring = models.OneToOneField(
        Pairing, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    presented_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What happened next: an initiative that it became or joined, or none where it ended.
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    successor = models.ForeignKey(
        Initiative, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    #: Who is in it now; `with_people` brings them along.
    team: list[CapstoneMember]

    objects = CapstoneQuerySet.as_manager()
    personal_data = Policy(owners=("idea_by",), on_erase=Erase.KEEP, why="Whose idea it was, as a pseudonym.")

    class Meta:
        ordering = ["initiative__name"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="archived") | Q(decided_at__isnull=False),
                name="archived_capstone_is_decided",
            )
        ]
        indexes = [models.Index(fields=["offering", "state"], name="capstone_state")]

    def __str__(self) -> str:
        return self.initiative.name

    def get_absolute_url(self) -> str:
        return reverse("nmep:capstone_detail", args=[self.offering.slug, self.initiative.slug])

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.PRESENTED, self.State.ARCHIVED)

    @property
    def awaits_decision(self) -> bool:
        return self.state == self.State.PRESENTED and self.decided_at is None


class CapstoneMemberQuerySet(models.QuerySet["CapstoneMember"]):
    def live(self) -> CapstoneMemberQuerySet:
        return self.filter(left_at=None)


class CapstoneMember(models.Model):
    """That a learner is in a group. Rows are ended, never deleted."""

    capstone = models.ForeignKey(Capstone, on_delete=models.CASCADE, related_name="members")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="capstones")
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = CapstoneMemberQuerySet.as_manager()
    personal_data = Policy(
        owners=("enrolment__person",), on_erase=Erase.ANONYMISE, why="Groups keep their history."
    )

    class Meta:
        ordering = ["joined_at", "pk"]
        constraints = [
            # An enrolment is a person in an offering, so this is one a learner and offering.
            models.UniqueConstraint(
                fields=["enrolment"],
                condition=Q(left_at=None),
                name="one_live_capstone_a_learner",
                violation_error_message="This learner is in a group already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.enrolment.person} in {self.capstone}"


class CapstoneStep(models.Model):
    """Where a group stands on a milestone: proposal, checkpoint, final."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        HANDED_IN = "handed_in", "Handed in"
        REVISE = "revise", "To mend"
        APPROVED = "approved", "Approved"

    capstone = models.ForeignKey(Capstone, on_delete=models.CASCADE, related_name="steps")
    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)

    personal_data = Policy(
        owners=("capstone__members__enrolment__person",), on_erase=Erase.KEEP, why="The group's record."
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["capstone", "milestone"],
                name="one_step_a_milestone",
                violation_error_message="This group already has that step.",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["revise", "approved"]) | Q(signed_at__isnull=False),
                name="answered_step_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone} of {self.capstone}"


def step_path(version: StepVersion, filename: str) -> str:
    """Where a file is kept: a name nobody can guess and no person can be read from."""
    return f"nmep/{secrets.token_hex(16)}"


class StepVersion(models.Model):
    """What a group handed in for a step: text, a link, a file."""

    step = models.ForeignKey(CapstoneStep, on_delete=models.CASCADE, related_name="versions")
    n = models.PositiveSmallIntegerField("version")
    text = models.TextField(max_length=20000, blank=True)
    url = models.URLField("link", max_length=500, blank=True)
    file = models.FileField(upload_to=step_path, blank=True, max_length=120)
    name = models.CharField("file name", max_length=150, blank=True)
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    personal_data = Policy(
        owners=("by", "step__capstone__members__enrolment__person"),
        on_erase=Erase.KEEP,
        why="Joint work stays with its other authors.",
    )

    class Meta:
        ordering = ["-n"]
        constraints = [
            models.UniqueConstraint(fields=["step", "n"], name="one_step_version_a_number"),
            models.CheckConstraint(
                condition=~Q(text="", url="", file=""),
                name="step_version_holds_something",
                violation_error_message="Write something, give a link or add a file.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step}, version {self.n}"


class StepComment(models.Model):
    """What the mentor, a lead or the group says about a step."""

    step = models.ForeignKey(CapstoneStep, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=8000)
    at = models.DateTimeField()

    personal_data = Policy(
        owners=("author", "step__capstone__members__enrolment__person"),
        on_erase=Erase.KEEP,
        why="A thread keeps its sense; the writer becomes a pseudonym.",
    )

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text[:60]
