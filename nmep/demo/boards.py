"""The demo's leaderboard: the third homework of this term asks for predictions on a small test set."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime, timedelta

from django.core.files.base import ContentFile

from nmep import at_once, boards
from nmep.demo.work import Run
from nmep.models import BoardName, Check, Part, Piece, Submission

ROWS = 60


def seed(run: Run, now: datetime, rng: random.Random) -> None:
    """Labels, a file from whoever handed in the third homework, and two who hide their names."""
    assignment = run.assignments[2]
    part = Part.objects.create(
        assignment=assignment,
        position=2,
        kind=Part.Kind.PREDICTIONS,
        title="Predictions",
        hint="For the sixty shells of the test set.",
        is_required=False,
    )
    check = Check.objects.create(
        part=part,
        kind=Check.Kind.PREDICTIONS,
        title="Sixty shells",
        threshold=0.7,
        config={"metric": "accuracy", "public_share": 0.5, "seed": "shells", "a_day": 3},
        is_published=True,
        updated_at=run.sessions[3].event.starts_at,
    )
    labels = [rng.randrange(3) for _ in range(ROWS)]
    boards.keep_labels(
        check, ContentFile(_table(labels), name="labels.csv"), by=run.staff[0], now=check.updated_at
    )
    for submission in Submission.objects.handed_in().filter(assignment=assignment).order_by("pk"):
        right = rng.uniform(0.55, 0.93)
        guessed = [label if rng.random() < right else (label + 1) % 3 for label in labels]
        content = _table(guessed)
        piece = Piece(
            submission=submission,
            part=part,
            name="predictions.csv",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        piece.file.save("predictions.csv", ContentFile(content), save=False)
        piece.save()
        at_once.look(submission, now=submission.handed_in_at or now - timedelta(days=9))
    for learner in (run.learners[4], run.learners[8]):
        BoardName.objects.create(enrolment=learner, is_hidden=True)


def _table(labels: list[int]) -> bytes:
    return ("id,kind\n" + "".join(f"shell-{n},{label}\n" for n, label in enumerate(labels, start=1))).encode()
