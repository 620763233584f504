"""Predictions against hidden labels: how often a day, what is enough, and who stands where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from django.core.files.base import File
from django.db.models import Max

from mlclub import uploads
from nmep import predictions
from nmep.models import (
    Assignment,
    BoardName,
    Check,
    CheckResult,
    Deviation,
    Enrolment,
    HiddenLabels,
    Part,
    Piece,
    Run,
    Submission,
)
from nmep.people import Roles
from nmep.predictions import Metric, Scores, Table

PUBLIC, PRIVATE = "Public score", "Private score"


def metric_of(check: Check) -> Metric:
    return predictions.METRICS[check.config["metric"]]


def labels_of(check: Check) -> Table:
    """The hidden labels; raises HiddenLabels.DoesNotExist where none were given yet."""
    with HiddenLabels.objects.get(of_check=check).file.open("rb") as file:
        return predictions.read(file.read())


def scored(check: Check, content: bytes) -> Scores:
    """The scores of a file. Raises predictions.Refused with a sentence for the learner."""
    config = check.config
    return predictions.score(
        labels_of(check),
        predictions.read(content),
        metric_of(check),
        share=config["public_share"],
        seed=config["seed"],
    )


def problem_of(part: Part, file: File[bytes]) -> str:
    """Why a file cannot be taken for a part of predictions, in a sentence; empty where it can."""
    file.seek(0)
    content = file.read()
    file.seek(0)
    try:
        table = predictions.read(content)
        for check in _scoring(part.checks.filter(labels__isnull=False)):
            predictions.scoring.fitted(labels_of(check), table, metric_of(check))
    except predictions.Refused as refused:
        return str(refused)
    return ""


def _scoring(checks: Any) -> Any:
    return checks.filter(kind=Check.Kind.PREDICTIONS, is_published=True)


def scoring(parts: Iterable[Part]) -> list[Check]:
    """The checks that score what is handed in for these parts; none where no part asks for predictions."""
    asked = [part.pk for part in parts if part.kind == Part.Kind.PREDICTIONS]
    return list(_scoring(Check.objects.filter(part__in=asked))) if asked else []


# ── How often ──


@dataclass(frozen=True)
class Tries:
    """How many new files somebody may still hand in today, and when the next day begins."""

    left: int
    a_day: int
    again_at: datetime

    def __str__(self) -> str:
        return f"{self.left} of {self.a_day} tries left today"


def tries(enrolment: Enrolment, part: Part, now: datetime) -> Tries | None:
    """What is left of the day's tries; None where there is no limit. A file that was scored before is no new try."""
    pieces = Piece.objects.filter(part=part, submission__authors__enrolment=enrolment).exclude(
        submission__state=Submission.State.DRAFT
    )
    handed_in = pieces.values_list("sha256", "submission__handed_in_at")
    return left_of(scoring([part]), handed_in, enrolment.offering.zone, now)


def left_of(
    checks: Iterable[Check],
    handed_in: Iterable[tuple[str, datetime | None]],
    zone: tzinfo,
    now: datetime,
) -> Tries | None:
    """The same from the checks of a part and what was handed in for it: the hash of each file, and when."""
    limits = [check.config.get("a_day") for check in checks]
    a_day = min((limit for limit in limits if limit), default=None)
    if a_day is None:
        return None
    midnight = datetime.combine(now.astimezone(zone).date(), time.min, tzinfo=zone)
    handed_in = list(handed_in)
    before = {key for key, at in handed_in if at and at < midnight}
    today = {key for key, at in handed_in if at and at >= midnight}
    tomorrow = datetime.combine(midnight.date() + timedelta(days=1), time.min, tzinfo=zone)
    return Tries(left=max(0, a_day - len(today - before)), a_day=a_day, again_at=tomorrow)


def refusal(enrolment: Enrolment, submission: Submission, now: datetime) -> Tries | None:
    """The limit that handing in what a draft holds would break, or None. Asked under the learner's lock."""
    for piece in submission.pieces.select_related("part").filter(part__kind=Part.Kind.PREDICTIONS):
        left = tries(enrolment, piece.part, now)
        if left is None or left.left:
            continue
        known = Piece.objects.filter(
            part=piece.part, submission__authors__enrolment=enrolment, sha256=piece.sha256
        )
        if not known.exclude(submission__state=Submission.State.DRAFT).exists():
            return left
    return None


# ── Where everybody stands ──


@dataclass(frozen=True)
class Standing:
    """One learner's best on a board. `person` is None for whoever hides their name from this reader."""

    rank: int
    person: Any
    score: float
    private: float | None
    tries: int
    is_mine: bool
    is_enough: bool


@dataclass(frozen=True)
class Board:
    """A leaderboard. `is_final` once everybody's deadline is over: then the private part is shown beside."""

    check: Check
    metric: Metric
    rows: list[Standing]
    is_final: bool


