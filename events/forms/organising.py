from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import Resolver404, resolve
from django.utils import timezone

from events import helping, rooms, schedule
from events.forms.rooms import AnywayField, RoomField, RoomMixin
from events.models import Event, Material, Room, Talk, Visibility
from events.schedule import Scope
from members.forms import TopicsField, save_topics
from members.models import User
from members.people_field import PeopleField
from mlclub.forms import DateTimeField, DateTimeLocal, MarkdownField, Segments
from wiki.models import Page

#: What one slide deck may weigh; recordings are links.
LARGEST_FILE = 25 * 1024 * 1024


def scope_choices(mails: dict[Scope, int] | None = None) -> list[tuple[str, str]]:
    """The scopes of a change, each with how many mails it would send where that is known."""
    words = {
        Scope.THIS: "Only this one",
        Scope.LATER: "This and later ones",
        Scope.ALL: "All that are still to come",
    }
    if mails is None:
        return [(scope.value, label) for scope, label in words.items()]
    return [
        (scope.value, words[scope] + (f" (mails {count})" if count else "")) for scope, count in mails.items()
    ]


class EventForm(RoomMixin, forms.ModelForm):
    """What an event is. Time and place of one that exists are changed on a page of their own, which tells those who are
    registered; the rest may be meant for more of its series."""

    description = MarkdownField(required=False, help_text="Agenda, what to bring, access, food.")
    hosts = PeopleField(
        required=False,
        help_text="Names or handles, separated by commas. They run the door and see who comes.",
    )
    helpers = PeopleField(
        required=False,
        show_hidden_initial=True,
        help_text="Of this date alone: they are told, stand on its page, and take people from the help queue.",
    )
    topics = TopicsField(
        required=False, help_text="Between commas, such as diffusion, optics. Recordings are found by them."
    )
    invited = PeopleField(
        label="Invited",
        required=False,
        help_text="Only for an event by invitation: who sees it and may come.",
    )
    starts_at = DateTimeField(label="Begins")
    ends_at = DateTimeField(label="Ends")
    room = RoomField(label="Room")
    anyway = AnywayField()
    place = forms.CharField(
        label="Or another place", max_length=200, required=False, help_text="As a newcomer finds it."
    )
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
            "room",
            "anyway",
            "place",
            "online_url",
            "visibility",
            "invited",
            "description",
            "hosts",
            "capacity",
            "guests_allowed",
            "asks_note",
            "registration_opens_at",
            "registration_closes_at",
            "cancel_until",
            "uses_offers",
            "helpers",
            "helpers_wanted",
            "topics",
        ]
        widgets = {"summary": forms.Textarea(attrs={"rows": 2})}

    folds: ClassVar = {
        "Seats and sign-up": (
            "capacity",
            "guests_allowed",
            "asks_note",
            "registration_opens_at",
            "registration_closes_at",
            "cancel_until",
            "uses_offers",
        ),
        "Helpers and topics": ("helpers", "helpers_wanted", "topics"),
    }

    #: What a page of its own changes in an event that exists.
    MOVED = ("starts_at", "ends_at", "room", "anyway", "place", "online_url")
    scope = forms.ChoiceField(
        label="Which dates", widget=Segments, initial=Scope.THIS, required=False, choices=scope_choices()
    )
    overwrites = forms.BooleanField(
        label="Also where somebody gave a date something else by hand", required=False
    )

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.is_new = self.instance.pk is None
        self.fields["helpers_wanted"].required = False
        if not self.is_new:
            self.fields["helpers"].initial = helping.helpers_of(self.instance)
        away: tuple[str, ...] = () if self.is_new else self.MOVED
        if self.is_new or not self.instance.series_id:
            away += ("scope", "overwrites")
        for name in away:
            del self.fields[name]

    def clean_scope(self) -> Scope:
        return Scope(self.cleaned_data["scope"] or Scope.THIS)

    def clean_helpers_wanted(self) -> int:
        return self.cleaned_data["helpers_wanted"] or 0

    def check_helpers(self, data: dict[str, Any]) -> None:
        """Whoever is named may help, and sees the event."""
        guests = [*(data.get("invited") or []), *(data.get("hosts") or [])]
        is_closed = data.get("visibility") == Visibility.INVITED
        for person in set(data.get("helpers") or []).difference(self.helpers_shown):
            if not helping.may_offer(person, self.instance):
                self.add_error(
                    "helpers", f"{person} cannot help here: they are new, or not an active member."
                )
            elif is_closed and person not in guests:
                self.add_error("helpers", f"{person} is not invited. Invite them first.")

    @property
    def helpers_shown(self) -> list[User]:
        """Who stood in the field when it was shown; whoever offered meanwhile is not taken off."""
        try:
            return self.fields["helpers"].clean(self.data.get(self.add_initial_prefix("helpers"), ""))
        except ValidationError:
            return []

    def save_helpers(self, event: Event, *, by: User, now: datetime) -> None:
        wanted, shown = set(self.cleaned_data["helpers"]), set(self.helpers_shown)
        for person in shown - wanted:
            helping.withdraw(event, person, now=now)
        for person in sorted(wanted - shown, key=lambda each: each.pk):
            helping.name(event, person, by=by, now=now)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.check_helpers(data)
        starts_at, ends_at = data.get("starts_at"), data.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "It must end after it begins.")
        opens, closes = data.get("registration_opens_at"), data.get("registration_closes_at")
        if opens and closes and closes <= opens:
            self.add_error("registration_closes_at", "Registration must close after it opens.")
        if self.instance.uses_draw and not closes:
            self.add_error(
                "registration_closes_at", "The seats are drawn then: say when registration closes."
            )
        if self.is_new:
            self.check_place()
            if starts_at and ends_at:
                self.check_room([(starts_at, ends_at)])
        return data

    @property
    def said(self) -> dict[str, Any]:
        """What was typed of the event itself, by its fields."""
        own = {field.name for field in Event._meta.get_fields()}
        said = {name: value for name, value in self.cleaned_data.items() if name in own}
        return {**said, "topics": save_topics(said["topics"])}

    def save(self, commit: bool = True) -> Event:
        event: Event = super().save(commit=False)
        rooms.settle(event)
        if commit:
            event.save()
            event.hosts.set(self.cleaned_data["hosts"])
            event.invited.set(self.cleaned_data["invited"])
            event.topics.set(save_topics(self.cleaned_data["topics"]))
        return event


