"""Homework that a site outside the portal grades: its results come in as a table, and go into the journal."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from members import audit
from members.models import User
from mlclub.refusal import Refused
from nmep.models import Assignment, Enrolment, MarkChange, Submission

MOST_ROWS = 1000
YES = {"done", "pass", "passed", "yes", "y", "p", "true"}
NO = {"not yet", "fail", "failed", "no", "n", "np", "false"}
Kind = MarkChange.Kind


@dataclass(frozen=True)
class Result:
    """What the table says of one learner."""

    enrolment: Enrolment
    kind: str
    value: str


@dataclass
class Plan:
    """What a table would write, and what it says that cannot be understood, by its row."""

    results: list[Result] = field(default_factory=list)
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)


def read(assignment: Assignment, text: str, *, enough: float | None = None) -> Plan:
    """Understand `mail, result` rows; a result is done, not yet, or a number, which is done from `enough` on."""
    people = {
        row.person.email.lower(): row
        for row in Enrolment.objects.learners().filter(offering=assignment.offering).select_related("person")
    }
    stands = _standing(assignment)
    plan, seen = Plan(), set()
    rows = csv.reader(io.StringIO(text.replace("\t", ","), newline=""))
    for number, row in enumerate(_readable(rows, plan), start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and "@" not in cells[0]):
            continue
        if number > MOST_ROWS:
            plan.problems.append(f"Only the first {MOST_ROWS} rows were read.")
            break
        mail, said = cells[0].lower(), (cells[1] if len(cells) > 1 else "").lower()
        enrolment = people.get(mail)
        if enrolment is None:
            plan.problems.append(f"Row {number}: nobody here has the address {cells[0][:80]}.")
        elif mail in seen:
            plan.problems.append(f"Row {number}: {cells[0][:80]} stands there twice.")
        else:
            seen.add(mail)
            _understand(plan, enrolment, said, number, enough, stands)
    return plan


def _readable(rows: Iterator[list[str]], plan: Plan) -> Iterator[list[str]]:
    """The rows up to one that is none, as with a cell longer than any file of results has."""
    try:
        yield from rows
    except csv.Error as error:
        plan.problems.append(f"The table cannot be read to its end: {error}.")


def _understand(
    plan: Plan,
    enrolment: Enrolment,
    said: str,
    number: int,
    enough: float | None,
    stands: dict[int, tuple[str, str]],
) -> None:
    value = ""
    if said in YES:
        kind = Kind.DONE
    elif said in NO:
        kind = Kind.NOT_YET
    else:
        try:
            score = float(said)
            if not math.isfinite(score):
                raise ValueError
        except ValueError:
            plan.problems.append(f"Row {number}: “{said[:40]}” is neither done, not yet, nor a number.")
            return
        if enough is None:
            plan.problems.append(f"Row {number}: say from which number on the work is done.")
            return
        kind, value = (Kind.DONE if score >= enough else Kind.NOT_YET), f"{score:g}"
    if stands.get(enrolment.pk) == (kind, value):
        plan.unchanged += 1
    else:
        plan.results.append(Result(enrolment, kind, value))


def _standing(assignment: Assignment) -> dict[int, tuple[str, str]]:
    stands = {}
    entries = MarkChange.objects.filter(assignment=assignment, kind__in=MarkChange.STANDING)
    for entry in entries.order_by("at", "pk"):
        stands[entry.enrolment_id] = (entry.kind, entry.value)
    return stands


@transaction.atomic
def write(assignment: Assignment, text: str, *, enough: float | None, by: User, now: datetime) -> int:
    """Write what `read` understands into the journal; says how many entries. The same table again writes none."""
    Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if assignment.offering.state == assignment.offering.State.ARCHIVED:
        raise Refused("This offering is archived; nothing in it changes any more.")
    plan = read(assignment, text, enough=enough)
    for result in plan.results:
        MarkChange.objects.create(
            enrolment=result.enrolment,
            assignment=assignment,
            kind=result.kind,
            value=result.value,
            by=by,
            why="Result of the outside grader",
            at=now,
        )
        state = Submission.State.DONE if result.kind == Kind.DONE else Submission.State.RETURNED
        waiting = Submission.objects.filter(
            assignment=assignment, state__in=Submission.ANSWERABLE, authors__enrolment=result.enrolment
        )
        Submission.objects.filter(pk__in=waiting.values("pk")).update(state=state, updated_at=now)
    if plan.results:
        audit.record(by, "outside-results", assignment, after={"entries": len(plan.results)})
    return len(plan.results)