def boards_of(assignment: Assignment, user: Any, roles: Roles, now: datetime) -> list[Board]:
    """The boards of an assignment as `user` may see them; three queries a board."""
    final = is_final(assignment, now)
    checks = shown_to(roles, final=final).filter(part__assignment=assignment).order_by("position", "pk")
    return [_board(check, assignment, user, roles, final) for check in checks]


def shown_to(roles: Roles, *, final: bool) -> Any:
    """The checks whose board somebody may see: a check that keeps its results back has none for learners so long."""
    rows = _scoring(Check.objects.all())
    return rows if roles.leads else rows.exclude(visible__in=_kept_back(final=final))


def _kept_back(*, final: bool) -> set[str]:
    """What learners see of no check."""
    return {Check.Visible.STAFF} if final else {Check.Visible.STAFF, Check.Visible.AFTER_DUE}


def has_board(checks: Iterable[Check], assignment: Assignment, roles: Roles, now: datetime) -> bool:
    """Whether somebody may see the board of one of these checks; a query only where the deadline decides it."""
    seen = {check.visible for check in checks}
    if roles.leads or not seen - _kept_back(final=True):
        return roles.leads and bool(seen)
    return bool(seen - _kept_back(final=False)) or is_final(assignment, now)


def is_final(assignment: Assignment, now: datetime) -> bool:
    """Whether the deadline of whoever has the longest is over."""
    if assignment.due_at is None:
        return False
    most = (
        Deviation.objects.filter(assignment=assignment, is_without_penalty=True)
        .aggregate(most=Max("extra_days"))
        .get("most")
    )
    return now > assignment.later(assignment.due_at, days=most or 0)


def _board(check: Check, assignment: Assignment, user: Any, roles: Roles, final: bool) -> Board:
    metric = metric_of(check)
    wanted = [PUBLIC, PRIVATE] if final else [PUBLIC]
    found = (
        CheckResult.objects.filter(
            run__of_check=check, run__state=Run.State.FINISHED, run__submission__isnull=False, name__in=wanted
        )
        .order_by("run__created_at", "run_id")
        .values_list("run__submission", "run__submission__authors__enrolment", "name", "score")
    )
    scores: dict[int, dict[int, dict[str, float]]] = {}
    for submission, learner, name, score in found:
        scores.setdefault(learner, {}).setdefault(submission, {})[name] = float(score or 0)
    learners = {
        row.pk: row
        for row in Enrolment.objects.learners()
        .filter(pk__in=scores)
        .exclude(state=Enrolment.State.WITHDREW)
        .select_related("person")
    }
    hidden = set(
        BoardName.objects.filter(enrolment__in=learners, is_hidden=True).values_list("enrolment", flat=True)
    )
    best = []
    for pk, enrolment in learners.items():
        versions = [row for row in scores[pk].values() if PUBLIC in row]
        if versions:
            best.append((enrolment, _best(versions, metric), len(versions)))
    sign = 1 if metric.is_smaller_better else -1
    key = PRIVATE if final and all(PRIVATE in row for _, row, _ in best) else PUBLIC
    best.sort(key=lambda entry: (sign * entry[1][key], entry[0].pk))
    rows: list[Standing] = []
    rank = 0
    for place, (enrolment, row, count) in enumerate(best, start=1):
        if not rows or best[place - 2][1][key] != row[key]:
            rank = place
        is_mine = enrolment.person_id == user.pk
        is_named = is_mine or roles.leads or enrolment.pk not in hidden
        rows.append(
            Standing(
                rank=rank,
                person=enrolment.person if is_named else None,
                score=row[PUBLIC],
                private=row.get(PRIVATE),
                tries=count,
                is_mine=is_mine,
                is_enough=metric.meets(row[PUBLIC], check.threshold),
            )
        )
    return Board(check=check, metric=metric, rows=rows, is_final=final)


def _best(versions: Iterable[dict[str, float]], metric: Metric) -> dict[str, float]:
    """The version with the best public score, the first of equals: nobody knows the private one when they choose."""
    best: dict[str, float] | None = None
    for row in versions:
        if best is None or metric.is_better(row[PUBLIC], best[PUBLIC]):
            best = row
    return best or {}


def keep_labels(check: Check, file: File[bytes], *, by: Any, now: datetime) -> HiddenLabels:
    """Store the labels of a check; raises predictions.Refused for a file that is no table."""
    file.seek(0)
    content = file.read()
    table = predictions.read(content)
    metric = metric_of(check)
    # Labels have to fit themselves: this says it where a measure wants numbers and they are words.
    predictions.scoring.fitted(table, table, metric)
    file.seek(0)
    labels = HiddenLabels.objects.filter(of_check=check).first() or HiddenLabels(of_check=check)
    labels.name, labels.rows = (file.name or "labels")[-150:], len(table)
    labels.sha256, labels.given_by, labels.given_at = uploads.sha256(file), by, now
    labels.file.save(labels.name, file, save=False)
    labels.save()
    return labels
