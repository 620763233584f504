from __future__ import annotations

from typing import Any

from django import forms

from mlclub.forms import DateTimeField
from nmep.models import CourseApplication, CourseGroup, CoursePolicy, Enrolment, Offering
from nmep.models.pass_rules import KINDS, problems_of


class ApplicationForm(forms.Form):
    """A place in a course; name and address only from whoever has no account here."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="Mail address", help_text="A mail comes there; the link in it confirms.")
    wants = forms.ChoiceField(
        label="I want to",
        choices=CourseApplication.Wants.choices,
        initial="learner",
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label="A few words", required=False, max_length=3000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, policy: CoursePolicy, has_account: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_account:
            del self.fields["name"], self.fields["email"]
        if not policy.takes_auditors:
            del self.fields["wants"]
        if policy.question:
            self.fields["text"].label = policy.question
            self.fields["text"].required = policy.door == CoursePolicy.Door.APPLICATION
        elif policy.door == CoursePolicy.Door.OPEN:
            del self.fields["text"]


class PolicyForm(forms.ModelForm):
    """How people come into a course, and what passing it takes: a weight for each part that counts."""

    opens_at = DateTimeField(label="Sign-up opens", required=False)
    closes_at = DateTimeField(label="Sign-up closes", required=False)
    pass_at = forms.IntegerField(
        label="Passed from (%)",
        required=False,
        min_value=1,
        max_value=100,
        help_text="Empty: the course has no pass and no fail.",
    )

    class Meta:
        model = CoursePolicy
        fields = [
            "door",
            "opens_at",
            "closes_at",
            "places",
            "takes_auditors",
            "question",
            "units",
            "sponsor",
            "is_self_paced",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.instance.pass_rule or {}
        self.initial["pass_at"] = rule.get("pass_at")
        held = {part["kind"]: part for part in rule.get("parts", [])}
        for kind, label in KINDS.items():
            part = held.get(kind, {})
            self.fields[f"weight_{kind}"] = forms.IntegerField(
                label=f"{label}: weight",
                required=False,
                min_value=0,
                max_value=100,
                initial=part.get("weight"),
            )
            self.fields[f"drop_{kind}"] = forms.IntegerField(
                label=f"{label}: how many of the worst are dropped",
                required=False,
                min_value=0,
                max_value=20,
                initial=part.get("drop"),
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        parts = [
            {"kind": kind, "weight": cleaned[f"weight_{kind}"], "drop": cleaned[f"drop_{kind}"] or 0}
            for kind in KINDS
            if cleaned.get(f"weight_{kind}")
        ]
        rule: dict[str, Any] = {}
        if parts and not cleaned["pass_at"]:
            self.add_error("pass_at", "Say from how many percent on the course is passed.")
        elif cleaned["pass_at"] and not parts:
            self.add_error("pass_at", "Give at least one part below a weight.")
        elif parts:
            rule = {"pass_at": cleaned["pass_at"], "parts": parts}
        if not problems_of(rule):
            self.instance.pass_rule = rule
        return cleaned


class GroupForm(forms.ModelForm):
    """A small group, who leads it, and who is in it."""

    class Meta:
        model = CourseGroup
        fields = ["name", "leader", "meets"]

    def __init__(self, *args: Any, offering: Offering, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.offering = offering
        leader: Any = self.fields["leader"]
        staff = Enrolment.objects.staff().filter(offering=offering)
        leader.queryset = leader.queryset.filter(pk__in=staff.values("person"))
        leader.empty_label = "Nobody yet"

    def _get_validation_exclusions(self) -> set[str]:
        # The offering is no field of the form, but the name must be free within it.
        return super()._get_validation_exclusions() - {"offering"}  # type: ignore[misc]
