from __future__ import annotations

from django import forms


class FeedForm(forms.Form):
    """How the secret calendar behaves."""

    alarm = forms.TypedChoiceField(
        label="Alarm",
        coerce=int,
        choices=[(0, "No alarm"), (15, "15 minutes before"), (60, "1 hour before"), (1440, "1 day before")],
    )
