"""Choosing among papers."""

from __future__ import annotations

from typing import Any

from django import forms

from members.models import Term
from mlclub import gather
from mlclub.search import LONGEST_QUERY
from wiki.models import ReadingList, ReadingTopic, ReadMark

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
