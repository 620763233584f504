"""People as CSV for a spreadsheet, with no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import IO, Any

from members.models import Term, User

COLUMNS = [
    "name",
    "email",
    "handle",
    "kind",
    "status",
    "term",
    "pronouns",
    "study",
    "graduation",
    "hours a week",
]


def harmless(value: Any) -> str:
    """The text of a cell; one that a spreadsheet would take for a formula gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return (
        f"'{text}"
        if text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r", "\n"))
        else text
    )


def write_people(people: Iterable[User], term: Term | None, target: IO[str]) -> None:
    """One line a person, with their membership in `term`. `people` carry `term_memberships`."""
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    for person in people:
        membership = next(iter(getattr(person, "term_memberships", [])), None)
        cells = [
            person.name,
            person.email,
            person.handle,
            membership.get_kind_display() if membership else "",
            membership.get_status_display() if membership else "",
            term.name if term and membership else "",
            person.pronouns,
            person.study,
            person.graduates_on,
            membership.hours_a_week if membership else "",
        ]
        writer.writerow([harmless(cell) for cell in cells])
