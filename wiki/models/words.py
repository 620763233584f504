from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F

from mlclub.privacy import NOT_PERSONAL


class WordQuerySet(models.QuerySet["Word"]):
    def in_use(self) -> Any:
        """Words that something holds today, with how many do so as `total`."""
        return self.annotate(total=F("uses") + F("others")).filter(total__gt=0)


class Word(models.Model):
    """A word of the club: what a typing error is corrected to."""

    word = models.CharField(max_length=40, primary_key=True)
    uses = models.PositiveIntegerField(default=1, help_text="How many pages hold it.")
    others = models.PositiveIntegerField(default=0, help_text="How many other things are called by it.")

    objects = WordQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="word_trigrams")]

    def __str__(self) -> str:
        return self.word
