from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from nmep.models.checks import Check
from nmep.models.enrolments import Enrolment


def labels_path(labels: HiddenLabels, filename: str) -> str:
    """Where hidden labels are kept: a name nobody can guess, which no page ever links."""
    return f"nmep/labels/{secrets.token_hex(16)}"


class HiddenLabels(models.Model):
    """What predictions are compared with. Nobody but the leads gets the file, and learners never."""

    of_check = models.OneToOneField(Check, on_delete=models.CASCADE, related_name="labels")
    file = models.FileField(upload_to=labels_path, max_length=120)
    name = models.CharField(max_length=150)
    rows = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    given_at = models.DateTimeField(default=timezone.now)

    personal_data = NOT_PERSONAL

    class Meta:
        verbose_name_plural = "hidden labels"

    def __str__(self) -> str:
        return f"{self.rows} labels of {self.of_check}"


class BoardName(models.Model):
    """That a learner does not want their name on leaderboards. Without a row the name stands there."""

    enrolment = models.OneToOneField(Enrolment, on_delete=models.CASCADE, related_name="board_name")
    is_hidden = models.BooleanField("hide my name on leaderboards", default=False)

    personal_data = Policy(owners=("enrolment__person",), on_erase=Erase.DELETE)

    def __str__(self) -> str:
        return "hidden" if self.is_hidden else "shown"
