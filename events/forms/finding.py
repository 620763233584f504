from __future__ import annotations

from typing import Any

from django import forms

from events.models import Kind


class FilterForm(forms.Form):
    """Which events the list shows."""

    kind = forms.ChoiceField(label="Kind", choices=[("", "Every kind"), *Kind.choices], required=False)
    whom = forms.ChoiceField(
        label="For whom",
        choices=[
            ("", "Everything I may attend"),
            ("mine", "Only what I go to"),
            ("public", "Open to everyone"),
        ],
        required=False,
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        if not user.is_authenticated:
            # Whatever a stranger sees is open to everyone.
            del self.fields["whom"]
