from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from events.models.events import Event
from mlclub.privacy import NOT_PERSONAL, Erase, Policy


class Talk(models.Model):
    """Who speaks at an event, and about what. A class has one: who teaches it is written here alone."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="talks")
    title = models.CharField(max_length=200, blank=True)
    speakers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="talks")
    speaker_names = models.CharField(
        "speakers without an account", max_length=300, blank=True, help_text="Names, separated by commas."
    )
    abstract = models.TextField(blank=True, help_text="Markdown.")
    may_record = models.BooleanField(
        "may be recorded", null=True, blank=True, help_text="What the speaker said; unknown until asked."
    )
    position = models.PositiveSmallIntegerField(default=0)

    personal_data = Policy(owners=("speakers",), on_erase=Erase.KEEP, why="Who spoke is the club's record.")

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.title or f"Talk at {self.event}"

    @property
    def names(self) -> list[str]:
        """Everybody who speaks, with or without an account."""
        others = [name.strip() for name in self.speaker_names.split(",") if name.strip()]
        return [person.display_name for person in self.speakers.all()] + others


class MaterialQuerySet(models.QuerySet["Material"]):
    def shown(self, now: datetime) -> MaterialQuerySet:
        """Released by `now`."""
        return self.filter(Q(visible_from__isnull=True) | Q(visible_from__lte=now))

    def visible_to(self, user: Any, now: datetime) -> MaterialQuerySet:
        """Materials of events `user` may see: public ones, and to readers of the members' area or people who
        were at the event also the others."""
        events = Event.objects.visible_to(user)
        if not user.is_authenticated:
            return self.filter(event__in=events, visibility=Material.Visibility.PUBLIC).shown(now)
        if user.has_perm("events.view_event"):
            return self
        hosted = Q(event__in=user.hosted_events.values("pk"))
        released = Q(visible_from__isnull=True) | Q(visible_from__lte=now)
        if not user.standing.reads_members_area:
            was_there = Q(event__in=Event.objects.filter(Event.objects.concerning(user))) | Q(
                event__in=user.attendances.values("event")
            )
            released &= Q(visibility=Material.Visibility.PUBLIC) | was_there
        return self.filter(hosted | (Q(event__in=events) & released))


class Material(models.Model):
    """Slides, a recording, an exercise: what an event leaves behind, or asks for beforehand."""

    class Kind(models.TextChoices):
        SLIDES = "slides", "Slides"
        NOTES = "notes", "Notes"
        RECORDING = "recording", "Recording"
        EXERCISE = "exercise", "Exercise"
        READING = "reading", "Reading"
        WORKSHEET = "worksheet", "Worksheet"
        LINK = "link", "Link"

    class Visibility(models.TextChoices):
        PUBLIC = "public", "Anyone who sees the event"
        MEMBERS = "members", "Members and who was there"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="materials")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.LINK)
    title = models.CharField(max_length=160)
    url = models.URLField("address", max_length=500, blank=True)
    file = models.FileField(upload_to="materials/%Y/", blank=True)
    visible_from = models.DateTimeField("visible from", null=True, blank=True)
    visibility = models.CharField("for", max_length=8, choices=Visibility.choices, default=Visibility.MEMBERS)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MaterialQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(url__gt="") ^ Q(file__gt=""),
                name="material_is_a_link_or_a_file",
                violation_error_message="Give an address or a file, one of the two.",
            )
        ]

    def __str__(self) -> str:
        return self.title
