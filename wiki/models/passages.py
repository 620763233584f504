from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from mlclub.privacy import Erase, Policy
from wiki import paths
from wiki.models.moves import Move
from wiki.models.pages import Page


class Passage(models.Model):
    """That a page went from one path to another, by whatever act; an empty path is the trash. Never changed: the
    history that leaves the library tells it."""

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="passages")
    before = models.CharField(max_length=paths.LONGEST, blank=True)
    after = models.CharField(max_length=paths.LONGEST, blank=True)
    summary = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Whoever moved it elsewhere, before the page came here.
    imported_author = models.ForeignKey(
        "ImportedAuthor", on_delete=models.SET_NULL, null=True, blank=True, related_name="passages"
    )
    # The commit and the file that it came from, by which a second import knows it again.
    origin = models.CharField(max_length=300, blank=True, editable=False)
    at = models.DateTimeField()
    # What moved it, together with others perhaps; None where it came here moved, or a move was taken back.
    move = models.ForeignKey(
        Move, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="passages"
    )

    personal_data = Policy(
        owners=("by",),
        on_erase=Erase.KEEP,
        why="Where a page was is the library's; the key goes to the pseudonym.",
    )

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["at"], name="passage_at")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(before=F("after")),
                name="passage_changes_the_path",
                violation_error_message="A page goes from one path to another.",
            ),
            models.UniqueConstraint(fields=["origin"], condition=~Q(origin=""), name="one_passage_an_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.before or 'trash'} → {self.after or 'trash'}"
