from __future__ import annotations

from typing import Any

from django import forms

from events.models import Material
from members.models import Term, Topic, User


class RecordingFilterForm(forms.Form):
    """What somebody looks for among what past events left."""

    KINDS = [Material.Kind.RECORDING, Material.Kind.SLIDES, Material.Kind.NOTES]

    q = forms.CharField(label="Words", max_length=80, required=False)
    kind = forms.ChoiceField(label="Kind", required=False)
    topic = forms.ModelChoiceField(
        Topic.objects.none(), required=False, to_field_name="slug", empty_label="Any"
    )
    term = forms.ModelChoiceField(Term.objects.all(), required=False, to_field_name="slug", empty_label="Any")
    speaker = forms.CharField(label="Speaker", max_length=80, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "All"), *((kind.value, kind.label) for kind in self.KINDS)]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]
        topics = Topic.objects.filter(events__isnull=False).distinct()
        self.fields["topic"].queryset = topics  # type: ignore[attr-defined]


class AlbumForm(forms.Form):
    """Where the pictures are, and that somebody looked through them."""

    url = forms.URLField(label="Address of the album", max_length=500, assume_scheme="https")
    is_vouched = forms.BooleanField(
        label="I looked through the pictures: whoever does not want to be shown is not in them",
        error_messages={"required": "Look through the pictures first."},
    )


class ObjectionForm(forms.Form):
    which = forms.CharField(
        label="Which picture?", max_length=200, required=False, help_text="Only the hosts read it."
    )


class ThanksForm(forms.Form):
    """One sentence to those who made an event."""

    sentence = forms.CharField(
        label="What you want to say", max_length=600, widget=forms.Textarea(attrs={"rows": 4})
    )
    people = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="To",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one person."},
    )

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].queryset = User.objects.filter(pk__in=[each.pk for each in people])  # type: ignore[attr-defined]
