from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Policy
from mlclub.search import search_column


class Paper(models.Model):
    """A work that pages cite, once, whatever names it: an arXiv id, a DOI, or an entry of a bibliography."""

    title = models.CharField(max_length=500)
    authors_text = models.CharField("authors", max_length=1000, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    venue = models.CharField(max_length=300, blank=True)
    arxiv_id = models.CharField("arXiv number", max_length=40, blank=True)
    doi = models.CharField("DOI", max_length=200, blank=True)
    url = models.URLField(max_length=500, blank=True)
    bibtex = models.TextField(blank=True)
    abstract = models.TextField(blank=True)
    # Somebody named it by a number alone; what it is called is looked up, or typed later.
    is_untitled = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    search = search_column(
        A=["title"],
        B=["authors_text"],
        C=["venue"],
        D=["abstract"],
        names=["title", "authors_text", "arxiv_id"],
    )

    personal_data = Policy(
        is_exported=False, why="The authors of published work are a bibliography's, not the club's data."
    )

    class Meta:
        ordering = ["title"]
        indexes = [GinIndex(fields=["search"], name="paper_search")]
        constraints = [
            models.UniqueConstraint(
                Lower("arxiv_id"), condition=~Q(arxiv_id=""), name="one_paper_an_arxiv_id"
            ),
            models.UniqueConstraint(Lower("doi"), condition=~Q(doi=""), name="one_paper_a_doi"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("wiki:paper_detail", args=[self.pk])

    @property
    def address(self) -> str:
        """Where it can be read."""
        if self.arxiv_id:
            return f"https://arxiv.org/abs/{self.arxiv_id}"
        return self.url or (f"https://doi.org/{self.doi}" if self.doi else "")

    @property
    def authors(self) -> list[str]:
        """Who wrote it, as given."""
        return [name.strip() for name in self.authors_text.split(" and ") if name.strip()]

    @property
    def reference(self) -> str:
        """One line for a list of references."""
        names = self.authors_text.split(" and ")
        who = " and ".join(names) if len(names) < 4 else f"{names[0]} and others"
        parts = [who, self.title, self.venue, str(self.year or "")]
        return ". ".join(part.rstrip(".") for part in parts if part) + "."

    @property
    def label(self) -> str:
        """How a sentence names it: the first author's family name and the year."""
        first = self.authors_text.split(" and ")[0]
        family = first.split(",")[0] if "," in first else first.rpartition(" ")[2]
        return " ".join(filter(None, [family or self.title[:40], str(self.year or "")]))


class BibEntry(models.Model):
    """A key of a bibliography file, and the paper it stands for."""

    key = models.CharField(max_length=400)
    bibliography = models.CharField(max_length=300, help_text="The path of the .bib file it came from.")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="entries")

    personal_data = NOT_PERSONAL

    class Meta:
        verbose_name = "bibliography entry"
        verbose_name_plural = "bibliography entries"
        ordering = ["bibliography", "key"]
        constraints = [models.UniqueConstraint(Lower("key"), "bibliography", name="one_entry_a_key")]

    def __str__(self) -> str:
        return self.key
