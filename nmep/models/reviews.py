from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from mlclub.privacy import Erase, Policy
from nmep.models.assignments import RubricCriterion
from nmep.models.mastery import Skill
from nmep.models.submissions import HELD, Piece, Submission


class ReviewQuerySet(models.QuerySet["Review"]):
    def posted(self) -> ReviewQuerySet:
        """What learners may read. Whoever shows reviews to them begins here."""
        return self.filter(state=Review.State.POSTED)

    def held(self) -> ReviewQuerySet:
        """Finished, and kept back until a lead releases them."""
        return self.filter(state=Review.State.HELD)


class Review(models.Model):
    """What a reviewer makes of a version. Learners see it once it is posted; it is posted once."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        HELD = HELD, "Held"
        POSTED = "posted", "Posted"

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        RETURN = "return", "Return, to mend"

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=State.choices, default=State.DRAFT)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True)
    summary = models.TextField(max_length=8000, blank=True)
    # What the reviewer ticked: the authors have got it, once a review that says done is out.
    skills = models.ManyToManyField(Skill, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    held_at = models.DateTimeField(null=True, blank=True, editable=False)
    posted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ReviewQuerySet.as_manager()
    personal_data = Policy(
        owners=("reviewer", "submission__authors__enrolment__person"),
        on_erase=Erase.KEEP,
        why="A learner's record of what was said about their work.",
    )

    class Meta:
        ordering = ["-posted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "reviewer"], name="one_review_a_reviewer"),
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(state__in=["held", "posted"]),
                name="one_finished_review_a_submission",
                violation_error_message="This version has a finished review already.",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", held_at=None, posted_at=None)
                | ~Q(outcome="")
                & (
                    Q(state="held", held_at__isnull=False, posted_at=None)
                    | Q(state="posted", posted_at__isnull=False)
                ),
                name="finished_review_has_outcome",
                violation_error_message="A finished review says when it was finished and with what outcome.",
            ),
        ]

    def __str__(self) -> str:
        return f"Review of {self.submission}"


class RubricMark(models.Model):
    """How far the work is on one criterion, as one review says."""

    class Level(models.TextChoices):
        NOT_YET = "not_yet", "Not yet"
        CLOSE = "close", "Close"
        MASTERED = "mastered", "Mastered"

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="marks")
    criterion = models.ForeignKey(RubricCriterion, on_delete=models.PROTECT, related_name="+")
    level = models.CharField(max_length=8, choices=Level.choices)

    personal_data = Policy(
        owners=("review__submission__authors__enrolment__person",),
        on_erase=Erase.KEEP,
        why="Part of the review it belongs to.",
    )

    class Meta:
        ordering = ["criterion__position", "pk"]
        constraints = [models.UniqueConstraint(fields=["review", "criterion"], name="one_mark_a_criterion")]

    def __str__(self) -> str:
        return self.get_level_display()


class CommentQuerySet(models.QuerySet["Comment"]):
    def shown_to(self, user: Any, *, with_held: bool = False) -> CommentQuerySet:
        """A reviewer's comments wait for the review they go with; until then only the writer sees them.

        `with_held`, for leads who did not write the work: also those that go with a finished, held review.
        """
        shown = Q(posted_at__isnull=False) | Q(author=user)
        if with_held:
            held = Review.objects.held().filter(
                submission=OuterRef("submission"), reviewer=OuterRef("author")
            )
            shown |= Q(Exists(held))
        return self.filter(shown)


class Comment(models.Model):
    """Something said about a version: about a cell of a notebook, a line of it, or the whole."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ADDRESSED = "addressed", "Addressed"
        SETTLED = "settled", "Settled"

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="comments")
    piece = models.ForeignKey(Piece, on_delete=models.CASCADE, null=True, blank=True, related_name="comments")
    # The key survives a re-run and a new version; the index is where the cell stood when this was written.
    cell_key = models.CharField(max_length=64, blank=True)
    cell_index = models.PositiveSmallIntegerField(null=True, blank=True)
    # Counted from 1, in the source of the cell, or in the text or file where there is no cell.
    line = models.PositiveIntegerField(null=True, blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies"
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=8000)
    asks_for_change = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    posted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CommentQuerySet.as_manager()
    personal_data = Policy(
        owners=("author", "submission__authors__enrolment__person"),
        on_erase=Erase.KEEP,
        why="A thread keeps its sense; the writer becomes a pseudonym.",
    )

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.text[:60]
