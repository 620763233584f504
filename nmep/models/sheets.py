from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from events.models import Claim, Material, Slot, SlotSheet
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from nmep.models.enrolments import Enrolment
from nmep.models.programmes import Offering, Session
from wiki.models import Page, Paper


class OfferingSheet(models.Model):
    """A slot sheet of an offering. Who sees and claims it follows from the offering's enrolments."""

    class Kind(models.TextChoices):
        PAPER = "paper", "Paper talks"
        ORAL = "oral", "Oral exams"
        SHOWCASE = "showcase", "Showcase"

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="sheets")
    sheet = models.OneToOneField(SlotSheet, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    first_week = models.PositiveSmallIntegerField(
        default=4, help_text="The first week whose class has a slot; for paper talks."
    )
    suggestions = models.ManyToManyField(
        Paper, blank=True, related_name="+", help_text="Papers that learners may pick from."
    )

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["offering", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["offering", "kind"],
                name="one_sheet_a_kind",
                violation_error_message="This offering already has such a sheet.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.offering}"

    def get_absolute_url(self) -> str:
        pages = {self.Kind.PAPER: "nmep:paper_list", self.Kind.ORAL: "nmep:oral_list"}
        return reverse(pages.get(self.Kind(self.kind), "nmep:syllabus"), args=[self.offering.slug])


class PaperTalk(models.Model):
    """Which paper is presented in a slot. Who presents it are the people who hold the slot."""

    slot = models.OneToOneField(Slot, on_delete=models.PROTECT, related_name="+")
    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="paper_talks")
    session = models.ForeignKey(
        Session, on_delete=models.SET_NULL, null=True, blank=True, related_name="paper_talks"
    )
    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="+")
    # Slides and what else belongs to this paper, among the materials of the class.
    materials = models.ManyToManyField(Material, blank=True, related_name="+")
    # What the presenters left of it in the wiki.
    notes = models.ForeignKey(Page, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    chosen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    chosen_at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(
        owners=("chosen_by",),
        on_erase=Erase.KEEP,
        is_exported=False,
        why="What was read is the club's record.",
    )

    class Meta:
        ordering = ["chosen_at", "pk"]

    def __str__(self) -> str:
        return f"{self.paper}, {self.slot.label}"

    def get_absolute_url(self) -> str:
        return reverse("events:slot_detail", args=[self.slot_id])


class OralResultQuerySet(models.QuerySet["OralResult"]):
    def visible_to(self, user: Any) -> OralResultQuerySet:
        """The learner's own, those that somebody gave, and all of an offering to its leads and the officer for
        education."""
        if user.has_perm("nmep.view_submission"):
            return self
        led = Enrolment.objects.leading(user).values("offering")
        return self.filter(Q(enrolment__person=user) | Q(examiner=user) | Q(enrolment__offering__in=led))


class OralResult(models.Model):
    """How an oral exam went. A second exam is a second row; the latest counts. Corrections are kept in its history."""

    class Outcome(models.TextChoices):
        PASSED = "passed", "Passed"
        AGAIN = "again", "Once more"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="orals")
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    examiner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orals_given"
    )
    outcome = models.CharField(max_length=6, choices=Outcome.choices)
    notes = models.TextField(
        "for the learner", blank=True, max_length=4000, help_text="What went well, what to look at again."
    )
    private_notes = models.TextField(
        "for examiners and leads", blank=True, max_length=4000, help_text="The learner does not see this."
    )
    at = models.DateTimeField(default=timezone.now)

    objects = OralResultQuerySet.as_manager()
    history = HistoricalRecords()
    personal_data = Policy(
        owners=("enrolment__person",),
        on_erase=Erase.ANONYMISE,
        blank={"notes": "", "private_notes": ""},
        # Copied by `nmep.gathered.records`, without what is for examiners.
        is_exported=False,
        why="Completion rests on it.",
    )

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim"],
                name="one_result_an_exam",
                violation_error_message="This exam has its result already.",
            )
        ]
        indexes = [models.Index(fields=["enrolment", "-at"], name="oral_result_latest")]

    def __str__(self) -> str:
        return f"Oral exam of {self.enrolment.person}"
