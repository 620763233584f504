from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils import timezone

from mlclub.privacy import Erase, Policy
from nmep.models.assignments import Assignment, Part, SpecRevision
from nmep.models.enrolments import Enrolment

#: The state of a review that is finished and not released: its version waits no more, and looks as if it did.
HELD = "held"


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def handed_in(self) -> SubmissionQuerySet:
        """Everything but drafts."""
        return self.exclude(state=Submission.State.DRAFT)

    def waiting(self) -> SubmissionQuerySet:
        """Handed in, newest version of its authors, and without a finished review."""
        newer = SubmissionAuthor.objects.filter(
            enrolment__authored__submission=OuterRef("pk"),
            assignment=OuterRef("assignment"),
            n__gt=OuterRef("n"),
            submission__state__in=Submission.ANSWERABLE,
        )
        rows = self.filter(state__in=Submission.ANSWERABLE).filter(~Exists(newer))
        return rows.exclude(reviews__state=HELD)

    def visible_to(self, user: Any) -> SubmissionQuerySet:
        """For its authors, its reviewers, the leads of the offering, and the officer for education."""
        if not user.is_authenticated:
            return self.none()
        handed_in = ~Q(state=Submission.State.DRAFT)
        if user.has_perm("nmep.view_submission"):
            return self.filter(handed_in | Q(pk__in=self.authored_by(user)))
        led = Enrolment.objects.leading(user).values("offering")
        staffed = Enrolment.objects.staff().filter(person=user).values("offering")
        dealt = SubmissionAuthor.objects.filter(
            enrolment__reviewer=user, enrolment__offering__in=staffed
        ).values("submission")
        return self.filter(
            Q(pk__in=self.authored_by(user))
            | handed_in
            & (
                Q(assignment__offering__in=led)
                | Q(reviewer=user, assignment__offering__in=staffed)
                | Q(pk__in=dealt)
            )
        )

    def with_people_and_pieces(self) -> SubmissionQuerySet:
        """Brings along authors and pieces, a query each."""
        return self.prefetch_related(
            Prefetch("authors", SubmissionAuthor.objects.select_related("enrolment__person")),
            Prefetch("pieces", Piece.objects.select_related("part")),
        )

    def with_people(self) -> SubmissionQuerySet:
        """Brings along the authors."""
        return self.prefetch_related(
            Prefetch("authors", SubmissionAuthor.objects.select_related("enrolment__person"))
        )

    def authored_by(self, user: Any) -> models.QuerySet[Any, Any]:
        return SubmissionAuthor.objects.filter(enrolment__person=user).values("submission")


class Submission(models.Model):
    """One version of the work of one or more learners on an assignment."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        HANDED_IN = "handed_in", "Handed in"
        IN_REVIEW = "in_review", "In review"
        RETURNED = "returned", "Returned"
        DONE = "done", "Done"

    ANSWERABLE = (State.HANDED_IN, State.IN_REVIEW)

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="submissions")
    n = models.PositiveSmallIntegerField("version")
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    spec = models.ForeignKey(SpecRevision, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    handed_in_at = models.DateTimeField(null=True, blank=True)
    handed_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField("taken for review", null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SubmissionQuerySet.as_manager()
    personal_data = Policy(
        owners=("authors__enrolment__person",),
        on_erase=Erase.ANONYMISE,
        why="Joint work stays with its other authors; work done alone is emptied with its pieces.",
    )

    class Meta:
        ordering = ["-handed_in_at", "-pk"]
        indexes = [
            models.Index(fields=["assignment", "state"], name="submission_state"),
            models.Index(
                fields=["reviewer", "handed_in_at"],
                name="submission_queue",
                condition=Q(state__in=["handed_in", "in_review"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft") | Q(handed_in_at__isnull=False, handed_in_by__isnull=False),
                name="handed_in_has_time_and_person",
            )
        ]
        permissions = [
            ("review_submission", "Can review any hand-in"),
            ("export_roster", "Can export rosters"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment.label}, version {self.n}"

    def get_absolute_url(self) -> str:
        return reverse("nmep:submission_detail", args=[self.assignment.offering.slug, self.pk])

    @property
    def is_answerable(self) -> bool:
        return self.state in self.ANSWERABLE

    @property
    def late_by(self) -> timedelta:
        """The longest lateness among its authors."""
        return max((author.late_by for author in self.authors.all()), default=timedelta(0))

    def waits_days(self, now: datetime) -> int:
        """Whole days since it was handed in."""
        return (now - self.handed_in_at).days if self.handed_in_at else 0


class SubmissionAuthor(models.Model):
    """That a learner is an author of a version, and how late it is for them."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="authors")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="authored")
    late_by = models.DurationField(default=timedelta(0))
    # Copied from the submission, so that the database itself refuses a second version 2 of one learner.
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="+")
    n = models.PositiveSmallIntegerField()

    personal_data = Policy(
        owners=("enrolment__person",), on_erase=Erase.ANONYMISE, why="Teams keep their history."
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "enrolment"], name="one_author_a_submission"),
            models.UniqueConstraint(fields=["enrolment", "assignment", "n"], name="one_version_a_number"),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment.person} in {self.submission}"

    @property
    def is_late(self) -> bool:
        return self.late_by > timedelta(0)


def piece_path(piece: Piece, filename: str) -> str:
    """Where a file is kept: a name nobody can guess and no person can be read from."""
    return f"nmep/{secrets.token_hex(16)}"


class Piece(models.Model):
    """What was given for one part, with the fingerprint that the receipt names."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="pieces")
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="+")
    file = models.FileField(upload_to=piece_path, blank=True, max_length=120)
    name = models.CharField("file name", max_length=150, blank=True)
    text = models.TextField(blank=True)
    url = models.URLField(max_length=500, blank=True)
    size = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64)

    personal_data = Policy(
        owners=("submission__authors__enrolment__person",),
        on_erase=Erase.ANONYMISE,
        blank={"file": "", "name": "", "text": "", "url": ""},
        why="Joint work stays with its other authors.",
    )

    class Meta:
        ordering = ["part__position", "pk"]
        constraints = [models.UniqueConstraint(fields=["submission", "part"], name="one_piece_a_part")]

    def __str__(self) -> str:
        return self.name or self.part.title

    @property
    def is_notebook(self) -> bool:
        return self.part.kind == Part.Kind.NOTEBOOK
