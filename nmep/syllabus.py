"""What a term looks like, week by week, to whoever looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max

from events.models import Event, Material, Talk
from members.models import User
from nmep import people
from nmep.models import Assignment, Milestone, Offering, Session


@dataclass
class Meeting:
    """One session with who teaches it and what it leaves behind."""

    session: Session
    teachers: list[User] = field(default_factory=list)
    other_teachers: list[str] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    #: Whether the reader may open its module in the library.
    shows_module: bool = False

    @property
    def event(self) -> Event:
        return self.session.event

    @property
    def is_unstaffed(self) -> bool:
        return not self.teachers and not self.other_teachers


@dataclass
class Week:
    """A week of an offering. `state` is past, now or next."""

    number: int
    state: str = "next"
    meetings: list[Meeting] = field(default_factory=list)
    opening: list[Assignment] = field(default_factory=list)
    due: list[Assignment] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)

    def __str__(self) -> str:
        return f"Week {self.number}"

    @property
    def main(self) -> Meeting | None:
        """The class of the week, or whatever else there is."""
        classes = [meeting for meeting in self.meetings if meeting.session.kind != Session.Kind.PARTY]
        return next(iter(classes or self.meetings), None)

    @property
    def others(self) -> list[Meeting]:
        return [meeting for meeting in self.meetings if meeting is not self.main]

    @property
    def materials(self) -> list[Material]:
        return [material for meeting in self.meetings for material in meeting.materials]


def shows_materials(offering: Offering, user: Any) -> bool:
    """Slides and notes are for people in the offering and for members, unless they are public."""
    if offering.shows_materials:
        return True
    if not user.is_authenticated:
        return False
    return user.standing.reads_members_area or people.reader(user, offering).belongs


def ends_of(offering: Offering) -> dict[int, datetime]:
    """When each week is over."""
    rows = Session.objects.filter(offering=offering).order_by().values_list("week")
    return dict(rows.annotate(last=Max("event__ends_at")))


def weeks(
    offering: Offering,
    user: Any,
    now: datetime,
    *,
    only: int | None = None,
    ends: Mapping[int, datetime] | None = None,
) -> list[Week]:
    """The weeks in order, or the one asked for, with when each of them `ends`; seven queries at most."""
    sessions = Session.objects.filter(offering=offering).select_related("event", "module").defer("search")
    if only is not None:
        sessions = sessions.filter(week=only)
    reads_all = user.is_authenticated and user.standing.reads_members_area
    by_week: dict[int, Week] = {}
    meetings: dict[int, Meeting] = {}
    for session in sessions.order_by("week", "event__starts_at", "seq"):
        session.offering = offering
        week = by_week.setdefault(session.week, Week(session.week))
        module = session.module
        meetings[session.event_id] = Meeting(
            session, shows_module=module is not None and (module.is_public or reads_all)
        )
        week.meetings.append(meetings[session.event_id])
    _add_teachers(meetings)
    if meetings and shows_materials(offering, user):
        for material in Material.objects.filter(event__in=meetings).shown(now):
            meetings[material.event_id].materials.append(material)
    _add_work(offering, by_week)
    found = [by_week[number] for number in sorted(by_week)]
    before = [end for number, end in (ends or {}).items() if only is not None and number < only]
    _mark(found, now, follows_past=bool(before) and max(before) <= now)
    return found


def _add_teachers(meetings: dict[int, Meeting]) -> None:
    for talk in Talk.objects.filter(event__in=meetings).prefetch_related("speakers"):
        meeting = meetings[talk.event_id]
        meeting.teachers += talk.speakers.all()
        meeting.other_teachers += [name.strip() for name in talk.speaker_names.split(",") if name.strip()]


def _add_work(offering: Offering, by_week: dict[int, Week]) -> None:
    rows = Assignment.objects.filter(offering=offering, state=Assignment.State.PUBLISHED)
    for row in rows.defer("text", "search").select_related("open_session", "due_session"):
        row.offering = offering
        if row.open_session and row.open_session.week in by_week:
            by_week[row.open_session.week].opening.append(row)
        if row.due_session and row.due_session.week in by_week:
            by_week[row.due_session.week].due.append(row)
    for milestone in Milestone.objects.filter(offering=offering).select_related("due_session__event"):
        if milestone.due_session and milestone.due_session.week in by_week:
            milestone.due_session.offering = offering
            by_week[milestone.due_session.week].milestones.append(milestone)


def _mark(found: list[Week], now: datetime, *, follows_past: bool = False) -> None:
    """Past once its last meeting is over; the first of the others is now, if a past week comes before it."""
    for week in found:
        if all(meeting.event.ends_at <= now for meeting in week.meetings):
            week.state = "past"
    current = next((week for week in found if week.state != "past"), None)
    if current is not None and (follows_past or any(week.state == "past" for week in found)):
        current.state = "now"


def week_now(found: list[Week]) -> int:
    """The number of the week it is, for "week 7 of 11"; 0 before the first."""
    current = next((week.number for week in found if week.state == "now"), 0)
    return current or max((week.number for week in found if week.state == "past"), default=0)
