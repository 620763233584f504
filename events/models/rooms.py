from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse

from mlclub.privacy import NOT_PERSONAL


class RoomQuerySet(models.QuerySet["Room"]):
    def in_use(self) -> RoomQuerySet:
        """Those that may still be booked."""
        return self.filter(is_in_use=True)


class Room(models.Model):
    """A place that the club meets in again and again, with what one has to know to get in and to present there."""

    name = models.CharField(max_length=80, help_text="As the sign on its door says.")
    building = models.CharField(max_length=80, blank=True)
    seats = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    way_in = models.TextField(
        "how to get in",
        blank=True,
        max_length=600,
        help_text="Entrance, floor, what is locked when. Everybody who sees an event here reads it: no door codes.",
    )
    access = models.TextField(
        "access", blank=True, max_length=600, help_text="Lift, steps, doors, toilets, an induction loop."
    )
    has_projector = models.BooleanField("projector", default=False)
    has_whiteboard = models.BooleanField("whiteboard", default=False)
    has_hybrid = models.BooleanField("camera and microphones for those who are not here", default=False)
    is_in_use = models.BooleanField(
        "may be booked", default=True, help_text="Off: it stays with past events and is offered no more."
    )

    objects = RoomQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["building", "name"]
        constraints = [
            models.UniqueConstraint(
                Lower("building"),
                Lower("name"),
                name="one_room_of_a_name",
                violation_error_message="There is a room of that name in the building.",
            ),
            models.CheckConstraint(
                condition=models.Q(seats__isnull=True) | models.Q(seats__gte=1),
                name="room_has_a_seat",
                violation_error_message="A room has at least one seat.",
            ),
        ]

    def __str__(self) -> str:
        return self.spoken

    def get_absolute_url(self) -> str:
        return reverse("events:room_detail", args=[self.pk])

    @property
    def spoken(self) -> str:
        """How an event, a calendar and a mail name it: "Room 112, Marlow Hall"."""
        return ", ".join(filter(None, [self.name, self.building]))

    @property
    def equipment(self) -> list[str]:
        """What is in it, for lists."""
        has = {
            "projector": self.has_projector,
            "whiteboard": self.has_whiteboard,
            "hybrid": self.has_hybrid,
        }
        return [word for word, there in has.items() if there]
