from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from mlclub.privacy import Erase, Policy
from wiki.models.pages import Page, Revision


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def visible_to(self, user: Any) -> SuggestionQuerySet:
        """Those that `user` wrote or may decide about, on pages that they may see."""
        if not user.is_authenticated:
            return self.none()
        rows = self.filter(page__in=Page.objects.visible_to(user))
        return rows if keeps(user) else rows.filter(Q(author=user) | Q(page__owner=user))

    def waiting(self) -> SuggestionQuerySet:
        return self.filter(state=Suggestion.State.WAITING)

    def decided_by(self, user: Any) -> SuggestionQuerySet:
        """Those that wait for a word of `user`: of others, on their own pages; on any page for a keeper."""
        waiting = self.visible_to(user).waiting().exclude(author=user)
        if keeps(user):
            return waiting
        return waiting.filter(page__owner=user) if user.standing.writes else waiting.none()


def waiting_count() -> Any:
    """How many suggestions wait on a page, as a column of a queryset of pages."""
    rows = Suggestion.objects.waiting().filter(page=OuterRef("pk")).order_by().values("page")
    return Coalesce(Subquery(rows.annotate(count=Count("pk")).values("count")), 0)


def keeps(user: Any) -> bool:
    """Whether `user` looks after the whole library."""
    return bool(user.has_perm("wiki.change_page"))


class Suggestion(models.Model):
    """The whole text of a page as somebody would like it to read, until a reviewer takes it in or not."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        ACCEPTED = "accepted", "Accepted"
        PARTLY = "partly", "Accepted in part"
        REJECTED = "rejected", "Not taken"
        WITHDRAWN = "withdrawn", "Withdrawn"

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="suggestions")
    base_number = models.PositiveIntegerField(help_text="The revision that the author began from.")
    text = models.TextField(blank=True)
    summary = models.CharField("why", max_length=200, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="wiki_suggestions"
    )
    at = models.DateTimeField()
    # Rises when the author changes what waits, so that a reviewer decides about what they saw.
    version = models.PositiveIntegerField(default=1, editable=False)

    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="wiki_suggestions_settled",
    )
    reason = models.CharField(max_length=500, blank=True, help_text="What the author is told.")
    # None where the page read like that already.
    revision = models.OneToOneField(
        Revision, on_delete=models.SET_NULL, null=True, blank=True, related_name="suggestion"
    )

    objects = SuggestionQuerySet.as_manager()
    personal_data = Policy(
        owners=("author", "settled_by"),
        on_erase=Erase.ANONYMISE,
        blank={"reason": ""},
        why="What was suggested stays for its page, under a pseudonym.",
    )

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "author"],
                condition=Q(state="waiting"),
                name="one_waiting_suggestion_a_person",
                violation_error_message="A suggestion of yours waits on this page already.",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", settled_at=None)
                | (~Q(state="waiting") & Q(settled_at__isnull=False)),
                name="suggestion_settled_at_a_moment",
                violation_error_message="What is settled has a moment, what waits has none.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page_id} by {self.author_id} ({self.state})"

    def get_absolute_url(self) -> str:
        return reverse("wiki:suggestion_detail", args=[self.pk])

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def byline(self) -> str:
        return self.author.display_name if self.author else "Somebody"

    @property
    def base_text(self) -> str:
        """The text that the author began from."""
        return (
            self.page.revisions.filter(number=self.base_number).values_list("text", flat=True).first() or ""
        )

    def can_be_decided_by(self, user: Any) -> bool:
        """The owner of the page and the keepers of the library decide, about others' suggestions alone."""
        if self.author_id == user.pk:
            return False
        return keeps(user) or (self.page.owner_id == user.pk and user.standing.writes)
