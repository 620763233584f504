from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from members.models import Term
from mlclub.forms import DateField
from nmep import cloning
from nmep.cloning import Holiday, Wish
from nmep.models import Offering

#: "2027-03-22", "2027-03-22 to 2027-03-28", "2027-03-22–2027-03-28 Recess"
_LINE = re.compile(
    r"^(?P<first>\d{4}-\d\d?-\d\d?)(?:\s*(?:to|until|-|–|—|/)\s*(?P<last>\d{4}-\d\d?-\d\d?))?[\s,:]*(?P<name>.*)$"
)


class CloneForm(forms.Form):
    """Onto which term, from which day on, and without which days."""

    term = forms.TypedChoiceField(label="Onto", coerce=int)
    first_on = DateField(label="First meeting", required=False)
    holidays = forms.CharField(
        label="Days off",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="A line each: 2027-02-15, or 2027-03-22 to 2027-03-28 Recess. The breaks of the term count without "
        "being written here.",
    )
    closes_gaps = forms.BooleanField(
        label="Leave out weeks in which the old term did not meet",
        required=False,
        initial=True,
        help_text="They were its holidays.",
    )

    def __init__(self, *args: Any, source: Offering, terms: list[Term], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source
        self.terms = {term.pk: term for term in terms}
        self.fields["term"].choices = [(term.pk, str(term)) for term in terms]  # type: ignore[attr-defined]
        self.fields["first_on"].help_text = f"Empty: the same week and weekday as in {source.term}."
        if terms and not self.is_bound:
            self.fields["first_on"].initial = cloning.first_day(source, terms[0])

    def clean_term(self) -> Term:
        return self.terms[self.cleaned_data["term"]]

    def clean_holidays(self) -> tuple[Holiday, ...]:
        found = []
        for number, line in enumerate(self.cleaned_data["holidays"].splitlines(), start=1):
            if not line.strip():
                continue
            match = _LINE.match(line.strip())
            try:
                if not match:
                    raise ValueError
                first = date.fromisoformat(_padded(match["first"]))
                last = date.fromisoformat(_padded(match["last"])) if match["last"] else first
            except ValueError:
                raise ValidationError(
                    f"Line {number}, “{line.strip()[:40]}”, is not a day such as 2027-02-15."
                ) from None
            if last < first:
                raise ValidationError(f"Line {number}: the last day comes before the first.")
            found.append(Holiday(first, last, match["name"].strip()[:60]))
        return tuple(found)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        term = data.get("term")
        if term is not None and "first_on" in data:
            data["first_on"] = data["first_on"] or cloning.first_day(self.source, term)
            if not term.starts_on <= data["first_on"] <= term.ends_on:
                self.add_error(
                    "first_on",
                    f"{term} is from {term.starts_on:%Y-%m-%d} to {term.ends_on:%Y-%m-%d}. "
                    "Give a day in it, or leave this empty.",
                )
        return data

    def wish(self) -> Wish:
        """What the form asks for, once it is valid."""
        data = self.cleaned_data
        return Wish(data["term"], data["first_on"], data["holidays"], closes_gaps=data["closes_gaps"])


def _padded(day: str) -> str:
    return "-".join(part.zfill(2) for part in day.split("-"))
