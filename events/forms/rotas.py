"""What people type about presenting in a series, and before a workshop."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from events.models import Preparation, Rota, SlotComment
from members.models import User
from members.people_field import PeopleField
from mlclub.forms import MarkdownField
from wiki.models import ReadingList
from wiki.paper_forms import ReferenceForm


class RotaForm(forms.ModelForm):
    """How presenting goes in a series."""

    new_list = forms.BooleanField(
        label="Begin a reading list for it",
        required=False,
        help_text="What is presented is placed there by itself.",
    )

    class Meta:
        model = Rota
        fields = ["slots_a_date", "minutes", "turn_days", "asks_feedback", "reading_list"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists: Any = self.fields["reading_list"]
        lists.queryset = ReadingList.objects.visible_to(user)
        lists.empty_label = "None"
        if self.instance.pk:
            # The slots that are there stay as they are.
            del self.fields["slots_a_date"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new_list") and data.get("reading_list"):
            self.add_error("new_list", "Choose a list or begin one, not both.")
        return data


class PresentationForm(ReferenceForm):
    """The paper, and what its presenter would like to hear."""

    ask = forms.CharField(
        label="What feedback do you want?",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One question that whoever comes can answer.",
    )

    def __init__(self, *args: Any, asks_feedback: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_feedback:
            del self.fields["ask"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not self.is_given() and "ask" not in self.fields:
            self.add_error("reference", "Give a link, a number or a title.")
        return data


class BackupForm(forms.Form):
    """Whom to ask to step in if need be."""

    person = PeopleField(label="Who", help_text="A name or handle. They are asked, and answer yes or no.")

    def __init__(self, *args: Any, candidates: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidates = candidates

    def clean_person(self) -> User:
        people: list[User] = list(self.cleaned_data["person"])
        if len(people) != 1:
            raise ValidationError("Name one person.")
        if not self.candidates.filter(pk=people[0].pk).exists():
            raise ValidationError(f"{people[0]} cannot present here.")
        return people[0]


class CommentForm(forms.ModelForm):
    """An answer to what was asked."""

    class Meta:
        model = SlotComment
        fields = ["text"]
        labels = {"text": "Your feedback"}
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}


class PreparationForm(forms.ModelForm):
    """What to know and to set up before."""

    prerequisites = MarkdownField(
        required=False, help_text=Preparation._meta.get_field("prerequisites").help_text
    )
    setup = MarkdownField(
        label="Setup steps", required=False, help_text=Preparation._meta.get_field("setup").help_text
    )
    repo_url = forms.URLField(label="Repository", required=False, max_length=500, assume_scheme="https")

    class Meta:
        model = Preparation
        fields = ["prerequisites", "setup", "repo_url"]


class SetupForm(forms.Form):
    """Whether it works, and where somebody is stuck."""

    works = forms.TypedChoiceField(choices=[("yes", ""), ("no", "")], coerce=lambda word: word == "yes")
    note = forms.CharField(max_length=300, required=False)
