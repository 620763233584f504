"""The homework of the demo club: what was asked, handed in, reviewed, and what still waits."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageDraw

from members.models import User
from nmep.demo import texts
from nmep.models import (
    Assignment,
    Comment,
    Enrolment,
    MarkChange,
    Milestone,
    Offering,
    Part,
    Piece,
    Review,
    RubricCriterion,
    RubricMark,
    Session,
    SpecRevision,
    Submission,
    SubmissionAuthor,
)

CLASS = time(20)

#: term → learner → the homeworks (1 to 5) that never came because they had left, or that were not handed in.
WITHDREW: dict[int, dict[int, tuple[int, ...]]] = {
    0: {10: (3, 4, 5), 11: (4, 5)},
    1: {15: (2, 3, 4, 5)},
    2: {12: (4, 5)},
    3: {},
}
MISSING: dict[int, dict[int, tuple[int, ...]]] = {
    0: {2: (4,), 5: (5,)},
    1: {14: (3, 4, 5), 6: (2,)},
    2: {3: (5,), 8: (4,)},
    3: {13: (2,)},
}
LATE, MENDED, WAITING, HELD = 31, 6, 6, 3
FLAGGED = 13
THE_NEW_MEMBER = 0


@dataclass
class Run:
    """One term of the programme while it is being made."""

    index: int
    offering: Offering
    learners: list[Enrolment] = field(default_factory=list)
    staff: list[User] = field(default_factory=list)
    sessions: dict[int, Session] = field(default_factory=dict)  # classes by week
    parties: list[Session] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)


def homework(run: Run, now: datetime) -> None:
    for n, (title, opens, due, text, _) in enumerate(texts.HOMEWORKS, start=1):
        assignment = Assignment(
            offering=run.offering,
            key=f"hw{n}",
            title=title,
            text=text,
            position=n,
            state=Assignment.State.PUBLISHED,
            open_session=run.sessions[opens],
            open_time=CLASS,
            due_session=run.sessions[due],
            due_time=CLASS,
        )
        assignment.opens_at = assignment.opens_by_rule()
        assignment.due_at = assignment.promised_at = assignment.due_by_rule()
        run.assignments.append(assignment)
    Assignment.objects.bulk_create(run.assignments)
    SpecRevision.objects.bulk_create(
        [
            SpecRevision(assignment=row, n=1, text=row.text, created_at=row.opens_at or now)
            for row in run.assignments
        ]
    )
    parts = []
    for n, row in enumerate(run.assignments, start=1):
        parts.append(Part(assignment=row, position=0, kind=Part.Kind.NOTEBOOK, title="Notebook"))
        if n == 4:
            parts.append(
                Part(
                    assignment=row,
                    position=1,
                    kind=Part.Kind.TEXT,
                    title="Two paragraphs",
                    hint="Which cure would you use, and why?",
                    max_words=250,
                )
            )
    Part.objects.bulk_create(parts)
    RubricCriterion.objects.bulk_create(
        [
            RubricCriterion(assignment=row, position=n, title=title, description=description)
            for row in run.assignments
            for n, (title, description) in enumerate(texts.CRITERIA)
        ]
    )
    for title, week in (("Final project proposal", 9), ("Final project checkpoint", 10)):
        Milestone.objects.create(
            offering=run.offering,
            kind=Milestone.Kind.CAPSTONE,
            title=title,
            due_session=run.sessions[week],
            due_time=CLASS,
        )


@dataclass
class Rows:
    """Everything that hangs on a submission, in bulk."""

    submissions: list[Submission] = field(default_factory=list)
    authors: list[SubmissionAuthor] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    rubric: list[RubricMark] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    journal: list[MarkChange] = field(default_factory=list)

    def save(self) -> None:
        tables: list[list[Any]] = [
            self.submissions,
            self.authors,
            self.pieces,
            self.reviews,
            self.rubric,
            self.comments,
            self.journal,
        ]
        for rows in tables:
            if rows:
                type(rows[0])._default_manager.bulk_create(rows)


def hand_in(runs: list[Run], now: datetime, rng: random.Random) -> None:
    """235 first versions, 31 of them late, 6 of them mended after a review, 6 waiting too long."""
    expected: list[tuple[Run, int, int]] = []
    for run in runs:
        past = [n for n, row in enumerate(run.assignments, start=1) if row.due_at and row.due_at <= now]
        for at in range(len(run.learners)):
            gone = WITHDREW[run.index].get(at, ()) + MISSING[run.index].get(at, ())
            expected += [(run, at, n) for n in past if n not in gone]
    older = [row for row in expected if row[0].index < 3]
    late = set(_keys(rng.sample(older, LATE)))
    mended = set(_keys(rng.sample([row for row in older if _key(row) not in late], MENDED)))
    newest = [row for row in expected if row[0].index == 3 and row[2] == 3 and row[1] != THE_NEW_MEMBER]
    waiting = set(_keys(newest[:WAITING]))
    returned = {(3, THE_NEW_MEMBER, 3), *_keys(newest[WAITING : WAITING + 1])}
    # The second homework of the running term: reviews that are finished and that nobody has released.
    kept_back = [row for row in expected if row[0].index == 3 and row[2] == 2 and row[1] != THE_NEW_MEMBER]
    held = set(_keys(kept_back[-HELD:]))
    Assignment.objects.filter(pk=runs[-1].assignments[1].pk).update(holds_reviews=True)
    files = Files()
    rows = Rows()
    for row in expected:
        _first_version(
            rows,
            files,
            row,
            now,
            rng,
            is_late=_key(row) in late,
            fate="waiting"
            if _key(row) in waiting
            else "returned"
            if _key(row) in returned
            else "held"
            if _key(row) in held
            else "done",
            is_mended=_key(row) in mended,
        )
    _draft(rows, files, runs[-1], now)
    rows.save()


def _key(row: tuple[Run, int, int]) -> tuple[int, int, int]:
    return row[0].index, row[1], row[2]


def _keys(rows: Iterable[tuple[Run, int, int]]) -> list[tuple[int, int, int]]:
    return [_key(row) for row in rows]


class Files:
    """A few small notebooks, written once and pointed to by many pieces."""

    def __init__(self) -> None:
        self.written: dict[tuple[int, int], tuple[str, bytes]] = {}

    def give(self, n: int, version: int) -> tuple[str, bytes]:
        if (n, version) not in self.written:
            content = _notebook(n, version)
            name = default_storage.save(f"nmep/demo-{n}-{version}", ContentFile(content))
            self.written[n, version] = (name, content)
        return self.written[n, version]


def _notebook(n: int, version: int) -> bytes:
    """A valid notebook with a heading, the code of the homework, a line of output and a curve."""
    title, _, _, _, code = texts.HOMEWORKS[n - 1]
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {}, "source": f"# {title}\n\nWhat I tried, and what came out."}
    ]
    for count, source in enumerate(code, start=1):
        source = source.replace("eps=1e-2", "eps=1e-5") if version > 1 else source
        cells.append(
            {"cell_type": "code", "execution_count": count, "metadata": {}, "outputs": [], "source": source}
        )
    loss = "0.02" if version > 1 else "0.31"
    cells[-1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": f"loss after training: {loss}\n"}
    ]
    cells.append(
        {
            "cell_type": "code",
            "execution_count": len(code) + 1,
            "metadata": {},
            "outputs": [
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"image/png": _curve(n), "text/plain": "Loss by step"},
                }
            ],
            "source": "plt.plot(history)",
        }
    )
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 2}).encode()


def _curve(n: int) -> str:
    picture = Image.new("RGB", (360, 160), "white")
    points = [(x, 10 + int(140 * (1 - 0.5 ** (x / (30 + 12 * n))))) for x in range(10, 350, 4)]
    ImageDraw.Draw(picture).line(points, fill=(11, 92, 173), width=3)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def _version(
    rows: Rows,
    files: Files,
    run: Run,
    at: int,
    n: int,
    version: int,
    handed_in_at: datetime | None,
    state: str,
    late_by: timedelta,
    reviewer: User | None,
) -> tuple[Submission, list[Piece]]:
    assignment, learner = run.assignments[n - 1], run.learners[at]
    stamp = handed_in_at or assignment.opens_at or run.offering.term.starts_on
    submission = Submission(
        assignment=assignment,
        n=version,
        state=state,
        spec=next(iter(assignment.specs.all())),
        handed_in_at=handed_in_at,
        handed_in_by=learner.person if handed_in_at else None,
        reviewer=reviewer,
        created_at=stamp,
        updated_at=stamp,
    )
    rows.submissions.append(submission)
    rows.authors.append(
        SubmissionAuthor(
            submission=submission, enrolment=learner, assignment=assignment, n=version, late_by=late_by
        )
    )
    pieces = []
    for part in assignment.parts.all():
        if part.kind == Part.Kind.TEXT:
            values = {"text": "Early stopping: it needs no second run, and the gauges fail in storms anyway."}
            content = values["text"].encode()
        else:
            name, content = files.give(n, version)
            values = {"file": name, "name": f"{run.assignments[n - 1].key}.ipynb"}
        pieces.append(
            Piece(
                submission=submission,
                part=part,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                **values,
            )
        )
    rows.pieces += pieces
    return submission, pieces


def _first_version(
    rows: Rows,
    files: Files,
    row: tuple[Run, int, int],
    now: datetime,
    rng: random.Random,
    *,
    is_late: bool,
    fate: str,
    is_mended: bool,
) -> None:
    run, at, n = row
    assignment = run.assignments[n - 1]
    due_at = assignment.due_at or now
    late_by = timedelta(hours=rng.randint(3, 80)) if is_late else timedelta(0)
    handed_in_at = due_at + late_by if is_late else due_at - timedelta(hours=rng.randint(1, 70))
    reviewer = run.staff[(at + n) % len(run.staff)]
    if fate == "waiting":
        state = Submission.State.HANDED_IN
        _version(rows, files, run, at, n, 1, handed_in_at, state, late_by, None)
        return
    if fate == "returned":
        reviewer = run.staff[0]
    reviewed_at = min(handed_in_at + timedelta(hours=rng.randint(40, 160)), now - timedelta(hours=3))
    if fate == "held":
        submission, _ = _version(
            rows, files, run, at, n, 1, handed_in_at, Submission.State.IN_REVIEW, late_by, reviewer
        )
        _held_review(rows, submission, reviewer, now - timedelta(days=2, hours=at), is_done=at % 2 == 0)
        return
    goes_back = fate == "returned" or is_mended
    state = Submission.State.RETURNED if goes_back else Submission.State.DONE
    submission, pieces = _version(rows, files, run, at, n, 1, handed_in_at, state, late_by, reviewer)
    _review(rows, run, at, submission, pieces, reviewer, reviewed_at, rng, is_done=not goes_back)
    if is_mended:
        again = reviewed_at + timedelta(days=2)
        second, pieces = _version(rows, files, run, at, n, 2, again, Submission.State.DONE, late_by, reviewer)
        _review(rows, run, at, second, pieces, reviewer, again + timedelta(days=3), rng, is_done=True)


def _review(
    rows: Rows,
    run: Run,
    at: int,
    submission: Submission,
    pieces: list[Piece],
    reviewer: User,
    when: datetime,
    rng: random.Random,
    *,
    is_done: bool,
) -> None:
    review = Review(
        submission=submission,
        reviewer=reviewer,
        state=Review.State.POSTED,
        outcome=Review.Outcome.DONE if is_done else Review.Outcome.RETURN,
        summary=rng.choice(texts.PRAISE if is_done else texts.RETURNS),
        created_at=when,
        posted_at=when,
    )
    rows.reviews.append(review)
    levels = [RubricMark.Level.MASTERED, RubricMark.Level.MASTERED, RubricMark.Level.CLOSE]
    for criterion, level in zip(submission.assignment.criteria.all(), levels, strict=True):
        rows.rubric.append(
            RubricMark(review=review, criterion=criterion, level=level if is_done else RubricMark.Level.CLOSE)
        )
    rows.journal.append(
        MarkChange(
            enrolment=run.learners[at],
            assignment=submission.assignment,
            submission=submission,
            kind=MarkChange.Kind.DONE if is_done else MarkChange.Kind.NOT_YET,
            by=reviewer,
            at=when,
        )
    )
    if not is_done or rng.random() < 0.2:
        rows.comments.append(
            Comment(
                submission=submission,
                piece=pieces[0],
                cell_index=1,
                cell_key="",
                author=reviewer,
                text=rng.choice(texts.REMARKS),
                asks_for_change=not is_done,
                created_at=when,
                posted_at=when,
            )
        )


def _held_review(
    rows: Rows, submission: Submission, reviewer: User, when: datetime, *, is_done: bool
) -> None:
    review = Review(
        submission=submission,
        reviewer=reviewer,
        state=Review.State.HELD,
        outcome=Review.Outcome.DONE if is_done else Review.Outcome.RETURN,
        summary=texts.PRAISE[0] if is_done else texts.RETURNS[1],
        created_at=when,
        held_at=when,
    )
    rows.reviews.append(review)
    level = RubricMark.Level.MASTERED if is_done else RubricMark.Level.CLOSE
    rows.rubric += [
        RubricMark(review=review, criterion=criterion, level=level)
        for criterion in submission.assignment.criteria.all()
    ]


def _draft(rows: Rows, files: Files, run: Run, now: datetime) -> None:
    """The new member of the demo has begun the homework that is due next."""
    _version(rows, files, run, THE_NEW_MEMBER, 4, 1, None, Submission.State.DRAFT, timedelta(0), None)
    rows.submissions[-1].updated_at = now - timedelta(hours=5)
