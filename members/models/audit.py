from __future__ import annotations

from django.conf import settings
from django.db import models

from mlclub.privacy import Erase, Policy


class AuditEntry(models.Model):
    """Who did what to what, and when. A trigger refuses every UPDATE and DELETE."""

    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=60, db_index=True)
    # Text, not a foreign key: an entry outlives what it is about. "app.model:pk".
    subject = models.CharField(max_length=120, db_index=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)

    personal_data = Policy(
        owners=("actor",), on_erase=Erase.KEEP, why="An audit trail that can be edited is none."
    )

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
