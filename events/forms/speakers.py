from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from events.forms.organising import LARGEST_FILE
from events.models import Event, SpeakerVisit
from members.forms import TopicsField
from members.models import Topic, User
from mlclub import uploads
from mlclub.forms import DateTimeField, DateTimeLocal

MOST_DATES = 3


class SuggestForm(forms.Form):
    """Somebody whom the club should ask to speak."""

    name = forms.CharField(label="Who", max_length=120)
    email = forms.EmailField(
        label="Mail address", required=False, help_text="If you know it. Officers see it."
    )
    organization = forms.CharField(label="Company, lab or university", max_length=120, required=False)
    role = forms.CharField(label="What they do there", max_length=120, required=False)
    source = forms.CharField(
        label="Where the address comes from",
        max_length=200,
        required=False,
        help_text="Such as: met at a conference, their public page.",
    )
    why = forms.CharField(
        label="Why them",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What we would learn.",
    )
    topics = TopicsField(required=False, help_text="Topics between commas, such as robotics, optics.")
    hosts = forms.BooleanField(label="I would write to them and host them", required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("email") and not cleaned.get("source"):
            self.add_error("source", "Say where the address comes from; they may ask.")
        return cleaned


class SpeakerFilterForm(forms.Form):
    """Which speakers the list shows."""

    host = forms.ModelChoiceField(
        label="Host", queryset=User.objects.none(), required=False, empty_label="Everybody"
    )
    topic = forms.ModelChoiceField(
        label="Topic", queryset=Topic.objects.none(), required=False, empty_label="Every topic"
    )

    def __init__(self, *args: Any, visits: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        host: Any = self.fields["host"]
        host.queryset = User.objects.filter(pk__in=visits.order_by().values("host")).order_by("name")
        host.label_from_instance = lambda person: person.display_name
        topic: Any = self.fields["topic"]
        through = SpeakerVisit.topics.through.objects.filter(speakervisit__in=visits.order_by().values("pk"))
        topic.queryset = Topic.objects.filter(pk__in=through.values("topic"))


def events_to_come(user: User, now: datetime) -> QuerySet[Event]:
    """What a speaker can still come to: for officers any event, for others those they host."""
    coming = Event.objects.visible_to(user).scheduled().filter(starts_at__gt=now)
    if not user.has_perm("events.change_event"):
        coming = coming.filter(hosts=user)
    return coming.order_by("starts_at", "pk").defer("description", "search")


class ComingEventField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{timezone.localtime(obj.starts_at):%d %b, %H:%M}: {obj.title}"


class InviteForm(forms.Form):
    """The invitation: for an event, or with dates to choose from."""

    email = forms.EmailField(label="Mail address", help_text="Nobody has written it down yet.")
    event = ComingEventField(
        label="For",
        queryset=Event.objects.none(),
        required=False,
        empty_label="No event yet: the dates below",
    )
    subject = forms.CharField(label="Subject", max_length=160)
    letter = forms.CharField(
        label="Letter",
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="When, where, your address and the link to their page stand below it by themselves.",
    )
    audience = forms.CharField(
        label="Who listens",
        max_length=300,
        required=False,
        help_text="How many come, and what they know already.",
    )
    getting_in = forms.CharField(
        label="How to get in", max_length=300, required=False, help_text="Door, floor, whom to ask; parking."
    )

    def __init__(self, *args: Any, visit: SpeakerVisit, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        event: Any = self.fields["event"]
        event.queryset = events_to_come(user, now)
        self.now = now
        for number in range(1, MOST_DATES + 1):
            self.fields[f"date_{number}"] = DateTimeField(
                label=f"Date {number}", required=False, widget=DateTimeLocal()
            )
        if visit.contact.email:
            del self.fields["email"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        dates = []
        for number in range(1, MOST_DATES + 1):
            date = cleaned.get(f"date_{number}")
            if date is not None and date <= self.now:
                self.add_error(f"date_{number}", "This is over. Propose a date to come.")
            elif date is not None:
                dates.append(date)
        if not cleaned.get("event") and not dates and not self.errors:
            self.add_error("date_1", "Choose an event, or propose a date at least.")
        cleaned["proposed"] = dates
        return cleaned


class SpeakerEventForm(forms.Form):
    """The event of a speaker who chose a date."""

    event = ComingEventField(label="Event", queryset=Event.objects.none(), empty_label="Choose")

    def __init__(self, *args: Any, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        event: Any = self.fields["event"]
        event.queryset = events_to_come(user, now)


class SpeakerAnswerForm(forms.Form):
    """What a speaker told the host in another way."""

    state = forms.ChoiceField(
        label="They said",
        choices=[("confirmed", "Yes"), ("put_off", "Another time"), ("declined", "No")],
        widget=forms.RadioSelect,
    )
    sentence = forms.CharField(label="In their words", max_length=500, required=False)


class ThanksForm(forms.Form):
    thanks = forms.CharField(
        label="Your thank-you",
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="Your name and the link to their page stand below it by themselves.",
    )


# ── The speaker's own page ──


class GuestForm(forms.ModelForm):
    """What a speaker says of the talk and of themselves. Nothing of it is needed for a yes."""

    recording = forms.ChoiceField(
        label="May we record your talk?",
        choices=SpeakerVisit.Recording.choices,
        widget=forms.RadioSelect,
        required=False,
        help_text="Until you say so, nothing is recorded. Recordings are for the club, unless you agree to more.",
    )
    new_photo = forms.ImageField(label="Photo", required=False, help_text="JPEG, PNG or WebP, up to 10 MB.")

    class Meta:
        model = SpeakerVisit
        fields = [
            "title",
            "abstract",
            "recording",
            "equipment",
            "affiliation",
            "bio",
            "is_shown",
            "shows_photo",
        ]
        labels = {
            "title": "Title of your talk",
            "abstract": "What it is about",
            "equipment": "What you need",
            "affiliation": "Where you work",
            "bio": "About you",
            "is_shown": "Show my name, where I work and the text about me with the event",
            "shows_photo": "Show my photo, too",
        }
        help_texts = {
            "equipment": "Adapter, microphone, whiteboard, a particular time.",
            "bio": "Three sentences will do.",
            "is_shown": "",
            "shows_photo": "",
        }
        widgets = {"abstract": forms.Textarea(attrs={"rows": 4}), "bio": forms.Textarea(attrs={"rows": 4})}

    field_order = [
        "agreed_on",
        "title",
        "abstract",
        "recording",
        "equipment",
        "affiliation",
        "bio",
        "is_shown",
        "new_photo",
        "shows_photo",
    ]

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        visit = self.instance
        self.dates = {date.isoformat(): date for date in visit.proposed if date > now}
        if visit.event is None and self.dates:
            from_club = [
                (key, f"{timezone.localtime(date):%a %d %B, %H:%M %Z}") for key, date in self.dates.items()
            ]
            self.fields["agreed_on"] = forms.ChoiceField(
                label="Which date suits you?",
                choices=from_club,
                widget=forms.RadioSelect,
                initial=visit.agreed_on.isoformat() if visit.agreed_on else None,
            )
            self.order_fields(self.field_order)

    def clean_new_photo(self) -> Any:
        given = self.cleaned_data.get("new_photo")
        return uploads.image(given) if given else None

    def clean_agreed_on(self) -> datetime:
        return self.dates[self.cleaned_data["agreed_on"]]

    def _post_clean(self) -> None:
        # The process writes; the instance stays what the database says until then.
        pass


class GuestDeclineForm(forms.Form):
    another = forms.ChoiceField(
        label="What would you rather?",
        choices=[("yes", "Another date"), ("no", "I cannot come at all")],
        widget=forms.RadioSelect,
    )
    sentence = forms.CharField(
        label="A sentence for your host",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Such as dates that would suit you.",
    )


class SlidesForm(forms.Form):
    url = forms.URLField(label="Link to your slides", max_length=500, required=False, assume_scheme="https")
    file = forms.FileField(label="Or a file", required=False, help_text="Up to 25 MB, PDF if you can.")

    def clean_file(self) -> Any:
        file = self.cleaned_data.get("file")
        if file and file.size > LARGEST_FILE:
            raise ValidationError("The file is larger than 25 MB. Put it elsewhere and give its address.")
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("url")) == bool(data.get("file")) and not self.errors:
            self.add_error("url", "Give an address or a file, one of the two.")
        return data
