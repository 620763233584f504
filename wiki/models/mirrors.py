from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q

from mlclub.privacy import NOT_PERSONAL, Erase, Policy


@dataclass
class StoredFile:
    """A file in the private storage that no row has a field for."""

    name: str
    storage: Any = default_storage

    def open(self, mode: str = "rb") -> Any:
        return self.storage.open(self.name, mode)


class Mirror(models.Model):
    """The repository of git that members clone, as it was last built. There is one.

    Its packs lie in the private storage under the hash of their bytes and never change; what leads to them stands in
    this row, so that whoever reads it sees the one state or the next, and nothing between.
    """

    head = models.CharField(max_length=40, blank=True)
    commits = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField("size in bytes", default=0)
    #: [{"name": "pack-….pack", "size": bytes}], the oldest first.
    packs = models.JSONField(default=list, blank=True)
    #: Packs of before, and until when a clone that began earlier may still fetch them: [{"name", "until"}].
    retired = models.JSONField(default=list, blank=True)
    # How to go on from here without reading everything again: `wiki.mirror`.
    mark = models.JSONField(default=dict, blank=True)
    built_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last found, or made, up to date."
    )
    changed_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    # A worker that builds has it until then; no other begins meanwhile.
    lease_until = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)

    personal_data = NOT_PERSONAL

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pk=1), name="one_mirror", violation_error_message="There is one mirror."
            )
        ]

    def __str__(self) -> str:
        return f"Mirror at {self.head[:8] or 'nothing yet'}"

    @classmethod
    def current(cls) -> Mirror:
        return cls.objects.get_or_create(pk=1)[0]


class MirrorKeyQuerySet(models.QuerySet["MirrorKey"]):
    def live(self) -> MirrorKeyQuerySet:
        return self.filter(revoked_at=None)


class MirrorKey(models.Model):
    """A person's secret address of the mirror. Only a hash of it is stored; a revoked one answers 410."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mirror_keys")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = MirrorKeyQuerySet.as_manager()
    personal_data = Policy(owners=("user",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at=None), name="one_live_mirror_key_a_person"
            )
        ]

    def __str__(self) -> str:
        return f"Mirror address of {self.user}"


class LibraryArchive(models.Model):
    """The whole library in one file, made when an officer asks for it and kept for a day."""

    class State(models.TextChoices):
        WAITING = "waiting", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        GONE = "gone", "Deleted"

    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    # A worker that makes it has it until then.
    lease_until = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)
    file = models.FileField(upload_to="wiki/archives/", max_length=200, blank=True)
    size = models.PositiveBigIntegerField("size in bytes", default=0)
    problem = models.CharField(max_length=300, blank=True)

    personal_data = Policy(
        owners=("asked_by",),
        on_erase=Erase.KEEP,
        why="That the library was taken out stays on record; the key goes to the pseudonym.",
    )

    class Meta:
        ordering = ["-asked_at", "-pk"]
        permissions = [("export_library", "Can download the whole library, trash included")]
        constraints = [
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state="waiting"),
                name="one_archive_at_a_time",
                violation_error_message="An archive is being made already.",
            )
        ]

    def __str__(self) -> str:
        return f"Library of {self.asked_at:%Y-%m-%d %H:%M}"
