"""Checks that need nothing of the learner to be run: they are answered within the hand-in itself."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from nmep import boards, evidence, predictions
from nmep.models import Check, CheckResult, Piece, Run, Submission

log = logging.getLogger(__name__)

KINDS = (Check.Kind.PREDICTIONS, Check.Kind.EVIDENCE, Check.Kind.WRITTEN)


def look(submission: Submission, *, now: datetime) -> list[Run]:
    """Ask every such check of a version's parts. Called in the transaction that hands it in, which it never fails:
    what goes wrong here is our side's and stands as such."""
    checks = Check.objects.published().filter(
        kind__in=KINDS,
        part__in=submission.pieces.values("part"),
        part__assignment=submission.assignment_id,
    )
    pieces = {piece.part_id: piece for piece in submission.pieces.select_related("part")}
    return [_one(check, submission, pieces[check.part_id], now) for check in checks]


def look_again(check: Check, *, now: datetime) -> int:
    """Ask a check of everything that was handed in, as after new labels; says how many versions that were."""
    versions = Submission.objects.handed_in().filter(
        assignment=check.part.assignment_id, pieces__part=check.part_id
    )
    count = 0
    for submission in versions.prefetch_related("pieces__part").distinct():
        piece = next(piece for piece in submission.pieces.all() if piece.part_id == check.part_id)
        with transaction.atomic():
            _one(check, submission, piece, now)
        count += 1
    return count


def _one(check: Check, submission: Submission, piece: Piece, now: datetime) -> Run:
    run = Run(
        submission=submission,
        of_check=check,
        state=Run.State.FINISHED,
        created_at=now,
        started_at=now,
        finished_at=now,
        image="portal",
    )
    results: list[CheckResult] = []
    try:
        with transaction.atomic():
            results = _results(check, piece)
    except predictions.Refused as refused:
        run.state, run.reason = Run.State.STOPPED, str(refused)[:200]
    except Exception:
        log.exception("check %s could not look at submission %s", check.pk, submission.pk)
        run.state, run.reason = Run.State.FAILED, "The check could not be made; a lead looks at it."
    run.save()
    for position, result in enumerate(results):
        result.run, result.position = run, position
    CheckResult.objects.bulk_create(results)
    return run


def _results(check: Check, piece: Piece) -> list[CheckResult]:
    if check.kind != Check.Kind.PREDICTIONS:
        return [
            CheckResult(name=found.name[:120], ok=found.ok, hint=found.hint[:400])
            for found in evidence.look(check, piece)
        ]
    with piece.file.open("rb") as file:
        scores = boards.scored(check, file.read())
    metric = boards.metric_of(check)
    results = [
        CheckResult(
            name=boards.PUBLIC,
            ok=metric.meets(scores.public, check.threshold),
            score=scores.public,
            hint=said(metric, scores.public, check.threshold),
        )
    ]
    if scores.private is not None:
        results.append(
            CheckResult(
                name=boards.PRIVATE,
                ok=metric.meets(scores.private, check.threshold),
                score=scores.private,
                hint=said(metric, scores.private, check.threshold),
                is_hidden=True,
            )
        )
    return results


def said(metric: predictions.Metric, value: float, threshold: float | None) -> str:
    """`Accuracy 0.8123; at least 0.7 is wanted`."""
    words = f"{metric.label} {value:.4f}"
    if threshold is None:
        return words
    return f"{words}; at {'most' if metric.is_smaller_better else 'least'} {threshold:g} is wanted"
