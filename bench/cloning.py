"""A term made from an earlier one: 12 meetings, 6 assignments with parts and rubric, and a slot sheet
of each kind, with as many slots as four of ten have."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from bench import crowd
from events.models import Event, Slot, SlotSheet
from members.models import Term
from nmep import cloning, specs, stale_text
from nmep.models import Assignment, Offering, OfferingSheet, Part, Program, RubricCriterion, Session

TIMES = 5
TEXT = "Read the chapter, then write what surprised you. $a^2 + b^2$ and [a link](/wiki/Basics/).\n\n" * 60
SLOTS = 40


def seconds(times: int = TIMES) -> list[dict[str, Any]]:
    """The slowest of `times` runs, in milliseconds, for each step."""
    _, term = crowd.club()
    (officer,) = crowd.people(1, [term], prefix="clone")
    source = _source(term)
    slowest: dict[str, float] = {}
    for n in range(times):
        begins = term.ends_on + timedelta(weeks=4 + 20 * n)
        new = Term.objects.create(
            name=f"Later {n}", slug=f"later{n}", starts_on=begins, ends_on=begins + timedelta(weeks=16)
        )
        wish = cloning.Wish(new, cloning.first_day(source, new))
        plan = _timed(slowest, "plan", lambda wish=wish: cloning.plan(source, wish))
        made = _timed(slowest, "draft", lambda plan=plan: cloning.clone(plan, by=officer, now=timezone.now()))
        _timed(slowest, "stale texts", lambda made=made: stale_text.findings(made.offering))
    return [{"what": what, "slowest_ms": round(1000 * found, 1)} for what, found in slowest.items()]


def _timed(slowest: dict[str, float], what: str, work: Callable[[], Any]) -> Any:
    began = time.perf_counter()
    answer = work()
    slowest[what] = max(slowest.get(what, 0), time.perf_counter() - began)
    return answer


def _source(term: Term) -> Offering:
    program = Program.objects.create(name="Cloned again and again", slug="cloned-again")
    source = Offering.objects.create(
        program=program, term=term, slug="bench-clone", state=Offering.State.RUNNING, intro=TEXT
    )
    sessions = [_session(source, term.starts_on, n) for n in range(12)]
    for n in range(6):
        work = Assignment.objects.create(
            offering=source, key=f"hw{n}", title=f"Work {n}", position=n, state="published",
            open_session=sessions[n], due_session=sessions[n + 2],
        )  # fmt: skip
        specs.revise(work, TEXT, now=timezone.now())
        for position in range(4):
            Part.objects.create(assignment=work, position=position, title=f"Part {position}")
            RubricCriterion.objects.create(assignment=work, position=position, title=f"Criterion {position}")
    kinds = OfferingSheet.Kind.values
    for at, kind in enumerate(kinds):
        sheet = SlotSheet.objects.create(title=f"Sheet {kind}", text=TEXT[:2000], term=term)
        OfferingSheet.objects.create(offering=source, sheet=sheet, kind=kind)
        Slot.objects.bulk_create(
            [
                Slot(sheet=sheet, event=sessions[n % 12].event, position=n, title=f"Slot {n}")
                for n in range(at, SLOTS, len(kinds))
            ]
        )
    return source


def _session(source: Offering, begins: date, n: int) -> Session:
    starts_at = datetime.combine(begins + timedelta(weeks=n), datetime.min.time(), tzinfo=source.zone)
    starts_at += timedelta(hours=20)
    event = Event.objects.create(
        title=f"Class {n}", term=source.term, starts_at=starts_at, ends_at=starts_at + timedelta(hours=2)
    )
    return Session.objects.create(
        offering=source, seq=n + 1, week=n + 1, title=f"Class {n}", summary=TEXT[:1000], event=event
    )
