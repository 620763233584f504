from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from events.models.events import Event
from mlclub.privacy import Erase, Policy


class AlbumQuerySet(models.QuerySet["Album"]):
    def with_objections(self) -> AlbumQuerySet:
        """Adds `has_objections`: whether somebody waits for a picture of theirs to be taken out."""
        return self.annotate(
            has_objections=Exists(AlbumObjection.objects.open().filter(album=OuterRef("pk")))
        )

    def shared(self) -> AlbumQuerySet:
        """Those in which nobody does."""
        rows: Any = self.with_objections()
        return cast("AlbumQuerySet", rows.filter(has_objections=False))

    def visible_to(self, user: Any) -> AlbumQuerySet:
        """For readers of the members' area and whoever was there, never for the public: faces are in it. Hosts and
        officers also see one that is held back."""
        if not user.is_authenticated:
            return self.none()
        events = Event.objects.visible_to(user)
        if user.has_perm("events.change_event"):
            return self.filter(event__in=events)
        hosted = Q(event__in=user.hosted_events.values("pk"))
        open_to = Q(event__in=user.attendances.values("event"))
        if user.standing.reads_members_area:
            open_to |= Q(event__in=events)
        return self.filter(hosted | (open_to & Q(pk__in=Album.objects.shared().values("pk"))))


class Album(models.Model):
    """Where the pictures of an event are. Somebody vouches that those who do not want to be shown are not in them."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="album")
    url = models.URLField("address", max_length=500)
    vouched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    vouched_at = models.DateTimeField(default=timezone.now)

    objects = AlbumQuerySet.as_manager()
    personal_data = Policy(
        owners=("vouched_by",), on_erase=Erase.KEEP, why="Who shared the pictures of an event."
    )

    def __str__(self) -> str:
        return f"Pictures of {self.event}"


class AlbumObjectionQuerySet(models.QuerySet["AlbumObjection"]):
    def open(self) -> AlbumObjectionQuerySet:
        return self.filter(settled_at=None)


class AlbumObjection(models.Model):
    """Somebody is in a picture and does not want to be: the album is held back until a host has taken it out."""

    album = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="objections")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    which = models.CharField(
        "which picture",
        max_length=200,
        blank=True,
        help_text="So that the hosts find it. They alone read it.",
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = AlbumObjectionQuerySet.as_manager()
    personal_data = Policy(owners=("person",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["album", "person"],
                condition=Q(settled_at=None),
                name="one_open_objection_a_person",
                violation_error_message="The hosts know of it already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} and {self.album}"


class ThankYou(models.Model):
    """What the hosts say to those who made an event: a draft until it is sent, once."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="thank_you")
    sentence = models.CharField("what you want to say", max_length=600)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", verbose_name="to")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    saved_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    personal_data = Policy(
        owners=("by", "people"), on_erase=Erase.KEEP, why="Who made an event possible is the club's record."
    )

    class Meta:
        verbose_name = "thank-you"

    def __str__(self) -> str:
        return f"Thank-you for {self.event}"
