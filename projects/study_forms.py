"""What people type about a study group."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from mlclub.forms import DateField, TimeField
from projects.models import Initiative
from projects.study_groups import MOST_CHAPTERS, Plan


class PlanForm(forms.Form):
    """The book or course, its chapters, and when the group meets."""

    source = forms.CharField(label="Book or course", max_length=200)
    authors = forms.CharField(label="By", max_length=200, required=False)
    source_url = forms.URLField(label="Link", max_length=500, required=False, assume_scheme="https")
    chapters = forms.CharField(
        label="Chapters, one a line",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Paste them from the table of contents. A line with an arXiv number, a DOI or a link is a paper.",
    )
    first_on = DateField(
        label="First day", help_text="Its weekday is that of the group. It may lie in a break."
    )
    begins = TimeField(label="Begins at")
    minutes = forms.IntegerField(label="Minutes", min_value=15, max_value=480, initial=60)
    chapters_a_date = forms.IntegerField(label="Chapters each time", min_value=1, max_value=8, initial=1)
    interval_weeks = forms.TypedChoiceField(
        label="How often",
        choices=[(1, "Every week"), (2, "Every two weeks"), (3, "Every three weeks")],
        coerce=int,
        initial=1,
    )
    uses_breaks = forms.BooleanField(label="It meets in breaks too", required=False)
    place = forms.CharField(label="Place", max_length=200, required=False)

    def clean_chapters(self) -> list[str]:
        lines = [" ".join(line.split()) for line in self.cleaned_data["chapters"].splitlines()]
        found = [line for line in lines if line]
        if not found:
            raise ValidationError("Give at least one chapter.")
        if len(found) > MOST_CHAPTERS:
            raise ValidationError(f"These are {len(found)} chapters. A group has {MOST_CHAPTERS} at most.")
        return found

    def plan(self) -> Plan:
        names = Plan.__dataclass_fields__
        said: dict[str, Any] = {key: value for key, value in self.cleaned_data.items() if key in names}
        return Plan(**said)


class StudyGroupForm(PlanForm):
    """A new group, which needs a name beside its plan."""

    name = forms.CharField(
        label="Name of the group",
        max_length=100,
        required=False,
        help_text="Empty: that of the book.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        name = data.get("name") or data.get("source", "")[:100]
        if name and Initiative.objects.filter(name__iexact=name).exists():
            self.add_error("name", "There is already a project of this name. Give the group another one.")
        data["name"] = name
        return data


class EndForm(forms.Form):
    """How a group ends."""

    why = forms.CharField(
        label="What came of it, or why it stops",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="A sentence or two for those who come after you. How far it came is written by itself.",
    )
