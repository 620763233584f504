"""Where the days of a term fall in another one: by week, around holidays, in the old order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from django.utils.formats import date_format

#: A plan that finds no free week in so many tries has holidays all over; it is shown, and flagged.
MOST_WEEKS = 60
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Holiday:
    """Days on which nothing regular takes place."""

    first: date
    last: date
    name: str = ""

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        first = spoken(self.first)
        days = first if self.first == self.last else f"{first} to {spoken(self.last)}"
        return f"{self.name} ({days})" if self.name else days


@dataclass(frozen=True)
class Day:
    """A day of the old term. A class that meets a holiday shifts the weeks after it; a party gives way."""

    key: Hashable
    on: date
    is_class: bool = True


@dataclass
class Redated:
    """The new day of each key, and what was done about holidays, in words."""

    on: dict[Hashable, date] = field(default_factory=dict)
    notes: dict[Hashable, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def spoken(day: date) -> str:
    return date_format(day, "D j M")


def holiday_of(day: date, holidays: Iterable[Holiday]) -> Holiday | None:
    return next((each for each in holidays if day in each), None)


def redate(
    days: Sequence[Day], *, first_on: date, holidays: Sequence[Holiday], closes_gaps: bool = True
) -> Redated:
    """The days with the first of them on `first_on`, at the same distances.

    A week whose class meets a holiday moves to the next week with all weeks after it. A party that meets one
    alone is brought forward within its week. With `closes_gaps`, weeks in which the old term did not meet are
    left out, for they were its holidays.
    """
    plan = Redated()
    if not days:
        return plan
    start = min(day.on for day in days)
    monday = start - timedelta(days=start.weekday())
    weeks: dict[int, list[Day]] = {}
    for day in sorted(days, key=lambda each: each.on):
        weeks.setdefault((day.on - monday).days // 7, []).append(day)
    closed = _closed_up(sorted(weeks), monday, plan) if closes_gaps else {}
    shift, later = first_on - start, 0
    for number, held in weeks.items():
        move = shift - WEEK * closed.get(number, 0)
        later = _place(held, move, later, holidays, plan)
    return plan


def _closed_up(numbers: list[int], monday: date, plan: Redated) -> dict[int, int]:
    """By how many weeks each week comes earlier, because weeks without a meeting before it are left out."""
    steps = [after - before for before, after in pairwise(numbers)]
    counts = Counter(steps)
    usual = min(counts, key=lambda step: (-counts[step], step)) if counts else 1
    left_out, found = 0, {}
    for before, number in zip([None, *numbers], numbers, strict=False):
        if before is not None and number - before > usual:
            left_out += number - before - usual
            empty = monday + WEEK * (before + usual)
            plan.remarks.append(
                f"The old term did not meet in the week of {spoken(empty)}. That gap is closed up."
            )
        found[number] = left_out
    return found


def _place(held: list[Day], move: timedelta, later: int, holidays: Sequence[Holiday], plan: Redated) -> int:
    """Put one week where it is free; answers by how many weeks this and all after it are later."""
    for tried in range(later, later + MOST_WEEKS):
        days = {day.key: day.on + move + WEEK * tried for day in held}
        hit = _holiday_hit(held, days, holidays)
        if hit is None:
            plan.on |= days
            plan.notes |= {
                day.key: f"Brought forward from {spoken(day.on + move + WEEK * tried)}, a holiday."
                for day in held
                if days[day.key] != day.on + move + WEEK * tried
            }
            return tried
        plan.remarks.append(
            f"{hit} is a holiday: that week moves to the next one, and everything after it too."
        )
    plan.on |= {day.key: day.on + move for day in held}
    plan.notes |= {day.key: "No week without a holiday was found." for day in held}
    return later


def _holiday_hit(held: list[Day], days: dict[Hashable, date], holidays: Sequence[Holiday]) -> Holiday | None:
    """What keeps this week from standing here. A party that could be brought forward is moved in `days`."""
    classes = [days[day.key] for day in held if day.is_class]
    for day in held:
        hit = holiday_of(days[day.key], holidays)
        if hit is None:
            continue
        if day.is_class:
            return hit
        first = min(classes, default=days[day.key] - timedelta(days=days[day.key].weekday()))
        free = days[day.key]
        while free >= first and holiday_of(free, holidays):
            free -= timedelta(days=1)
        if free < first:
            return hit
        days[day.key] = free
    return None
