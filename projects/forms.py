from __future__ import annotations

from typing import Any

from django import forms

from members.models import User
from mlclub.forms import MarkdownField
from projects.models import Initiative, Output, Role, Update
from wiki.care_forms import NamedPageField


class InitiativeForm(forms.ModelForm):
    """What a team says about its initiative."""

    description = MarkdownField(required=False, help_text=Initiative._meta.get_field("description").help_text)

    class Meta:
        model = Initiative
        fields = [
            "name",
            "kind",
            "face",
            "summary",
            "description",
            "visibility",
            "state",
            "opening",
            "series",
            "started_on",
            "ended_on",
            "outcome",
        ]
        widgets = {
            "started_on": forms.DateInput(attrs={"type": "date"}),
            "ended_on": forms.DateInput(attrs={"type": "date"}),
            "opening": forms.Textarea(attrs={"rows": 3}),
            "outcome": forms.Textarea(attrs={"rows": 4}),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("state") == Initiative.State.DONE and not data.get("outcome"):
            self.add_error("outcome", "Say in a paragraph what came of it; the next team starts from it.")
        return data


class LeftPageForm(forms.Form):
    """A page of the wiki that is there already; without one a new page is begun."""

    existing = NamedPageField(
        required=False,
        label="A page that is there already",
        help_text="Its title or path. Leave it empty, and a new page is begun with what is known of the project.",
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["existing"]
        field.user = user


class UpdateForm(forms.ModelForm):
    class Meta:
        model = Update
        fields = ["done", "next", "blocked"]
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in ("done", "next", "blocked")}


class OutputForm(forms.ModelForm):
    class Meta:
        model = Output
        fields = ["kind", "title", "url", "made_on"]
        widgets = {"made_on": forms.DateInput(attrs={"type": "date"})}


class RoleForm(forms.Form):
    """Somebody joins the team of this term, or changes what they do in it."""

    person = forms.CharField(label="Who", help_text="A name, handle or mail address from the directory.")
    kind = forms.ChoiceField(label="Role", choices=Role.Kind.choices, initial=Role.Kind.CONTRIBUTOR)
    does = forms.CharField(
        label="Does", max_length=120, required=False, help_text="What this person takes care of."
    )

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def clean_person(self) -> User:
        typed = self.cleaned_data["person"].strip()
        people = User.objects.visible_to(self.viewer)
        for lookup in ("handle__iexact", "email__iexact", "name__iexact"):
            found = list(people.filter(**{lookup: typed})[:2])
            if len(found) == 1:
                return found[0]
            if found:
                raise forms.ValidationError(f"More than one person is called “{typed}”. Use the handle.")
        raise forms.ValidationError(f"Nobody in the directory is called “{typed}”.")
