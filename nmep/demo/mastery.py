"""Skills and what was seen of them, what learners asked for, help that was offered, and how earlier terms ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from members.models import Term
from nmep import completion, progress
from nmep.demo.work import FLAGGED, Run
from nmep.models import (
    Absence,
    Completion,
    Deviation,
    Enrolment,
    ExtensionRequest,
    HelpOffer,
    LearnerNote,
    MarkChange,
    Skill,
    SkillMark,
)

#: A skill, and the homework (from 1) whose review asks for it.
SKILLS = [
    ("Work with arrays and their shapes", 1),
    ("Derive a gradient by hand", 2),
    ("Train a small network and read its curves", 2),
    ("Tell overfitting from underfitting, and cure it", 3),
    ("Explain attention on a whiteboard", 4),
    ("Read a paper and present it", None),
]
RULE = {"homework": 4, "absences": True}


def seed(runs: list[Run], terms: list[Term], now: datetime) -> None:
    """For the four terms of the programme, oldest first."""
    skills = _skills(runs)
    for run in runs:
        run.offering.completion_rule = RULE
        run.offering.slip_days = 3 if run.index == 3 else 0
        run.offering.save(update_fields=["completion_rule", "slip_days"])
        _seen(run, skills, now)
    for run, term in zip(runs[:-1], terms, strict=False):
        _ended(run, term, now)
    _asked(runs[-1], now)


def _skills(runs: list[Run]) -> list[Skill]:
    program = runs[0].offering.program
    skills = Skill.objects.bulk_create(
        [Skill(program=program, name=name, position=n) for n, (name, _) in enumerate(SKILLS)]
    )
    through = Skill.assignments.through
    through.objects.bulk_create(
        [
            through(skill_id=skill.pk, assignment_id=run.assignments[n - 1].pk)
            for skill, (_, n) in zip(skills, SKILLS, strict=True)
            if n
            for run in runs
        ]
    )
    return skills


def _seen(run: Run, skills: list[Skill], now: datetime) -> None:
    """Most have got what their homework shows; a few can teach it; the flagged one is not there yet with two."""
    rows = []
    for at, learner in enumerate(run.learners):
        for n, (skill, (_, homework)) in enumerate(zip(skills, SKILLS, strict=True)):
            due_at = run.assignments[(homework or 5) - 1].due_at
            if due_at is None or due_at + timedelta(days=6) > now or (at * 7 + n * 3) % 5 == 0:
                continue
            level = SkillMark.Level.CAN_TEACH if (at + n) % 6 == 0 else SkillMark.Level.GOT_IT
            if run.index == 3 and at == FLAGGED:
                level = SkillMark.Level.NOT_YET if homework in (1, 2) else level
            rows.append(
                SkillMark(
                    enrolment=learner,
                    skill=skill,
                    level=level,
                    by=run.staff[(at + n) % len(run.staff)],
                    evidence=f"Review of HW{homework}" if homework else "Their paper talk",
                    at=due_at + timedelta(days=5),
                )
            )
    SkillMark.objects.bulk_create(rows)


def _ended(run: Run, term: Term, now: datetime) -> None:
    """Who completed an earlier term has a certificate, with what was required as it stood then."""
    lines = completion.rule_of(run.offering)
    over = list(
        progress.with_records(
            Enrolment.objects.filter(
                pk__in=[row.pk for row in run.learners],
                state__in=[Enrolment.State.COMPLETED, Enrolment.State.DID_NOT_FINISH],
            ).order_by("pk")
        )
    )
    for enrolment in over:
        enrolment.offering = run.offering
    decided_at = max(session.event.ends_at for session in run.sessions.values()) + timedelta(days=3)
    rows = []
    for at, standing in enumerate(progress.of_many(run.offering, over, now)):
        row = completion.Row(
            standing.enrolment,
            tuple(completion.Against(line, standing.findings[line.requirement.key]) for line in lines),
        )
        rows.append(
            Completion(
                enrolment=standing.enrolment,
                is_complete=standing.enrolment.state == Enrolment.State.COMPLETED,
                snapshot=row.snapshot,
                decided_by=run.staff[0],
                at=decided_at,
                certificate_id=f"demo-certificate-{term.slug}-{at}",
                is_shown=at % 2 == 0,
            )
        )
    Completion.objects.bulk_create(rows)


def _asked(run: Run, now: datetime) -> None:
    """One absence that waits and one excused, more time that waits and more time granted, and help offered."""
    lead, helper = run.staff[0], run.staff[-1]
    to_come = min(
        (row for row in run.sessions.values() if row.event.starts_at > now),
        key=lambda row: row.event.starts_at,
    )
    Absence.objects.create(
        enrolment=run.learners[2],
        session=to_come,
        reason=Absence.Reason.EXAM,
        text="My chemistry midterm was moved to that evening.",
        asked_at=now - timedelta(hours=7),
    )
    missed = next(
        (
            (standing.enrolment, meeting.session)
            for standing in progress.of_many(run.offering, run.learners[3:9], now)
            for meeting in standing.meetings
            if meeting.state == "absent"
        ),
        (run.learners[3], to_come),
    )
    Absence.objects.create(
        enrolment=missed[0],
        session=missed[1],
        state=Absence.State.EXCUSED,
        reason=Absence.Reason.ILLNESS,
        asked_at=missed[1].event.starts_at - timedelta(hours=5),
        decided_by=lead,
        decided_at=missed[1].event.starts_at - timedelta(hours=2),
    )
    current = run.assignments[3]
    ExtensionRequest.objects.create(
        enrolment=run.learners[5],
        assignment=current,
        days=2,
        reason=Deviation.Reason.EXAMS,
        asked_at=now - timedelta(hours=3),
    )
    granted_at = now - timedelta(days=1)
    ExtensionRequest.objects.create(
        enrolment=run.learners[6],
        assignment=current,
        days=2,
        reason=Deviation.Reason.ILLNESS,
        state=ExtensionRequest.State.GRANTED,
        asked_at=granted_at - timedelta(hours=4),
        decided_by=lead,
        decided_at=granted_at,
    )
    Deviation.objects.create(
        enrolment=run.learners[6],
        assignment=current,
        extra_days=2,
        reason=Deviation.Reason.ILLNESS,
        granted_by=lead,
        granted_at=granted_at,
    )
    MarkChange.objects.create(
        enrolment=run.learners[6],
        assignment=current,
        kind=MarkChange.Kind.EXTENSION,
        value="2 days more",
        why="asked for",
        by=lead,
        at=granted_at,
    )
    flagged = run.learners[FLAGGED]
    HelpOffer.objects.create(
        enrolment=flagged, helper=helper, offered_by=lead, offered_at=now - timedelta(days=4)
    )
    LearnerNote.objects.create(
        enrolment=flagged,
        author=lead,
        text="We agreed to start with HW2 together on Thursday, before the party.",
        created_at=now - timedelta(days=4),
    )
