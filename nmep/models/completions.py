from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from mlclub.privacy import Erase, Policy
from nmep.models.enrolments import Enrolment


def new_certificate_id() -> str:
    """22 characters that nobody can guess."""
    return secrets.token_urlsafe(16)


class Override(models.Model):
    """That a lead decided otherwise than the rule, for one learner and with a reason, before the cohort is completed."""

    class Outcome(models.TextChoices):
        COMPLETES = "completes", "Completes all the same"
        DID_NOT_FINISH = "did_not_finish", "Did not finish"
        STAYS_OPEN = "stays_open", "Stays open"

    enrolment = models.OneToOneField(Enrolment, on_delete=models.PROTECT, related_name="override")
    outcome = models.CharField(max_length=14, choices=Outcome.choices)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(
        owners=("enrolment__person",), on_erase=Erase.ANONYMISE, blank={"reason": "(removed)"}
    )

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="override_has_a_reason",
                violation_error_message="Say why.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.enrolment.person}: {self.get_outcome_display().lower()}"


class CompletionQuerySet(models.QuerySet["Completion"]):
    def valid(self) -> CompletionQuerySet:
        """Those whose certificate is shown."""
        return self.filter(is_complete=True, revoked_at=None)


class Completion(models.Model):
    """How an offering ended for a learner, with what was required and what there was, as it stood then."""

    enrolment = models.OneToOneField(Enrolment, on_delete=models.PROTECT, related_name="completion")
    is_complete = models.BooleanField()
    # [{"key", "words", "detail", "is_met"}], in the words that the lead saw.
    snapshot = models.JSONField(default=list)
    is_override = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    certificate_id = models.CharField(max_length=40, unique=True, default=new_certificate_id, editable=False)
    is_shown = models.BooleanField(
        "shown on my profile", default=False, help_text="To members, without any mark."
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_because = models.CharField(max_length=300, blank=True)

    objects = CompletionQuerySet.as_manager()
    personal_data = Policy(
        owners=("enrolment__person",),
        on_erase=Erase.ANONYMISE,
        blank={"snapshot": [], "reason": "(removed)", "is_shown": False},
        why="Cohorts keep their numbers; the certificate shows the pseudonym.",
    )

    class Meta:
        ordering = ["-at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_override=False) | ~Q(reason=""),
                name="completion_override_has_a_reason",
                violation_error_message="Say why the rule was not followed.",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | ~Q(revoked_because=""),
                name="revoked_certificate_has_a_reason",
                violation_error_message="Say why it is revoked.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment.person}: {'completed' if self.is_complete else 'did not finish'}"

    def get_absolute_url(self) -> str:
        return reverse("nmep:certificate", args=[self.certificate_id])
