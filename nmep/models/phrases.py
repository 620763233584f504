from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from nmep.models.programmes import Offering


class PhraseQuerySet(models.QuerySet["Phrase"]):
    def for_reviewer(self, user: Any, offering: Offering) -> PhraseQuerySet:
        """A reviewer's own, and those that the offering's reviewers share."""
        return self.filter(Q(owner=user) | Q(offering=offering))


class Phrase(models.Model):
    """A sentence that reviewers write again and again: one reviewer's own, or shared in an offering."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    offering = models.ForeignKey(
        Offering, on_delete=models.CASCADE, null=True, blank=True, related_name="phrases"
    )
    text = models.CharField("phrase", max_length=500)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PhraseQuerySet.as_manager()
    personal_data = Policy(owners=("owner",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["text", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(owner=None, offering__isnull=False) | Q(owner__isnull=False, offering=None),
                name="phrase_has_one_home",
                violation_error_message="A phrase is either somebody's own or shared in an offering.",
            ),
            models.UniqueConstraint(
                fields=["owner", "offering", "text"],
                name="one_phrase_a_text",
                nulls_distinct=False,
                violation_error_message="This phrase is there already.",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class PhraseUse(models.Model):
    """How often a phrase went out in a review that found a criterion of this title wanting."""

    phrase = models.ForeignKey(Phrase, on_delete=models.CASCADE, related_name="uses")
    criterion = models.CharField(max_length=80)
    n = models.PositiveIntegerField(default=0)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-n", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["phrase", "criterion"], name="one_use_a_criterion"),
        ]

    def __str__(self) -> str:
        return f"{self.phrase}, {self.criterion}"
