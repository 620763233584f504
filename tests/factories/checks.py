from __future__ import annotations

from itertools import count

from django.core.files.base import ContentFile
from django.utils import timezone

from nmep.models import Check, CheckResult, Part, Run
from tests.factories.nmep import make_assignment, make_lead, make_submission

check_number = count(1)

ADDS = "def check_adds(call):\n    assert call('add', 2, 3) == 5\n"


def make_check(*, part=None, assignment=None, kind=Check.Kind.FUNCTIONS, source=ADDS, config=None, **fields):
    """A published check on the first part of `assignment`."""
    if part is None:
        part = (assignment or make_assignment(parts=(Part.Kind.NOTEBOOK,))).parts.first()
    if config is None:
        config = {"source": source} if kind == Check.Kind.FUNCTIONS else {}
    fields.setdefault("title", f"Check {next(check_number)}")
    fields.setdefault("is_published", True)
    return Check.objects.create(part=part, kind=kind, config=config, **fields)


def make_run(*, check=None, submission=None, state=Run.State.FINISHED, results=(), now=None, **fields):
    """A run with `results` as (name, ok) or (name, ok, is_hidden), written as the grader would."""
    if submission is None:
        submission = make_submission(assignment=check.part.assignment if check else None)
    check = check or make_check(assignment=submission.assignment)
    now = now or timezone.now()
    run = Run.objects.create(
        submission=submission, of_check=check, state=state, created_at=now, finished_at=now, **fields
    )
    for position, (name, ok, *hidden) in enumerate(results):
        CheckResult.objects.create(
            run=run, position=position, name=name, ok=ok, is_hidden=bool(hidden and hidden[0])
        )
    return run


def make_try(*, check=None, content, asked_by=None, **fields):
    """A lead's try of a check on a notebook of their own."""
    check = check or make_check()
    run = Run(
        of_check=check, asked_by=asked_by or make_lead(offering=check.part.assignment.offering), **fields
    )
    run.trial.save("own.ipynb", ContentFile(content), save=False)
    run.save()
    return run
