"""What hosts hear of what their event left behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from events.models import AlbumObjection, Material
from members.ledger import Category, Due, Kind, kind
from members.models import Notification


@kind(
    "event-picture-unwanted",
    label="Pictures that somebody does not want to be in",
    template="events/mail/picture_unwanted",
    category=Category.TRANSACTIONAL,
    why="because you host this event",
)
class PictureUnwanted(Kind):
    """An album is held back until a host has taken a picture out. Who it is stands on the page, not in the mail."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return AlbumObjection.objects.open().filter(pk=row.about_pk).exists() or "settled meanwhile"

    def context(self, row: Notification) -> dict[str, Any]:
        event = AlbumObjection.objects.select_related("album__event").get(pk=row.about_pk).album.event
        return {"event": event, "url": settings.SITE_URL + reverse("events:album_edit", args=[event.pk])}


@kind(
    "event-recording-locked",
    label="Recordings that a speaker does not want",
    template="events/mail/recording_locked",
    category=Category.TRANSACTIONAL,
    why="because you host this event",
)
class RecordingLocked(Kind):
    """A speaker took their yes back: the recording is hidden here, and has to go at its source."""

    def due(self, now: datetime) -> Iterator[Due]:
        locked = Material.objects.locked().filter(event__hosts__isnull=False)
        for material, host in locked.values_list("pk", "event__hosts"):
            yield Due(person=host, about=f"events.material:{material}", expires_at=now + timedelta(days=7))

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return Material.objects.locked().filter(pk=row.about_pk).exists() or "gone, or allowed again"

    def context(self, row: Notification) -> dict[str, Any]:
        material = Material.objects.select_related("event").get(pk=row.about_pk)
        url = settings.SITE_URL + material.event.get_absolute_url()
        return {"event": material.event, "material": material, "url": url}
