from __future__ import annotations

from itertools import count

from django.utils import timezone

from wiki import lists
from wiki.models import ReadingTopic

number = count(1)


def make_list(*, title=None, papers=(), curators=(), **fields):
    """A members' list with these papers at its top."""
    made = lists.create(title or f"List {next(number)}", curators=curators, now=timezone.now(), **fields)
    for paper in papers:
        lists.place(made, paper, by=None, now=timezone.now())
    return made


def make_topic(*, reading_list, title=None, parent=None):
    return ReadingTopic.objects.create(
        list=reading_list, parent=parent, title=title or f"Topic {next(number)}", position=next(number)
    )
