"""Who looked after a page before, who was asked about it, and how many people the library hangs on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from wiki.models.pages import Page


class OwnerChange(models.Model):
    """That a page lost who looked after it, or that somebody took it over."""

    class Kind(models.TextChoices):
        LEFT = "left", "The owner left the club"
        ADOPTED = "adopted", "Adopted"

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="owner_changes")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    # Whoever left, or whoever adopted it.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(
        owners=("person",), on_erase=Erase.KEEP, why="Who looked after a page is the page's record."
    )

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "person"], condition=Q(kind="left"), name="a_departure_is_told_once"
            )
        ]
        indexes = [models.Index(fields=["-at"], name="owner_change_at")]

    def __str__(self) -> str:
        return f"{self.page}: {self.get_kind_display().lower()}"


class CareRequest(models.Model):
    """That somebody asked a person who wrote on a page to look it over. It ends when anybody checks or mends the page."""

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="care_requests")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    personal_data = Policy(owners=("person", "asked_by"), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "person"], condition=Q(ended_at=None), name="one_open_request_a_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.page}: {self.person} was asked"


class LibraryFigure(models.Model):
    """On how many people the library hung on a day; `wiki.knowing` says what is counted."""

    day = models.DateField(unique=True)
    pages = models.PositiveIntegerField()
    # Of the pages, weighted by how much they are asked for, those that somebody knows who is still here; per mille.
    known_permille = models.PositiveIntegerField()
    # How many people, the most needed first, must leave until nobody knows half of it; 0 where that is so already.
    leave_for_half = models.PositiveIntegerField()
    people = models.PositiveIntegerField(help_text="Everybody here who knows a page.")

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.CheckConstraint(condition=Q(known_permille__lte=1000), name="known_share_is_a_share")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.known_share:.0%} known, {self.leave_for_half} people"

    @property
    def known_percent(self) -> int:
        return round(self.known_permille / 10)

    @property
    def known_share(self) -> float:
        return self.known_permille / 1000
