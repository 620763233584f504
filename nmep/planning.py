"""Which module comes in which week. The classes keep their dates; what is taught in them is moved among them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Count

from events.models import Event, Talk
from members import audit
from members.models import User
from nmep.models import Module, ModuleNeed, Offering, Session

#: Titles that say nothing yet; a module that is picked takes their place.
PLACEHOLDER = re.compile(r"(class|week|session|lecture)?\s*\d*|to be planned|tba|tbd", re.I)
TO_BE_PLANNED = "To be planned"


class Changed(Exception):
    """The plan is another than the one that was looked at."""


class Closed(Exception):
    """The offering is archived."""


class Misplaced(Exception):
    """Numbers that do not go together; `errors` has a sentence for each class by its key."""

    def __init__(self, errors: dict[int, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True)
class Content:
    """What a class is about, apart from when it is. `origin` is the class in which it stands now."""

    origin: int
    title: str
    summary: str
    module: Module | None


@dataclass(frozen=True)
class Wish:
    """What somebody asked for a class: the number of its content's new place, and a module."""

    place: int
    module: Module | None


@dataclass(frozen=True)
class Problem:
    """A module that stands before one that it builds on, or without it."""

    module: Module
    needed: Module
    is_strong: bool
    #: The two classes, with the one that is needed last; none if the needed module is not in the plan.
    early: Session | None = None
    late: Session | None = None
    can_swap: bool = False

    def __str__(self) -> str:
        verb = "needs" if self.is_strong else "is better after"
        if self.late is None:
            return f"{self.module} {verb} {self.needed}, which is not in this plan"
        return f"{self.module} {verb} {self.needed} (week {self.late.week})"

    @property
    def is_order(self) -> bool:
        return self.late is not None

    @property
    def swap(self) -> str:
        """How a button names the two classes."""
        return f"{self.early.pk}:{self.late.pk}" if self.early and self.late else ""


@dataclass
class Plan:
    """Classes by date, and what is to be taught in each."""

    sessions: list[Session]
    contents: list[Content]
    now: datetime
    problems: list[Problem] = field(default_factory=list)

    @property
    def blocking(self) -> list[Problem]:
        """What is worth stopping for: a module before one that it strongly needs."""
        return [problem for problem in self.problems if problem.is_strong and problem.is_order]

    @property
    def notes(self) -> list[Problem]:
        return [problem for problem in self.problems if not (problem.is_strong and problem.is_order)]

    def places(self) -> dict[int, int]:
        """For the content of each class, the number of the place where it stands in this plan."""
        return {content.origin: n for n, content in enumerate(self.contents, start=1)}

    def swapped(self, pair: str) -> Plan:
        """The same plan with the contents of two classes changed over; another plan if both may be moved."""
        keys = {str(session.pk): n for n, session in enumerate(self.sessions) if is_open(session, self.now)}
        one, _, two = pair.partition(":")
        if one not in keys or two not in keys:
            return self
        contents = list(self.contents)
        contents[keys[one]], contents[keys[two]] = contents[keys[two]], contents[keys[one]]
        return judged(Plan(self.sessions, contents, self.now))


def is_open(session: Session, now: datetime) -> bool:
    """Whether what is taught in a class may still be changed: it has not begun."""
    return session.event.starts_at > now


def classes(offering: Offering) -> list[Session]:
    """The classes of an offering that take place, by date, with `materials` counted; one query."""
    rows = (
        Session.objects.classes()
        .filter(offering=offering, event__state=Event.State.SCHEDULED)
        .select_related("event", "module")
        .defer("search", "event__search", "event__description", "module__search")
        .annotate(materials=Count("event__materials"))
        .order_by("event__starts_at", "seq")
    )
    found: list[Session] = list(rows)
    for session in found:
        session.offering = offering
    return found


def seal(sessions: Iterable[Session]) -> str:
    """A word that changes whenever the plan does."""
    said = "|".join(
        f"{row.pk},{row.module_id},{row.title},{row.summary},{row.event.starts_at.isoformat()}"
        for row in sessions
    )
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def stands(sessions: Sequence[Session], now: datetime) -> Plan:
    """The plan as it is stored."""
    contents = [Content(row.pk, row.title, row.summary, row.module) for row in sessions]
    return judged(Plan(list(sessions), contents, now))


