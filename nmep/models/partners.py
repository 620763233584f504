"""Who does which homework with whom: rounds, teams, wishes, and what partners said about it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from members.models import Pairing
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from nmep.models.assignments import Assignment
from nmep.models.enrolments import Enrolment


class PairingRound(models.Model):
    """The partners of one assignment. Its row is the lock under which they change."""

    class State(models.TextChoices):
        COLLECTING = "collecting", "No pairs yet"
        PROPOSED = "proposed", "Proposed"
        ADJUSTED = "adjusted", "Adjusted by hand"
        PUBLISHED = "published", "Published"
        CLOSED = "closed", "Closed"

    #: The states that learners see pairs of.
    TOLD = (State.PUBLISHED, State.CLOSED)

    assignment = models.OneToOneField(Assignment, on_delete=models.CASCADE, related_name="pairing_round")
    # The same seed, people and criteria give the same pairs.
    seed = models.PositiveIntegerField(default=1)
    criteria = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.COLLECTING)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["assignment__position"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["published", "closed"]) | Q(published_at__isnull=False),
                name="published_round_has_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"Partners of {self.assignment.label}"

    @property
    def is_told(self) -> bool:
        return self.state in self.TOLD


class PartnerTeamQuerySet(models.QuerySet["PartnerTeam"]):
    def told(self) -> PartnerTeamQuerySet:
        return self.filter(round__state__in=PairingRound.TOLD)

    def with_people(self) -> PartnerTeamQuerySet:
        """Brings along who is in it, in one query."""
        places = TeamPlace.objects.select_related("enrolment__person").order_by(
            "enrolment__person__name", "pk"
        )
        return self.select_related("pairing").prefetch_related(models.Prefetch("places", places))


class PartnerTeam(models.Model):
    """Two or three learners of a round. What they are told stands in the pairing."""

    round = models.ForeignKey(PairingRound, on_delete=models.CASCADE, related_name="teams")
    pairing = models.OneToOneField(Pairing, on_delete=models.CASCADE, related_name="partner_team")
    is_locked = models.BooleanField("keep when matching again", default=False)
    # Wishes and experience: for the leads alone.
    private_reason = models.CharField(max_length=300, blank=True)

    objects = PartnerTeamQuerySet.as_manager()
    personal_data = Policy(
        owners=("places__enrolment__person",),
        on_erase=Erase.ANONYMISE,
        blank={"private_reason": ""},
        is_exported=False,
        why="What leads weighed; who worked with whom is in the pairing.",
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"A team of {self.round}"


class TeamPlace(models.Model):
    """That a learner is in a team now. Who was in it before stands in the pairing."""

    # Copied from the team, so that the database itself refuses a second team of one learner in a round.
    round = models.ForeignKey(PairingRound, on_delete=models.CASCADE, related_name="places")
    team = models.ForeignKey(PartnerTeam, on_delete=models.CASCADE, related_name="places")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="team_places")

    personal_data = Policy(
        owners=("enrolment__person",), on_erase=Erase.ANONYMISE, why="Teams keep their history."
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "enrolment"],
                name="one_team_a_learner_and_round",
                violation_error_message="This learner is in a team of this round already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.enrolment.person} in {self.team}"


class PartnerWishQuerySet(models.QuerySet["PartnerWish"]):
    def visible_to(self, user: Any) -> PartnerWishQuerySet:
        """One's own, and for the leads of the offering. Whom a wish is about never learns of it."""
        if user.has_perm("nmep.view_partnerwish"):
            return self
        led = Enrolment.objects.leading(user).values("offering")
        return self.filter(Q(asking__person=user) | Q(asking__offering__in=led))


class PartnerWish(models.Model):
    """With whom somebody would like to work, or would rather not; or that they work alone where they may."""

    class Kind(models.TextChoices):
        REQUEST = "request", "I would like to work with"
        RATHER_NOT = "rather_not", "I would rather not work with"
        ALONE = "alone", "I work alone where I may"

    asking = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="partner_wishes")
    about = models.ForeignKey(
        Enrolment, on_delete=models.CASCADE, null=True, blank=True, related_name="wished_about"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PartnerWishQuerySet.as_manager()
    personal_data = Policy(
        owners=("asking__person",),
        on_erase=Erase.DELETE,
        why="Only whoever wrote it and the leads know of it.",
    )

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["asking", "about"],
                nulls_distinct=False,
                name="one_wish_about_a_classmate",
                violation_error_message="You have said something about them already; take that back first.",
            ),
            models.CheckConstraint(
                condition=Q(kind="alone", about=None) | ~Q(kind="alone") & Q(about__isnull=False),
                name="wish_is_about_somebody_or_nobody",
                violation_error_message="Say about whom.",
            ),
            models.CheckConstraint(
                condition=Q(about=None) | ~Q(about=F("asking")),
                name="wish_is_not_about_oneself",
                violation_error_message="Name somebody else.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class PartnerNote(models.Model):
    """Two answers about working together, from one of a team to the leads and to nobody else."""

    class Split(models.TextChoices):
        EVEN = "even", "About even"
        TOGETHER = "together", "We did all of it side by side"
        MORE = "more", "I did more"
        LESS = "less", "I did less"
        APART = "apart", "We hardly worked together"

    class Again(models.TextChoices):
        YES = "yes", "Yes, gladly"
        FINE = "fine", "It is all the same to me"
        NO = "no", "Rather not"

    team = models.ForeignKey(PartnerTeam, on_delete=models.CASCADE, related_name="notes")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="partner_notes")
    split = models.CharField("how did the work split?", max_length=8, choices=Split.choices)
    again = models.CharField("work with them again?", max_length=4, choices=Again.choices)
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(
        owners=("enrolment__person",),
        on_erase=Erase.DELETE,
        why="Only whoever wrote it and the leads know of it.",
    )

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "enrolment"],
                name="one_note_a_partner",
                violation_error_message="You have answered this already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_split_display()}; {self.get_again_display()}"
