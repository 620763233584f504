from __future__ import annotations

from typing import Any

from django import forms

from mlclub.forms import DateTimeField


class MoveForm(forms.Form):
    """The new time and place of a meeting."""

    starts_at = DateTimeField(label="Begins")
    place = forms.CharField(
        required=False, max_length=200, help_text="Room and building. Empty: not known yet."
    )


class CancelForm(forms.Form):
    """Why it does not take place."""

    reason = forms.CharField(
        label="Why", max_length=200, help_text="One sentence; everybody reads it in the mail."
    )


class StepForm(forms.Form):
    """The state that comes next; going back from the archive needs a reason."""

    to = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why it is reopened", max_length=200, help_text="Kept in the audit trail, with your name."
    )

    def __init__(self, *args: Any, needs_reason: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not needs_reason:
            del self.fields["reason"]
