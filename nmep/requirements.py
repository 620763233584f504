"""What a programme asks of everybody who learns in it. Progress, completion and the roster ask the same entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateTimeField, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject

from events.models import Claim, Event, Slot
from nmep.homework import Work
from nmep.models import (
    Absence,
    Capstone,
    CapstoneMember,
    CapstonePolicy,
    Offering,
    OfferingSheet,
    OralResult,
    Session,
    Skill,
    SkillMark,
)

SLOW_TO_MEND = timedelta(days=14)
#: So many skills of which somebody said "not yet" raise a flag.
NOT_YET = 2
MINUTE = timedelta(minutes=1)
#: So long before the last paper talk whoever has none is told.
LAST_CALL = timedelta(days=14)


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
    # The work that speaks for it.
    assignments: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name

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
            Skilled(row["pk"], row["name"], levels.get(row["pk"], ""), tuple(row["assignments"]))
            for row in self.enrolment.skills_json
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
    # Whether there is only one of it, so that nobody asks how many.
    is_single: bool = False

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
    asked = Absence.objects.filter(enrolment=OuterRef("pk")).order_by("session__event__starts_at", "pk")
    row = JSONObject(
        session="session",
        week="session__week",
        title="session__title",
        state="state",
        reason="reason",
        text="text",
        decided_at="decided_at",
    )
    return {"absences_json": ArraySubquery(asked.values(row=row))}


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
    shown_by = (
        Skill.assignments.through.objects.filter(skill=OuterRef("pk")).order_by("pk").values("assignment")
    )
    marks = SkillMark.objects.filter(
        enrolment__person=OuterRef("person"), skill__program=OuterRef("offering__program")
    )
    return {
        "skills_json": ArraySubquery(
            skills.values(row=JSONObject(pk="pk", name="name", assignments=ArraySubquery(shown_by)))
        ),
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


# ── Paper talks and orals: what is held on a sheet of the offering ──


def _held_on(kind: str) -> Mapping[str, Any]:
    """What somebody holds or held on the sheet of a kind, and when the last slot of the sheet begins."""
    sheets = OfferingSheet.objects.filter(offering=OuterRef(OuterRef("offering")), kind=kind).values("sheet")
    begins: Any = Coalesce(
        F("slot__event__starts_at") + Value(MINUTE) * F("slot__after_minutes"),
        F("slot__starts_at"),
        output_field=DateTimeField(),
    )
    claims = (
        Claim.objects.filter(person=OuterRef("person"), slot__sheet__in=sheets)
        .taking()
        .filter(slot__withdrawn_at=None)
        .exclude(slot__event__state=Event.State.CANCELLED)
        .annotate(begins=begins)
        .order_by("claimed_at", "pk")
    )
    last: Any = Slot.objects.offered().filter(sheet__in=sheets).with_times()
    return {
        f"{kind}_json": ArraySubquery(
            claims.values(row=JSONObject(state="state", begins="begins", minutes="slot__minutes"))
        ),
        f"{kind}_last_json": Subquery(last.exclude(begins=None).order_by("-begins").values("begins")[:1]),
    }


@dataclass(frozen=True)
class Held:
    """What somebody holds or held on one sheet."""

    given: int
    coming: datetime | None
    is_missed: bool
    last_slot: datetime | None

    @classmethod
    def read(cls, facts: Facts, kind: str) -> Held:
        given, coming, is_missed = 0, None, False
        for row in getattr(facts.enrolment, f"{kind}_json"):
            begins = datetime.fromisoformat(row["begins"]) if row["begins"] else None
            is_over = begins is not None and begins + MINUTE * row["minutes"] <= facts.now
            if row["state"] == Claim.State.MISSED:
                is_missed = True
            elif row["state"] == Claim.State.DONE or is_over:
                given += 1
            else:
                coming = begins or facts.now
        return cls(given, coming, is_missed, getattr(facts.enrolment, f"{kind}_last_json"))

    def is_pressing(self, now: datetime, *, ahead: timedelta = timedelta(0)) -> bool:
        """Whether nothing is held, and the last slot begins in less than `ahead` from now or is over."""
        return self.coming is None and self.last_slot is not None and self.last_slot - now < ahead


def _day(moment: datetime, facts: Facts) -> str:
    return f"{moment.astimezone(facts.offering.zone):%-d %b}"


def _paper(facts: Facts) -> Finding:
    held = Held.read(facts, OfferingSheet.Kind.PAPER)
    if held.given:
        return Finding(held.given, counted(held.given, "talk") + " given", "Given", "ok")
    if held.coming:
        return Finding(0, f"coming on {_day(held.coming, facts)}", _day(held.coming, facts))
    if held.last_slot is None:
        return Finding(0, "no talk yet")
    reasons: tuple[str, ...] = ()
    if held.is_missed:
        reasons = ("The paper talk was missed, and no other slot is taken.",)
    elif held.is_pressing(facts.now, ahead=LAST_CALL):
        reasons = ("No paper talk is taken, and the slots come to their end.",)
    return Finding(0, "no talk taken", "None", "warn", reasons)


def _oral_columns() -> Mapping[str, Any]:
    results = OralResult.objects.filter(enrolment=OuterRef("pk")).order_by("-at", "-pk")
    return {
        **_held_on(OfferingSheet.Kind.ORAL),
        "oral_result_json": Subquery(results.values("outcome")[:1]),
    }


def _oral(facts: Facts) -> Finding:
    held = Held.read(facts, OfferingSheet.Kind.ORAL)
    outcome = facts.enrolment.oral_result_json
    if outcome == OralResult.Outcome.PASSED:
        return Finding(1, "passed", "Passed", "ok")
    if held.coming:
        return Finding(0, f"coming on {_day(held.coming, facts)}", _day(held.coming, facts))
    if outcome == OralResult.Outcome.AGAIN:
        again = ("The oral exam was to be taken once more, and the slots are over.",)
        return Finding(0, "once more", "Once more", "warn", again if held.is_pressing(facts.now) else ())
    if held.given:
        return Finding(0, "taken, the result is to come", "Taken", "info")
    if held.last_slot is None:
        return Finding(0, "no exam yet")
    reasons: tuple[str, ...] = ()
    if held.is_missed or held.is_pressing(facts.now):
        reasons = ("The oral exam is missing.",)
    return Finding(0, "no slot taken", "None", "warn", reasons)


# ── Capstones ──


def _capstone_columns() -> Mapping[str, Any]:
    member = CapstoneMember.objects.live().filter(enrolment=OuterRef("pk"))
    closed = CapstonePolicy.objects.filter(offering=OuterRef("offering"))
    return {
        "capstone_group_json": ArraySubquery(
            member.values(
                row=JSONObject(
                    name="capstone__initiative__name",
                    state="capstone__state",
                    presented_at="capstone__presented_at",
                )
            )
        ),
        "capstone_closed_json": Subquery(closed.values("closed_at")[:1]),
    }


def _capstone(facts: Facts) -> Finding:
    row = next(iter(facts.enrolment.capstone_group_json), None)
    if row is None:
        if facts.enrolment.capstone_closed_json is None:
            return Finding(0, "in no group yet")
        return Finding(
            0, "in no group", "None", "warn", ("In no capstone group, and the groups are closed.",)
        )
    if row["presented_at"]:
        return Finding(1, f"{row['name']}, presented", row["name"], "ok")
    state = Capstone.State(row["state"]).label.lower()
    return Finding(0, f"{row['name']}, {state}", row["name"])


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

PAPER = Requirement(
    key="paper",
    label="Paper talk",
    words=lambda n, total: "a paper talk" if n == 1 else f"{n} paper talks",
    finding=_paper,
    columns=lambda: _held_on(OfferingSheet.Kind.PAPER),
    is_column=True,
)
ORAL = Requirement(
    key="oral",
    label="Oral",
    words=lambda n, total: "the oral exam",
    finding=_oral,
    columns=_oral_columns,
    is_column=True,
    is_single=True,
)
CAPSTONE = Requirement(
    key="capstone",
    label="Capstone",
    words=lambda n, total: "the capstone, presented",
    finding=_capstone,
    columns=_capstone_columns,
    is_column=True,
    is_single=True,
)

#: In the order in which they are told. A new one needs an entry here and nothing anywhere else.
EVERY = (ABSENCES, HOMEWORK, PAPER, ORAL, CAPSTONE, SKILLS)


def columns() -> dict[str, Any]:
    """What `findings` needs to know of an enrolment beside its homework and classes, in the enrolment's own query."""
    return {name: column for each in EVERY for name, column in each.columns().items()}


def findings(facts: Facts) -> dict[str, Finding]:
    """How one learner stands on each requirement, by its key."""
    return {each.key: each.finding(facts) for each in EVERY}
