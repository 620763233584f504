"""Checks of the demo club: what a grader found in the first homework, and what waits since there is none here."""

from __future__ import annotations

from datetime import datetime, timedelta

from nmep.demo.work import Run as TermOfDemo
from nmep.models import Check, CheckResult, Part, Run, Submission

VECTORS = '''import numpy as np


def check_dot(call):
    """The dot product of two lists"""
    assert call("dot", [1, 2, 3], [4, 5, 6]) == 32


def check_floats(call):
    """The dot product of arrays, but for rounding"""
    x = np.linspace(0, 1, 7)
    assert near(call("dot", x, x), float(x @ x))


@hidden
def check_empty(call):
    """Two vectors without entries"""
    assert call("dot", [], []) == 0, "What is the sum of nothing?"
'''
DERIVATIVE = '''def check_derivative(call):
    """The derivative of tanh at 0 is 1"""
    call.define("def derivative(x):\\n    node = Tanh()\\n    node.forward(x)\\n    return node.backward(1.0)")
    assert near(call("derivative", 0.0), 1.0)
'''
TITLES = [
    ("The dot product of two lists", "", False),
    ("The dot product of arrays, but for rounding", "", False),
    ("Two vectors without entries", "What is the sum of nothing?", True),
]


def seed(term: TermOfDemo, now: datetime) -> None:
    """A check of the first homework with what it found, and one of the third that waits for a grader."""
    for n, title, source in ((1, "Vectors", VECTORS), (3, "The chain rule", DERIVATIVE)):
        part = Part.objects.filter(assignment=term.assignments[n - 1], kind=Part.Kind.NOTEBOOK).first()
        if part is None:
            continue
        check = Check.objects.create(
            part=part,
            kind=Check.Kind.FUNCTIONS,
            title=title,
            config={"source": source},
            is_published=True,
            updated_at=part.assignment.due_at or now,
        )
        work = Submission.objects.handed_in().filter(assignment=part.assignment_id).order_by("pk")
        if n == 1:
            _found(check, list(work))
        else:
            Run.objects.bulk_create(
                Run(
                    submission=submission,
                    of_check=check,
                    state=Run.State.WAITING,
                    reason="The grader is switched off.",
                    created_at=submission.handed_in_at or now,
                )
                for submission in work
            )


def _found(check: Check, work: list[Submission]) -> None:
    """Every fifth forgot the empty vectors; one run was stopped and one failed on our side."""
    runs = []
    for at, submission in enumerate(work):
        began = (submission.handed_in_at or check.updated_at) + timedelta(seconds=20)
        state, reason = Run.State.FINISHED, ""
        if at == len(work) - 1:
            state, reason = Run.State.FAILED, "The machine that checked it was lost again and again."
        elif at == len(work) - 2:
            state, reason = Run.State.STOPPED, "it ran longer than it may"
        runs.append(
            Run(
                submission=submission,
                of_check=check,
                state=state,
                reason=reason,
                tries=1,
                seconds=0.2,
                peak_mb=41,
                image="/opt/grader, bubblewrap 0.8.0",
                created_at=began,
                started_at=began,
                finished_at=began + timedelta(seconds=1),
            )
        )
    Run.objects.bulk_create(runs)
    CheckResult.objects.bulk_create(
        CheckResult(
            run=run,
            position=position,
            name=name,
            ok=run.state == Run.State.FINISHED and not (is_hidden and at % 5 == 3),
            hint=hint if is_hidden and at % 5 == 3 else "",
            is_hidden=is_hidden,
        )
        for at, run in enumerate(runs)
        if run.is_judged
        for position, (name, hint, is_hidden) in enumerate(TITLES)
    )
