"""How a year divides into terms, and which term a club that starts today most likely means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from members.models import Club

#: Name, its short form, and the usual first month and day with the number of weeks. Officers change the days.
SYSTEMS: dict[str, list[tuple[str, str, int, int, int]]] = {
    Club.TermSystem.SEMESTER: [("Spring", "sp", 1, 15, 16), ("Fall", "fa", 8, 22, 16)],
    Club.TermSystem.TRIMESTER: [
        ("Spring", "sp", 1, 8, 14),
        ("Summer", "su", 5, 1, 13),
        ("Fall", "fa", 9, 1, 14),
    ],
    Club.TermSystem.QUARTER: [
        ("Winter", "wi", 1, 4, 11),
        ("Spring", "sp", 3, 28, 11),
        ("Summer", "su", 6, 20, 10),
        ("Fall", "fa", 9, 22, 12),
    ],
}

#: A term with fewer days left than this is not worth starting in.
TOO_LATE = timedelta(days=14)


@dataclass(frozen=True)
class Proposal:
    name: str
    slug: str
    starts_on: date
    ends_on: date


def terms_of(system: str, year: int) -> list[Proposal]:
    """The usual terms of a year, each from a Monday to a Friday."""
    proposals = []
    for name, short, month, day, weeks in SYSTEMS[system]:
        usual = date(year, month, day)
        monday = usual + timedelta(days=-usual.weekday() % 7)
        proposals.append(
            Proposal(
                f"{name} {year}",
                f"{short}{year % 100:02}",
                monday,
                monday + timedelta(weeks=weeks) - timedelta(days=3),
            )
        )
    return proposals


def proposed(system: str, today: date) -> Proposal:
    """The term that is under way, or the next one when this one is nearly over or none is."""
    coming = terms_of(system, today.year) + terms_of(system, today.year + 1)
    return next(term for term in coming if term.ends_on - today >= TOO_LATE)
