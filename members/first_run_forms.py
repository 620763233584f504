from __future__ import annotations

import zoneinfo
from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from members import term_systems
from members.models import Club, User
from members.term_systems import Proposal
from mlclub import uploads
from mlclub.forms import DateField


def zone_choices() -> list[tuple[str, str]]:
    """The zones that stand for places, and UTC."""
    names = sorted(
        name
        for name in zoneinfo.available_timezones()
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class ClubForm(forms.ModelForm):
    """Whose portal this is."""

    name = forms.CharField(max_length=120, label="Name of the club")
    logo = forms.ImageField(required=False, help_text="PNG, JPEG or WebP. You can add it later.")
    time_zone = forms.ChoiceField(
        choices=zone_choices, initial="UTC", help_text="Every hour here is meant in it."
    )

    class Meta:
        model = Club
        fields = ["name", "short_name", "time_zone", "programme_name"]

    field_order = ["name", "short_name", "logo", "time_zone", "programme_name"]

    def clean_logo(self) -> Any:
        given = self.cleaned_data.get("logo")
        return uploads.image(given) if given else None


class FirstTermForm(forms.Form):
    """The term the club is in, or starts with."""

    term_system = forms.ChoiceField(
        choices=Club.TermSystem.choices, initial="semester", label="Terms of a year"
    )
    name = forms.CharField(required=False, max_length=40, label="This term")
    slug = forms.CharField(
        required=False,
        max_length=20,
        label="Its short form, in addresses",
        validators=[RegexValidator(r"^[a-z0-9-]+$", "Use a–z, 0–9 and hyphens.")],
    )
    starts_on = DateField(required=False, label="First day")
    ends_on = DateField(required=False, label="Last day")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        usual = "; ".join(
            f"{label.lower()}: {(term := term_systems.proposed(system, today)).name}, "
            f"{term.starts_on:%d %b} to {term.ends_on:%d %b %Y}"
            for system, label in Club.TermSystem.choices
        )
        self.fields["name"].help_text = f"Leave these four empty for the usual ({usual})."

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        usual = term_systems.proposed(data.get("term_system") or Club.TermSystem.SEMESTER, self.today)
        starts_on, ends_on = data.get("starts_on") or usual.starts_on, data.get("ends_on") or usual.ends_on
        if ends_on <= starts_on:
            raise ValidationError({"ends_on": "The last day must come after the first."})
        self.term = Proposal(
            data.get("name") or usual.name, data.get("slug") or usual.slug, starts_on, ends_on
        )
        return data


class MailServerForm(forms.Form):
    """Where the portal hands its mail in."""

    host = forms.CharField(
        required=False,
        max_length=200,
        label="Mail server",
        help_text="Such as smtp.club.example. Can be set later.",
    )
    port = forms.IntegerField(required=False, min_value=1, max_value=65535, initial=587)
    security = forms.ChoiceField(
        required=False,
        choices=[("starttls", "STARTTLS"), ("tls", "TLS"), ("none", "None")],
        initial="starttls",
        label="Encryption",
    )
    user = forms.CharField(required=False, max_length=200, label="User name")
    password = forms.CharField(required=False, max_length=200, widget=forms.PasswordInput(render_value=True))
    sender = forms.CharField(
        required=False,
        max_length=200,
        label="Sender",
        help_text="Whom mail comes from, such as portal@club.example.",
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("host") and not data.get("port"):
            self.add_error("port", "Give the server's port, often 587.")
        return data

    @property
    def server(self) -> dict[str, Any]:
        """The keyword arguments of `mailserver.save`."""
        fields = ("host", "port", "user", "password", "security", "sender")
        return {name: self.cleaned_data.get(name) or ("" if name != "port" else 587) for name in fields}


class FirstOfficerForm(forms.Form):
    """Who answers for the club first."""

    name = forms.CharField(
        max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label="Your mail address", widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = forms.CharField(
        max_length=200,
        label="A password",
        help_text="At least 10 characters. A second factor comes right after.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=True),
    )

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email=email).exists():
            raise ValidationError("An account with this address exists already. Give another.")
        return email

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("password"):
            person = User(email=data.get("email", ""), name=data.get("name", ""))
            try:
                validate_password(data["password"], person)
            except ValidationError as problem:
                self.add_error("password", problem)
        return data
