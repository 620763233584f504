from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from mlclub.forms import Segments
from nmep.models import Comment, Phrase, Review, RubricCriterion, RubricMark, SecondLook, Skill
from nmep.phrases import Choice


class ReviewForm(forms.Form):
    """The rubric, one sentence to begin with, and whether the work is done."""

    def __init__(
        self,
        *args: Any,
        criteria: Iterable[RubricCriterion],
        review: Review | None,
        phrases: Iterable[Choice] = (),
        skills: Iterable[Skill] = (),
        is_draft: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.criteria, self.phrases, self.is_draft = list(criteria), list(phrases), is_draft
        for criterion in self.criteria:
            self.fields[self.name_of(criterion)] = forms.ChoiceField(
                label=criterion.title,
                help_text=criterion.description,
                choices=RubricMark.Level.choices,
                required=False,
                widget=Segments,
                initial=getattr(criterion, "level", ""),
            )
        self.fields["summary"] = forms.CharField(
            label="What to do next",
            help_text="They read this first. Your comments go with it.",
            required=not is_draft,
            error_messages={"required": "Say in a sentence what to do next."},
            initial=review.summary if review else "",
            widget=forms.Textarea(attrs={"rows": 3}),
            max_length=8000,
        )
        if self.phrases:
            # The browser would ask for a summary where a phrase that is picked will do.
            self.use_required_attribute = False
            self.fields["phrase"] = forms.TypedChoiceField(
                label="Add a saved phrase",
                choices=self._phrase_choices(),
                coerce=int,
                empty_value=None,
                required=False,
            )
        self.fields["outcome"] = forms.ChoiceField(
            label="Outcome",
            choices=Review.Outcome.choices,
            required=not is_draft,
            initial=review.outcome if review else "",
            widget=forms.RadioSelect,
        )

        held = list(skills)
        if held:
            self.fields["skills"] = forms.TypedMultipleChoiceField(
                label="They have got",
                help_text="Counts with “Done” only, and sets nobody back.",
                choices=[(row.pk, row.name) for row in held],
                coerce=int,
                required=False,
                initial=[row.pk for row in review.skills.all()] if review else [],
                widget=forms.CheckboxSelectMultiple,
            )

    @staticmethod
    def name_of(criterion: RubricCriterion) -> str:
        return f"criterion-{criterion.pk}"

    def _phrase_choices(self) -> list[Any]:
        """Those that were used on a criterion of this rubric under its title, then all."""
        groups: list[Any] = [("", "None")]
        for criterion in self.criteria:
            fitting = [row.phrase for row in self.phrases if criterion.title in row.fits]
            if fitting:
                groups.append((f"Used on {criterion.title}", [(row.pk, row.text) for row in fitting]))
        return [*groups, ("All", [(row.phrase.pk, row.phrase.text) for row in self.phrases])]

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        chosen = next((row.phrase for row in self.phrases if row.phrase.pk == values.get("phrase")), None)
        if chosen is not None and chosen.text not in values.get("summary", ""):
            values["summary"] = f"{values.get('summary', '')}\n\n{chosen.text}".strip()
            if self.has_error("summary", "required"):
                del self.errors["summary"]
        return values

    def skills(self) -> list[int]:
        return self.cleaned_data.get("skills") or []

    def marks(self) -> dict[int, str]:
        return {row.pk: self.cleaned_data.get(self.name_of(row), "") for row in self.criteria}


class CommentForm(forms.Form):
    """A comment on a cell, on the whole, or an answer to one."""

    text = forms.CharField(label="Comment", widget=forms.Textarea(attrs={"rows": 2}), max_length=8000)
    asks_for_change = forms.BooleanField(label="Asks for a change", required=False)
    piece = forms.IntegerField(required=False, widget=forms.HiddenInput)
    cell_key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    cell_index = forms.IntegerField(required=False, min_value=0, max_value=5000, widget=forms.HiddenInput)
    line = forms.IntegerField(label="Line", required=False, min_value=1, max_value=1_000_000)
    parent = forms.IntegerField(required=False, widget=forms.HiddenInput)


class SettleForm(forms.Form):
    """Where a comment stands."""

    state = forms.ChoiceField(choices=Comment.State.choices)


class PhraseForm(forms.ModelForm):
    """A sentence to keep."""

    text = forms.CharField(
        label="Phrase",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One or two sentences that you write again and again.",
    )
    is_shared = forms.BooleanField(label="Share it with everybody who reviews here", required=False)

    class Meta:
        model = Phrase
        fields = ["text"]


class AskAgainForm(forms.Form):
    """Why a review of one's own work should be looked at again."""

    text = forms.CharField(
        label="What should be looked at again, and why?",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=4000,
        help_text="The leads read it and answer here, in the thread.",
    )


class LookAnswerForm(forms.Form):
    """What came of the other look."""

    text = forms.CharField(label="Answer", widget=forms.Textarea(attrs={"rows": 3}), max_length=8000)
    outcome = forms.ChoiceField(label="Outcome", widget=forms.RadioSelect)

    def __init__(self, *args: Any, may_be_done: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = SecondLook.Outcome.choices
        chosen = choices if may_be_done else choices[:1]
        self.fields["outcome"].choices = chosen  # type: ignore[attr-defined]
