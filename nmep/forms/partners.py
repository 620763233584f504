from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from nmep.models import Enrolment, PartnerNote, PartnerTeam, PartnerWish
from nmep.partner_facts import Criteria


class MatchForm(forms.Form):
    """What to weigh when matching."""

    EXPERIENCE = [
        ("similar", "Similar: both have come about as far"),
        ("mixed", "Mixed: one knows more than the other"),
        ("any", "It does not matter"),
    ]

    avoid_repeats = forms.BooleanField(
        label="Avoid repeats", required=False, help_text="Nobody meets again while there are others."
    )
    keep_requests = forms.BooleanField(
        label="Keep requests",
        required=False,
        help_text="Two who asked for each other come together. “Rather not” is always kept.",
    )
    experience = forms.ChoiceField(label="Experience", choices=EXPERIENCE)

    def criteria(self) -> Criteria:
        return Criteria(**self.cleaned_data)


class MoveForm(forms.Form):
    """One learner, and where they go."""

    ALONE = "alone"

    person = forms.ChoiceField(label="Move")
    to = forms.ChoiceField(label="To")

    def __init__(
        self, *args: Any, learners: Iterable[Enrolment], pairs: Iterable[PartnerTeam], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(row.pk), row.person.display_name) for row in learners]
        thirds = [
            (
                f"team-{team.pk}",
                " and ".join(place.enrolment.person.display_name for place in team.places.all()),
            )
            for team in pairs
        ]
        self.person_field.choices = [("", "Choose who"), *people]
        self.to_field.choices = [
            ("", "Choose where"),
            ("Pair with", [(f"with-{pk}", name) for pk, name in people]),
            ("Third with", thirds),
            ("Nobody", [(self.ALONE, "No partner for now")]),
        ]

    @property
    def person_field(self) -> Any:
        return self.fields["person"]

    @property
    def to_field(self) -> Any:
        return self.fields["to"]

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("to") == f"with-{self.cleaned_data.get('person')}":
            self.add_error("to", "Choose somebody else than who is moved.")
        return self.cleaned_data

    @property
    def target(self) -> tuple[str, int]:
        """What the second choice says: with, team or alone, and the key."""
        kind, _, pk = self.cleaned_data["to"].partition("-")
        return kind, int(pk or 0)


class WishForm(forms.Form):
    """With whom somebody would like to work, or rather not."""

    kind = forms.ChoiceField(label="What", choices=PartnerWish.Kind.choices)
    about = forms.ModelChoiceField(
        Enrolment.objects.none(), label="Who", required=False, help_text="Not needed if you work alone."
    )

    def __init__(self, *args: Any, asking: Enrolment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Enrolment.objects.active().learners().filter(offering=asking.offering_id).exclude(pk=asking.pk)
        field: Any = self.fields["about"]
        field.queryset = rows.select_related("person").order_by("person__name")
        field.label_from_instance = lambda row: row.person.display_name

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("kind") == PartnerWish.Kind.ALONE:
            self.cleaned_data["about"] = None
        elif not self.cleaned_data.get("about") and "about" not in self.errors:
            self.add_error("about", "Say about whom.")
        return self.cleaned_data


class NoteForm(forms.Form):
    """Two answers about working together."""

    split = forms.ChoiceField(label="How did the work split?", choices=PartnerNote.Split.choices)
    again = forms.ChoiceField(label="Work with them again?", choices=PartnerNote.Again.choices)


class LetterForm(forms.Form):
    """A few lines to one's partners."""

    text = forms.CharField(
        label="What you want to say",
        help_text="They get it by mail, with your name and without your address.",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
