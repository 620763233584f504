from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from mlclub.privacy import Erase, Policy
from wiki import paths


class Move(models.Model):
    """Pages that got other paths at once: one of them, or a folder with all that is in it. It can be undone."""

    before = models.CharField("from", max_length=paths.LONGEST)
    after = models.CharField("to", max_length=paths.LONGEST)
    is_branch = models.BooleanField("a folder with its pages", default=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="wiki_moves"
    )
    at = models.DateTimeField()
    # Redirects that stood where pages came to stand: [[path, page], …]. An undo brings them back.
    displaced = models.JSONField(default=list, editable=False)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    personal_data = Policy(
        owners=("by", "undone_by"),
        on_erase=Erase.KEEP,
        why="Where pages were is the club's; the keys go to the pseudonym.",
    )

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at=None) | Q(undone_at__gte=models.F("at")),
                name="move_undone_after_it_was_made",
                violation_error_message="A move is undone after it was made.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"

    def get_absolute_url(self) -> str:
        return reverse("wiki:move_detail", args=[self.pk])

    @property
    def undo_url(self) -> str:
        return reverse("wiki:move_undo", args=[self.pk])
