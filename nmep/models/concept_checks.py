from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from nmep.models.programmes import Session


class ConceptCheckQuerySet(models.QuerySet["ConceptCheck"]):
    def going_on(self) -> ConceptCheckQuerySet:
        """Asked and not closed yet; one a session at most."""
        return self.filter(stage__in=ConceptCheck.GOING_ON)

    def closed(self) -> ConceptCheckQuerySet:
        return self.filter(stage=ConceptCheck.Stage.CLOSED)


class ConceptCheck(models.Model):
    """A question asked in class: everybody votes alone, discusses, and votes again (peer instruction, Mazur 1997)."""

    class Stage(models.TextChoices):
        DRAFT = "draft", "Not asked yet"
        FIRST = "first", "First vote"
        DISCUSS = "discuss", "Discussion"
        SECOND = "second", "Second vote"
        CLOSED = "closed", "Closed"

    GOING_ON = (Stage.FIRST, Stage.DISCUSS, Stage.SECOND)
    #: The round that a stage takes votes for.
    ROUNDS = {Stage.FIRST: 1, Stage.SECOND: 2}
    #: What may follow what. A class that agrees needs no second vote.
    FOLLOWING = {
        Stage.DRAFT: (Stage.FIRST,),
        Stage.FIRST: (Stage.DISCUSS,),
        Stage.DISCUSS: (Stage.SECOND, Stage.CLOSED),
        Stage.SECOND: (Stage.CLOSED,),
        Stage.CLOSED: (),
    }
    FEWEST, MOST = 2, 6

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="concept_checks")
    question = models.TextField(max_length=2000, help_text="One idea that can be got wrong. Markdown.")
    options = ArrayField(models.CharField(max_length=200), size=MOST)
    right = models.PositiveSmallIntegerField(
        "right answer", null=True, blank=True, help_text="Shown once the question is closed."
    )
    stage = models.CharField(max_length=7, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ConceptCheckQuerySet.as_manager()
    personal_data = Policy(owners=("created_by",), on_erase=Erase.KEEP, why="Teaching material of the club.")

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(stage__in=["first", "discuss", "second"]),
                name="one_question_at_a_time",
                violation_error_message="Another question of this class is still open.",
            )
        ]

    def __str__(self) -> str:
        return self.question[:60]

    def get_absolute_url(self) -> str:
        return reverse("nmep:concept_check_detail", args=[self.session.offering.slug, self.pk])

    def clean(self) -> None:
        if self.right is not None and self.right >= len(self.options or []):
            raise ValidationError({"right": "The right answer is one of the answers above."})

    @property
    def round(self) -> int | None:
        """The round that votes count for now: 1, 2 or None."""
        return self.ROUNDS.get(self.Stage(self.stage))

    @property
    def is_going_on(self) -> bool:
        return self.stage in self.GOING_ON

    @property
    def is_closed(self) -> bool:
        return self.stage == self.Stage.CLOSED

    def may_become(self, stage: str) -> bool:
        return stage in self.FOLLOWING[self.Stage(self.stage)]


class ConceptTally(models.Model):
    """How many chose an answer in a round. There is no row for a vote: only these sums are kept."""

    asked = models.ForeignKey(ConceptCheck, on_delete=models.CASCADE, related_name="tallies")
    round = models.PositiveSmallIntegerField()
    option = models.PositiveSmallIntegerField()
    votes = models.PositiveIntegerField(default=0)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["round", "option"]
        constraints = [
            models.UniqueConstraint(fields=["asked", "round", "option"], name="one_tally_an_answer"),
        ]

    def __str__(self) -> str:
        return f"{self.votes} for answer {self.option + 1}"


class ConceptVoter(models.Model):
    """That somebody has voted in a round, so that nobody votes twice; deleted when the question is closed."""

    asked = models.ForeignKey(ConceptCheck, on_delete=models.CASCADE, related_name="+")
    round = models.PositiveSmallIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    personal_data = Policy(owners=("person",), on_erase=Erase.DELETE)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asked", "round", "person"], name="one_vote_a_round"),
        ]

    def __str__(self) -> str:
        return f"Somebody voted in round {self.round}"


def taught_by(user: Any, session: Session) -> bool:
    """Whether `user` teaches the session, as its event's talks say."""
    return bool(user.is_authenticated and user.talks.filter(event=session.event_id).exists())
