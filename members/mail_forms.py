from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings

from members import sealing
from members.ledger import Category
from members.ledger.hooks import is_allowed
from members.ledger.kinds import Kind, every
from members.ledger.stopping import choose, wanted_by
from members.models import Announcement, Notification, User, Webhook
from members.models.notifications import NotificationQuerySet
from mlclub.forms import MarkdownField
from mlclub.gather import Audience


class KindsField(forms.MultipleChoiceField):
    """A box for each kind. None ticked is an answer like any other, so nothing is called optional."""

    widget = forms.CheckboxSelectMultiple

    def validate(self, value: list[str]) -> None:
        if value:
            super().validate(value)


class NotificationSettingsForm(forms.Form):
    """Which kinds of mail a person gets: a box for each that can be switched off, by category."""

    HINTS = {
        Category.TRANSACTIONAL: "Sent at once, and only when you are waiting for it.",
        Category.REMINDER: "Before something that you said you would do.",
        Category.ANNOUNCEMENT: "Written by an officer to many people.",
        Category.DIGEST: "What happened and what comes, at most once a week.",
    }

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.wanted = wanted_by(person)
        kinds = [kind for kind in every() if kind.is_for_accounts]
        self.required = [kind for kind in kinds if kind.is_required]
        self.groups: dict[str, list[Kind]] = {}
        for category in Category:
            group = [kind for kind in kinds if kind.category is category and not kind.is_required]
            if not group:
                continue
            name = category.name.lower()
            self.groups[name] = group
            self.fields[name] = KindsField(
                label=f"{category.heading}, by mail",
                help_text=self.HINTS[category],
                choices=[(kind.slug, kind.label) for kind in group],
                initial=[kind.slug for kind in group if self.wanted[kind.slug]],
            )

    def save(self, *, now: datetime) -> None:
        for name, group in self.groups.items():
            for kind in group:
                is_wanted = kind.slug in self.cleaned_data[name]
                if is_wanted != self.wanted[kind.slug]:
                    choose(kind, person=self.person, is_wanted=is_wanted, now=now)


class MessagesForm(forms.Form):
    """What an officer does with messages chosen on the mail desk, or with all that wait."""

    ACTS = [
        ("send_again", "Send again"),
        ("set_aside", "Set aside"),
        ("let_out", "Let out"),
        ("drop", "Drop"),
        ("let_all_out", "Let all out"),
        ("drop_all", "Drop all"),
        ("end_hold", "End the hold"),
    ]
    CHOOSES = {"send_again", "set_aside", "let_out", "drop"}

    act = forms.ChoiceField(choices=ACTS, widget=forms.HiddenInput)
    row = forms.TypedMultipleChoiceField(coerce=int, required=False, widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Any number is let through here; the act itself only touches rows in the right state.
        given = self.data.getlist("row") if hasattr(self.data, "getlist") else []
        self.fields["row"].choices = [(pk, pk) for pk in given if str(pk).isdigit()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("act") in self.CHOOSES and not cleaned.get("row"):
            raise forms.ValidationError("Choose at least one message.")
        return cleaned

    @property
    def rows(self) -> NotificationQuerySet:
        return Notification.objects.filter(pk__in=self.cleaned_data["row"])


class LiftForm(forms.Form):
    """An address to which mail goes again, and why."""

    address = forms.EmailField()
    reason = forms.CharField(max_length=200)


class AnnouncementForm(forms.ModelForm):
    """Words to a group; the groups are those that the writer may write to."""

    audience = forms.ChoiceField(label="To", help_text="How many that are is shown before anything is sent.")
    body = MarkdownField(label="Text", max_length=20_000, help_text="Markdown. Your name stands below it.")

    class Meta:
        model = Announcement
        fields = ["audience", "subject", "body"]

    def __init__(self, *args: Any, groups: list[Audience], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sections: dict[str, list[tuple[str, str]]] = {}
        for group in groups:
            sections.setdefault(group.section, []).append((group.key, group.label))
        self.fields["audience"].choices = [("", "Choose a group"), *sections.items()]  # type: ignore[attr-defined]
        self.order_fields(["audience", "subject", "body"])


class ChannelForm(forms.ModelForm):
    """A channel of Discord or Slack; its secret address is typed once and never shown again."""

    url = forms.CharField(
        label="Address of the webhook",
        max_length=300,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Discord: channel settings, Integrations. Slack: an app with an incoming webhook. It is kept encrypted.",
    )

    class Meta:
        model = Webhook
        fields = ["service", "name", "readers"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        service, url = cleaned.get("service"), cleaned.get("url", "").strip()
        if service and url and not is_allowed(service, url):
            beginning = settings.CHANNEL_ADDRESSES[service]
            self.add_error("url", f"This is no address of that service: it begins with {beginning}")
        return cleaned

    def save(self, commit: bool = True) -> Webhook:
        url = self.cleaned_data["url"].strip()
        self.instance.address, self.instance.ends_in = sealing.seal(url), url[-4:]
        webhook: Webhook = super().save(commit)
        return webhook
