"""What a programme asks of everybody who learns in it. Progress, completion and the roster ask the same entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from nmep.homework import Work
from nmep.models import Absence, Offering, Session, Skill, SkillMark

SLOW_TO_MEND = timedelta(days=14)
#: So many skills of which somebody said "not yet" raise a flag.
NOT_YET = 2


@dataclass(frozen=True)
class Meeting:
    """One class that was held and checked in to, for one learner. `state` is one of the keys of WORDS."""

    session: Session
    state: str

    #: state: (word, tone, mark of the row of ticks)
    WORDS = {
        "here": ("Here", "ok", "y"),
        "late": ("Late", "ok", "y"),
        "excused": ("Excused", "", "e"),
        "asked": ("Absent, asked to be excused", "warn", "n"),
        "absent": ("Absent", "bad", "n"),
    }

    @property
    def word(self) -> str:
        return self.WORDS[self.state][0]

    @property
    def tone(self) -> str:
        return self.WORDS[self.state][1]

    @property
    def tick(self) -> str:
        return self.WORDS[self.state][2]

    @property
    def is_there(self) -> bool:
        return self.state in ("here", "late")

    @property
    def is_missed(self) -> bool:
        """Whether it counts as missed: an excused class does not, one that waits for a lead still does."""
        return self.state in ("absent", "asked")


@dataclass(frozen=True)
class Skilled:
    """How far a learner is with one skill; without a level nobody has said anything yet."""

    skill: int
    name: str
    level: str = ""

    @property
    def is_got(self) -> bool:
        return self.level in (SkillMark.Level.GOT_IT, SkillMark.Level.CAN_TEACH)

    @property
    def word(self) -> str:
        return SkillMark.Level(self.level).label if self.level else "Not seen yet"

    @property
    def tone(self) -> str:
        return "ok" if self.is_got else "warn" if self.level else ""

    @property
    def icon(self) -> str:
        return {"can_teach": "academic-cap", "got_it": "check", "not_yet": "minus"}.get(self.level, "")


@dataclass(frozen=True)
class Facts:
    """What is known of one learner, a row with the columns of `columns()`."""

    enrolment: Any
    offering: Offering
    now: datetime
    work: tuple[Work, ...]
    meetings: tuple[Meeting, ...]

    @property
    def skills(self) -> tuple[Skilled, ...]:
        levels = {row["skill"]: row["level"] for row in self.enrolment.skill_marks_json}
        return tuple(
            Skilled(row["pk"], row["name"], levels.get(row["pk"], "")) for row in self.enrolment.skills_json
        )


@dataclass(frozen=True)
class Finding:
    """How a learner stands on one requirement.

    `count` is what the rule of completion compares, `detail` the same in words, `word` a short one for the
    roster with its `tone`, and `reasons` are why it raises a flag now.
    """

    count: int
    detail: str
    word: str = ""
    tone: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Requirement:
    """One line of what is asked. `words` says what `n` (of `total`) means."""

    key: str
    label: str
    words: Callable[[int, int], str]
    finding: Callable[[Facts], Finding]
    columns: Callable[[], Mapping[str, Any]] = dict
    total: Callable[[Offering], int] = lambda offering: 1
    is_limit: bool = False
    is_column: bool = False

    def is_met(self, finding: Finding, n: int) -> bool:
        return finding.count <= n if self.is_limit else finding.count >= n


def listed(names: Sequence[str]) -> str:
    """Names as one says them: "A, B and C"."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


# ── Homework ──


def _homework(facts: Facts) -> Finding:
    work = facts.work
    done = sum(1 for row in work if row.is_settled)
    reasons = [f"{row.assignment.label} was not handed in." for row in work if row.state == "missed"]
    overdue = [row.assignment.label for row in work if row.state == "overdue"]
    if len(overdue) > 1:
        reasons.append(f"{listed(overdue)} are overdue.")
    reasons += [
        f"{row.assignment.label} went back and has not been mended for two weeks."
        for row in work
        if row.state == "returned" and row.answered_at and facts.now - row.answered_at > SLOW_TO_MEND
    ]
    used, free = sum(row.late_days for row in work), facts.offering.slip_days
    if free and used > free:
        reasons.append(f"{counted(used, 'late day')} used; {free} {'is' if free == 1 else 'are'} free.")
    return Finding(done, f"{done} of {len(work)} done", reasons=tuple(reasons))


