"""The rule of completion in words, and what decides otherwise."""

from __future__ import annotations

from typing import Any

from django import forms

from nmep import requirements
from nmep.models import Offering, Override

LABELS = {
    "homework": "Homeworks done, at least",
    "absences": "Absences, at most",
    "paper": "Paper talks given, at least",
    "skills": "Skills got, at least",
    "oral": "The oral exam is passed",
    "capstone": "The capstone is presented",
}


class RuleForm(forms.Form):
    """A number for each line that is asked for; what is left empty is not."""

    def __init__(self, *args: Any, offering: Offering, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = offering.completion_rule
        for each in requirements.EVERY:
            is_on = each.key in rule
            label = LABELS.get(each.key, each.label)
            if each.is_single:
                self.fields[each.key] = forms.BooleanField(label=label, required=False, initial=is_on)
                continue
            n = offering.max_absences if each is requirements.ABSENCES else rule.get(each.key)
            total = None if each.is_limit or each is requirements.PAPER else each.total(offering)
            self.fields[each.key] = forms.IntegerField(
                label=label,
                required=False,
                min_value=0 if each.is_limit else 1,
                max_value=20 if total is None else max(total, 1),
                initial=n if is_on else None,
                help_text=("" if total is None else f"Of {total}. ") + "Empty: not asked for.",
            )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not any(value not in (None, False) for value in values.values()):
            raise forms.ValidationError("Ask for one thing at least.")
        return values

    def numbers(self) -> dict[str, int | None]:
        values = self.cleaned_data
        return {
            key: (1 if value else None) if isinstance(value, bool) else value for key, value in values.items()
        }


class OverrideForm(forms.Form):
    """How it ends for one learner, and why."""

    outcome = forms.ChoiceField(
        label="How it ends for them", choices=Override.Outcome.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label="Why", max_length=300, help_text="They read it in their own data; it goes into the audit trail."
    )


class ConfirmForm(forms.Form):
    """The last button: how many were seen, and what becomes of the others."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    others = forms.ChoiceField(
        label="Those who do not meet it",
        choices=[("stay", "Stay open, and may be completed later"), ("end", "Did not finish")],
        widget=forms.RadioSelect,
        initial="stay",
    )


class CorrectForm(forms.Form):
    """What an officer changes afterwards, and why."""

    act = forms.ChoiceField(
        label="What changes",
        choices=[
            ("complete", "They have completed it"),
            ("did_not_finish", "They did not finish"),
            ("revoke", "The certificate is shown no more"),
            ("restore", "The certificate is shown again"),
        ],
        widget=forms.RadioSelect,
    )
    why = forms.CharField(label="Why", max_length=300, help_text="It goes into the audit trail.")
