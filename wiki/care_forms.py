"""Care, what is read first, and learning paths."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from wiki import care, linking, paths
from wiki.models import LearningPath, Page
from wiki.titles import similar


class NamedPageField(forms.CharField):
    """A page by its title or path, as somebody remembers it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=paths.LONGEST, **options)
        self.user: Any = None
        self.folder = ""

    def clean(self, value: Any) -> Any:
        typed = paths.tidy(super().clean(value) or "").strip("[]")
        if not typed:
            return None
        place = linking.directory_for([(self.folder, typed)]).find(self.folder, typed)
        page = Page.objects.visible_to(self.user).filter(pk=place.page).first() if place else None
        if page is not None:
            return page
        near = similar(Page.objects.visible_to(self.user), typed, limit=3) if self.user else []
        if near:
            names = " or ".join(f"“{each.path}”" for each in near)
            raise ValidationError(f"There is no page of this name. Do you mean {names}?")
        raise ValidationError("There is no page of this name.")


class RequirementForm(forms.Form):
    """Another page that is read before this one."""

    required = NamedPageField(label="Page", help_text="Its title, or its path, such as RL/Value functions.")
    note = forms.CharField(
        max_length=200, required=False, label="What of it", help_text="Such as: only the first section."
    )

    def __init__(self, *args: Any, user: Any = None, folder: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["required"]
        field.user, field.folder = user, folder


class CareFilterForm(forms.Form):
    """Which of the pages in question."""

    why = forms.ChoiceField(required=False, label="Why")
    area = forms.ChoiceField(required=False, label="Area")
    mine = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, counts: dict[str, int], areas: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        why: Any = self.fields["why"]
        why.choices = [
            ("", f"Any reason ({counts['all']})"),
            *((key, f"{label} ({counts[key]})") for key, (label, _) in care.REASONS.items()),
        ]
        area: Any = self.fields["area"]
        area.choices = [("", "Everywhere"), *((name, paths.title_of(name)) for name in areas)]


class LearningPathForm(forms.ModelForm):
    """What a path is called, and for whom it is."""

    class Meta:
        model = LearningPath
        fields = ["title", "for_whom"]


class LearningStepForm(forms.Form):
    """The next page of a path."""

    page = NamedPageField(label="Page", help_text="Its title, or its path.")
    note = forms.CharField(
        max_length=200, required=False, label="What to look for", help_text="Or what to skip, in a sentence."
    )

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["page"]
        field.user = user
