from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from events.models.kinds import Kind, Visibility
from events.models.rooms import Room
from events.models.series import on_the_wall
from mlclub.privacy import NOT_PERSONAL


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class EventTemplate(models.Model):
    """What a sort of gathering usually looks like, so that making one is a click and a look. An event made from it
    keeps nothing of it: changing the template changes no event."""

    name = models.CharField(
        max_length=60, unique=True, help_text="What stands in the menu, such as “Social”."
    )
    position = models.PositiveSmallIntegerField("order in the menu", default=0)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.MEETING)
    title = models.CharField(max_length=160, blank=True, help_text="Empty: the name above.")
    summary = models.CharField(max_length=240, blank=True, help_text="One or two sentences for lists.")
    description = models.TextField(blank=True, help_text="What happens, what to bring, access. Markdown.")
    weekday = models.PositiveSmallIntegerField(
        "usual day", choices=Weekday.choices, null=True, blank=True, help_text="Empty: tomorrow."
    )
    start_time = models.TimeField("usually begins at", default=time(18))
    length = models.DurationField(default=timedelta(hours=1, minutes=30), help_text="Hours:minutes:seconds.")
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    place = models.CharField(max_length=200, blank=True, help_text="When it is in none of the club's rooms.")
    online_url = models.URLField("meeting link", blank=True)
    visibility = models.CharField("for", max_length=8, choices=Visibility.choices, default=Visibility.MEMBERS)
    capacity = models.PositiveIntegerField(
        "seats", null=True, blank=True, validators=[MinValueValidator(1)], help_text="Empty: as many as come."
    )
    guests_allowed = models.PositiveSmallIntegerField("guests each", default=0)
    asks_note = models.BooleanField("ask what people cannot eat or need", default=False)
    uses_offers = models.BooleanField("ask before moving somebody up from the line", default=False)
    helpers_wanted = models.PositiveSmallIntegerField("helpers wanted", default=0)
    agenda = models.TextField(
        blank=True,
        max_length=2000,
        help_text="One point a line: what | who | minutes. The last two may be left out.",
    )
    hosts = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="Empty: whoever makes the event.",
    )
    is_offered = models.BooleanField("in the menu", default=True)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(length__gt=timedelta(0)),
                name="template_lasts_some_time",
                violation_error_message="It must last some time.",
            ),
            models.CheckConstraint(
                condition=Q(capacity__isnull=True) | Q(capacity__gte=1), name="template_has_a_seat"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def next_day(self, today: date) -> date:
        """The first day after `today` on which it usually takes place."""
        tomorrow = today + timedelta(days=1)
        if self.weekday is None:
            return tomorrow
        return tomorrow + timedelta(days=(self.weekday - tomorrow.weekday()) % 7)

    def next_starts(self, today: date, zone: Any, count: int) -> list[datetime]:
        """When the next `count` would begin, by the clock on the wall in `zone`."""
        first, step = self.next_day(today), 1 if self.weekday is None else 7
        return [on_the_wall(first + timedelta(days=step * n), self.start_time, zone) for n in range(count)]
