from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from events.forms.people import PeopleField
from events.models import Event, Material, Talk
from events.schedule import Scope
from mlclub.forms import DateTimeField, DateTimeLocal, MarkdownField, Segments

#: What one slide deck may weigh; recordings are links.
LARGEST_FILE = 25 * 1024 * 1024


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
