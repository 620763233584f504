from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from mlclub.forms import Segments
from nmep.models import Comment, Review, RubricCriterion, RubricMark


class ReviewForm(forms.Form):
    """The rubric, one sentence to begin with, and whether the work is done."""

    def __init__(
        self,
        *args: Any,
        criteria: Iterable[RubricCriterion],
        review: Review | None,
        is_draft: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = list(criteria)
        marks = {mark.criterion_id: mark.level for mark in review.marks.all()} if review else {}
        for criterion in self.criteria:
            self.fields[self.name_of(criterion)] = forms.ChoiceField(
                label=criterion.title,
                help_text=criterion.description,
                choices=RubricMark.Level.choices,
                required=False,
                widget=Segments,
                initial=marks.get(criterion.pk),
            )
        self.fields["summary"] = forms.CharField(
            label="What to do next",
            help_text="They read this first. Your comments go with it.",
            required=not is_draft,
            initial=review.summary if review else "",
            widget=forms.Textarea(attrs={"rows": 3}),
            max_length=8000,
        )
        self.fields["outcome"] = forms.ChoiceField(
            label="Outcome",
            choices=Review.Outcome.choices,
            required=not is_draft,
            initial=review.outcome if review else "",
            widget=forms.RadioSelect,
        )

    @staticmethod
    def name_of(criterion: RubricCriterion) -> str:
        return f"criterion-{criterion.pk}"

    def marks(self) -> dict[int, str]:
        return {row.pk: self.cleaned_data.get(self.name_of(row), "") for row in self.criteria}


class CommentForm(forms.Form):
    """A comment on a cell, on the whole, or an answer to one."""

    text = forms.CharField(label="Comment", widget=forms.Textarea(attrs={"rows": 2}), max_length=8000)
    asks_for_change = forms.BooleanField(label="Asks for a change", required=False)
    piece = forms.IntegerField(required=False, widget=forms.HiddenInput)
    cell_key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    cell_index = forms.IntegerField(required=False, min_value=0, max_value=5000, widget=forms.HiddenInput)
    parent = forms.IntegerField(required=False, widget=forms.HiddenInput)


class SettleForm(forms.Form):
    """Where a comment stands."""

    state = forms.ChoiceField(choices=Comment.State.choices)
