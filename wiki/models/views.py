from __future__ import annotations

from django.db import models

from mlclub.privacy import NOT_PERSONAL
from wiki import paths


class PageViews(models.Model):
    """How often readers opened a page on one day; who they were is kept nowhere."""

    page = models.ForeignKey("Page", on_delete=models.CASCADE, related_name="views")
    day = models.DateField()
    times = models.PositiveIntegerField()

    personal_data = NOT_PERSONAL

    class Meta:
        verbose_name_plural = "page views"
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["page", "day"], name="one_count_a_page_and_day")]
        indexes = [models.Index(fields=["day"], name="page_views_day")]

    def __str__(self) -> str:
        return f"{self.page_id}, {self.day}: {self.times}"


class SearchMiss(models.Model):
    """Words that readers looked for on one day and that nothing holds; who they were is kept nowhere."""

    words = models.CharField(max_length=80)
    #: What a page of this name would be found by.
    key = models.CharField(max_length=paths.LONGEST)
    day = models.DateField()
    times = models.PositiveIntegerField()

    personal_data = NOT_PERSONAL

    class Meta:
        verbose_name = "search that found nothing"
        verbose_name_plural = "searches that found nothing"
        ordering = ["-day", "words"]
        constraints = [models.UniqueConstraint(fields=["words", "day"], name="one_count_a_search_and_day")]

    def __str__(self) -> str:
        return f"{self.words}, {self.day}: {self.times}"
