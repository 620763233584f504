from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.utils import timezone

from mlclub.privacy import Erase, Policy
from nmep.models.assignments import Assignment
from nmep.models.enrolments import Enrolment
from nmep.models.submissions import Submission


class MarkChange(models.Model):
    """One line of the marks journal. The current value is its fold; a trigger refuses UPDATE and DELETE."""

    class Kind(models.TextChoices):
        DONE = "done", "Done"
        NOT_YET = "not_yet", "Not yet"
        EXEMPT = "exempt", "Exempt"
        DO_OVER = "do_over", "To do over"
        EXTENSION = "extension", "More time"
        SCORE = "score", "Score"

    #: The kinds that say where the work stands; the last of them counts.
    STANDING = (Kind.DONE, Kind.NOT_YET, Kind.EXEMPT, Kind.DO_OVER)

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="marks")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="marks")
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, blank=True, related_name="marks"
    )
    kind = models.CharField(max_length=9, choices=Kind.choices)
    value = models.CharField(max_length=40, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(
        owners=("enrolment__person",), on_erase=Erase.KEEP, why="A journal that can be edited is none."
    )

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["enrolment", "assignment", "at"], name="mark_journal")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.assignment.label}"

    @classmethod
    def fold(cls, entries: Iterable[MarkChange]) -> MarkChange | None:
        """The entry that says where the work stands now, from a learner's entries on one assignment."""
        standing = [entry for entry in entries if entry.kind in cls.STANDING]
        return max(standing, key=lambda entry: (entry.at, entry.pk), default=None)
