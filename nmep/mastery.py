"""What somebody has seen of a learner's skills. A review that is done proposes; a person confirms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from members.models import User
from nmep import acts
from nmep.models import Assignment, Comment, Enrolment, Review, RubricMark, Skill, SkillMark, Submission
from nmep.progress import Progress
from nmep.requirements import Skilled


@transaction.atomic
def see(
    enrolment: Enrolment,
    skill: Skill | int,
    level: str,
    *,
    by: User,
    now: datetime,
    evidence: str = "",
    submission: Submission | int | None = None,
    link: str = "",
) -> SkillMark | None:
    """Write down how far a learner is; None when the latest entry says so already."""
    enrolment = acts.locked(enrolment)
    acts.not_ones_own(enrolment, by)
    acts.guard(enrolment, by, "skill-seen", evidence)
    entries = SkillMark.objects.filter(enrolment__person=enrolment.person_id, skill=skill)
    skill = skill.pk if isinstance(skill, Skill) else skill
    latest = SkillMark.fold(entries).get(skill)
    if latest is not None and latest.level == level:
        return None
    return SkillMark.objects.create(
        enrolment=enrolment,
        skill_id=skill,
        level=level,
        by=by,
        evidence=evidence,
        submission_id=submission.pk if isinstance(submission, Submission) else submission,
        link=link,
        # The latest counts, so an entry is never earlier than the one it follows.
        at=max(now, latest.at) if latest else now,
    )


def confirm(submission: Submission, skills: Collection[Skill], *, by: User, now: datetime) -> int:
    """The ticks of a review that is done: its authors have got these skills. Nobody is set back by it."""
    written = 0
    if not skills:
        return written
    for author in submission.authors.select_related("enrolment__offering", "enrolment__person"):
        if acts.is_frozen(author.enrolment):
            continue
        entries = SkillMark.objects.filter(enrolment__person=author.enrolment.person_id, skill__in=skills)
        held = SkillMark.fold(entries)
        for skill in skills:
            if skill.pk in held and held[skill.pk].level != SkillMark.Level.NOT_YET:
                continue
            evidence = f"Review of {submission.assignment.label}, version {submission.n}"
            written += bool(
                see(
                    author.enrolment,
                    skill,
                    SkillMark.Level.GOT_IT,
                    by=by,
                    now=now,
                    evidence=evidence,
                    submission=submission,
                )
            )
    return written


@dataclass(frozen=True)
class Proposal:
    """That work which is done speaks for a skill nobody has said anything about."""

    skill: Skilled
    assignment: Assignment
    submission: int


def proposals(standing: Progress) -> list[Proposal]:
    """What a lead may confirm with one tick."""
    done = {row.assignment.pk: row for row in standing.work if row.state == "done" and row.submission}
    found = []
    for skill in standing.skills:
        work = next((done[key] for key in skill.assignments if key in done), None)
        if not skill.level and work is not None and work.submission is not None:
            found.append(Proposal(skill, work.assignment, work.submission.pk))
    return found


# ── What is missing: a homework is a loop ──


@dataclass(frozen=True)
class Missing:
    """What a returned version still needs."""

    criteria: tuple[RubricMark, ...] = ()
    comments: tuple[Comment, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.criteria or self.comments)


def still_asked(marks: Iterable[RubricMark], comments: Iterable[Comment]) -> Missing:
    """What is still to be mended, of the posted marks of a version that went back and the comments on the work.

    These are the criteria that are not mastered, and the open comments that ask for a change: also those on
    earlier versions, which count until they are settled.
    """
    short = [mark for mark in marks if mark.level != RubricMark.Level.MASTERED]
    asked = [
        comment
        for comment in comments
        if comment.asks_for_change
        and comment.state == Comment.State.OPEN
        and comment.posted_at is not None
        and comment.parent_id is None
    ]
    return Missing(
        tuple(sorted(short, key=lambda mark: (mark.criterion.position, mark.pk))),
        tuple(sorted(asked, key=lambda comment: (comment.created_at, comment.pk))),
    )


def missing(enrolment: Enrolment, returned: Mapping[int, int]) -> dict[int, Missing]:
    """What is still to be mended, by assignment; `returned` gives the version that went back. Two queries."""
    if not returned:
        return {}
    marks = RubricMark.objects.filter(
        review__submission__in=returned.values(), review__state=Review.State.POSTED
    ).select_related("criterion")
    comments = (
        Comment.objects.filter(
            submission__authors__enrolment=enrolment,
            submission__assignment__in=returned,
            asks_for_change=True,
        )
        .select_related("submission__assignment__offering")
        .defer("submission__assignment__text", "submission__assignment__search")
    )
    criteria: dict[int, list[RubricMark]] = defaultdict(list)
    for mark in marks:
        criteria[mark.criterion.assignment_id].append(mark)
    asked: dict[int, list[Comment]] = defaultdict(list)
    for comment in comments:
        asked[comment.submission.assignment_id].append(comment)
    return {key: still_asked(criteria[key], asked[key]) for key in returned}
