"""What people have to do with a paper: whether they read it, what they note of it, which pages cite it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from wiki.models.pages import Page
from wiki.models.papers import Paper


class ReadMark(models.Model):
    """That somebody wants to read a paper, reads it, or has read it. It counts for all; the name only if they like."""

    class State(models.TextChoices):
        WANT = "want", "Want to read"
        READING = "reading", "Reading"
        READ = "read", "Read"

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="marks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="read_marks")
    state = models.CharField(max_length=8, choices=State.choices)
    shows_name = models.BooleanField("show my name", default=False)
    marked_at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(owners=("person",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["-marked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["paper", "person"],
                name="one_mark_a_reader",
                violation_error_message="There is a mark already.",
            )
        ]
        indexes = [models.Index(fields=["person", "state"], name="read_mark_of_person")]

    def __str__(self) -> str:
        return f"{self.paper}: {self.get_state_display().lower()}"


class PaperNoteQuerySet(models.QuerySet["PaperNote"]):
    def visible_to(self, user: Any) -> PaperNoteQuerySet:
        """For readers of the members' area; hidden ones for their author and for keepers of papers."""
        if not user.is_authenticated or not (user.standing.reads_members_area or user.is_superuser):
            return self.none()
        if user.has_perm("wiki.change_papernote"):
            return self
        return self.filter(Q(hidden_at=None) | Q(author=user))


class PaperNote(models.Model):
    """What a member wants others to know of a paper, in a few sentences. For members only."""

    LONGEST = 1500

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="paper_notes")
    text = models.TextField(max_length=LONGEST, help_text="Markdown, 1,500 characters at most.")
    written_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True, blank=True)
    # By a keeper of papers; who it was stands in the audit trail.
    hidden_at = models.DateTimeField(null=True, blank=True)

    objects = PaperNoteQuerySet.as_manager()
    personal_data = Policy(owners=("author",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["written_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""),
                name="paper_note_has_words",
                violation_error_message="Write a few words.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.author} on {self.paper}"


class Citing(models.Model):
    """A `@key` in the text of a page, and the paper it stands for today. Without one nobody knows the key."""

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="citings")
    key = models.CharField(max_length=400)
    paper = models.ForeignKey(Paper, on_delete=models.SET_NULL, null=True, blank=True, related_name="citings")

    personal_data = NOT_PERSONAL

    class Meta:
        constraints = [models.UniqueConstraint(fields=["page", "key"], name="one_citing_a_key")]
        indexes = [
            models.Index(Lower("key"), name="citing_key"),
            models.Index(fields=["key"], name="citing_wanted", condition=Q(paper=None)),
        ]

    def __str__(self) -> str:
        return f"@{self.key} in {self.page}"


class FormerPaper(models.Model):
    """A second row of the same work, merged into `paper`: its address leads there, and what it was known by still finds it."""

    number = models.PositiveBigIntegerField(
        unique=True,
        null=True,
        help_text="The number in its address; none where the two were merged in another library.",
    )
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="former")
    arxiv_id = models.CharField("arXiv number", max_length=40, blank=True)
    doi = models.CharField("DOI", max_length=200, blank=True)
    url = models.URLField(max_length=500, blank=True)
    # All that stood in the row, for whoever merged the wrong two.
    said = models.JSONField(default=dict)
    merged_at = models.DateTimeField(default=timezone.now)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-merged_at"]

    def __str__(self) -> str:
        return f"{self.said.get('title') or self.number}, now {self.paper}"
