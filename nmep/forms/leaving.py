from __future__ import annotations

from django import forms


class LeaveForm(forms.Form):
    """Why a lead takes somebody out."""

    reason = forms.CharField(
        label="Why",
        max_length=300,
        help_text="For you and the other leads. The learner can read it in their copy.",
    )


class AskLeaveForm(forms.Form):
    """Why somebody wants to leave, if they want to say it."""

    reason = forms.CharField(
        label="Why, if you want to say it",
        max_length=300,
        required=False,
        help_text="Only the leads read it.",
    )
