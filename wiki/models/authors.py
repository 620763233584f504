from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from mlclub.privacy import Erase, Policy


class ImportedAuthor(models.Model):
    """Somebody who wrote in a wiki before it came here. Whoever proves that the address is theirs gets the credit."""

    name = models.CharField(max_length=120)
    # Seen by nobody; it only waits for its owner.
    email = models.EmailField("mail address", blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="imported_authors",
        verbose_name="account",
    )

    personal_data = Policy(
        owners=("user",),
        on_erase=Erase.ANONYMISE,
        blank={"name": "Somebody", "email": ""},
        why="Its revisions stay, without a name.",
    )

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="one_imported_author_an_address",
                violation_error_message="There is already an author with this address.",
            )
        ]

    def __str__(self) -> str:
        return self.name