class ScopedForm(forms.Form):
    """A change of one event that may be meant for more of its series."""

    scope = forms.ChoiceField(label="Which dates", widget=Segments, initial=Scope.THIS)

    def __init__(self, *args: Any, mails: dict[Scope, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = scope_choices(mails)
        self.fields["scope"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["scope"].widget = forms.HiddenInput()

    def clean_scope(self) -> Scope:
        return Scope(self.cleaned_data["scope"])


class MoveForm(RoomMixin, ScopedForm):
    """Another time or place."""

    starts_at = DateTimeField(label="Begins")
    ends_at = DateTimeField(label="Ends")
    room = RoomField(label="Room")
    anyway = AnywayField()
    place = forms.CharField(label="Or another place", max_length=200, required=False)
    online_url = forms.URLField(
        label="Meeting link",
        required=False,
        assume_scheme="https",
        help_text="Shown only to those who are going.",
    )
    overwrites = forms.BooleanField(
        label="Also dates that somebody moved, or put elsewhere, by hand", required=False
    )

    field_order = ["starts_at", "ends_at", "room", "anyway", "place", "online_url", "scope", "overwrites"]

    def __init__(self, data: Any = None, *, event: Event, user: Any, **kwargs: Any) -> None:
        names = ("starts_at", "ends_at", "room", "place", "online_url")
        initial = {name: getattr(event, name) for name in names}
        if event.room:
            initial["place"] = ""
        super().__init__(data, initial=initial, **kwargs)
        self.event, self.user = event, user
        room: Any = self.fields["room"]
        if event.room and not event.room.is_in_use:
            room.queryset = room.queryset | Room.objects.filter(pk=event.room.pk)
        if not event.series_id:
            del self.fields["overwrites"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts_at, ends_at = data.get("starts_at"), data.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "It must end after it begins.")
        elif starts_at and ends_at and "scope" in data:
            targets = schedule.in_scope(
                self.event, data["scope"], timezone.now(), with_exceptions=data.get("overwrites", False)
            )
            spans = schedule.moved_spans(self.event, targets, starts_at, ends_at)
            self.check_room(spans.values(), besides=spans)
        self.check_place()
        return data

    @property
    def change(self) -> dict[str, Any]:
        """What `schedule.move` is asked for."""
        names = ("starts_at", "ends_at", "room", "place", "online_url", "scope")
        told = {name: self.cleaned_data[name] for name in names}
        return {**told, "overwrites": self.cleaned_data.get("overwrites", False), "known": self.known}


class CancelForm(ScopedForm):
    """That it does not take place."""

    reason = forms.CharField(
        label="Why", max_length=200, help_text="One sentence; it stands in the mail and on the page."
    )
    field_order = ["reason", "scope"]


class ReinstateForm(RoomMixin, forms.Form):
    """That it takes place after all."""

    with_others = forms.BooleanField(required=False)
    # Nothing to choose: the errors of the room it had stand here.
    room = forms.CharField(label="Room", required=False, disabled=True)
    anyway = AnywayField()

    def __init__(self, data: Any = None, *, event: Event, others: list[Event], user: Any) -> None:
        super().__init__(data, initial={"room": event.place})
        self.event, self.others, self.user = event, others, user
        if others:
            dates = f"{len(others)} other date{'s' if len(others) > 1 else ''}"
            self.fields["with_others"].label = f"Also the {dates} of the series called off together with it"
        else:
            del self.fields["with_others"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        targets = [self.event, *(self.others if data.get("with_others") else [])]
        found = []
        for target in targets:
            if target.room:
                found += rooms.clashes(target.room, [(target.starts_at, target.ends_at)], besides=[target.pk])
        self.say_clash(found)
        return data


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
        fields = ["title", "speakers", "speaker_names", "abstract", "may_record", "audio_only"]

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


def wiki_path(url: str) -> str:
    """The path of a page of the portal's own wiki; empty for any other address."""
    parts = urlsplit(url)
    if parts.netloc != urlsplit(settings.SITE_URL).netloc:
        return ""
    try:
        found = resolve(parts.path)
    except Resolver404:
        return ""
    return str(found.kwargs.get("path", "")) if found.view_name == "wiki:page_detail" else ""


class MaterialForm(forms.ModelForm):
    url = forms.URLField(label="Address", max_length=500, required=False, assume_scheme="https")
    visible_from = DateTimeField(label="Visible from", required=False, help_text="Empty: at once.")

    class Meta:
        model = Material
        fields = ["kind", "title", "url", "file", "talk", "minutes", "visibility", "visible_from"]
        widgets = {"visible_from": DateTimeLocal}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "talk" in self.fields:
            talks = self.instance.event.talks.all()
            self.fields["talk"].queryset = talks  # type: ignore[attr-defined]
            if not talks:
                del self.fields["talk"]

    def clean_url(self) -> str:
        """A page of our own wiki is kept as that page, which follows its name and its readers."""
        url = str(self.cleaned_data.get("url") or "")
        self.instance.page = None
        if path := wiki_path(url):
            page = Page.objects.filter(trashed_at=None, path__iexact=path).first()
            if page is None:
                raise ValidationError("There is no such page in the wiki.")
            self.instance.page = page
            return ""
        return url

    def clean_file(self) -> Any:
        file = self.cleaned_data.get("file")
        if file and file.size > LARGEST_FILE:
            raise ValidationError("The file is larger than 25 MB. Put it elsewhere and give its address.")
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        has_address = bool(data.get("url") or self.instance.page)
        if has_address == bool(data.get("file")) and not self.errors:
            self.add_error("url", "Give an address or a file, one of the two.")
        return data
