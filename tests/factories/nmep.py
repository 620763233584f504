from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from itertools import count

from django.core.files.base import ContentFile
from django.utils import timezone

from events.models import Event
from nmep import handing_in, specs
from nmep.models import Assignment, Enrolment, Offering, Part, Program, RubricCriterion, Session, Submission
from tests.factories.members import make_new_member, make_term

offering_number = count(1)


def make_offering(*, term=None, state=Offering.State.RUNNING, program=None, **fields):
    n = next(offering_number)
    program = program or Program.objects.create(name=f"Programme {n}", slug=f"programme-{n}")
    return Offering.objects.create(
        program=program, term=term or make_term(), slug=fields.pop("slug", f"off{n}"), state=state, **fields
    )


def make_session(*, offering=None, starts_at=None, week=None, title=None, hours=2, **fields):
    """A class; without a time, a week after the latest one (the first: a week ago)."""
    offering = offering or make_offering()
    seq = Session.objects.filter(offering=offering).count() + 1
    if starts_at is None:
        starts_at = timezone.now().replace(microsecond=0) + timedelta(weeks=seq - 2)
    event = Event.objects.create(
        title=title or f"Class {seq}",
        kind="lecture",
        term=offering.term,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=hours),
        place=fields.pop("place", "Hall 306"),
    )
    return Session.objects.create(
        offering=offering, seq=seq, week=week or seq, title=title or f"Class {seq}", event=event, **fields
    )


def make_assignment(
    *,
    offering=None,
    key=None,
    title="Shells",
    due_at=None,
    text="Do it well.",
    parts=("notebook",),
    now=None,
    **fields,
):
    """A published assignment. `due_at` sets the date without a rule."""
    offering = offering or make_offering()
    position = Assignment.objects.filter(offering=offering).count() + 1
    fields.setdefault("state", Assignment.State.PUBLISHED)
    assignment = Assignment.objects.create(
        offering=offering, key=key or f"hw{position}", title=title, position=position, **fields
    )
    if due_at is None and assignment.due_session is None:
        due_at = timezone.now() + timedelta(days=5)
    if due_at is not None:
        Assignment.objects.filter(pk=assignment.pk).update(due_at=due_at, promised_at=due_at)
    specs.revise(assignment, text, now=now or timezone.now())
    for n, kind in enumerate(parts):
        Part.objects.create(assignment=assignment, position=n, kind=kind, title=f"Part {'ABCDEF'[n]}")
    RubricCriterion.objects.create(assignment=assignment, title="Correct", position=1)
    assignment.refresh_from_db()
    return assignment


def make_enrolment(*, offering=None, person=None, role=Enrolment.Role.LEARNER, **fields):
    offering = offering or make_offering()
    person = person or make_new_member(term=offering.term)
    fields.setdefault("created_at", timezone.now() - timedelta(days=120))
    return Enrolment.objects.create(offering=offering, person=person, role=role, **fields)


def make_lead(*, offering, **fields):
    return make_enrolment(offering=offering, role=Enrolment.Role.LEAD, **fields).person


def notebook(*sources, outputs=None):
    """The bytes of a small valid notebook, one code cell a source; `outputs` go to the first cell."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": n,
            "metadata": {},
            "outputs": (outputs or []) if n == 1 else [],
            "source": source,
        }
        for n, source in enumerate(sources or ("print('shells')",), start=1)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 2}).encode()


def given(assignment, content=None, *, text="Two paragraphs."):
    """What `hand_in` wants, for every part of `assignment`."""
    values = {}
    for part in assignment.parts.all():
        if part.takes_file:
            values[part.pk] = handing_in.Given(
                file=ContentFile(content or notebook(), name="shells.ipynb"), name="shells.ipynb"
            )
        elif part.kind == Part.Kind.LINK:
            values[part.pk] = handing_in.Given(url="https://code.example/shells")
        else:
            values[part.pk] = handing_in.Given(text=text)
    return values


def make_submission(*, enrolment=None, assignment=None, now=None, content=None, **changes):
    """A version handed in through the same door as everybody's."""
    assignment = assignment or make_assignment(offering=enrolment.offering if enrolment else None)
    enrolment = enrolment or make_enrolment(offering=assignment.offering)
    now = now or timezone.now()
    n = handing_in.standing(enrolment, assignment).next_n
    submission = handing_in.hand_in(
        enrolment, assignment, given(assignment, content), n=n, now=now
    ).submission
    if changes:
        Submission.objects.filter(pk=submission.pk).update(**changes)
        submission.refresh_from_db()
    return submission


def moment(year, month, day, hour=12, minute=0):
    return datetime.combine(datetime(year, month, day), time(hour, minute), tzinfo=UTC)
