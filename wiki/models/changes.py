from __future__ import annotations

from django.db import models

from mlclub.privacy import NOT_PERSONAL


class LibraryChange(models.Model):
    """A statement changed something that pages of the library show. The database writes the row, whoever it was, in the
    same transaction; the sum of the marks stands for the state of the library (`wiki.keeping`)."""

    mark = models.BigIntegerField(help_text="A random number, so that no sum comes back after a restore.")

    personal_data = NOT_PERSONAL

    def __str__(self) -> str:
        return str(self.mark)
