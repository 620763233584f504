"""Checks that run what was handed in are queued: with the hand-in, again by a lead, and on a lead's own notebook.

What checks of every kind found is read here too; those that run nothing are asked by `nmep.at_once`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from members.models import User
from nmep import grader
from nmep.models import Assignment, Check, CheckResult, Run, Submission, SubmissionAuthor

#: The kinds whose checks run what was handed in, and so wait for the grader.
IN_A_BOX = (Check.Kind.FUNCTIONS,)


# ── Asking ──


def ask(submission: Submission, *, now: datetime, by: User | None = None) -> list[Run]:
    """Queue every published check of the parts that a version has; earlier runs that still wait are superseded.

    Called in the transaction that hands the work in, and only writes rows: whether a grader is there or not, the
    hand-in stands.
    """
    checks = Check.objects.published().filter(
        kind__in=IN_A_BOX,
        part__in=submission.pieces.values("part"),
        part__assignment=submission.assignment_id,
    )
    return _queue([(check, submission) for check in checks], now=now, by=by)


@transaction.atomic
def ask_all_again(check: Check, *, by: User, now: datetime) -> int:
    """Queue a check for the newest version of everybody; says how many. Nothing that a person wrote is touched."""
    newer = SubmissionAuthor.objects.filter(
        enrolment__authored__submission=OuterRef("pk"), assignment=OuterRef("assignment"), n__gt=OuterRef("n")
    ).exclude(submission__state=Submission.State.DRAFT)
    newest = (
        Submission.objects.handed_in()
        .filter(assignment=check.part.assignment_id, pieces__part=check.part_id)
        .filter(~Exists(newer))
    )
    return len(_queue([(check, submission) for submission in newest], now=now, by=by))


def try_on(check: Check, file: File[bytes], *, by: User, now: datetime) -> Run:
    """Queue a check for a notebook of the lead's own."""
    reason = grader.why_not(now)
    state = Run.State.WAITING if reason else Run.State.QUEUED
    run = Run(of_check=check, asked_by=by, state=state, reason=reason, created_at=now)
    run.trial.save(file.name or "own.ipynb", file, save=False)
    run.save()
    if not reason:
        grader.wake()
    return run


def _queue(pairs: Sequence[tuple[Check, Submission]], *, now: datetime, by: User | None) -> list[Run]:
    if not pairs:
        return []
    checks, submissions = {check for check, _ in pairs}, {submission.pk for _, submission in pairs}
    owners = SubmissionAuthor.objects.filter(submission__in=submissions).values("enrolment")
    earlier = SubmissionAuthor.objects.filter(
        enrolment__in=owners, assignment__in={submission.assignment_id for _, submission in pairs}
    )
    Run.objects.filter(
        of_check__in=checks,
        submission__in=earlier.values("submission"),
        state__in=[Run.State.WAITING, Run.State.QUEUED],
    ).update(state=Run.State.SUPERSEDED, finished_at=now)
    reason = grader.why_not(now)
    state = Run.State.WAITING if reason else Run.State.QUEUED
    # A second click meanwhile, or a run that is going on: that one is enough, and the constraint says so.
    made = Run.objects.bulk_create(
        [
            Run(
                submission=submission,
                of_check=check,
                asked_by=by,
                state=state,
                reason=reason,
                created_at=now,
            )
            for check, submission in pairs
        ],
        ignore_conflicts=True,
    )
    if not reason:
        grader.wake()
    return made


# ── What they found ──


@dataclass
class Summary:
    """The newest run of a check on a version as one person may see it; `kept_back` results are not among `results`."""

    check: Check
    run: Run
    results: list[CheckResult] = field(default_factory=list)
    kept_back: int = 0
    has_deadline: bool = True

    @property
    def passed(self) -> int:
        return sum(result.ok for result in self.results)

    @property
    def is_passed(self) -> bool:
        """Everything that may be seen passes, by the check's own measure."""
        enough = 1.0 if self.check.threshold is None else self.check.threshold
        return bool(self.results) and self.passed / len(self.results) >= enough

    @property
    def sentence(self) -> str:
        """`3 of 3 visible checks pass; 4 more are checked after the deadline`."""
        when = "are checked after the deadline" if self.has_deadline else "are kept back"
        if not self.results:
            return f"{self.kept_back} {when}" if self.kept_back else "Nothing was found to check"
        if not self.kept_back:
            return f"{self.passed} of {len(self.results)} pass"
        said = f"{self.passed} of {len(self.results)} visible checks pass"
        return f"{said}; {self.kept_back} more {when}"


def summaries(submissions: Iterable[Submission], user: Any, now: datetime) -> dict[int, list[Summary]]:
    """What the checks say of these versions, by version, as far as `user` may know it; two queries."""
    counted = CheckResult.objects.filter(run=OuterRef("pk")).order_by().values("run").values(n=Count("pk"))
    runs: QuerySet[Any] = (
        Run.objects.visible_to(user)
        .annotate(found=Subquery(counted))
        .filter(submission__in=[submission.pk for submission in submissions])
        .exclude(state=Run.State.SUPERSEDED)
        .select_related("of_check__part", "submission__assignment")
        .defer("submission__assignment__text", "submission__assignment__search")
        .order_by("of_check__part__position", "of_check__position", "of_check_id", "-created_at", "-pk")
    )
    newest: dict[tuple[int | None, int], Any] = {}
    for run in runs:
        newest.setdefault((run.submission_id, run.of_check_id), run)
    if not newest:
        return {}
    shown = [run.pk for run in newest.values()]
    seen: dict[int, list[CheckResult]] = defaultdict(list)
    for result in CheckResult.objects.visible_to(user, now).filter(run__in=shown):
        seen[result.run_id].append(result)
    found: dict[int, list[Summary]] = defaultdict(list)
    for run in newest.values():
        assert run.submission is not None  # noqa: S101  the query asked for versions
        results = seen[run.pk]
        found[run.submission.pk].append(
            Summary(
                check=run.of_check,
                run=run,
                results=results,
                kept_back=(run.found or 0) - len(results),
                has_deadline=run.submission.assignment.due_at is not None,
            )
        )
    return dict(found)


def is_going_on(checks: Iterable[Summary]) -> bool:
    """Whether a machine is at it, so that looking again soon makes sense."""
    return any(one.run.state in (Run.State.QUEUED, Run.State.RUNNING) for one in checks)


@dataclass(frozen=True)
class Line:
    """A run in the list of the leads: how many of its results pass, of how many."""

    run: Run
    passed: int
    total: int


def runs_of(assignment: Assignment, user: Any) -> list[Line]:
    """The last runs on an assignment for its leads, tries included."""
    rows = (
        Run.objects.visible_to(user)
        .filter(of_check__part__assignment=assignment)
        .select_related("of_check", "asked_by", "submission")
        .prefetch_related("results", "submission__authors__enrolment__person")
        .order_by("-created_at", "-pk")
    )
    lines = []
    for run in rows[:60]:
        results = run.results.all()
        lines.append(Line(run, sum(result.ok for result in results), len(results)))
    return lines
