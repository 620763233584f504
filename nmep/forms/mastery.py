"""What a lead writes about one learner, and what a learner asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.template.defaultfilters import date as formatted
from django.utils import timezone

from mlclub.forms import Segments
from nmep import acts
from nmep.models import Absence, Deviation, Enrolment, MarkChange, Session, SkillMark
from nmep.offers import Candidate
from nmep.progress import Progress

#: What may be asked for or given: the entry of one's own late days is no reason.
REASONS = [choice for choice in Deviation.Reason.choices if choice[0] != Deviation.Reason.LATE_DAYS]


class Picked(forms.TypedChoiceField):
    """One of a few rows that are at hand, without asking the database again."""

    def __init__(self, rows: Mapping[int, Any], **kwargs: Any) -> None:
        super().__init__(
            choices=[(key, str(row)) for key, row in rows.items()],
            coerce=lambda key: rows[int(key)],
            empty_value=None,
            **kwargs,
        )


def _assignments(standing: Progress) -> Picked:
    return Picked({row.assignment.pk: row.assignment for row in standing.work}, label="Assignment")


class MarkForm(forms.Form):
    """Where the work stands, past any review."""

    prefix = "mark"

    WORDS = {
        MarkChange.Kind.EXEMPT: "Exempt: it is not asked of them",
        MarkChange.Kind.DO_OVER: "To do over: they hand it in once more",
        MarkChange.Kind.DONE: "Done, though no review says so",
        MarkChange.Kind.NOT_YET: "Back to where it stood before",
    }

    def __init__(self, *args: Any, standing: Progress, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignment"] = _assignments(standing)
        self.fields["kind"] = forms.ChoiceField(
            label="What changes",
            choices=[(kind.value, self.WORDS[kind]) for kind in acts.MARKS],
            widget=forms.RadioSelect,
        )
        self.fields["why"] = forms.CharField(
            label="Why", help_text="They read it in their journal.", max_length=200
        )


class TimeForm(forms.Form):
    """More time for one learner."""

    prefix = "time"

    def __init__(self, *args: Any, standing: Progress, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignment"] = _assignments(standing)
        self.fields["days"] = forms.IntegerField(
            label="Days more than now", min_value=1, max_value=60, initial=2
        )
        self.fields["reason"] = forms.ChoiceField(label="Kind of reason", choices=REASONS)
        self.fields["why"] = forms.CharField(
            label="Why", help_text="They read it in their journal.", max_length=200, required=False
        )


class SkillForm(forms.Form):
    """How far they are with a skill, and where it was seen."""

    prefix = "skill"

    def __init__(self, *args: Any, standing: Progress, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        skills = {row.skill: row for row in standing.skills}
        self.fields["skill"] = Picked(skills, label="Skill")
        self.fields["level"] = forms.ChoiceField(
            label="How far", choices=SkillMark.Level.choices, widget=Segments
        )
        self.fields["evidence"] = forms.CharField(
            label="Where it was seen",
            help_text="A talk, a hand-in, a conversation. They read it.",
            max_length=300,
        )
        self.fields["link"] = forms.CharField(
            label="A link to it",
            required=False,
            max_length=300,
            help_text="An address of this site, beginning with /.",
        )

    def clean_link(self) -> str:
        link: str = self.cleaned_data["link"].strip()
        if link and (not link.startswith("/") or link.startswith("//") or "\\" in link):
            raise forms.ValidationError("Give an address of this site: it begins with one /.")
        return link


class NoteForm(forms.Form):
    """A note that both sides read."""

    text = forms.CharField(label="Note", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class HelpForm(forms.Form):
    """Who is asked to help."""

    def __init__(self, *args: Any, candidates: Sequence[Candidate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(row.person.pk): row.person for row in candidates}
        self.fields["helper"] = forms.ChoiceField(
            label="Who helps",
            choices=[(str(row.person.pk), f"{row.person.display_name}, {row.reason}") for row in candidates],
            widget=forms.RadioSelect,
        )


class AbsenceForm(forms.Form):
    """The class that somebody cannot come to, and why."""

    def __init__(self, *args: Any, sessions: Iterable[Session], now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sessions = {str(row.pk): row for row in sessions}
        coming = (key for key, row in self.sessions.items() if row.event.starts_at > now)
        self.fields["session"] = forms.ChoiceField(
            label="Which class",
            choices=[
                (key, f"{formatted(timezone.localtime(row.event.starts_at), 'D j M, H:i')}: {row}")
                for key, row in self.sessions.items()
            ],
            initial=next(coming, None),
        )
        self.fields["reason"] = forms.ChoiceField(label="Kind of reason", choices=Absence.Reason.choices)
        self.fields["text"] = forms.CharField(
            label="In a sentence",
            required=False,
            max_length=500,
            help_text="Only the leads and the officer for education read it. No need for details.",
            widget=forms.Textarea(attrs={"rows": 2}),
        )


class ExtensionForm(forms.Form):
    """More days, asked for in one tap."""

    days = forms.IntegerField(min_value=1, max_value=30)
    reason = forms.ChoiceField(choices=REASONS)


class SpendForm(forms.Form):
    """Late days of one's own; `due` is the due date that was shown."""

    days = forms.IntegerField(min_value=1, max_value=30)
    due = forms.DateTimeField()


class AnswerForm(forms.Form):
    """What a lead answers; `seen` is what they saw."""

    answer = forms.ChoiceField(choices=[("yes", "Yes"), ("no", "No")])
    seen = forms.CharField(required=False, max_length=8)
    days = forms.IntegerField(required=False, min_value=1, max_value=60)
    why = forms.CharField(required=False, max_length=200)


class AttendanceForm(forms.Form):
    """Who was at a class: one row of choices for each learner."""

    STATES = [("here", "Here"), ("late", "Late"), ("excused", "Excused"), ("absent", "Absent")]

    def __init__(self, *args: Any, rows: Sequence[tuple[Enrolment, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for enrolment, state in rows:
            self.fields[f"learner-{enrolment.pk}"] = forms.ChoiceField(
                label=enrolment.person.display_name,
                choices=self.STATES,
                initial="absent" if state == "asked" else state,
                widget=Segments,
                help_text="Asked to be excused." if state == "asked" else "",
            )

    def states(self) -> dict[Enrolment, str]:
        return {row: self.cleaned_data[f"learner-{row.pk}"] for row, _ in self.rows}
