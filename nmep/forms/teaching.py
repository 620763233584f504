from __future__ import annotations

from typing import Any

from django import forms

from mlclub.forms import MarkdownWidget
from nmep.models import Answer, Assignment, ConceptCheck, Offering, Question, Session


class ConceptCheckForm(forms.ModelForm):
    """A question for the class, its answers a line each, and which of them is right."""

    answers = forms.CharField(
        label="Answers",
        help_text=f"One a line, {ConceptCheck.FEWEST} to {ConceptCheck.MOST} of them.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=1300,
    )
    right_line = forms.IntegerField(
        label="Which line is right",
        help_text="1 is the first. Empty: the class decides.",
        required=False,
        min_value=1,
        max_value=ConceptCheck.MOST,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )

    class Meta:
        model = ConceptCheck
        fields = ["question"]
        widgets = {"question": MarkdownWidget(rows=3, uploads=False)}

    field_order = ["question", "answers", "right_line"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["answers"] = "\n".join(self.instance.options)
            if self.instance.right is not None:
                self.initial["right_line"] = self.instance.right + 1

    def clean_answers(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["answers"].splitlines() if line.strip()]
        if not ConceptCheck.FEWEST <= len(lines) <= ConceptCheck.MOST:
            raise forms.ValidationError(
                f"These are {len(lines)} answers; give {ConceptCheck.FEWEST} to {ConceptCheck.MOST}, one a line."
            )
        if len(set(lines)) < len(lines):
            raise forms.ValidationError("Two of the answers are the same.")
        if max(map(len, lines)) > 200:
            raise forms.ValidationError("An answer has at most 200 characters, or a phone cannot show it.")
        return lines

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        options, line = cleaned.get("answers"), cleaned.get("right_line")
        if options:
            is_there = line is not None and line <= len(options)
            self.instance.options = options
            self.instance.right = line - 1 if line and is_there else None
            if line and not is_there:
                self.add_error("right_line", f"There are {len(options)} answers.")
        return cleaned


class QuestionForm(forms.ModelForm):
    """A question, and what it is about."""

    place = forms.ChoiceField(label="About")

    class Meta:
        model = Question
        fields = ["text"]
        widgets = {"text": MarkdownWidget(rows=3, uploads=False)}

    field_order = ["place", "text"]

    def __init__(self, *args: Any, offering: Offering, assignments: list[Assignment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.assignments = {row.key: row for row in assignments}
        weeks = sorted(
            set(Session.objects.filter(offering=offering).order_by().values_list("week", flat=True))
        )
        place: Any = self.fields["place"]
        place.choices = [
            ("", "The programme"),
            *((f"hw-{row.key}", str(row)) for row in assignments),
            *((f"week-{week}", f"Week {week}") for week in weeks),
        ]
        place.required = False

    def about(self) -> dict[str, Any]:
        """The place as `questions.ask` takes it."""
        kind, _, value = self.cleaned_data["place"].partition("-")
        if kind == "hw":
            return {"assignment": self.assignments[value]}
        return {"week": int(value)} if kind == "week" else {}


class AnswerForm(forms.ModelForm):
    """What somebody says to a question."""

    class Meta:
        model = Answer
        fields = ["text"]
        widgets = {"text": MarkdownWidget(rows=3, uploads=False)}
