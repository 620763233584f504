"""Pass or no pass: the weighted parts of a course's rule for each participant, with the worst ones dropped."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nmep import progress
from nmep.models import CoursePolicy, Enrolment, MarkChange, Offering, Session, WeekCheckIn
from nmep.models.pass_rules import KINDS
from nmep.progress import Progress
from nmep.rosters import guarded


@dataclass(frozen=True)
class Share:
    """One part of the rule for one participant: a percent of its weight, or None while there is nothing to count."""

    label: str
    weight: float
    percent: float | None


@dataclass(frozen=True)
class Result:
    """Where one participant stands; `total` weighs the parts that there is something of."""

    enrolment: Enrolment
    shares: list[Share]
    total: float | None
    is_passed: bool


def results(policy: CoursePolicy, now: datetime) -> list[Result]:
    """Everybody who learns in the offering, by name; the same number of queries for any number of people."""
    rows = Enrolment.objects.learners().filter(offering=policy.offering)
    rows = rows.exclude(state=Enrolment.State.WITHDREW)
    enrolments = list(rows.select_related("person").order_by("person__name", "pk"))
    return _results(policy, progress.of_many(policy.offering, enrolments, now))


def _results(policy: CoursePolicy, standings: Sequence[Progress]) -> list[Result]:
    offering, enrolments = policy.offering, [row.enrolment for row in standings]
    counted = {part["kind"] for part in policy.pass_rule.get("parts", [])}
    scores = _scores(enrolments) if "scores" in counted else {}
    weeks, done = _check_ins(offering, enrolments) if "check_ins" in counted else (set(), {})
    return [
        _result(
            policy.pass_rule, row, scores.get(row.enrolment.pk, {}), weeks, done.get(row.enrolment.pk, set())
        )
        for row in standings
    ]


def _scores(enrolments: Sequence[Enrolment]) -> dict[int, dict[int, float]]:
    """Enrolment → assignment → its latest score."""
    scores: dict[int, dict[int, float]] = {}
    entries = MarkChange.objects.filter(enrolment__in=enrolments, kind__in=["score", "done", "not_yet"])
    for entry in entries.exclude(value="").order_by("at", "pk"):
        try:
            scores.setdefault(entry.enrolment_id, {})[entry.assignment_id] = float(entry.value)
        except ValueError:
            continue
    return scores


def _check_ins(offering: Offering, enrolments: Sequence[Enrolment]) -> tuple[set[int], dict[int, set[int]]]:
    """The weeks of the offering, and those with which each enrolment is done."""
    weeks = set(Session.objects.filter(offering=offering).order_by().values_list("week", flat=True))
    done: dict[int, set[int]] = {}
    check_ins = WeekCheckIn.objects.filter(enrolment__in=enrolments, state=WeekCheckIn.State.DONE)
    for enrolment, week in check_ins.values_list("enrolment", "week"):
        done.setdefault(enrolment, set()).add(week)
    return weeks, done


def of(standing: Progress) -> Result | None:
    """Where one participant stands; at most three queries, and one for the policy where the offering came without.
    None where the course has no pass and no fail."""
    enrolment = standing.enrolment
    policy: CoursePolicy | None = getattr(enrolment.offering, "course_policy", None)
    if policy is None or not policy.pass_rule or enrolment.state == Enrolment.State.WITHDREW:
        return None
    policy.offering = enrolment.offering
    return next(iter(_results(policy, [standing])), None)


def _result(
    rule: dict[str, Any], row: Progress, scores: dict[int, float], weeks: set[int], done: set[int]
) -> Result:
    values: dict[str, list[float]] = {
        "homework": [
            100.0 if work.is_settled else 0.0
            for work in row.work
            if work.state not in ("ahead", "open", "draft", "review")
        ],
        "scores": [
            min(100.0, max(0.0, scores.get(work.assignment.pk, 0.0)))
            for work in row.work
            if work.assignment.pk in scores or work.state in ("missed", "done", "returned")
        ],
        "attendance": [0.0 if meeting.is_missed else 100.0 for meeting in row.meetings],
        "check_ins": [100.0 if week in done else 0.0 for week in sorted(weeks)],
    }
    shares = [
        Share(KINDS[part["kind"]], part["weight"], _mean(values[part["kind"]], part.get("drop", 0)))
        for part in rule.get("parts", [])
    ]
    counted = [share for share in shares if share.percent is not None]
    weight = sum(share.weight for share in counted)
    total = (
        sum(share.weight * share.percent for share in counted if share.percent is not None) / weight
        if weight
        else None
    )
    return Result(row.enrolment, shares, total, total is not None and total >= rule.get("pass_at", 101))


def _mean(values: Sequence[float], drop: int) -> float | None:
    """The mean without the `drop` worst, of which one always stays."""
    kept = sorted(values)[min(drop, max(0, len(values) - 1)) :]
    return sum(kept) / len(kept) if kept else None


def csv_of(found: Sequence[Result]) -> str:
    """The list for the university: name, address, pass or no pass, and how it came about."""
    out = io.StringIO()
    writer = csv.writer(out)
    labels = [share.label for share in found[0].shares] if found else []
    writer.writerow(["Name", "Mail", "Result", "Percent", *labels])
    for result in found:
        person = result.enrolment.person
        row = [
            person.display_name,
            person.email,
            "P" if result.is_passed else "NP",
            "" if result.total is None else f"{result.total:.1f}",
            *("" if share.percent is None else f"{share.percent:.1f}" for share in result.shares),
        ]
        writer.writerow([guarded(value) for value in row])
    return out.getvalue()
