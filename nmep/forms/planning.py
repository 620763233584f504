from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils import timezone

from members.people_field import PeopleField
from mlclub.forms import DateField, TimeField
from nmep import filling, planning
from nmep.forms.library import module_choices
from nmep.models import Module, Offering, Program, Session

MINUTES = [
    (50, "50 minutes"),
    (80, "80 minutes"),
    (90, "90 minutes"),
    (110, "110 minutes"),
    (120, "2 hours"),
    (180, "3 hours"),
]


class PlanForm(forms.Form):
    """For each class that is still to come: the number of its content's place, and its module."""

    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, sessions: Sequence[Session], modules: Sequence[Module], now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sessions, self.now = list(sessions), now
        self.modules = {str(module.pk): module for module in modules}
        self.fields["seen"].initial = planning.seal(self.sessions)
        choices = module_choices(list(modules), empty="No module")
        for n, session in enumerate(self.sessions, start=1):
            if not planning.is_open(session, now):
                continue
            self.fields[f"place-{session.pk}"] = forms.IntegerField(
                label=f"New place of {session.title}",
                initial=n,
                min_value=1,
                max_value=999,
                widget=forms.NumberInput(
                    attrs={"class": "short", "aria-label": f"New place of {session.title}"}
                ),
            )
            self.fields[f"module-{session.pk}"] = forms.ChoiceField(
                label=f"Module of {session.title}",
                choices=choices,
                required=False,
                initial=session.module_id or "",
                widget=forms.Select(attrs={"aria-label": f"Module of {session.title}"}),
            )

    @property
    def rows(self) -> list[tuple[int, Session, BoundField | None, BoundField | None]]:
        """Every class with its two controls, or none once it has begun."""
        return [
            (n, row, self[f"place-{row.pk}"], self[f"module-{row.pk}"])
            if f"place-{row.pk}" in self.fields
            else (n, row, None, None)
            for n, row in enumerate(self.sessions, start=1)
        ]

    def wishes(self) -> dict[int, planning.Wish]:
        """What was typed, by class."""
        return {
            row.pk: planning.Wish(
                self.cleaned_data[f"place-{row.pk}"],
                self.modules.get(self.cleaned_data[f"module-{row.pk}"]),
            )
            for row in self.sessions
            if f"place-{row.pk}" in self.fields
        }

    def plan(self) -> planning.Plan | None:
        """The plan that was asked for; without one, the errors stand beside the numbers."""
        try:
            return planning.arranged(self.sessions, self.wishes(), self.now)
        except planning.Misplaced as problem:
            for key, said in problem.errors.items():
                self.add_error(f"place-{key}", said)
            return None

    def show(self, plan: planning.Plan) -> None:
        """Let the numbers say what `plan` says, for a plan that is shown and not saved."""
        typed: Any = self.data
        self.data = typed.copy()
        for key, place in plan.places().items():
            if f"place-{key}" in self.fields:
                self.data[f"place-{key}"] = str(place)  # type: ignore[index]


class FillForm(forms.Form):
    """Which modules, from which day on, at what hour. The order is the library's; it can be changed afterwards."""

    modules = forms.ModelMultipleChoiceField(
        queryset=Module.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "One of these modules is not there any more. Choose again."},
    )
    empty = forms.IntegerField(
        label="Classes without a module",
        required=False,
        min_value=0,
        max_value=30,
        initial=0,
        help_text="For what you decide later.",
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    first_on = DateField(
        label="First class", help_text="The others follow on the same weekday, around the breaks."
    )
    begins = TimeField(label="Begins at", initial="20:00")
    minutes = forms.TypedChoiceField(
        label="Takes", coerce=int, choices=MINUTES, initial=110, widget=forms.Select(attrs={"class": "short"})
    )
    place = forms.CharField(
        required=False, max_length=200, help_text="Room and building, as a newcomer finds it. May come later."
    )
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        offering: Offering,
        sessions: Sequence[Session],
        modules: Sequence[Module],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offering = offering
        used = {session.module_id for session in sessions}
        self.offered = [module for module in filling.in_order(modules) if module.pk not in used]
        self.fields["modules"].queryset = Module.objects.filter(  # type: ignore[attr-defined]
            pk__in=[module.pk for module in self.offered]
        )
        self.fields["modules"].choices = [(module.pk, module.title) for module in self.offered]  # type: ignore[attr-defined]
        self.fields["seen"].initial = planning.seal(sessions)
        if sessions:
            last = max(timezone.localtime(session.event.starts_at) for session in sessions)
            self.fields["first_on"].initial = last.date() + timedelta(weeks=1)
            self.fields["begins"].initial = last.strftime("%H:%M")
            self.fields["place"].initial = sessions[-1].event.place
        else:
            self.fields["first_on"].initial = max(offering.term.starts_on, timezone.localdate())

    @property
    def levels(self) -> list[tuple[str, list[Any]]]:
        """The boxes to tick, by level."""
        of = {str(module.pk): module.level for module in self.offered}
        boxes = list(self["modules"])
        return [
            (label, [box for box in boxes if of[str(box.data["value"])] == value])
            for value, label in Module.Level.choices
            if value in of.values()
        ]

    def wish(self) -> filling.Wish:
        data = self.cleaned_data
        return filling.Wish(
            modules=tuple(data["modules"]),
            first_on=data["first_on"],
            begins=data["begins"],
            minutes=data["minutes"],
            place=data["place"],
            empty=data["empty"] or 0,
        )


class OfferingForm(forms.Form):
    """A programme in a term, and who leads it."""

    program = forms.ModelChoiceField(label="Programme", queryset=Program.objects.order_by("name"))
    term = forms.ChoiceField()
    leads = PeopleField(
        required=False,
        help_text="Names or handles, separated by commas. They plan it and run it from here on.",
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.terms = {str(term.pk): term for term in filling.terms_to_plan(now)}
        self.fields["term"].choices = [(key, str(term)) for key, term in self.terms.items()]  # type: ignore[attr-defined]
        self.fields["term"].initial = next(reversed(self.terms), "")
