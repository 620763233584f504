"""What reviewing looks like in mid-term: starters, phrases with their uses, remarks at a line, somebody who asks again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from nmep import second_looks
from nmep.demo import texts
from nmep.demo.work import THE_NEW_MEMBER, Run
from nmep.models import Assignment, Comment, Part, Phrase, PhraseUse, Review

#: (phrase, the criteria it went out with and how often)
SHARED = [
    ("Say in one sentence why it works, not only that it does.", {"The idea is understood": 9}),
    ("Label both axes, with units.", {"Code others can read": 6, "It works": 2}),
    ("Run it once from top to bottom before you hand it in.", {"It works": 7}),
    ("Write the shape of each array beside it.", {"Code others can read": 8}),
]
OWN = [
    ("Which of the two was wrong: your derivative or your ruler?", {"The idea is understood": 3}),
    ("Take the dead cells out.", {"Code others can read": 4}),
]


def seed(run: Run, now: datetime) -> None:
    """Make it for the running term; the held reviews come with the work itself."""
    _starters(run)
    lead = run.staff[0]
    for text, uses in SHARED:
        _phrase(Phrase(offering=run.offering, text=text), uses)
    for text, uses in OWN:
        _phrase(Phrase(owner=lead, text=text), uses)
    returned = Review.objects.posted().filter(
        submission__assignment=run.assignments[2], outcome=Review.Outcome.RETURN
    )
    of_the_new_member = returned.filter(submission__authors__enrolment=run.learners[THE_NEW_MEMBER]).get()
    _at_a_line(of_the_new_member)
    other = returned.exclude(pk=of_the_new_member.pk).select_related("submission").first()
    if other is not None:
        author = other.submission.authors.select_related("enrolment__person").get().enrolment.person
        second_looks.ask(
            other,
            author,
            "My gradient check is below 1e-6 in cell 3; the review says it is not. Could somebody run it again?",
            now=now - timedelta(hours=20),
        )


def _phrase(phrase: Phrase, uses: dict[str, int]) -> None:
    phrase.save()
    PhraseUse.objects.bulk_create(
        [PhraseUse(phrase=phrase, criterion=title, n=n) for title, n in uses.items()]
    )


def _starters(run: Run) -> None:
    """The notebook that everybody begins with: the headings, and the first line of each cell."""
    notebooks = Part.objects.filter(assignment__in=run.assignments, kind=Part.Kind.NOTEBOOK)
    for part in notebooks.select_related("assignment"):
        part.skeleton_name = f"{part.assignment.key}-starter.ipynb"
        part.skeleton = default_storage.save(
            f"nmep/starters/demo-{part.assignment.key}", ContentFile(starter(part.assignment))
        )
        part.save(update_fields=["skeleton", "skeleton_name"])


def starter(assignment: Assignment) -> bytes:
    title, _, _, _, code = texts.HOMEWORKS[assignment.position - 1]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": f"# {title}\n\nWhat I tried, and what came out."}
    ]
    for source in code:
        begun = "\n".join([*source.splitlines()[:2], "    # Your code here"])
        cells.append({"cell_type": "code", "metadata": {}, "outputs": [], "source": begun})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 2}).encode()


def _at_a_line(review: Review) -> None:
    """Two remarks at lines of the second cell, one of them answered."""
    piece = review.submission.pieces.get(part__kind=Part.Kind.NOTEBOOK)
    values = {"submission": review.submission, "piece": piece, "cell_index": 1}
    author = review.submission.authors.select_related("enrolment").get().enrolment.person_id
    at = review.posted_at or review.created_at
    asked = Comment.objects.create(
        **values,
        line=7,
        author=review.reviewer,
        text="Right. Say in a comment where this square comes from.",
        asks_for_change=True,
        created_at=at,
        posted_at=at,
    )
    Comment.objects.create(
        **values,
        line=3,
        author=review.reviewer,
        text="Good: you keep the value that the way back needs.",
        created_at=at,
        posted_at=at,
    )
    said = at + timedelta(hours=2)
    Comment.objects.create(
        **values,
        line=7,
        parent=asked,
        author_id=author,
        text="From $\\tanh' = 1 - \\tanh^2$; I will write it there.",
        created_at=said,
        posted_at=said,
    )
