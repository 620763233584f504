from __future__ import annotations

from typing import Any

from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from members import adapter
from members.models import Contact, Membership, Organization, ProblemReport, Topic, User
from mlclub import uploads
from mlclub.forms import DateField, MarkdownField


class SignupForm(forms.Form):
    """What signing up asks beyond the address and the password; allauth's forms are built upon it."""

    name = forms.CharField(
        max_length=120,
        label="Your name",
        help_text="As you want to be called here.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        email = cleaned.get("email")
        if email and (why := adapter.refusal(context.request, email)):
            self.add_error("email", why)
        return cleaned

    def signup(self, request: object, user: User) -> None:
        """Called by allauth once the account is made."""
        user.name = self.cleaned_data["name"]
        user.handle = User.objects.free_handle(user.name)
        user.save()


class TopicsField(forms.CharField):
    """Topics as people type them, between commas. `clean` answers names; `save_topics` makes missing ones."""

    MOST = 20

    def clean(self, value: Any) -> list[str]:
        names: dict[str, str] = {}
        for raw in super().clean(value).replace(";", ",").split(","):
            name = " ".join(raw.split())
            slug = slugify(name)
            if not slug:
                if name:
                    raise ValidationError(f"“{name}” has no letters. Write a topic in words.")
                continue
            if len(name) > 60:
                raise ValidationError(f"“{name[:20]}…” is too long. A topic has at most 60 characters.")
            names.setdefault(slug, name)
        if len(names) > self.MOST:
            raise ValidationError(f"Name at most {self.MOST} topics; these are {len(names)}.")
        return list(names.values())

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(topic) for topic in value) if isinstance(value, list | tuple) else value


def save_topics(names: list[str]) -> list[Topic]:
    """The topics of these names; the ones that nobody has named before are made."""
    wanted = {slugify(name)[:60]: name for name in names}
    Topic.objects.bulk_create(
        [Topic(slug=slug, name=name) for slug, name in wanted.items()], ignore_conflicts=True
    )
    return list(Topic.objects.filter(slug__in=wanted))


