"""What one reads before a page, routes over pages, and what a member says that they know."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from mlclub import slugs
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from wiki.models.pages import Page


class RequirementQuerySet(models.QuerySet["Requirement"]):
    def among(self, pages: Any) -> RequirementQuerySet:
        """Those between two pages of the queryset."""
        return self.filter(page__in=pages, required__in=pages)


class Requirement(models.Model):
    """That one page is understood after another. The database refuses a circle, whoever adds its last piece."""

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="requirements")
    required = models.ForeignKey(
        Page, on_delete=models.CASCADE, related_name="leads_to", verbose_name="requires"
    )
    note = models.CharField(max_length=200, blank=True, help_text="What of it, or why, in a few words.")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = RequirementQuerySet.as_manager()
    personal_data = Policy(
        owners=("added_by",), on_erase=Erase.KEEP, is_exported=False, why="What needs what is the library's."
    )

    class Meta:
        ordering = ["required__title", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "required"],
                name="one_requirement_a_pair",
                violation_error_message="This page stands among what it requires already.",
            ),
            models.CheckConstraint(
                condition=~Q(page=F("required")),
                name="page_does_not_require_itself",
                violation_error_message="A page cannot require itself.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page} requires {self.required}"


class ProposalQuerySet(models.QuerySet["RequirementProposal"]):
    def open(self) -> ProposalQuerySet:
        """Undecided, between pages that are there."""
        return self.filter(
            state=RequirementProposal.State.OPEN, page__trashed_at=None, required__trashed_at=None
        )


class RequirementProposal(models.Model):
    """That a sentence of a page sounds as if it required another. Somebody says yes or no; it is never asked again."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="requirement_proposals")
    required = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="+", verbose_name="requires")
    sentence = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    proposed_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ProposalQuerySet.as_manager()
    personal_data = Policy(
        owners=("decided_by",),
        on_erase=Erase.KEEP,
        is_exported=False,
        why="What needs what is the library's.",
    )

    class Meta:
        ordering = ["page__path", "required__title", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "required"],
                name="one_proposal_a_pair",
                violation_error_message="This is proposed already.",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None) | (~Q(state="open") & ~Q(decided_at=None)),
                name="proposal_is_decided_once",
            ),
        ]
        indexes = [models.Index(fields=["page"], name="proposal_open", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.page} requires {self.required}?"


class KnownPage(models.Model):
    """A member's own mark: I know what stands there. Nobody else sees it."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="known_pages")
    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(
        owners=("person",),
        on_erase=Erase.DELETE,
        is_exported=False,
        why="The copy names the pages, in `wiki.gathered`.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "page"], name="one_mark_a_page")]

    def __str__(self) -> str:
        return f"{self.person} knows {self.page}"


class LearningPath(models.Model):
    """A route over pages that somebody put in an order for somebody who wants to get there."""

    title = models.CharField(max_length=120, help_text="Where it leads, such as Reinforcement learning.")
    slug = models.SlugField(max_length=80, unique=True, editable=False)
    for_whom = models.CharField(
        "for whom", max_length=200, help_text="What one needs for it, and what one has at its end."
    )
    keeper = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="kept_paths",
        help_text="Who keeps it in order.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(
        owners=("keeper",), on_erase=Erase.KEEP, is_exported=False, why="A path is the club's."
    )

    class Meta:
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(title=""),
                name="path_has_a_title",
                violation_error_message="Give the path a title.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = slugs.free(self.title, LearningPath.objects, otherwise="path", besides={"new"})
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("wiki:learning_path_detail", args=[self.slug])


class LearningStep(models.Model):
    """A page on a learning path."""

    path = models.ForeignKey(LearningPath, on_delete=models.CASCADE, related_name="steps")
    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="learning_steps")
    note = models.CharField(max_length=200, blank=True, help_text="What to look for, or what to skip.")
    position = models.PositiveIntegerField(default=0)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["path", "page"],
                name="one_step_a_page",
                violation_error_message="This page is a step of the path already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.page} on {self.path}"


class LearningFollow(models.Model):
    """That somebody goes along a path: its next step stands on their home page. Nobody else sees it."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="followed_paths"
    )
    path = models.ForeignKey(LearningPath, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField(default=timezone.now)

    personal_data = Policy(
        owners=("person",),
        on_erase=Erase.DELETE,
        is_exported=False,
        why="The copy names the paths, in `wiki.gathered`.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "path"], name="one_follower_a_path")]

    def __str__(self) -> str:
        return f"{self.person} follows {self.path}"
