from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from nmep.models.assignments import Assignment
from nmep.models.enrolments import Enrolment
from nmep.models.programmes import Module, Program
from nmep.models.submissions import Submission


class Skill(models.Model):
    """One thing that a programme wants everybody to be able to do."""

    program = models.ForeignKey(
        Program, on_delete=models.CASCADE, related_name="skills", verbose_name="programme"
    )
    name = models.CharField(max_length=80, help_text="What somebody can do, e.g. “Derive backpropagation”.")
    position = models.PositiveSmallIntegerField(default=0)
    assignments = models.ManyToManyField(
        Assignment,
        blank=True,
        related_name="skills",
        help_text="A review of this work asks whether they have got it.",
    )
    modules = models.ManyToManyField(Module, blank=True, related_name="skills")

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "name"],
                name="one_skill_a_name",
                violation_error_message="This programme already has a skill with that name.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SkillMark(models.Model):
    """That somebody saw how far a learner is with a skill. The latest counts; a trigger refuses UPDATE and DELETE."""

    class Level(models.TextChoices):
        NOT_YET = "not_yet", "Not yet"
        GOT_IT = "got_it", "Got it"
        CAN_TEACH = "can_teach", "Can teach it"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="skill_marks")
    skill = models.ForeignKey(Skill, on_delete=models.PROTECT, related_name="marks")
    level = models.CharField(max_length=9, choices=Level.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    evidence = models.CharField(max_length=300, blank=True, help_text="Where it was seen.")
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, blank=True, related_name="skill_marks"
    )
    # Where else it was seen: the address of a talk, an oral, a page.
    link = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(
        owners=("enrolment__person",), on_erase=Erase.KEEP, why="A journal that can be edited is none."
    )

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["enrolment", "skill", "at"], name="skill_journal")]

    def __str__(self) -> str:
        return f"{self.skill}: {self.get_level_display()}"

    @classmethod
    def fold(cls, entries: Iterable[SkillMark]) -> dict[int, SkillMark]:
        """The entry of each skill that counts now, from the entries of one learner."""
        latest: dict[int, SkillMark] = {}
        for entry in entries:
            held = latest.get(entry.skill_id)
            if held is None or (entry.at, entry.pk) > (held.at, held.pk):
                latest[entry.skill_id] = entry
        return latest


class LearnerNote(models.Model):
    """What a learner or a lead wrote down about the way there; both read it."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField("note", max_length=2000)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(
        owners=("enrolment__person", "author"), on_erase=Erase.ANONYMISE, blank={"text": "(removed)"}
    )

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.text[:60]


class HelpOfferQuerySet(models.QuerySet["HelpOffer"]):
    def open(self) -> HelpOfferQuerySet:
        return self.filter(ended_at=None)


class HelpOffer(models.Model):
    """That a lead asked somebody to help a learner. Both were told once, and never why."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="help_offers")
    helper = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    offered_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = HelpOfferQuerySet.as_manager()
    personal_data = Policy(
        owners=("enrolment__person", "helper"), on_erase=Erase.KEEP, why="Who looked after whom."
    )

    class Meta:
        ordering = ["-offered_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "helper"],
                condition=Q(ended_at=None),
                name="one_open_offer_a_helper",
                violation_error_message="They have been asked to help already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.helper} helps {self.enrolment.person}"
