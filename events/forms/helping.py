from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms


class HelpForm(forms.Form):
    """What somebody wants help with; `topics` are what the event's programme works on."""

    topic = forms.CharField(label="With", max_length=60)
    exercise = forms.CharField(
        label="Exercise",
        required=False,
        max_length=60,
        help_text="Its number, if it has one: people on the same one are sent to each other first.",
    )
    text = forms.CharField(label="In a few words", required=False, max_length=300)

    def __init__(self, *args: Any, topics: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if topics:
            self.fields["topic"] = forms.ChoiceField(
                label="With", choices=[(topic, topic) for topic in [*topics, "Something else"]]
            )
