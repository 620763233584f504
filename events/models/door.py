from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from events.models.events import Event
from mlclub.privacy import NOT_PERSONAL, Erase, Policy


class DoorTick(models.Model):
    """That a tick of the door list has arrived. The browser makes the key when somebody taps, so that a tick which
    was kept while the network was away, or sent twice, counts once."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField()
    # A plain number: the attendance that it wrote or took back may be gone by now.
    attendance_number = models.BigIntegerField(null=True)
    sentence = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField(default=timezone.now)

    personal_data = NOT_PERSONAL

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "key"], name="a_tick_counts_once")]
        indexes = [models.Index(fields=["received_at"], name="door_tick_age")]

    def __str__(self) -> str:
        return f"A tick at {self.event}"


class HeadCount(models.Model):
    """How many people somebody counted in the room, whoever of them was checked in."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="head_count")
    people = models.PositiveIntegerField("people in the room")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(owners=("by",), on_erase=Erase.KEEP, why="A count of a room names nobody in it.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(people__lte=20_000),
                name="a_room_holds_so_many",
                violation_error_message="More than 20,000 people fit into no room.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.people} at {self.event}"
