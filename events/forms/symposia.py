from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from events.models import Abstract, AbstractReview, Event, ProgrammeSession, Symposium, Track
from events.models.symposium import at_most_150_words
from events.symposia import Author
from members.forms import TopicsField, save_topics
from members.models import Club, Organization
from members.people_field import PeopleField
from mlclub.forms import DateTimeField, MarkdownField

MOST_AUTHORS = 4


def club_choices(symposium: Symposium) -> list[tuple[str, str]]:
    """Our own club, and those that hold the symposium with it."""
    others = symposium.co_hosts.select_related("organization")
    return [("", Club.current().name), *((str(row.organization_id), str(row.organization)) for row in others)]


def club_of(symposium: Symposium, value: str) -> Organization | None:
    return Organization.objects.filter(pk=value).first() if value else None


class SymposiumForm(forms.ModelForm):
    """What a symposium is, beside its event."""

    deadline = DateTimeField(label="Abstracts until")
    call = MarkdownField(required=False, label="Call for abstracts", help_text="What you would like to see.")
    topic_names = TopicsField(required=False, label="Topics", help_text="To choose from, between commas.")

    class Meta:
        model = Symposium
        fields = ["event", "slug", "deadline", "call", "talk_minutes", "reviews_each"]

    field_order = ["event", "slug", "deadline", "call", "topic_names"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["event"]
            self.initial["topic_names"] = [topic.name for topic in self.instance.topics.all()]
        else:
            event: Any = self.fields["event"]
            coming = Event.objects.visible_to(user).scheduled().upcoming(timezone.now())
            event.queryset = coming.filter(symposium=None).defer("description", "search")
            event.label_from_instance = lambda row: (
                f"{timezone.localtime(row.starts_at):%d %b %Y}: {row.title}"
            )

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if slug in {"new", "review"}:
            raise ValidationError("This address is taken. Choose another.")
        return slug

    def _save_m2m(self) -> None:
        self.instance.topics.set(save_topics(self.cleaned_data["topic_names"]))


class AbstractForm(forms.Form):
    """An abstract and its authors, the first of whom has to be there."""

    title = forms.CharField(max_length=200)
    text = forms.CharField(
        label="Abstract",
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 8}),
        validators=[at_most_150_words],
        help_text="At most 150 words.",
    )
    wants = forms.ChoiceField(
        label="As", choices=Abstract.Wants.choices, initial="either", widget=forms.RadioSelect
    )
    topics = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    email = forms.EmailField(
        label="Your mail address",
        help_text="A mail comes there; the link in it confirms, and changes it later.",
    )

    folds: ClassVar = {
        f"Author {number}": tuple(f"{part}_{number}" for part in ("name", "address", "club", "presents"))
        for number in range(2, MOST_AUTHORS + 1)
    }

    def __init__(self, *args: Any, symposium: Symposium, has_address: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.symposium = symposium
        topics: Any = self.fields["topics"]
        topics.choices = [(str(topic.pk), topic.name) for topic in symposium.topics.all()]
        if not topics.choices:
            del self.fields["topics"]
        if has_address:
            del self.fields["email"]
        clubs = club_choices(symposium)
        for number in range(1, MOST_AUTHORS + 1):
            is_first = number == 1
            who = f"Author {number}"
            self.fields[f"name_{number}"] = forms.CharField(
                label=f"{who}: name", max_length=120, required=is_first
            )
            self.fields[f"address_{number}"] = forms.EmailField(
                label=f"{who}: mail address", max_length=254, required=is_first
            )
            self.fields[f"club_{number}"] = forms.ChoiceField(
                label=f"{who}: club", choices=clubs, required=False
            )
            self.fields[f"presents_{number}"] = forms.BooleanField(
                label=f"{who} presents", required=False, initial=is_first
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        authors = []
        for number in range(1, MOST_AUTHORS + 1):
            name, address = cleaned.get(f"name_{number}"), cleaned.get(f"address_{number}")
            if bool(name) != bool(address) and not self.errors:
                self.add_error(f"address_{number}", "Give name and address of this author, or neither.")
            if name and address:
                club = club_of(self.symposium, cleaned.get(f"club_{number}", ""))
                presents = bool(cleaned.get(f"presents_{number}"))
                authors.append(Author(name=name, email=address, organization=club, presents=presents))
        if not self.errors and not any(author.presents for author in authors):
            self.add_error("presents_1", "Say who presents.")
        if not self.errors and len({author.email.lower() for author in authors}) < len(authors):
            self.add_error(None, "Each author has an address of their own.")
        cleaned["authors"] = authors
        return cleaned

    def said(self) -> dict[str, Any]:
        """What the process takes."""
        cleaned = self.cleaned_data
        topics = self.symposium.topics.filter(pk__in=cleaned.get("topics", []))
        return {name: cleaned[name] for name in ("title", "text", "wants", "authors")} | {"topics": topics}


def as_typed(abstract: Abstract) -> dict[str, Any]:
    """An abstract as the form's first values."""
    held: dict[str, Any] = {"title": abstract.title, "text": abstract.text, "wants": abstract.wants}
    held["topics"] = [str(topic.pk) for topic in abstract.topics.all()]
    held["presents_1"] = False
    for number, author in enumerate(abstract.authors.all(), 1):
        held |= {
            f"name_{number}": author.name,
            f"address_{number}": author.email,
            f"club_{number}": str(author.organization_id or ""),
            f"presents_{number}": author.presents,
        }
    return held


class LinkForm(forms.Form):
    link = forms.URLField(
        label="Slides, poster or recording", max_length=500, required=False, assume_scheme="https",
        help_text="Shown with the programme once the day is over.",
    )  # fmt: skip


class SeatForm(forms.Form):
    """A seat for somebody without an account."""

    name = forms.CharField(max_length=120)
    email = forms.EmailField(label="Mail address", help_text="The link in the mail takes the seat.")
    club = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, symposium: Symposium, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["club"]
        field.choices = club_choices(symposium)


class CoHostForm(forms.Form):
    organization = forms.CharField(label="Club", max_length=120)
    lead_name = forms.CharField(label="Their lead", max_length=120)
    lead_email = forms.EmailField(label="Address of their lead")


class DealForm(forms.Form):
    reviewers = PeopleField(label="Reviewers", help_text="Names or handles, separated by commas.")


class ReviewForm(forms.ModelForm):
    score = forms.TypedChoiceField(
        label="Score",
        coerce=int,
        choices=[(5, "5, a must"), (4, "4"), (3, "3"), (2, "2"), (1, "1, not here")],
        widget=forms.RadioSelect,
    )

    class Meta:
        model = AbstractReview
        fields = ["score", "comment"]
        widgets = {"comment": forms.Textarea(attrs={"rows": 4})}
        labels = {"comment": "For the other organisers"}


class TrackForm(forms.ModelForm):
    class Meta:
        model = Track
        fields = ["name", "place"]


class SessionForm(forms.ModelForm):
    starts_at = DateTimeField(label="Begins")
    ends_at = DateTimeField(label="Ends")

    class Meta:
        model = ProgrammeSession
        fields = ["track", "kind", "title", "starts_at", "ends_at", "chair_name", "chair_email"]

    def __init__(self, *args: Any, symposium: Symposium, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        track: Any = self.fields["track"]
        track.queryset = symposium.tracks.all()
