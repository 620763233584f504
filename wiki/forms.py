from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy

from mlclub.forms import DateField, MarkdownField, MarkdownWidget
from wiki import bibtex, care, editing, linking, lookups, merging, paths
from wiki.models import LearningPath, Page, Paper, PaperNote, Placement, ReadingList, ReadingTopic
from wiki.papers import Named, find, known_by
from wiki.titles import similar


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


# ── Papers and reading lists ──


class ReferenceForm(forms.Form):
    """A paper by its link, arXiv number or DOI. One that is known here, or that can be looked up, needs no more."""

    reference = forms.CharField(
        label="Link, arXiv number or DOI",
        max_length=500,
        required=False,
        help_text="Such as 1706.03762, 10.1000/182, or an address, pasted as it is.",
    )
    title = forms.CharField(
        label="Title", max_length=500, required=False, help_text="Not needed for a paper that is known here."
    )
    authors = forms.CharField(
        label="Authors",
        max_length=1000,
        required=False,
        help_text="As they stand on the paper, with “and” between.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if lookups.is_on():
            self.fields["title"].help_text = "An arXiv number or a DOI brings its title itself, in a minute."

    def clean_reference(self) -> dict[str, str]:
        typed = self.cleaned_data["reference"].strip()
        if not typed:
            return {}
        try:
            return known_by(typed)
        except ValueError:
            raise ValidationError(
                "That is no arXiv number, no DOI and no address. An address begins with https://."
            ) from None

    def is_given(self) -> bool:
        return bool(self.cleaned_data.get("reference") or self.cleaned_data.get("title"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        reference = data.get("reference") or {}
        can_be_found = lookups.is_on() and "url" not in reference
        is_bare = not self.errors and reference and not data.get("title") and not can_be_found
        if is_bare and find(Named(title="", **reference)) is None:
            self.add_error("title", "This paper is new here: give its title too.")
        return data

    def named(self) -> Named:
        data = self.cleaned_data
        return Named(
            title=data["title"].strip(), authors=data["authors"].strip(), **(data["reference"] or {})
        )


class GivenReferenceForm(ReferenceForm):
    """A paper that must be named."""

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not self.is_given():
            self.add_error("reference", "Give a link, a number or a title.")
        return data


class PaperForm(forms.ModelForm):
    """What a paper says of itself, where nobody could look it up or somebody made a slip."""

    class Meta:
        model = Paper
        fields = ["title", "authors_text", "year", "venue", "short_name", "url"]
        help_texts = {"authors_text": "With “and” between."}


class NoteForm(forms.Form):
    """A few sentences about a paper."""

    text = forms.CharField(
        label="Your note",
        max_length=PaperNote.LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What you would tell a friend about it. Markdown, 1,500 characters at most; members only.",
    )


class KeyForm(forms.Form):
    """Another citation key for a paper."""

    key = forms.CharField(
        label="Citation key", max_length=80, help_text="Pages that cite the old one go on to work."
    )


class MergeForm(forms.Form):
    """Which other row is the same work."""

    other = forms.CharField(
        label="The other one",
        max_length=500,
        help_text="Its address here, its citation key, arXiv number or DOI. It goes; all that hangs on it comes here.",
    )

    def clean_other(self) -> Paper:
        typed = self.cleaned_data["other"].strip()
        if found := re.search(r"(?:/papers/|^#?)(\d{1,9})/?$", typed):
            paper = Paper.objects.filter(pk=int(found[1])).first()
        else:
            paper = Paper.objects.filter(key__iexact=typed.removeprefix("@")).first()
        if paper is None:
            try:
                paper = find(Named(title="", **known_by(typed)))
            except ValueError:
                paper = None
        if paper is None:
            raise ValidationError("No paper is known here by that.")
        return paper


class BibliographyForm(forms.Form):
    """A `.bib` file, as a file or as text."""

    file = forms.FileField(required=False, label="A .bib file")
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or its text",
        max_length=bibtex.LARGEST,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
    )

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > bibtex.LARGEST:
            raise ValidationError("The file is larger than 2 MB. Split it.")
        return str(file.read().decode("utf-8-sig", errors="replace")).replace("\x00", "")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not (data.get("file") or data.get("text", "").strip()):
            self.add_error("file", "Choose a file or paste its text.")
        return data

    def bibliography(self) -> str:
        return str(self.cleaned_data["file"] or self.cleaned_data["text"])


class ReadingListForm(forms.ModelForm):
    """A list: what it is called, for whom, who keeps it."""

    description = MarkdownField(
        required=False, help_text=ReadingList._meta.get_field("description").help_text
    )

    class Meta:
        model = ReadingList
        fields = ["title", "description", "visibility"]


#: Topics of a list in its order, each with how deep it stands.
Topics = Sequence[tuple[ReadingTopic, int]]


def _offer_topics(field: Any, reading_list: ReadingList, topics: Topics | None) -> None:
    """The topics to choose from; a page that has read them hands them over, and they stand as in the list."""
    field.queryset = ReadingTopic.objects.filter(list=reading_list)
    if topics is not None:
        field.choices = [
            ("", field.empty_label),
            *((topic.pk, "\N{EM SPACE}" * (depth - 1) + topic.title) for topic, depth in topics),
        ]


class PlacementForm(GivenReferenceForm):
    """Place a paper in a list."""

    topic = forms.ModelChoiceField(
        queryset=ReadingTopic.objects.none(), required=False, empty_label="Under no topic"
    )
    relevance = forms.TypedChoiceField(
        choices=[("", "Not said"), *Placement.Relevance.choices],
        required=False,
        coerce=int,
        empty_value=None,
    )
    note = forms.CharField(max_length=300, required=False, help_text="Why it stands here, in a sentence.")

    def __init__(
        self, *args: Any, reading_list: ReadingList, topics: Topics | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer_topics(self.fields["topic"], reading_list, topics)


class PlacementEditForm(forms.ModelForm):
    """Where a paper stands in a list, and why."""

    relevance = forms.TypedChoiceField(
        choices=[("", "Not said"), *Placement.Relevance.choices],
        required=False,
        coerce=int,
        empty_value=None,
    )

    class Meta:
        model = Placement
        fields = ["topic", "relevance", "note", "is_for_members"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics: Any = self.fields["topic"]
        topics.queryset = ReadingTopic.objects.filter(list=self.instance.list)
        topics.empty_label = "Under no topic"


class TopicForm(forms.Form):
    """A topic of a list."""

    title = forms.CharField(label="Topic", max_length=120)
    parent = forms.ModelChoiceField(
        label="Below", queryset=ReadingTopic.objects.none(), required=False, empty_label="The list itself"
    )

    def __init__(
        self, *args: Any, reading_list: ReadingList, topics: Topics | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer_topics(self.fields["parent"], reading_list, topics)


# ── Care, what is read first, and learning paths ──


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