def arranged(sessions: Sequence[Session], wishes: Mapping[int, Wish], now: datetime) -> Plan:
    """The plan that the wishes ask for. What got another number takes that place; the rest keeps its order in what
    is left. Raises `Misplaced` for a place that is over or asked for twice."""
    free = [n for n, session in enumerate(sessions, start=1) if is_open(session, now)]
    errors: dict[int, str] = {}
    taken: dict[int, Content] = {}
    rest: list[Content] = []
    for n, session in enumerate(sessions, start=1):
        wish = wishes.get(session.pk, Wish(n, session.module))
        if n not in free:
            taken[n] = Content(session.pk, session.title, session.summary, session.module)
            continue
        content = with_module(
            Content(session.pk, session.title, session.summary, session.module), wish.module
        )
        if wish.place == n:
            rest.append(content)
        elif wish.place not in free:
            said = "is over" if 1 <= wish.place <= len(sessions) else "does not exist"
            errors[session.pk] = f"Place {wish.place} {said}. Choose one of {free[0]} to {free[-1]}."
        elif wish.place in taken:
            errors[session.pk] = f"Two classes ask for place {wish.place}. Give one of them another number."
        else:
            taken[wish.place] = content
    if errors:
        raise Misplaced(errors)
    left = iter(rest)
    contents = [taken[n] if n in taken else next(left) for n in range(1, len(sessions) + 1)]
    return judged(Plan(list(sessions), contents, now))


def with_module(content: Content, module: Module | None) -> Content:
    """The content with another module. The module's title and text take the place of another module's, and of
    words that say nothing; what somebody wrote for a class without a module stays."""
    if module is None or module == content.module:
        return replace(content, module=module)
    if content.module is not None:
        return replace(content, module=module, title=module.title, summary=module.overview)
    return replace(
        content,
        module=module,
        title=module.title if PLACEHOLDER.fullmatch(content.title.strip()) else content.title,
        summary=content.summary or module.overview,
    )


def judged(plan: Plan) -> Plan:
    """The plan with what is wrong in its order; two queries."""
    at: dict[int, int] = {}
    modules: dict[int, Module] = {}
    for n, content in enumerate(plan.contents):
        if content.module is not None:
            at.setdefault(content.module.pk, n)
            modules[content.module.pk] = content.module
    plan.problems = []
    needs = ModuleNeed.objects.filter(module__in=modules).select_related("needed").defer("needed__search")
    for need in sorted(needs, key=lambda need: (at[need.module_id], need.strength, need.needed.title)):
        module, early = modules[need.module_id], at[need.module_id]
        late = at.get(need.needed_id)
        if late is None:
            plan.problems.append(Problem(module, need.needed, need.is_strong))
        elif late > early:
            one, two = plan.sessions[early], plan.sessions[late]
            plan.problems.append(
                Problem(
                    module,
                    need.needed,
                    need.is_strong,
                    early=one,
                    late=two,
                    can_swap=is_open(one, plan.now) and is_open(two, plan.now),
                )
            )
    return plan


@transaction.atomic
def save(offering: Offering, plan: Plan, *, seen: str, by: User, now: datetime) -> list[Session]:
    """Store the plan and return the classes that changed. Raises `Changed` if the plan is not the one that was
    `seen`, and `Closed` for an archived offering."""
    held = Offering.objects.select_for_update(of=("self",)).get(pk=offering.pk)
    if held.state == Offering.State.ARCHIVED:
        raise Closed
    current = classes(offering)
    if seal(current) != seen or [row.pk for row in current] != [row.pk for row in plan.sessions]:
        raise Changed
    changed = []
    for session, content in zip(current, plan.contents, strict=True):
        old = Content(content.origin, session.title, session.summary, session.module)
        if old == content:
            continue
        if not is_open(session, now):
            raise Changed
        _write(session, content)
        changed.append(session)
    if changed:
        audit.record(
            by,
            "plan-saved",
            offering,
            before={str(row.week): row.title for row in plan.sessions},
            after={
                str(row.week): content.title
                for row, content in zip(plan.sessions, plan.contents, strict=True)
            },
        )
    return changed


def _write(session: Session, content: Content) -> None:
    """Give a class its content. Its event and its talk follow where they had its title."""
    old = session.title
    session.title, session.summary, session.module = content.title, content.summary, content.module
    session.save(update_fields=["title", "summary", "module"])
    if content.title != old:
        Talk.objects.filter(event=session.event_id, title=old).update(title=content.title)
        if session.event.title == old:
            session.event.title = content.title
            session.event.save(update_fields=["title"])


# ── The level band ──


@dataclass(frozen=True)
class Span:
    """Weeks in a row of one level."""

    level: str
    label: str
    first: int
    last: int
    count: int

    @property
    def weeks(self) -> str:
        return f"week {self.first}" if self.first == self.last else f"weeks {self.first}–{self.last}"


def band(sessions: Iterable[Session]) -> list[Span]:
    """From which week to which a term is about fundamentals, modern methods, active research. Classes without a
    module belong to what stands before them."""
    spans: list[Span] = []
    for session in sessions:
        if session.kind != Session.Kind.CLASS or session.event.is_cancelled:
            continue
        level = session.module.level if session.module else spans[-1].level if spans else ""
        if not level:
            continue
        if spans and spans[-1].level == level:
            spans[-1] = replace(spans[-1], last=session.week, count=spans[-1].count + 1)
        else:
            spans.append(Span(level, Module.Level(level).label, session.week, session.week, 1))
    return spans
