from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from events.models import Event, Kind, Material, Series, Talk
from events.schedule import Scope
from members.models import User
from mlclub.forms import DateField, DateTimeField, DateTimeLocal, MarkdownField, Segments, TimeField

#: What one slide deck may weigh; recordings are links.
LARGEST_FILE = 25 * 1024 * 1024


class FilterForm(forms.Form):
    """Which events the list shows."""

    kind = forms.ChoiceField(label="Kind", choices=[("", "Every kind"), *Kind.choices], required=False)
    whom = forms.ChoiceField(
        label="For whom",
        choices=[
            ("", "Everything I may attend"),
            ("mine", "Only what I go to"),
            ("public", "Open to everyone"),
        ],
        required=False,
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        if not user.is_authenticated:
            # Whatever a stranger sees is open to everyone.
            del self.fields["whom"]


class PeopleField(forms.CharField):
    """People of the directory, by name, handle or mail address, separated by commas."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)) or hasattr(value, "all"):
            return ", ".join(person.display_name for person in value)
        return value

    def clean(self, value: Any) -> list[User]:
        people: list[User] = []
        for typed in filter(None, (part.strip() for part in str(super().clean(value) or "").split(","))):
            match = Q(handle__iexact=typed) | Q(email__iexact=typed) | Q(name__iexact=typed)
            found = list(User.objects.real().filter(match)[:2])
            if not found:
                raise ValidationError(
                    f"Nobody here is called “{typed}”. Use the name, handle or address of an account."
                )
            if len(found) > 1:
                raise ValidationError(
                    f"There is more than one “{typed}”. Use the handle or the mail address."
                )
            people += found
        return list(dict.fromkeys(people))


class EventForm(forms.ModelForm):
    """What an event is. Time, place and seats of one that exists are changed on pages of their own, which tell
    those who are registered."""

    description = MarkdownField(required=False, help_text="Agenda, what to bring, access, food. Markdown.")
    hosts = PeopleField(
        required=False,
        help_text="Names or handles, separated by commas. They run the door and see who comes.",
    )
    invited = PeopleField(
        label="Invited",
        required=False,
        help_text="Only for an event by invitation: who sees it and may come.",
    )
    starts_at = DateTimeField(label="Begins")
    ends_at = DateTimeField(label="Ends")
    online_url = forms.URLField(
        label="Meeting link",
        required=False,
        assume_scheme="https",
        help_text="Shown only to those who are going.",
    )
    registration_opens_at = DateTimeField(label="Registration opens", required=False)
    registration_closes_at = DateTimeField(
        label="Registration closes", required=False, help_text="Empty: when the event begins."
    )
    cancel_until = DateTimeField(
        label="Cancel until",
        required=False,
        help_text="After that people tell a host, and freed seats are offered.",
    )

    class Meta:
        model = Event
        fields = [
            "title",
            "kind",
            "summary",
            "starts_at",
            "ends_at",
            "place",
            "online_url",
            "visibility",
            "invited",
            "capacity",
            "guests_allowed",
            "asks_note",
            "registration_opens_at",
            "registration_closes_at",
            "cancel_until",
            "uses_offers",
            "hosts",
            "description",
        ]
        widgets = {"summary": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance.pk is None
        if not self.is_new:
            for name in ("starts_at", "ends_at", "place", "online_url"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts_at, ends_at = data.get("starts_at"), data.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "It must end after it begins.")
        opens, closes = data.get("registration_opens_at"), data.get("registration_closes_at")
        if opens and closes and closes <= opens:
            self.add_error("registration_closes_at", "Registration must close after it opens.")
        return data

    def save(self, commit: bool = True) -> Event:
        event: Event = super().save(commit=False)
        if commit:
            event.save()
            event.hosts.set(self.cleaned_data["hosts"])
            event.invited.set(self.cleaned_data["invited"])
        return event


def scope_choices(labels: dict[Scope, int]) -> list[tuple[str, str]]:
    """The three scopes, each with how many mails it would send."""
    words = {
        Scope.THIS: "Only this one",
        Scope.LATER: "This and later ones",
        Scope.ALL: "All that are still to come",
    }
    return [(scope.value, f"{words[scope]} (mails {count})") for scope, count in labels.items()]


class ScopedForm(forms.Form):
    """A change of one event that may be meant for more of its series."""

    scope = forms.ChoiceField(label="For", widget=Segments, initial=Scope.THIS)

    def __init__(self, *args: Any, mails: dict[Scope, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = scope_choices(mails)
        self.fields["scope"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["scope"].widget = forms.HiddenInput()

    def clean_scope(self) -> Scope:
        return Scope(self.cleaned_data["scope"])


class MoveForm(ScopedForm):
    """Another time or place."""

    starts_at = DateTimeField(label="Begins")
    ends_at = DateTimeField(label="Ends")
    place = forms.CharField(label="Place", max_length=200, required=False)
    online_url = forms.URLField(
        label="Meeting link",
        required=False,
        assume_scheme="https",
        help_text="Shown only to those who are going.",
    )

    field_order = ["starts_at", "ends_at", "place", "online_url", "scope"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts_at, ends_at = data.get("starts_at"), data.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "It must end after it begins.")
        return data


class CancelForm(ScopedForm):
    """That it does not take place."""

    reason = forms.CharField(
        label="Why", max_length=200, help_text="One sentence; it stands in the mail and on the page."
    )
    field_order = ["reason", "scope"]


class SeriesForm(forms.ModelForm):
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
    online_url = forms.URLField(label="Meeting link", required=False, assume_scheme="https")
    hosts = PeopleField(required=False, help_text="Names or handles, separated by commas.")
    description = MarkdownField(required=False, help_text="What happens each time. Markdown.")

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
            "place",
            "online_url",
            "visibility",
            "capacity",
            "hosts",
            "description",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("count") and not data.get("last_on") and "count" not in self.errors:
            self.add_error("count", "Say how many times, or the last day.")
        first, last = data.get("first_on"), data.get("last_on")
        if first and last and last < first:
            self.add_error("last_on", "The last day must not come before the first.")
        if data.get("start_time") and data.get("end_time"):
            data["duration"] = self.length(data["start_time"], data["end_time"])
        return data

    @staticmethod
    def length(start: Any, end: Any) -> timedelta:
        """From one hour to the other; past midnight where the end comes first."""
        day = datetime(2000, 1, 1)  # noqa: DTZ001  hours of the wall clock, without a day
        begins, ends = datetime.combine(day, start), datetime.combine(day, end)
        return ends - begins if ends > begins else ends + timedelta(days=1) - begins

    def _post_clean(self) -> None:
        self.instance.duration = self.cleaned_data.get("duration") or self.instance.duration
        super()._post_clean()  # type: ignore[misc]

    def save(self, commit: bool = True) -> Series:
        series: Series = super().save(commit=False)
        if not series.slug:
            series.slug = free_slug(series.name)
        if commit:
            series.save()
            series.hosts.set(self.cleaned_data["hosts"])
        return series


def free_slug(name: str) -> str:
    """A slug that no series has yet."""
    base = slugify(name)[:70] or "series"
    taken = set(Series.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | {"new"}
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


class NoteForm(forms.Form):
    """What only the hosts read."""

    note = forms.CharField(
        label="What you cannot eat, or need to take part",
        max_length=300,
        required=False,
        help_text="Only the hosts see it; it is erased 14 days afterwards.",
    )


class GuestForm(forms.Form):
    """Somebody without an account: a guest, or a walk-in."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="Mail address")


class TalkForm(forms.ModelForm):
    speakers = PeopleField(required=False, help_text="People with an account, separated by commas.")
    abstract = MarkdownField(required=False)
    may_record = forms.NullBooleanField(
        label="May be recorded",
        required=False,
        widget=forms.NullBooleanSelect,
        help_text="What the speaker said; unknown until asked.",
    )

    class Meta:
        model = Talk
        fields = ["title", "speakers", "speaker_names", "abstract", "may_record"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("title") and not data.get("speakers") and not data.get("speaker_names"):
            self.add_error("title", "Give a title, or say who speaks.")
        return data

    def save(self, commit: bool = True) -> Talk:
        talk: Talk = super().save(commit=False)
        if commit:
            talk.save()
            talk.speakers.set(self.cleaned_data["speakers"])
        return talk


class MaterialForm(forms.ModelForm):
    url = forms.URLField(label="Address", max_length=500, required=False, assume_scheme="https")
    visible_from = DateTimeField(label="Visible from", required=False, help_text="Empty: at once.")

    class Meta:
        model = Material
        fields = ["kind", "title", "url", "file", "visibility", "visible_from"]
        widgets = {"visible_from": DateTimeLocal}

    def clean_file(self) -> Any:
        file = self.cleaned_data.get("file")
        if file and file.size > LARGEST_FILE:
            raise ValidationError("The file is larger than 25 MB. Put it elsewhere and give its address.")
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("url")) == bool(data.get("file")) and not self.errors:
            self.add_error("url", "Give an address or a file, one of the two.")
        if data.get("kind") == Material.Kind.RECORDING and self.instance.event_id:
            refused = self.instance.event.talks.filter(may_record=False).exists()
            if refused:
                self.add_error("kind", "A speaker of this event said no to being recorded.")
        return data


class FeedForm(forms.Form):
    """How the secret calendar behaves."""

    alarm = forms.TypedChoiceField(
        label="Alarm",
        coerce=int,
        choices=[(0, "No alarm"), (15, "15 minutes before"), (60, "1 hour before"), (1440, "1 day before")],
    )


class HelpForm(forms.Form):
    """What somebody wants help with; `topics` are what the event's programme works on."""

    topic = forms.CharField(label="With", max_length=60)
    exercise = forms.CharField(
        label="Exercise",
        required=False,
        max_length=60,
        help_text="Its number, if it has one: people on the same one are sent to each other first.",
    )
    text = forms.CharField(label="In a few words", required=False, max_length=300)

    def __init__(self, *args: Any, topics: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if topics:
            self.fields["topic"] = forms.ChoiceField(
                label="With", choices=[(topic, topic) for topic in [*topics, "Something else"]]
            )
