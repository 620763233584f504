from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.html import escape

from members.models import Topic, User
from mlclub.forms import MarkdownField
from nmep.capstone_matching import Proposal
from nmep.continuing import Next
from nmep.forms.handing_in import PROGRAMS, ending
from nmep.mentoring import Suggestion
from nmep.models import Capstone, CapstonePolicy, Enrolment
from projects.models import Initiative

LARGEST_FILE = 20 * 1024 * 1024


class IdeaForm(forms.ModelForm):
    """An idea for a capstone; whoever proposes it is its first member."""

    topics = forms.ModelMultipleChoiceField(
        Topic.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What it is about. Mentors are found by these.",
    )

    class Meta:
        model = Initiative
        fields = ["name", "summary", "topics"]
        labels = {"summary": "The idea in one or two sentences"}
        widgets = {"summary": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"summary": "What you want to find out or make."}


class PolicyForm(forms.ModelForm):
    """How large groups are, and whether learners may still choose."""

    is_closed = forms.BooleanField(label="Groups are closed: only leads change them", required=False)

    class Meta:
        model = CapstonePolicy
        fields = ["min_size", "max_size"]


class MatchForm(forms.Form):
    """For each learner without a group: which one. What the matcher proposes is chosen already."""

    def __init__(
        self,
        *args: Any,
        waiting: Iterable[Enrolment],
        rooms: Sequence[Capstone],
        proposal: Proposal,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        waiting = list(waiting)
        new = max([3, *(int(row.key[4:]) for row in proposal.groups if row.capstone is None)])
        choices = [
            ("", "No group yet"),
            *((str(row.pk), f"{row} ({len(row.team)})") for row in rooms),
            *((f"new-{n}", f"A new group, {n}") for n in range(1, new + 1)),
        ]
        why = {row.pk: group.why for group in proposal.groups for row in group.people}
        for row in waiting:
            self.fields[f"p{row.pk}"] = forms.ChoiceField(
                label=str(row.person),
                choices=choices,
                required=False,
                initial=proposal.place_of.get(row.pk, ""),
                help_text=escape(why.get(row.pk, "")),
            )

    @property
    def places(self) -> dict[int, str]:
        return {int(name[1:]): key for name, key in self.cleaned_data.items() if key}


class MoveForm(forms.Form):
    """A lead puts somebody into another group, or into none."""

    enrolment = forms.ChoiceField(label="Who")
    capstone = forms.ChoiceField(label="Into", required=False)

    def __init__(
        self, *args: Any, learners: Iterable[Enrolment], groups: Iterable[Capstone], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.learners = {str(row.pk): row for row in learners}
        self.groups = {str(row.pk): row for row in groups}
        who: Any = self.fields["enrolment"]
        into: Any = self.fields["capstone"]
        named = sorted((str(row.person), key) for key, row in self.learners.items())
        who.choices = [(key, name) for name, key in named]
        into.choices = [("", "No group"), *((key, str(row)) for key, row in self.groups.items())]

    def clean_enrolment(self) -> Enrolment:
        return self.learners[self.cleaned_data["enrolment"]]

    def clean_capstone(self) -> Capstone | None:
        return self.groups.get(self.cleaned_data["capstone"])


class MentorForm(forms.Form):
    """For each group without a mentor: whom to ask. The matcher's pick is chosen already."""

    def __init__(self, *args: Any, suggestions: Sequence[Suggestion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.suggestions = suggestions
        for row in suggestions:
            topics = ", ".join(topic.name for topic in row.capstone.initiative.topics.all())
            self.fields[f"c{row.capstone.pk}"] = forms.ChoiceField(
                label=str(row.capstone),
                required=False,
                choices=[
                    ("", "Ask nobody yet"),
                    *((str(each.person.pk), each.label) for each in row.candidates),
                ],
                initial=str(row.pick.pk) if row.pick else "",
                help_text=escape(f"About {topics}." if topics else "It names no topic."),
            )

    @property
    def choices(self) -> dict[int, tuple[User, str]]:
        """Capstone → the person to ask and why."""
        by_key = {
            (row.capstone.pk, str(each.person.pk)): (each.person, each.reason)
            for row in self.suggestions
            for each in row.candidates
        }
        picked = {int(name[1:]): key for name, key in self.cleaned_data.items() if key}
        return {pk: by_key[pk, key] for pk, key in picked.items()}


class StepForm(forms.Form):
    """What a group hands in for a milestone: at least one of the three."""

    text = MarkdownField(label="Text", required=False, max_length=20000)
    url = forms.URLField(label="Link", required=False, max_length=500, assume_scheme="https")
    file = forms.FileField(
        label="File",
        required=False,
        max_length=150,
        help_text=f"Slides or a paper, up to {filesizeformat(LARGEST_FILE)}.",
    )

    def clean_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is None:
            return None
        if file.size and file.size > LARGEST_FILE:
            raise forms.ValidationError(
                f"This is larger than {filesizeformat(LARGEST_FILE)}. Give a link instead."
            )
        if ending(file.name or "") in PROGRAMS:
            raise forms.ValidationError("Programs are not taken. Give a link to the code instead.")
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not (data.get("text") or data.get("url") or data.get("file")):
            raise forms.ValidationError("Write something, give a link or add a file.")
        return data


class StepAnswerForm(forms.Form):
    """Approve, or say what should change."""

    n = forms.IntegerField(widget=forms.HiddenInput)
    comment = forms.CharField(
        label="What you think", max_length=8000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class RunningOrderForm(forms.Form):
    """Minutes a talk, and a number for each group."""

    minutes = forms.IntegerField(
        label="Minutes each",
        min_value=3,
        max_value=60,
        help_text="Talk and questions together; 8 to 10 do well.",
    )

    def __init__(
        self, *args: Any, groups: Sequence[Capstone], places: Mapping[int, int], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for at, row in enumerate(groups, start=1):
            self.fields[f"g{row.pk}"] = forms.IntegerField(
                label=str(row), min_value=1, max_value=99, initial=places.get(row.pk, at)
            )

    @property
    def places(self) -> dict[int, int]:
        return {int(name[1:]): n for name, n in self.cleaned_data.items() if name.startswith("g")}


class NextForm(forms.Form):
    """What happens next to a capstone."""

    kind = forms.ChoiceField(label="What happens next?", choices=Next.choices, widget=forms.RadioSelect)
    people = forms.ModelMultipleChoiceField(
        User.objects.none(), label="Who goes on", required=False, widget=forms.CheckboxSelectMultiple
    )
    direction = forms.CharField(
        max_length=240,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Where it is going, or why it ends here, in a sentence.",
    )
    name = forms.CharField(
        label="Its name",
        max_length=100,
        required=False,
        help_text="Empty: as it is called now, with what it becomes.",
    )
    target = forms.ModelChoiceField(
        Initiative.objects.none(),
        label="The project that it joins",
        required=False,
        empty_label="Choose one",
        help_text="Only if it joins another project.",
    )

    def __init__(self, *args: Any, capstone: Capstone, targets: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.capstone = capstone
        people = User.objects.filter(pk__in=[row.enrolment.person_id for row in capstone.team])
        field: Any = self.fields["people"]
        field.queryset = people
        self.initial.setdefault("people", list(people))
        target: Any = self.fields["target"]
        target.queryset = targets
        if not targets.exists():
            del self.fields["target"]
            kinds: Any = self.fields["kind"]
            kinds.choices = [choice for choice in Next.choices if choice[0] != Next.JOINS]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = data.get("kind")
        if kind is None:
            return data
        if kind != Next.ARCHIVE and not data.get("people"):
            self.add_error("people", "Tick at least one who goes on, or say that it ends here.")
        if kind == Next.JOINS and not data.get("target"):
            self.add_error("target", "Choose the project that it joins.")
        if kind not in (Next.JOINS, Next.ARCHIVE):
            data["name"] = data.get("name") or self._name(kind)
            if Initiative.objects.filter(name__iexact=data["name"]).exists():
                self.add_error(
                    "name", f"There is already a project called {data['name']}. Choose another name."
                )
        return data

    def _name(self, kind: str) -> str:
        words = {
            Next.STUDY_GROUP: "study group",
            Next.RESEARCH: "research",
            Next.COMPETITION: "competition team",
        }
        return f"{self.capstone} {words[Next(kind)]}"[:100]
