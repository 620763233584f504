from __future__ import annotations

import re
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from mlclub import locks
from mlclub.privacy import NOT_PERSONAL, Policy
from mlclub.search import search_column

#: Words that say nothing of what a title is about.
_SMALL = re.compile(
    "a|an|and|are|as|at|by|for|from|how|in|into|is|it|its|of|on|or|the|to|towards?|via|what|when|why|with"
)
#: What may be written behind an `@`, so that a sentence's end is not part of it.
KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_:.+/-]{0,78}[A-Za-z0-9])?")


def key_of(title: str, authors: str, year: int | None) -> str:
    """The key that a paper gets: the first author's family name, the year, the first word that says something."""
    first = authors.split(" and ")[0]
    family = first.split(",")[0] if "," in first else first.rpartition(" ")[2]
    words = slugify(title).split("-")
    word = next((word for word in words if word and not _SMALL.fullmatch(word)), words[0])
    return f"{slugify(family).replace('-', '')[:30]}{year or ''}{word[:30]}" or "paper"


class Paper(models.Model):
    """A work that pages cite, once, whatever names it: an arXiv id, a DOI, or an entry of a bibliography."""

    title = models.CharField(max_length=500)
    authors_text = models.CharField("authors", max_length=1000, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    venue = models.CharField(max_length=300, blank=True)
    short_name = models.CharField(
        max_length=60, blank=True, help_text="What everybody calls it, such as DQN."
    )
    key = models.CharField(
        "citation key",
        max_length=80,
        blank=True,
        validators=[RegexValidator(rf"^{KEY.pattern}$", "Letters, digits and - _ : . + / only.")],
        help_text="What is written behind the @ in a text.",
    )
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
            models.UniqueConstraint(
                Lower("key"),
                condition=~Q(key=""),
                name="one_paper_a_key",
                violation_error_message="Another paper has this citation key.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A paper that has a title has a key, which stays until somebody changes it."""
        if not self.key and not self.is_untitled:
            self.key = self._free_key()
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "key"}
        super().save(*args, **kwargs)

    def _free_key(self) -> str:
        base = key_of(self.title, self.authors_text, self.year)
        locks.hold(f"key {base}")
        taken = {
            key.lower() for key in Paper.objects.filter(key__istartswith=base).values_list("key", flat=True)
        }
        entries = BibEntry.objects.filter(key__istartswith=base).exclude(paper=self.pk)
        taken |= {key.lower() for key in entries.values_list("key", flat=True)}
        other_keys = OtherKey.objects.filter(key__istartswith=base)
        taken |= {key.lower() for key in other_keys.values_list("key", flat=True)}
        key, number = base, 2
        while key in taken:
            key, number = f"{base}{number}", number + 1
        return key

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
    """A key of a bibliography file, or one that a paper had before, and the paper it stands for."""

    key = models.CharField(max_length=400)
    bibliography = models.CharField(
        max_length=300,
        blank=True,
        help_text="The path of the .bib file it came from; empty for a former key.",
    )
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="entries")

    personal_data = NOT_PERSONAL

    class Meta:
        verbose_name = "bibliography entry"
        verbose_name_plural = "bibliography entries"
        ordering = ["bibliography", "key"]
        constraints = [models.UniqueConstraint(Lower("key"), "bibliography", name="one_entry_a_key")]

    def __str__(self) -> str:
        return self.key


class OtherKey(models.Model):
    """A key that a paper had before, or has in a file that somebody brought: it means the paper for good."""

    key = models.CharField(max_length=400)
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="other_keys")

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(
                Lower("key"),
                name="one_paper_an_other_key",
                violation_error_message="This key means another paper.",
            )
        ]

    def __str__(self) -> str:
        return self.key
