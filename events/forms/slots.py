"""What people type about slots."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from events.models import Claim, Slot, SlotQuestion
from events.sheets import Sheet
from members.models import User
from members.people_field import PeopleField


class ClaimForm(forms.Form):
    """What comes with a click on "Claim"; all of it can be said later."""

    topic = forms.CharField(max_length=200, required=False)
    wants_mentor = forms.BooleanField(label="I’d like a mentor for this", required=False)


class TopicForm(forms.ModelForm):
    """What it will be about."""

    class Meta:
        model = Claim
        fields = ["topic"]
        labels = {"topic": "What it will be about"}


class QuestionForm(forms.ModelForm):
    """One question before the talk."""

    text = forms.CharField(
        label="Your question",
        help_text="Those who present read it before. You can change it until they begin.",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    class Meta:
        model = SlotQuestion
        fields = ["text"]


class SwapForm(forms.Form):
    """Whose slot one would rather have, or who should take one's own."""

    other = forms.TypedChoiceField(
        label="Swap with",
        required=False,
        empty_value=None,
        help_text="They are asked; nothing changes until they say yes.",
    )
    to = PeopleField(
        label="Or hand it over to", required=False, help_text="A name or handle. They are asked too."
    )

    def __init__(self, *args: Any, choices: list[Claim], sees_names: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {str(claim.pk): claim for claim in choices}
        field: Any = self.fields["other"]
        field.choices = [
            ("", "Choose a slot"),
            *(
                (key, f"{claim.slot.label}, {claim.person}" if sees_names else claim.slot.label)
                for key, claim in known.items()
            ),
        ]
        field.coerce = known.__getitem__
        if not sees_names:
            # Naming somebody would tell them who holds the slot.
            del self.fields["to"]
        if not known:
            del self.fields["other"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        people = data.get("to") or []
        if len(people) > 1:
            self.add_error("to", "One person.")
        if not self.errors and bool(data.get("other")) == bool(people):
            where = "other" if "other" in self.fields else "to" if "to" in self.fields else None
            self.add_error(where, "Choose one of the two.")
        return data


class AssignForm(forms.Form):
    """Whom to put down for a slot."""

    person = forms.ModelChoiceField(
        label="Put down", queryset=User.objects.none(), empty_label="Choose somebody"
    )

    def __init__(self, *args: Any, candidates: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["person"]
        field.queryset = candidates.order_by("name", "pk")


class WishForm(forms.Form):
    """A rank for each slot; empty where one would rather not."""

    def __init__(self, *args: Any, sheet: Sheet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slots: list[Slot] = [row.slot for row in sheet.rows if not row.has_begun and row.slot.is_offered]
        ranks = [("", "–")] + [(str(n), f"Wish {n}") for n in range(1, min(len(self.slots), 9) + 1)]
        for slot in self.slots:
            self.fields[f"slot-{slot.pk}"] = forms.ChoiceField(
                label=slot.label, choices=ranks, required=False, initial=str(sheet.wishes.get(slot.pk, ""))
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = [data[name] for name in self.fields if data.get(name)]
        if len(given) != len(set(given)):
            raise ValidationError("Two slots have the same wish. Give each a number of its own.")
        return data

    def ranked(self) -> list[int]:
        """The keys of the wished slots, the dearest first."""
        given = [
            (int(self.cleaned_data[f"slot-{slot.pk}"]), slot.pk)
            for slot in self.slots
            if self.cleaned_data[f"slot-{slot.pk}"]
        ]
        return [key for _, key in sorted(given)]
