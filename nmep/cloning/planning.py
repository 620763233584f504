"""Where every date of a term would fall in another one. Nothing here writes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db import models

from events.models import Slot
from members.models import Break, Term
from nmep.cloning.redating import Day, Holiday, Redated, holiday_of, redate, spoken
from nmep.models import Assignment, Milestone, Offering, OfferingSheet, Session


@dataclass(frozen=True)
class Wish:
    """Onto which term, from which day on, and without which days."""

    term: Term
    first_on: date
    holidays: tuple[Holiday, ...] = ()
    closes_gaps: bool = True

    @property
    def all_holidays(self) -> list[Holiday]:
        """Those that were typed, and the breaks of the term."""
        breaks = Break.objects.filter(term=self.term)
        return [*(Holiday(row.starts_on, row.ends_on, row.name) for row in breaks), *self.holidays]


@dataclass
class Line:
    """One date of the old term and where it would fall. `kind` is meeting, due, milestone or slot."""

    kind: str
    label: str
    before: datetime | None
    after: datetime | None
    notes: list[str] = field(default_factory=list)
    is_flagged: bool = False


@dataclass
class Plan:
    """What cloning would make of every date."""

    source: Offering
    wish: Wish
    lines: list[Line] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    starts: dict[int, datetime] = field(default_factory=dict)  # by the pk of the old session
    due_days: dict[tuple[type, int], int] = field(default_factory=dict)  # where a holiday made it later
    sessions: list[Session] = field(default_factory=list)
    slots: dict[int, datetime] = field(default_factory=dict)  # those with a time of their own, by old pk

    def moved(self, moment: datetime | None) -> datetime | None:
        """As far, on the wall, from the meeting before it as it was from the old one."""
        if moment is None or not self.sessions:
            return None
        local = moment.astimezone(self.source.zone)
        before = [session for session in self.sessions if planned(session) <= local]
        anchor = before[-1] if before else self.sessions[0]
        day = self.starts[anchor.pk].date() + (local.date() - planned(anchor).date())
        return datetime.combine(day, local.time(), tzinfo=self.source.zone)

    @property
    def rooms(self) -> list[str]:
        """Where the old term met, the most used first: a hint for whoever books."""
        counts = Counter(session.event.place for session in self.sessions if session.event.place)
        return [place for place, _ in counts.most_common(3)]

    @property
    def flagged(self) -> list[Line]:
        return [line for line in self.lines if line.is_flagged]

    @property
    def seal(self) -> str:
        """What somebody saw; another one means that the plan has changed since."""
        seen = [(line.kind, line.label, str(line.after)) for line in self.lines]
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def terms_for(source: Offering, today: date) -> list[Term]:
    """The terms that `source` can be cloned onto, the next one first: not over, and without this programme."""
    taken = Offering.objects.filter(program=source.program_id).values("term")
    rows = Term.objects.exclude(pk__in=taken).filter(ends_on__gte=today).order_by("starts_on")
    later = [term for term in rows if term.starts_on > source.term.starts_on]
    return later + [term for term in rows if term not in later]


def first_day(source: Offering, term: Term) -> date:
    """The day that stands in the new term where the first meeting stands in the old one."""
    sessions = _sessions(source)
    if not sessions:
        return term.starts_on
    old = planned(sessions[0]).date()
    of_old, of_new = (day - timedelta(days=day.weekday()) for day in (source.term.starts_on, term.starts_on))
    day = of_new + (old - of_old)
    while day < term.starts_on:
        day += timedelta(weeks=1)
    return day if day <= term.ends_on else term.starts_on + timedelta((old.weekday() - of_new.weekday()) % 7)


def plan(source: Offering, wish: Wish) -> Plan:
    """Where every date of `source` would fall; nothing is saved. Five queries."""
    made = Plan(source, wish, sessions=_sessions(source))
    holidays = wish.all_holidays
    placed = redate(
        [
            Day(session.pk, planned(session).date(), is_class=session.kind != Session.Kind.PARTY)
            for session in made.sessions
        ],
        first_on=wish.first_on,
        holidays=holidays,
        closes_gaps=wish.closes_gaps,
    )
    made.remarks = placed.remarks
    for session in made.sessions:
        _plan_session(made, session, placed)
    for row in _dated(source):
        _plan_due(made, row, holidays)
    for slot in _slots(source):
        _plan_slot(made, slot, holidays)
    _flag(made, holidays)
    made.lines.sort(
        key=lambda line: (
            line.after is None,
            line.after or datetime.max.replace(tzinfo=UTC),
            line.kind != "meeting",
        )
    )
    return made


def _sessions(source: Offering) -> list[Session]:
    rows = list(Session.objects.filter(offering=source).select_related("event").defer("search"))
    for row in rows:
        row.offering = source
    return sorted(rows, key=lambda row: (planned(row), row.seq))


def planned(session: Session) -> datetime:
    """When it was meant to be, on the wall: where it stood before somebody moved it for that term's reasons."""
    event = session.event
    return (event.original_starts_at or event.starts_at).astimezone(session.offering.zone)


