from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from events.models.kinds import Kind, Visibility
from events.models.rooms import Room
from mlclub import slugs
from mlclub.privacy import NOT_PERSONAL


def on_the_wall(day: date, hour: time, zone: Any) -> datetime:
    """The instant at which the clock on the wall shows `hour`; where it leaves the hour out, as much later as it was put
    on, which is what the wall then shows. Of an hour that comes twice, the first."""
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC).astimezone(zone)


class SeriesQuerySet(models.QuerySet["Series"]):
    def visible_to(self, user: Any) -> SeriesQuerySet:
        """Series open to `user`: public ones to anyone, members' ones to readers of the members' area."""
        if not user.is_authenticated:
            return self.filter(visibility=Visibility.PUBLIC)
        if user.has_perm("events.change_series"):
            return self
        hosted = Exists(Series.hosts.through.objects.filter(series=OuterRef("pk"), user=user))
        open_to = [Visibility.PUBLIC]
        if user.standing.reads_members_area:
            open_to.append(Visibility.MEMBERS)
        return self.filter(Q(visibility__in=open_to) | hosted)

    def free_slug(self, name: str, *, otherwise: str = "series") -> str:
        """A slug for `name` that no series has yet."""
        return slugs.free(name, Series.objects, otherwise=otherwise, besides={"new"})


class Series(models.Model):
    """A rule for events that repeat, in the club's wall-clock time: 18:00 stays 18:00 when clocks change."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.MEETING)
    summary = models.CharField(max_length=240, blank=True, help_text="One or two sentences for lists.")
    description = models.TextField(blank=True, help_text="What happens each time. Markdown.")
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.MEMBERS)

    first_on = models.DateField("first day", help_text="Its weekday is the weekday of the series.")
    start_time = models.TimeField(
        "begins at", help_text="By the clock on the wall, also after clocks change."
    )
    duration = models.DurationField(default=timedelta(hours=1))
    interval_weeks = models.PositiveSmallIntegerField(
        "every how many weeks", default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    count = models.PositiveSmallIntegerField(
        "how many times", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    last_on = models.DateField("not after", null=True, blank=True)
    skips_breaks = models.BooleanField("leave out breaks of the term", default=True)

    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    place = models.CharField(max_length=200, blank=True)
    online_url = models.URLField("meeting link", blank=True)
    capacity = models.PositiveIntegerField("seats", null=True, blank=True, validators=[MinValueValidator(1)])
    guests_allowed = models.PositiveSmallIntegerField("guests each", default=0)
    asks_note = models.BooleanField("ask what people cannot eat or need", default=False)
    uses_offers = models.BooleanField("ask before moving somebody up from the line", default=False)
    helpers_wanted = models.PositiveSmallIntegerField("helpers wanted", default=0)
    opens_before = models.DurationField(
        "registration opens", null=True, blank=True, help_text="How long before each date; empty: at once."
    )
    hosts = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="hosted_series")

    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SeriesQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        verbose_name_plural = "series"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(count__isnull=False) | Q(last_on__isnull=False),
                name="series_comes_to_an_end",
                violation_error_message="Say how many times, or the last day.",
            ),
            models.CheckConstraint(
                condition=Q(last_on__isnull=True) | Q(last_on__gte=models.F("first_on")),
                name="series_ends_after_it_begins",
                violation_error_message="The last day must not come before the first.",
            ),
            models.CheckConstraint(condition=Q(interval_weeks__gte=1), name="series_interval_is_positive"),
            models.CheckConstraint(condition=Q(duration__gt=timedelta(0)), name="series_lasts_some_time"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("events:series_detail", args=[self.slug])

    def is_run_by(self, user: Any) -> bool:
        """Whether `user` may change the series: a host, or an officer with the right."""
        if not user.is_authenticated:
            return False
        return bool(user.has_perm("events.change_series") or self.hosts.filter(pk=user.pk).exists())

    def days(self, breaks: list[tuple[date, date]] | None = None) -> list[date]:
        """The days of the rule, without those in `breaks`; a left-out day does not use up the count."""
        found: list[date] = []
        day = self.first_on
        limit = self.last_on or day + timedelta(days=3 * 366)
        while day <= limit and (self.count is None or len(found) < self.count):
            if not any(first <= day <= last for first, last in breaks or ()):
                found.append(day)
            day += timedelta(weeks=self.interval_weeks)
        return found

    def starts_on_day(self, day: date, zone: Any) -> datetime:
        """The instant at which the occurrence of `day` begins, by the clock on the wall in `zone`."""
        return on_the_wall(day, self.start_time, zone)
