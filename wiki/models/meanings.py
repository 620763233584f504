from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from mlclub.privacy import NOT_PERSONAL


class RealField(models.FloatField):
    """A number of four bytes."""

    def db_type(self, connection: Any) -> str:
        return "real"


class Meaning(models.Model):
    """What something says, as a vector, for the search by meaning.

    An ordinary column, so that the table is there on any PostgreSQL; where it has the extension `vector`, an index reads
    the column as that (`wiki.meanings`).
    """

    subject = models.CharField(max_length=60, help_text="The table, such as wiki.page.")
    key = models.BigIntegerField(help_text="The row of it.")
    digest = models.CharField(max_length=32, help_text="Of the text and the model that it was made of.")
    vector = ArrayField(RealField())

    personal_data = NOT_PERSONAL

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "key"], name="one_meaning_a_row")]

    def __str__(self) -> str:
        return f"{self.subject}:{self.key}"
