from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from events.models.events import Event
from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from mlclub.search import search_column
from wiki.models import Page


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
    audio_only = models.BooleanField(
        "only the sound",
        default=False,
        help_text="They agreed to a recording of the sound, not of the picture.",
    )
    position = models.PositiveSmallIntegerField(default=0)
    # An event is found by what is spoken about at it, and by whom.
    search = search_column(A=["title"], C=["abstract"], names=["title", "speaker_names"])

    personal_data = Policy(owners=("speakers",), on_erase=Erase.KEEP, why="Who spoke is the club's record.")

    class Meta:
        ordering = ["position", "pk"]
        indexes = [GinIndex(fields=["search"], name="talk_search")]
        constraints = [
            models.CheckConstraint(
                # Unknown is no consent, and a bare comparison with it would pass.
                condition=Q(audio_only=False) | Q(may_record=True, may_record__isnull=False),
                name="sound_is_recorded_with_consent",
                violation_error_message="Only the sound is recorded where the speaker agreed to a recording.",
            )
        ]

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

    @staticmethod
    def _refused() -> Q:
        """A recording of a talk whose speaker said no; one of the whole event is locked by any such talk."""
        refusals = Talk.objects.filter(event=OuterRef("event"), may_record=False)
        return Q(kind=Material.Kind.RECORDING) & (
            Q(talk__may_record=False) | (Q(talk__isnull=True) & Q(Exists(refusals)))
        )

    def locked(self) -> MaterialQuerySet:
        """Recordings that nobody may see: a speaker said no, or took a yes back."""
        return self.filter(self._refused())

    def unlocked(self) -> MaterialQuerySet:
        """Without the recordings of speakers who do not want to be recorded: for everybody, and at once."""
        return self.exclude(self._refused())

    def recordings_for(self, now: datetime, *, reads_members_area: bool) -> MaterialQuerySet:
        """Recordings that whoever sees the event may watch as a reader of the members' area, or as a stranger.

        For lists of events that are limited already; whoever was there may see more: `visible_to`.
        """
        found = self.shown(now).unlocked().filter(kind=Material.Kind.RECORDING, page=None)
        return found if reads_members_area else found.filter(visibility=Material.Visibility.PUBLIC)

    def visible_to(self, user: Any, now: datetime) -> MaterialQuerySet:
        """Materials of events `user` may see: public ones, and to readers of the members' area or people who
        were at the event also the others. A locked recording is nobody's."""
        return (
            self.unlocked()
            .filter(Q(page__isnull=True) | Q(page__in=Page.objects.visible_to(user)))
            .filter(self._open_to(user, now))
        )

    @staticmethod
    def _open_to(user: Any, now: datetime) -> Q:
        events = Event.objects.visible_to(user)
        released = Q(visible_from__isnull=True) | Q(visible_from__lte=now)
        if not user.is_authenticated:
            return Q(event__in=events, visibility=Material.Visibility.PUBLIC) & released
        if user.has_perm("events.view_event"):
            return Q()
        hosted = Q(event__in=user.hosted_events.values("pk"))
        if not user.standing.reads_members_area:
            was_there = Q(event__in=Event.objects.filter(Event.objects.concerning(user))) | Q(
                event__in=user.attendances.values("event")
            )
            released &= Q(visibility=Material.Visibility.PUBLIC) | was_there
        return hosted | (Q(event__in=events) & released)


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

    REFUSED = "A speaker of this said no to being recorded."

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="materials")
    talk = models.ForeignKey(
        Talk,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="materials",
        help_text="Empty: it belongs to the whole event.",
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.LINK)
    title = models.CharField(max_length=160)
    url = models.URLField("address", max_length=500, blank=True)
    file = models.FileField(upload_to="materials/%Y/", blank=True)
    page = models.ForeignKey(
        Page,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="page of the wiki",
    )
    minutes = models.PositiveSmallIntegerField("length in minutes", null=True, blank=True)
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
                condition=Q(url__gt="", file="", page__isnull=True)
                | Q(url="", file__gt="", page__isnull=True)
                | Q(url="", file="", page__isnull=False),
                name="material_is_one_thing",
                violation_error_message="Give an address, a file or a page of the wiki, one of the three.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def address(self) -> str:
        """Where it is opened: elsewhere, in the wiki, or through the portal."""
        if self.page:
            return self.page.get_absolute_url()
        return self.url or reverse("events:material_file", args=[self.pk])

    def clean(self) -> None:
        """A recording needs that nobody who speaks in it said no. The database refuses it too, in a trigger."""
        super().clean()
        if self.talk and self.talk.event_id != self.event_id:
            raise ValidationError({"talk": "This talk belongs to another event."})
        if self.kind == self.Kind.RECORDING and self.event_id and self.is_refused():
            raise ValidationError({"kind": self.REFUSED})

    def is_refused(self) -> bool:
        """Whether a speaker of what would be recorded said no."""
        talks = Talk.objects.filter(event=self.event_id, may_record=False)
        return (talks.filter(pk=self.talk_id) if self.talk_id else talks).exists()
