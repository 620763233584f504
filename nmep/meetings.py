"""Moving and cancelling a meeting: what goes with it is shown first, and everybody is told in one mail.

People of the offering get the programme's mail, which names the due dates that shift; others who are registered get the
event's. Nobody gets both, nor a mail for each due date.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from events import schedule
from events.models import Claim, Event, Registration, Slot
from events.notifications import spoken, version_slot
from members import audit
from members.ledger import Due, Kind, tell_many
from members.models import Break, User
from mlclub.refusal import Refused
from nmep import deadlines
from nmep.deadlines import Shift
from nmep.models import Assignment, Enrolment, Milestone, Offering, Session
from nmep.notifications.meetings import MeetingCancelled, MeetingMoved


class ChangedMeanwhile(Refused):
    """Somebody else moved or cancelled it since it was looked at."""


@dataclass
class Effect:
    """What goes with a meeting, and who would be told."""

    shifts: list[Shift] = field(default_factory=list)
    opens: list[tuple[Assignment, datetime | None, datetime | None]] = field(default_factory=list)
    milestones: list[tuple[Milestone, datetime | None, datetime | None]] = field(default_factory=list)
    slots: list[tuple[Slot, list[Claim], datetime | None]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    mails: int = 0


@dataclass(frozen=True)
class Told:
    """What a change came to."""

    is_changed: bool
    mails: int = 0
    shifts: int = 0


# ── Looking ahead ──


def effect(session: Session, starts_at: datetime | None) -> Effect:
    """What moving `session` to `starts_at` (None: cancelling it) would come to; nothing is saved. Nine queries."""
    event, stood = session.event, session.event.starts_at
    found = Effect(mails=_count(session))
    then = starts_at or stood
    found.shifts = deadlines.preview(event, then)
    held = Slot.objects.filter(event=event, withdrawn_at=None).select_related("sheet", "event")
    claims: dict[int, list[Claim]] = {}
    for claim in Claim.objects.held().filter(slot__event=event).select_related("person"):
        claims.setdefault(claim.slot_id, []).append(claim)
    for slot in held.order_by("after_minutes", "position"):
        after = then + timedelta(minutes=slot.after_minutes) if starts_at else None
        found.slots.append((slot, [] if slot.sheet.hides_names else claims.get(slot.pk, []), after))
    session.event = event
    for row in Milestone.objects.filter(due_session=session):
        row.due_session = session
        found.milestones.append((row, *_both(session, then, row.due_by_rule)))
    opening = Assignment.objects.filter(open_session=session).exclude(state=Assignment.State.WITHDRAWN)
    for work in opening.defer("text", "search"):
        work.open_session, work.offering = session, session.offering
        found.opens.append((work, *_both(session, then, work.opens_by_rule)))
    if starts_at:
        found.warnings = _warnings(session, starts_at)
    return found


def _both(
    session: Session, then: datetime, rule: Callable[[], datetime | None]
) -> tuple[datetime | None, datetime | None]:
    """What a rule gives with the meeting where it stands, and where it would stand."""
    stood, before = session.event.starts_at, rule()
    session.event.starts_at = then
    after = rule()
    session.event.starts_at = stood
    return before, after


def _warnings(session: Session, starts_at: datetime) -> list[str]:
    offering = session.offering
    day = starts_at.astimezone(offering.zone).date()
    said = []
    if not offering.term.starts_on <= day <= offering.term.ends_on:
        said.append(f"That day is not in {offering.term}.")
    pause = Break.objects.filter(starts_on__lte=day, ends_on__gte=day).first()
    if pause is not None:
        said.append(f"That day is in a break: {pause}.")
    ends_at = starts_at + (session.event.ends_at - session.event.starts_at)
    other = (
        Session.objects.filter(offering=offering, event__starts_at__lt=ends_at, event__ends_at__gt=starts_at)
        .exclude(pk=session.pk)
        .exclude(event__state=Event.State.CANCELLED)
        .first()
    )
    if other is not None:
        said.append(f"{other} is at the same time.")
    return said


def _members(offering: Offering) -> list[int]:
    """Learners and staff of a live offering: who is told by the programme."""
    if not offering.is_live:
        return []
    active = Enrolment.objects.active().filter(offering=offering).exclude(role=Enrolment.Role.OBSERVER)
    return list(active.order_by("person").values_list("person", flat=True).distinct())


def _count(session: Session) -> int:
    own = set(_members(session.offering))
    registered = Registration.objects.live().filter(event=session.event_id).values_list("user", "email")
    return len(own) + len({(user, email) for user, email in registered if user not in own})


# ── Doing it ──


def _locked(session: Session, seen: int, now: datetime, *, is_cancel: bool = False) -> Session:
    """The session, its event locked and as somebody saw it."""
    Event.objects.select_for_update(no_key=True).get(pk=session.event_id)
    row = Session.objects.select_related("event", "offering__program", "offering__term").get(pk=session.pk)
    if row.offering.state == Offering.State.ARCHIVED:
        raise Refused("This term is archived. An officer can reopen it.")
    if row.event.is_cancelled:
        raise Refused("This meeting was cancelled already.")
    if row.offering.is_live and row.event.is_over(now):
        raise Refused("This meeting is over.")
    if row.event.schedule_version != seen:
        raise ChangedMeanwhile("Somebody changed this meeting meanwhile. Look again.")
    return row


@transaction.atomic
def move(
    session: Session,
    *,
    starts_at: datetime,
    place: str,
    seen: int,
    by: User,
    now: datetime,
) -> Told:
    """Give a meeting another time or place; what follows it follows, and everybody is told once.

    `seen` is the version of the schedule that was looked at. A second click changes and tells nothing.
    Raises `Refused`.
    """
    row = Session.objects.select_related("event").get(pk=session.pk)
    if (row.event.starts_at, row.event.place) == (starts_at, place) and not row.event.is_cancelled:
        return Told(is_changed=False)
    row = _locked(session, seen, now)
    event, offering = row.event, row.offering
    if offering.is_live and starts_at <= now:
        raise Refused("That time is in the past.")
    own = _members(offering)
    deadlines.reconcile(now, offering=offering)
    data: dict[str, Any] = {
        "was_when": spoken(event) if event.starts_at != starts_at else "",
        "was_where": event.where if event.place != place else "",
        "is_elsewhere": event.place != place,
    }
    before = {"starts_at": event.starts_at.isoformat(), "place": event.place}
    change = schedule.move(event, starts_at=starts_at, place=place, now=now, besides=own)
    shifts = deadlines.reconcile(now, offering=offering, tells=False)
    data["before"] = {
        str(shift.assignment.pk): shift.before.isoformat() if shift.before else "" for shift in shifts
    }
    mails = _tell(MeetingMoved, row, own, data, now)
    audit.record(
        by, "meeting-moved", row, before=before, after={"starts_at": starts_at.isoformat(), "place": place}
    )
    return Told(is_changed=True, mails=mails + change.mails, shifts=len(shifts))


@transaction.atomic
def cancel(session: Session, reason: str, *, seen: int, by: User, now: datetime) -> Told:
    """Call a meeting off. Due dates that follow it stay; everybody is told once. Raises `Refused`."""
    row = Session.objects.select_related("event").get(pk=session.pk)
    if row.event.is_cancelled:
        return Told(is_changed=False)
    row = _locked(session, seen, now)
    own = _members(row.offering)
    change = schedule.cancel(row.event, reason, now=now, besides=own)
    mails = _tell(MeetingCancelled, row, own, {}, now)
    audit.record(by, "meeting-cancelled", row, after={"reason": row.event.cancelled_reason})
    return Told(is_changed=True, mails=mails + change.mails)


def _tell(kind: type[Kind], session: Session, people: list[int], data: dict[str, Any], now: datetime) -> int:
    event = session.event
    return tell_many(
        kind,
        [
            Due(
                person=person,
                about=session,
                slot=version_slot(event),
                expires_at=max(event.ends_at, now + timedelta(hours=6)),
                data=data,
            )
            for person in people
        ],
        now=now,
    )
