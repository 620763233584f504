from __future__ import annotations

from django import forms

from events.models import AgendaItem
from mlclub.forms import MarkdownField


class AgendaForm(forms.ModelForm):
    """A point of a meeting."""

    notes = MarkdownField(
        required=False,
        max_length=4000,
        help_text="What to know before, and what was decided. Members read it; Markdown.",
    )

    class Meta:
        model = AgendaItem
        fields = ["title", "who", "minutes", "notes"]
