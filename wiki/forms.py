from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy

from mlclub.forms import DateField, MarkdownField, MarkdownWidget
from wiki import editing, merging, paths
from wiki.models import Page


class PathField(forms.CharField):
    """The path of a page, tidied."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=paths.LONGEST, validators=[paths.validate_path], **options)

    def to_python(self, value: Any) -> str:
        return paths.tidy(super().to_python(value) or "")


class TextForm(forms.Form):
    """A text for a page, as a browser sends it."""

    text = MarkdownField(
        required=False,
        strip=False,
        help_text="Markdown, with [[links]], $formulas$ and @citations.",
        widget=MarkdownWidget(rows=24, cites=True),
    )

    def clean_text(self) -> str:
        text = editing.as_written(self.cleaned_data["text"])
        editing.check_text(text)
        return text


#: Said of a draft that still holds what two people wrote.
UNSETTLED = (
    f"Both versions still stand between the lines “{merging.MINE}” and “{merging.THEIRS}”. "
    "Keep what is right and take those lines out."
)


class RevisionForm(TextForm):
    """The text of a page, or of one section, with the revision that the author began from."""

    summary = forms.CharField(
        max_length=200, required=False, label="What did you change?", help_text="A few words for the history."
    )
    base = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    # Whether the author began from a draft that holds two people's changes.
    is_draft = forms.BooleanField(required=False, widget=forms.HiddenInput)
    # The anchor of the heading, where only its section is in the form.
    section = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("is_draft") and merging.is_unsettled(data.get("text", "")):
            self.add_error("text", UNSETTLED)
        return data


class SuggestionForm(TextForm):
    """The text of a page as somebody would like it to read."""

    summary = forms.CharField(
        max_length=200, required=False, label="Why?", help_text="A sentence for whoever decides."
    )
    base = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, writes: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Pictures, papers and the preview while typing are for those who may write.
        self.writes = writes
        widget: Any = self.fields["text"].widget
        widget.uploads = widget.previews = widget.cites = writes


class SettleForm(TextForm):
    """A suggestion as its reviewer would put it."""

    base = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def clean_text(self) -> str:
        text = super().clean_text()
        if merging.is_unsettled(text):
            raise ValidationError(UNSETTLED)
        return text


class RejectForm(forms.Form):
    """Why a suggestion is not taken."""

    reason = forms.CharField(
        max_length=500,
        label="Why not?",
        help_text="Whoever suggested it reads this.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PictureForm(forms.Form):
    """A picture for the text, where no script puts it there."""

    # It stands within the form of the text, which is also sent without a picture.
    use_required_attribute = False

    picture = forms.FileField(label="Picture", help_text="PNG, JPEG, WebP or GIF.")
    shows = forms.CharField(
        max_length=300, required=False, label="What does it show?", help_text="For whoever cannot see it."
    )


class PageForm(TextForm):
    """A new page."""

    path = PathField(label="Name", help_text="Folders with slashes, such as Basics/Gradient descent.")

    field_order = ("path", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # "Is there already a page on this?" is asked while the name is typed.
        self.fields["path"].widget.attrs |= {
            "hx-get": reverse_lazy("wiki:page_similar"),
            "hx-trigger": "input changed delay:400ms",
            "hx-target": "#similar",
            "hx-swap": "outerHTML",
            "hx-sync": "this:replace",
            "autocomplete": "off",
        }

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


class BranchForm(forms.Form):
    """Where a folder goes with all that is in it."""

    to = PathField(label="New name", help_text="With the folders above it, such as Basics/Optimisers.")


class SettingsForm(forms.ModelForm):
    """Who may read a page, and when it should be looked over again."""

    review_by = DateField(required=False, label="Look it over again by")

    class Meta:
        model = Page
        fields = ["review_by", "is_public"]


class UploadForm(forms.Form):
    """One picture, as the editor sends it."""

    image = forms.FileField()
