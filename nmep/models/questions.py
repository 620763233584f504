from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from mlclub.privacy import Erase, Policy
from nmep.models.assignments import Assignment
from nmep.models.enrolments import Enrolment
from nmep.models.programmes import Offering, Program

THREAD = "A thread keeps its sense; the writer becomes a pseudonym."


class QuestionQuerySet(models.QuerySet["Question"]):
    def visible_to(self, user: Any) -> QuestionQuerySet:
        """For people in the offering and the officer for education; members read those of the programme too."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("nmep.view_submission"):
            return self
        mine = Enrolment.objects.filter(person=user).exclude(state=Enrolment.State.INVITED)
        allowed = Q(offering__in=mine.values("offering"))
        if user.standing.reads_members_area:
            allowed |= Q(offering__program__kind=Program.Kind.NMEP) & ~Q(offering__state=Offering.State.DRAFT)
        return self.filter(allowed)

    def unanswered(self) -> QuestionQuerySet:
        return self.filter(answered_at=None)

    def with_counts(self, user: Any) -> QuestionQuerySet:
        """Adds `answer_count`, `follower_count`, and `is_followed` by `user`."""
        followed = Question.followers.through.objects.filter(question=OuterRef("pk"), user=user.pk)
        return self.annotate(
            answer_count=Count("answers", distinct=True),
            follower_count=Count("followers", distinct=True),
            is_followed=Exists(followed),
        )


class Question(models.Model):
    """Something asked under an assignment, a week or the offering, so that nobody has to ask it twice."""

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="questions")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, null=True, blank=True, related_name="questions"
    )
    week = models.PositiveSmallIntegerField(null=True, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField("question", max_length=2000, help_text="What you tried helps. Markdown.")
    followers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # The asker or somebody who teaches said that an answer settles it.
    answered_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = QuestionQuerySet.as_manager()
    personal_data = Policy(owners=("author",), on_erase=Erase.KEEP, why=THREAD)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["offering", "-created_at"], name="question_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(assignment__isnull=True) | Q(week__isnull=True),
                name="question_has_one_place",
                violation_error_message="A question stands under an assignment or a week, not both.",
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]

    def get_absolute_url(self) -> str:
        return reverse("nmep:question_detail", args=[self.offering.slug, self.pk])

    @property
    def is_answered(self) -> bool:
        return self.answered_at is not None

    @property
    def where(self) -> str:
        """What it is about, in a word."""
        if self.assignment is not None:
            return self.assignment.label
        return f"Week {self.week}" if self.week is not None else "The programme"

    @property
    def first_line(self) -> str:
        return self.text.strip().splitlines()[0][:140] if self.text.strip() else ""


class Answer(models.Model):
    """What somebody says to a question."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField("answer", max_length=4000)
    settles = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(owners=("author",), on_erase=Erase.KEEP, why=THREAD)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["question"],
                condition=Q(settles=True),
                name="one_answer_settles_a_question",
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]
