from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from mlclub.privacy import Erase, Policy


class ThanksQuerySet(models.QuerySet["Thanks"]):
    def about(self, label: str) -> ThanksQuerySet:
        """Those for one kind of thing, as the audit trail names it: `about("events.event")`."""
        return self.filter(about__startswith=f"{label}:")


class Thanks(models.Model):
    """That somebody thanked somebody else, and for what. It is sent when it is written, and never changed."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="thanks_given")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="thanks_got")
    # "app.model:pk", as the ledger and the audit trail name a row; the app that owns it tells what it was.
    about = models.CharField(max_length=80)
    sentence = models.CharField(max_length=600)
    at = models.DateTimeField(default=timezone.now)

    objects = ThanksQuerySet.as_manager()
    personal_data = Policy(
        owners=("to", "by"),
        on_erase=Erase.ANONYMISE,
        blank={"sentence": ""},
        why="Who else was thanked for the same thing stays told.",
    )

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "thanks"
        constraints = [
            models.UniqueConstraint(
                fields=["to", "about"],
                name="thanked_once_for_a_thing",
                violation_error_message="This person was thanked for it already.",
            ),
            models.CheckConstraint(
                condition=~Q(by=F("to")),
                name="thanks_go_to_somebody_else",
                violation_error_message="Nobody thanks themselves.",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="thanks_of_a_week")]

    def __str__(self) -> str:
        return f"Thanks to {self.to}"

    @property
    def about_pk(self) -> int:
        return int(self.about.rpartition(":")[2])
