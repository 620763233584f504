from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from events import rooms, schedule
from events.forms.rooms import AnywayField, RoomField, RoomMixin
from events.models import Series
from members.people_field import PeopleField
from mlclub.forms import DateField, MarkdownField, TimeField


class SeriesForm(RoomMixin, forms.ModelForm):
    """A weekly series in one form."""

    first_on = DateField(label="First day", help_text="Its weekday is the weekday of the series.")
    start_time = TimeField(label="Begins at", help_text="By the clock on the wall, also after clocks change.")
    end_time = TimeField(label="Ends at")
    count = forms.IntegerField(label="How many times", min_value=1, max_value=60, required=False)
    last_on = DateField(label="Or not after", required=False)
    interval_weeks = forms.TypedChoiceField(
        label="How often",
        choices=[
            (1, "Every week"),
            (2, "Every two weeks"),
            (3, "Every three weeks"),
            (4, "Every four weeks"),
        ],
        coerce=int,
    )
    room = RoomField(label="Room")
    anyway = AnywayField()
    place = forms.CharField(label="Or another place", max_length=200, required=False)
    online_url = forms.URLField(label="Meeting link", required=False, assume_scheme="https")
    hosts = PeopleField(required=False, help_text="Names or handles, separated by commas.")
    description = MarkdownField(required=False, help_text="What happens each time.")

    class Meta:
        model = Series
        fields = [
            "name",
            "kind",
            "first_on",
            "start_time",
            "end_time",
            "count",
            "last_on",
            "interval_weeks",
            "skips_breaks",
            "room",
            "anyway",
            "place",
            "online_url",
            "visibility",
            "summary",
            "description",
            "hosts",
            "capacity",
            "guests_allowed",
            "asks_note",
            "uses_offers",
            "helpers_wanted",
        ]
        labels: ClassVar = {"visibility": "For"}
        widgets = {"summary": forms.Textarea(attrs={"rows": 2})}

    folds: ClassVar = {
        "Seats and helpers": ("capacity", "guests_allowed", "asks_note", "uses_offers", "helpers_wanted"),
    }

    #: What is changed by moving one of its events, which tells people.
    MOVED = (
        "first_on",
        "start_time",
        "end_time",
        "interval_weeks",
        "room",
        "anyway",
        "place",
        "online_url",
    )

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for name in ("guests_allowed", "helpers_wanted"):
            self.fields[name].required = False
        if not self.instance.pk:
            tomorrow = timezone.localdate() + timedelta(days=1)
            for name, value in {
                "first_on": tomorrow,
                "start_time": "18:00",
                "end_time": "19:00",
                "count": 12,
                "skips_breaks": True,
            }.items():
                self.initial.setdefault(name, value)
            self.initial["count"] = self.initial.get("count") or 12
            self.fields["interval_weeks"].initial = 1
        else:
            end = datetime.combine(self.instance.first_on, self.instance.start_time) + self.instance.duration
            self.initial["end_time"] = end.time()
        self.order_fields(self.Meta.fields)
        if self.instance.pk:
            for name in self.MOVED:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("count") and not data.get("last_on") and "count" not in self.errors:
            self.add_error("count", "Say how many times, or the last day.")
        first, last = data.get("first_on"), data.get("last_on")
        if first and last and last < first:
            self.add_error("last_on", "The last day must not come before the first.")
        if data.get("start_time") and data.get("end_time"):
            data["duration"] = self.length(data["start_time"], data["end_time"])
        self.check_place()
        return data

    def clean_guests_allowed(self) -> int:
        return self.cleaned_data["guests_allowed"] or 0

    def clean_helpers_wanted(self) -> int:
        return self.cleaned_data["helpers_wanted"] or 0

    @staticmethod
    def length(start: Any, end: Any) -> timedelta:
        """From one hour to the other; past midnight where the end comes first."""
        day = datetime(2000, 1, 1)  # noqa: DTZ001  hours of the wall clock, without a day
        begins, ends = datetime.combine(day, start), datetime.combine(day, end)
        return ends - begins if ends > begins else ends + timedelta(days=1) - begins

    def _post_clean(self) -> None:
        self.instance.duration = self.cleaned_data.get("duration") or self.instance.duration
        super()._post_clean()  # type: ignore[misc]
        if not self.errors and "room" in self.fields:
            self.check_room(schedule.planned_spans(self.instance))

    @property
    def says_rule(self) -> bool:
        """Whether its dates can be told: nothing is wrong, or only that others are in the room."""
        return not (set(self.errors) - {"room"}) or self.is_valid()

    def save(self, commit: bool = True) -> Series:
        series: Series = super().save(commit=False)
        if not series.slug:
            series.slug = Series.objects.free_slug(series.name)
        rooms.settle(series)
        if commit:
            series.save()
            series.hosts.set(self.cleaned_data["hosts"])
        return series