def _plan_session(made: Plan, session: Session, placed: Redated) -> None:
    before = planned(session)
    after = datetime.combine(placed.on[session.pk], before.time(), tzinfo=session.offering.zone)
    made.starts[session.pk] = after
    line = Line("meeting", str(session), before, after)
    if session.event.is_exception:
        line.notes.append(
            f"That term it was moved to {spoken(session.event.starts_at.astimezone(after.tzinfo).date())}."
        )
    if session.event.is_cancelled:
        line.notes.append("That term it was cancelled.")
    if session.pk in placed.notes:
        line.notes.append(placed.notes[session.pk])
    made.lines.append(line)


def _dated(source: Offering) -> list[Assignment | Milestone]:
    """What has a due date or should have one; what was withdrawn is not carried."""
    work = carried_work(source).select_related("due_session__event").defer("text", "search")
    dates = Milestone.objects.filter(offering=source).select_related("due_session__event")
    rows: list[Assignment | Milestone] = [*work, *dates]
    for row in rows:
        row.offering = source
        if row.due_session is not None:
            row.due_session.offering = source
    return rows


def carried_work(source: Offering) -> models.QuerySet[Assignment]:
    return Assignment.objects.filter(offering=source).exclude(state=Assignment.State.WITHDRAWN)


def _plan_due(made: Plan, row: Assignment | Milestone, holidays: Sequence[Holiday]) -> None:
    zone = made.source.zone
    kind, label = ("due", f"{row} is due") if isinstance(row, Assignment) else ("milestone", str(row))
    if row.due_session_id is None or row.due_session is None:
        given = row.due_at.astimezone(zone) if isinstance(row, Assignment) and row.due_at else None
        line = Line(
            kind, label, given, None, ["It follows no meeting: give it one in the draft."], is_flagged=True
        )
        made.lines.append(line)
        return
    before = planned(row.due_session).date() + timedelta(days=row.due_days)
    day = made.starts[row.due_session_id].date() + timedelta(days=row.due_days)
    line = Line(
        kind,
        label,
        datetime.combine(before, row.due_time, tzinfo=zone),
        None,
    )
    hit = holiday_of(day, holidays)
    while holiday_of(day, holidays) and day <= made.wish.term.ends_on:
        day += timedelta(days=1)
    if hit:
        line.notes.append(f"{hit} is a holiday: due on the first day after it.")
        made.due_days[(type(row), row.pk)] = (day - made.starts[row.due_session_id].date()).days
    line.after = datetime.combine(day, row.due_time, tzinfo=zone)
    made.lines.append(line)


def _slots(source: Offering) -> list[Slot]:
    sheets = OfferingSheet.objects.filter(offering=source).values("sheet")
    rows = Slot.objects.filter(sheet__in=sheets, withdrawn_at=None).select_related("sheet", "event")
    return list(rows.order_by("sheet", "position", "pk"))


def _plan_slot(made: Plan, slot: Slot, holidays: Sequence[Holiday]) -> None:
    """A slot of a meeting goes with it; one with a time of its own keeps its distance to the meeting before it."""
    line = Line("slot", str(slot), None, None)
    owner = next((session for session in made.sessions if session.event_id == slot.event_id), None)
    if owner is not None:
        minutes = timedelta(minutes=slot.after_minutes)
        line.before, line.after = planned(owner) + minutes, made.starts[owner.pk] + minutes
    elif slot.event_id:
        line.notes.append("Its event is none of the programme's: give it a time in the draft.")
        line.is_flagged = True
    elif slot.starts_at:
        line.before = slot.starts_at.astimezone(made.source.zone)
        line.after = made.moved(slot.starts_at)
        hit = holiday_of(line.after.date(), holidays) if line.after else None
        while (
            line.after
            and holiday_of(line.after.date(), holidays)
            and line.after.date() <= made.wish.term.ends_on
        ):
            line.after += timedelta(days=1)
        if hit:
            line.notes.append(f"{hit} is a holiday: on the first day after it.")
        if line.after:
            made.slots[slot.pk] = line.after
    else:
        return
    made.lines.append(line)


def _flag(made: Plan, holidays: Sequence[Holiday]) -> None:
    """Mark what falls outside the new term or on a holiday, and say when the weekday is another."""
    term = made.wish.term
    for line in made.lines:
        if line.after is None:
            continue
        day = line.after.date()
        if not term.starts_on <= day <= term.ends_on:
            line.is_flagged = True
            line.notes.append(f"Outside {term} ({spoken(term.starts_on)} to {spoken(term.ends_on)}).")
        elif hit := holiday_of(day, holidays):
            line.is_flagged = True
            line.notes.append(f"On a holiday: {hit}.")
        if line.before and line.before.weekday() != day.weekday() and not line.notes:
            line.notes.append(f"{line.before:%A} becomes {day:%A}.")