class ProfileForm(forms.ModelForm):
    """What a person says about themselves, whatever the term."""

    about = MarkdownField(required=False, max_length=4000, help_text="What you do and like.")
    expertise = TopicsField(
        required=False,
        label="What I know about",
        help_text="Topics between commas, such as diffusion, optics.",
    )
    graduates_on = DateField(required=False, label="Graduation")
    website = forms.URLField(
        required=False, assume_scheme="https", help_text="The whole address, beginning with https://."
    )
    avatar = forms.ImageField(required=False, label="Picture", help_text="JPEG, PNG or WebP. Members see it.")
    removes_avatar = forms.BooleanField(required=False, label="Remove the picture")

    class Meta:
        model = User
        fields = ["name", "pronouns", "about", "expertise", "study", "graduates_on", "website", "contact"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["expertise"] = [topic.name for topic in self.instance.expertise.all()]
        if not self.instance.avatar:
            del self.fields["removes_avatar"]

    def clean_avatar(self) -> Any:
        given = self.cleaned_data.get("avatar")
        return uploads.image(given) if given else None

    def save(self, commit: bool = True) -> User:
        picture = self.cleaned_data.get("avatar")
        if picture or self.cleaned_data.get("removes_avatar"):
            User.objects.get(pk=self.instance.pk).avatar.delete(save=False)
            self.instance.avatar = picture or ""
        person: User = self.instance
        person.save()
        person.expertise.set(save_topics(self.cleaned_data["expertise"]))
        return person

    def _save_m2m(self) -> None:
        """Topics are saved by `save`, which knows how to make them."""


class TermForm(forms.ModelForm):
    """What a member wants from this term and gives to it."""

    learn = TopicsField(
        required=False, label="What I want to learn", help_text="Topics between commas. Leads plan by them."
    )
    give = TopicsField(
        required=False,
        label="What I can teach or help with",
        help_text="Topics between commas. People ask you.",
    )

    class Meta:
        model = Membership
        fields = ["learn", "give", "hours_a_week"]
        labels = {"hours_a_week": "Hours a week I can give"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("learn", "give"):
            self.initial[name] = [topic.name for topic in getattr(self.instance, name).all()]

    def clean_hours_a_week(self) -> int | None:
        hours: int | None = self.cleaned_data["hours_a_week"]
        if hours is not None and hours > 60:
            raise ValidationError("Give the hours of a week, at most 60.")
        return hours

    def save(self, commit: bool = True) -> Membership:
        membership: Membership = self.instance
        membership.save()
        membership.learn.set(save_topics(self.cleaned_data["learn"]))
        membership.give.set(save_topics(self.cleaned_data["give"]))
        return membership


class PrivacyForm(forms.ModelForm):
    """Who sees what, one choice a field."""

    LABELS = {
        "email": "My mail address",
        "contact": "My other contact",
        "pronouns": "My pronouns",
        "study": "My field of study or work",
        "graduates_on": "My graduation",
        "about": "What I say about myself",
        "website": "My website",
    }

    class Meta:
        model = User
        fields = ["is_listed", "shows_registrations", "avoids_photographs"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_listed"].help_text = "Officers find you in any case."
        for field in User.CHOSEN_FIELDS:
            self.fields[f"see_{field}"] = forms.ChoiceField(
                choices=User.Visibility.choices,
                label=self.LABELS[field],
                initial=self.instance.audience_of(field),
            )

    def save(self, commit: bool = True) -> User:
        self.instance.visibility = {field: self.cleaned_data[f"see_{field}"] for field in User.CHOSEN_FIELDS}
        person: User = super().save(commit)
        return person


class DirectoryForm(forms.Form):
    """The filters above the directory; every one may be empty."""

    q = forms.CharField(required=False, max_length=100, label="Name or topic", widget=forms.SearchInput)
    give = forms.CharField(required=False, max_length=60, label="Can help with")
    learn = forms.CharField(required=False, max_length=60, label="Wants to learn")
    who = forms.ChoiceField(
        required=False,
        label="Who",
        choices=[
            ("", "Everyone"),
            ("new", "New members"),
            ("member", "Members"),
            ("fellow", "Fellows"),
            ("officers", "Officers"),
            ("alumni", "Alumni"),
        ],
    )


class ProblemForm(forms.ModelForm):
    class Meta:
        model = ProblemReport
        fields = ["text", "email"]
        widgets = {"text": forms.Textarea(attrs={"rows": 6})}
        help_texts = {"text": "What you did, what happened, and what you expected instead."}


class LinkRenewForm(forms.Form):
    """Somebody without an account has lost the link to their page, or it has run out."""

    address = forms.EmailField(
        label="Mail address", required=False, max_length=254, help_text="The one at which you got our mail."
    )
    token = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not cleaned.get("address") and not cleaned.get("token"):
            self.add_error("address", "Give the address at which you got our mail.")
        return cleaned


class ContactFilterForm(forms.Form):
    """Which contacts the list shows."""

    q = forms.CharField(label="Name, organization or topic", required=False, max_length=80)
    kind = forms.ChoiceField(
        label="Kind", required=False, choices=[("", "Every kind"), *Organization.Kind.choices]
    )


class ContactForm(forms.ModelForm):
    """Somebody outside. The organization is typed: one that nobody has named before is made."""

    organization_name = forms.CharField(label="Organization", required=False, max_length=120)
    organization_kind = forms.ChoiceField(
        label="What it is", required=False, choices=Organization.Kind.choices, initial="other"
    )
    topics = TopicsField(
        required=False, label="Teaches us about", help_text="Topics between commas, such as robotics, optics."
    )
    agreed_on = DateField(
        required=False,
        label="Agreed to be kept on",
        help_text="When they said that the club may keep the address.",
    )

    class Meta:
        model = Contact
        fields = ["name", "email", "role", "topics", "notes", "source", "agreed_on"]
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}

    field_order = ["name", "email", "organization_name", "organization_kind", "role", "topics"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["topics"] = [topic.name for topic in self.instance.topics.all()]
        if self.instance.organization:
            self.initial["organization_name"] = self.instance.organization.name
            self.initial["organization_kind"] = self.instance.organization.kind

    def clean_email(self) -> str:
        address = str(self.cleaned_data["email"]).strip().lower()
        if address and Contact.objects.exclude(pk=self.instance.pk).filter(email__iexact=address).exists():
            raise ValidationError("There is a contact with this address already.")
        return address

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("email") and not cleaned.get("source"):
            self.add_error("source", "Say where the address comes from; they may ask.")
        return cleaned

    def _save_m2m(self) -> None:
        self.instance.topics.set(save_topics(self.cleaned_data["topics"]))
