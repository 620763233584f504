"""What people type about papers, oral exams and lectures."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from events.forms import MaterialForm
from events.models import Material
from members.models import User
from mlclub.forms import DateField, TimeField
from nmep.models import OralResult
from wiki.models import Paper
from wiki.paper_forms import GivenReferenceForm, ReferenceForm
from wiki.papers import Named


class SuggestionForm(GivenReferenceForm):
    """A paper that leads suggest."""


class PaperChoiceForm(ReferenceForm):
    """One of the suggested papers, or another."""

    suggestion = forms.ModelChoiceField(
        label="One of these",
        queryset=Paper.objects.none(),
        required=False,
        widget=forms.RadioSelect,
        empty_label=None,
    )
    field_order = ["suggestion", "reference", "title", "authors"]

    def __init__(self, *args: Any, suggestions: QuerySet[Paper], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if suggestions:
            field: Any = self.fields["suggestion"]
            field.queryset = suggestions
            field.label_from_instance = lambda paper: paper.reference
            self.fields["reference"].label = "Or another: link, arXiv number or DOI"
        else:
            del self.fields["suggestion"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and bool(data.get("suggestion")) == self.is_given():
            told = "Choose one of the two." if data.get("suggestion") else "Say which paper."
            self.add_error("reference", told)
        return data

    def paper(self) -> Paper | Named:
        return self.cleaned_data.get("suggestion") or self.named()


class PaperSheetForm(forms.Form):
    """From which week on there are paper talks, and for how many."""

    first_week = forms.IntegerField(label="From week", min_value=1, max_value=30, initial=4)
    capacity = forms.IntegerField(label="People each week", min_value=1, max_value=6, initial=2)
    minutes = forms.IntegerField(label="Minutes", min_value=5, max_value=120, initial=30)


class SlidesForm(MaterialForm):
    """Slides of a paper talk: a link or a file."""

    class Meta(MaterialForm.Meta):
        fields = ["title", "url", "file"]
        widgets = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["visible_from"]
        self.instance.kind = Material.Kind.SLIDES


class OralSlotsForm(forms.Form):
    """A day of oral exams in one go."""

    on = DateField(label="Day")
    begins = TimeField(label="From")
    ends = TimeField(label="To")
    minutes = forms.IntegerField(
        label="Minutes each", min_value=10, max_value=60, initial=60, help_text="An hour or less."
    )
    examiners = forms.ModelMultipleChoiceField(
        label="Examiners", queryset=User.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    place = forms.CharField(label="Place", max_length=200, required=False)

    def __init__(self, *args: Any, staff: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["examiners"]
        field.queryset = staff

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("begins") and data.get("ends") and data["ends"] <= data["begins"]:
            self.add_error("ends", "It must end after it begins.")
        return data


class OralResultForm(forms.ModelForm):
    """How an exam went."""

    outcome = forms.ChoiceField(label="Outcome", choices=OralResult.Outcome.choices, widget=forms.RadioSelect)

    class Meta:
        model = OralResult
        fields = ["outcome", "notes", "private_notes"]
        widgets = {
            "notes": forms.Textarea(attrs={"rows": 4}),
            "private_notes": forms.Textarea(attrs={"rows": 3}),
        }
