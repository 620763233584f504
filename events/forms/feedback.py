from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.html import escape

from events.feedback import SCALE
from mlclub.forms import Segments

LONGEST = 400


class AnswerForm(forms.Form):
    """The questions of a feedback form: ratings must be given, sentences may be."""

    def __init__(self, *args: Any, questions: Sequence[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        for question in questions:
            self.fields[question["key"]] = self._field(question)

    @staticmethod
    def _field(question: dict[str, Any]) -> forms.Field:
        if question["kind"] == "text":
            return forms.CharField(
                label=question["label"],
                max_length=LONGEST,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2, "maxlength": LONGEST}),
            )
        low, high = question.get("low", "low"), question.get("high", "high")
        return forms.TypedChoiceField(
            label=question["label"],
            coerce=int,
            choices=[(level, str(level)) for level in SCALE],
            widget=Segments,
            help_text=escape(f"{SCALE[0]} is “{low}”, {SCALE[-1]} is “{high}”."),
            error_messages={"required": "Choose a number from 1 to 4."},
        )

    @property
    def ratings(self) -> dict[str, int]:
        return {
            row["key"]: self.cleaned_data[row["key"]] for row in self.questions if row["kind"] == "rating"
        }

    @property
    def texts(self) -> dict[str, str]:
        return {row["key"]: self.cleaned_data[row["key"]] for row in self.questions if row["kind"] == "text"}