# ── Classes ──


def _absence_columns() -> Mapping[str, Any]:
    asked = Absence.objects.filter(enrolment=OuterRef("pk")).order_by("pk")
    return {"absences_json": ArraySubquery(asked.values(row=JSONObject(session="session", state="state")))}


def _absences(facts: Facts) -> Finding:
    missed = sum(1 for row in facts.meetings if row.is_missed)
    excused = sum(1 for row in facts.meetings if row.state == "excused")
    allowed = facts.offering.max_absences
    detail = f"{counted(missed, 'absence')}{f', {excused} more excused' if excused else ''}"
    reasons: tuple[str, ...] = ()
    if missed > allowed:
        reasons = (f"Missed {missed} classes; {allowed} {'is' if allowed == 1 else 'are'} allowed.",)
    return Finding(missed, detail, reasons=reasons)


# ── Skills ──


def _skill_columns() -> Mapping[str, Any]:
    """The skills of the programme, and what was seen of them: also in an earlier offering that somebody resumes."""
    skills = Skill.objects.filter(program=OuterRef("offering__program")).order_by("position", "name")
    marks = SkillMark.objects.filter(
        enrolment__person=OuterRef("person"), skill__program=OuterRef("offering__program")
    )
    return {
        "skills_json": ArraySubquery(skills.values(row=JSONObject(pk="pk", name="name"))),
        "skill_marks_json": ArraySubquery(
            marks.order_by("at", "pk").values(row=JSONObject(skill="skill", level="level"))
        ),
    }


def _skills(facts: Facts) -> Finding:
    skills = facts.skills
    got = sum(1 for row in skills if row.is_got)
    not_yet = [row.name for row in skills if row.level == SkillMark.Level.NOT_YET]
    reasons = []
    if len(not_yet) >= NOT_YET:
        reasons.append(f"Not yet: {listed(not_yet)}.")
        missed = sum(1 for row in facts.meetings if row.is_missed)
        if 0 < missed <= facts.offering.max_absences:
            reasons.append(f"Missed {missed} class{'' if missed == 1 else 'es'} as well.")
    return Finding(
        got,
        f"{got} of {len(skills)} got",
        word=f"{got}/{len(skills)}" if skills else "",
        tone="warn" if reasons else "",
        reasons=tuple(reasons),
    )


# ── All of them ──

HOMEWORK = Requirement(
    key="homework",
    label="Homework",
    words=lambda n, total: f"{n} of {total} homeworks done",
    finding=_homework,
    total=lambda offering: offering.assignments.filter(state="published").count(),
)
ABSENCES = Requirement(
    key="absences",
    label="Absences",
    words=lambda n, total: f"at most {counted(n, 'absence')}",
    finding=_absences,
    columns=_absence_columns,
    is_limit=True,
)
SKILLS = Requirement(
    key="skills",
    label="Skills",
    words=lambda n, total: f"{n} of {total} skills got",
    finding=_skills,
    columns=_skill_columns,
    total=lambda offering: offering.program.skills.count(),
    is_column=True,
)

#: In the order in which they are told. A new one needs its columns here and nothing anywhere else.
EVERY = (HOMEWORK, ABSENCES, SKILLS)


def columns() -> dict[str, Any]:
    """What `findings` needs to know of an enrolment beside its homework and classes, in the enrolment's own query."""
    return {name: column for each in EVERY for name, column in each.columns().items()}


def findings(facts: Facts) -> dict[str, Finding]:
    """How one learner stands on each requirement, by its key."""
    return {each.key: each.finding(facts) for each in EVERY}
