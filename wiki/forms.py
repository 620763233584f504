from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from mlclub.forms import DateField, MarkdownField, MarkdownWidget
from wiki import editing, merging, paths
from wiki.models import Page


class PathField(forms.CharField):
    """The path of a page, tidied."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=paths.LONGEST, validators=[paths.validate_path], **options)

    def to_python(self, value: Any) -> str:
        return paths.tidy(super().to_python(value) or "")


class RevisionForm(forms.Form):
    """The text of a page, with the revision that the author began from."""

    text = MarkdownField(
        required=False,
        strip=False,
        help_text="Markdown, with [[links]], $formulas$ and @citations.",
        widget=MarkdownWidget(rows=24),
    )
    summary = forms.CharField(
        max_length=200, required=False, label="What did you change?", help_text="A few words for the history."
    )
    base = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    # Whether the author began from a draft that holds two people's changes.
    is_draft = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean_text(self) -> str:
        text = editing.as_written(self.cleaned_data["text"])
        editing.check_text(text)
        return text

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("is_draft") and merging.is_unsettled(data.get("text", "")):
            self.add_error(
                "text",
                f"Both versions still stand between the lines “{merging.MINE}” and “{merging.THEIRS}”. "
                "Keep what is right and take those lines out.",
            )
        return data


class PageForm(forms.Form):
    """A new page."""

    path = PathField(label="Name", help_text="Folders with slashes, such as Basics/Gradient descent.")
    text = MarkdownField(
        required=False,
        strip=False,
        help_text="Markdown, with [[links]], $formulas$ and @citations.",
        widget=MarkdownWidget(rows=20),
    )

    def clean_text(self) -> str:
        text = editing.as_written(self.cleaned_data["text"])
        editing.check_text(text)
        return text

    def clean_path(self) -> str:
        path = self.cleaned_data["path"]
        there = editing.page_at(path)
        if there is not None and there.trashed_at is not None:
            raise ValidationError(
                "A page of this name is in the trash. Ask a librarian to restore it, or choose another name."
            )
        return path


class RenameForm(forms.Form):
    """Another path for a page."""

    path = PathField(label="New name", help_text="Links to the old name keep working.")

    def __init__(self, *args: Any, page: Page, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page = page

    def clean_path(self) -> str:
        path = self.cleaned_data["path"]
        there = editing.page_at(path)
        if there is not None and there.pk != self.page.pk:
            where = "in the trash" if there.trashed_at else "there already"
            raise ValidationError(f"A page of this name is {where}. Choose another name.")
        return path


class SettingsForm(forms.ModelForm):
    """Who may read a page, and when it should be looked over again."""

    review_by = DateField(required=False, label="Look it over again by")

    class Meta:
        model = Page
        fields = ["review_by", "is_public"]


class UploadForm(forms.Form):
    """One picture, as the editor sends it."""

    image = forms.FileField()
