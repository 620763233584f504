"""What is asked when somebody signs up, and what hosts settle about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from events.models import Event, NoShowRule, RegistrationWindow, SignUpQuestion
from members.models import Office
from members.people_field import PeopleField

#: What an answer may weigh.
LINE, LONG = 200, 1000


class SignUpForm(forms.Form):
    """The note for the hosts, where the event asks for one, and its questions."""

    def __init__(
        self,
        *args: Any,
        event: Event,
        questions: Sequence[SignUpQuestion],
        given: Mapping[int, Any] | None = None,
        note: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        if event.asks_note:
            self.fields["note"] = forms.CharField(
                label="What you cannot eat, or need to take part",
                max_length=300,
                required=False,
                initial=note,
                help_text="Only the hosts see it; it is erased 14 days afterwards.",
            )
        for question in questions:
            field = field_of(question)
            field.initial = (given or {}).get(question.pk)
            if isinstance(field, YesNoField) and field.initial is not None:
                field.initial = "yes" if field.initial else "no"
            self.fields[f"q{question.pk}"] = field

    @property
    def note(self) -> str:
        return str(self.cleaned_data.get("note", ""))

    @property
    def answers(self) -> dict[int, Any]:
        """What was answered, by question; nothing for what was left empty."""
        found = {question.pk: self.cleaned_data.get(f"q{question.pk}") for question in self.questions}
        return {key: value for key, value in found.items() if value not in (None, "", [])}


class YesNoField(forms.TypedChoiceField):
    """Yes or no, and nothing chosen beforehand."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=[("yes", "Yes"), ("no", "No")],
            coerce=lambda value: value == "yes",
            empty_value=None,
            widget=forms.RadioSelect,
            **kwargs,
        )


def field_of(question: SignUpQuestion) -> forms.Field:
    """The field that a question is answered in."""
    common: dict[str, Any] = {
        "label": question.text,
        "required": question.is_required,
        "help_text": question.hint,
    }
    choices = [(choice, choice) for choice in question.choices]
    match question.kind:
        case SignUpQuestion.Kind.LONG:
            return forms.CharField(max_length=LONG, widget=forms.Textarea(attrs={"rows": 4}), **common)
        case SignUpQuestion.Kind.CHOICE:
            return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **common)
        case SignUpQuestion.Kind.CHOICES:
            return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **common)
        case SignUpQuestion.Kind.YES_NO:
            return YesNoField(**common)
        case SignUpQuestion.Kind.NUMBER:
            return forms.IntegerField(min_value=-(10**9), max_value=10**9, **common)
    return forms.CharField(max_length=LINE, **common)


class QuestionForm(forms.ModelForm):
    """One question. What people answered keeps the words that they were asked in."""

    choices = forms.CharField(
        label="Choices",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One a line, where people choose.",
    )

    class Meta:
        model = SignUpQuestion
        fields = ["text", "hint", "kind", "choices", "is_required"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["choices"] = "\n".join(self.instance.choices)

    def clean_choices(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["choices"].splitlines()]
        return list(dict.fromkeys(filter(None, lines)))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kinds = {SignUpQuestion.Kind.CHOICE, SignUpQuestion.Kind.CHOICES}
        if data.get("kind") in kinds and len(data.get("choices") or []) < 2:
            self.add_error("choices", "Give at least two choices, one a line.")
        return data


class WindowForm(forms.ModelForm):
    """For whom registration opens earlier, and by how much."""

    hours = forms.IntegerField(
        label="Hours earlier than for everybody", min_value=1, max_value=24 * 60, initial=24
    )
    office = forms.ModelChoiceField(
        Office.objects.all(), required=False, help_text="Only for a window of one office."
    )
    people = PeopleField(required=False, help_text="Only for people by name, separated by commas.")

    class Meta:
        model = RegistrationWindow
        fields = ["group", "hours", "office", "people"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        group = data.get("group")
        if (
            group == RegistrationWindow.Group.PEOPLE
            and not data.get("people")
            and "people" not in self.errors
        ):
            self.add_error("people", "Name somebody.")
        if group == RegistrationWindow.Group.OFFICE and not data.get("office"):
            self.add_error("office", "Name the office.")
        if group != RegistrationWindow.Group.OFFICE:
            data["office"] = None
        if data.get("hours"):
            self.instance.earlier_by = timedelta(hours=data["hours"])
        return data

    def save(self, commit: bool = True) -> RegistrationWindow:
        window: RegistrationWindow = super().save(commit=False)
        if commit:
            window.save()
            by_name = window.group == RegistrationWindow.Group.PEOPLE
            window.people.set(self.cleaned_data["people"] if by_name else [])
        return window


class OpeningForm(forms.Form):
    """How long before each date of a series registration opens."""

    days = forms.IntegerField(
        label="Registration opens so many days before each date",
        min_value=1,
        max_value=60,
        required=False,
        help_text="Empty: at once. Dates that are open, or have somebody, stay as they are.",
    )


class RuleForm(forms.ModelForm):
    class Meta:
        model = NoShowRule
        fields = ["is_on", "missed", "weeks", "consequence"]


class ReasonForm(forms.Form):
    """Why, in a sentence."""

    reason = forms.CharField(label="Why", max_length=200)


class AddForm(forms.Form):
    """Somebody whom a host registers by hand: an account, or a name and an address."""

    person = PeopleField(required=False, label="Account", help_text="Name, handle or mail address.")
    name = forms.CharField(label="Or a name", max_length=120, required=False)
    email = forms.EmailField(label="and a mail address", required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        people = data.get("person") or []
        if len(people) > 1:
            raise ValidationError("One at a time, so that each gets an answer.")
        if bool(people) == bool(data.get("name") or data.get("email")):
            raise ValidationError("Give an account, or a name and an address.")
        if not people and not (data.get("name") and data.get("email")):
            raise ValidationError("Somebody without an account needs a name and an address.")
        return data
