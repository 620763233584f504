"""Papers and reading lists: choosing among them, naming, keeping and placing them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from members.models import Term
from mlclub import gather
from mlclub.forms import MarkdownField
from mlclub.search import LONGEST_QUERY
from wiki import bibtex, lookups
from wiki.models import Paper, PaperNote, Placement, ReadingList, ReadingTopic, ReadMark
from wiki.papers import Named, find, known_by

#: The value that stands for papers without a mark.
UNMARKED = "none"


class PaperFilterForm(forms.Form):
    """Which papers, and in which order. Two queries, and one for each app that knows who presented what."""

    q = forms.CharField(required=False, max_length=LONGEST_QUERY, label="Title, author or number")
    topic = forms.ChoiceField(required=False)
    term = forms.ChoiceField(required=False)
    presenter = forms.TypedChoiceField(required=False, label="Presented by", coerce=int, empty_value=None)
    mark = forms.ChoiceField(
        required=False,
        label="My mark",
        choices=[("", "Any"), *ReadMark.State.choices, (UNMARKED, "None yet")],
    )
    sort = forms.ChoiceField(required=False, label="First")
    all = forms.CharField(required=False, max_length=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: Any, shows_all: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        topics = ReadingTopic.objects.filter(list__in=ReadingList.objects.visible_to(user))
        self.topics = list(topics.select_related("list").defer("list__search", "list__description"))
        fields["topic"].choices = [("", "Any"), *self._by_list()]
        if shows_all:
            # When and by whom is asked about what was read together.
            del fields["term"], fields["presenter"]
        else:
            terms = Term.objects.order_by("-starts_on").values_list("slug", "name")
            fields["term"].choices = [("", "Any"), *terms]
            people = sorted(
                set(gather.flat("paper_presenters", user)), key=lambda row: (row[1].lower(), row[0])
            )
            fields["presenter"].choices = [("", "Anybody"), *people]
        first = [] if shows_all else [("", "Read last")]
        fields["sort"].choices = [*first, ("" if shows_all else "title", "By title"), ("year", "Newest")]

    def _by_list(self) -> list[tuple[str, list[tuple[str, str]]]]:
        below: dict[int, list[ReadingTopic]] = {}
        lists: dict[int, ReadingList] = {}
        for topic in self.topics:
            lists[topic.list_id] = topic.list
            below.setdefault(topic.list_id, []).append(topic)
        return [
            (
                found.title,
                [(f"list-{pk}", "All of it"), *((f"topic-{each.pk}", each.title) for each in below[pk])],
            )
            for pk, found in sorted(lists.items(), key=lambda row: row[1].title.lower())
        ]

    def placed(self) -> dict[str, Any]:
        """The places of the chosen topic, with what stands below it; empty where none is chosen."""
        kind, _, number = self.cleaned_data.get("topic", "").partition("-")
        if not number:
            return {}
        if kind == "list":
            return {"list": int(number)}
        wanted = {int(number)}
        while more := {each.pk for each in self.topics if each.parent_id in wanted} - wanted:
            wanted |= more
        return {"topic__in": wanted}


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
        labels = {"url": "Address", "authors_text": "Authors"}
        help_texts = {
            "authors_text": "With “and” between.",
            "url": "Where it can be read, if not on arXiv or by its DOI.",
        }


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
