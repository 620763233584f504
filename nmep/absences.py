"""Saying that one cannot come, and what a lead makes of it. An excused class does not count as missed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from events import registrations
from events.locking import locked_event
from events.models import Attendance, Event
from members import audit
from members.ledger import at, tell
from members.models import User
from mlclub.refusal import Refused
from nmep import acts, people
from nmep.models import Absence, Enrolment, Offering, Session
from nmep.notifications import RequestAnswered, RequestWaits
from nmep.progress import LATE_AFTER, came_late

#: So long after a class one may still say why one was not there.
AFTERWARDS = timedelta(days=14)


class AlreadyAnswered(Refused):
    """Another lead was faster."""


def askable(enrolment: Enrolment, now: datetime) -> list[Session]:
    """The classes that a learner may ask to be excused from: those to come, and those of the last two weeks."""
    answered = Absence.objects.filter(enrolment=enrolment).exclude(state=Absence.State.ASKED)
    return list(
        Session.objects.classes()
        .filter(offering=enrolment.offering, event__state="scheduled")
        .filter(event__ends_at__gte=max(now - AFTERWARDS, enrolment.created_at))
        .exclude(pk__in=answered.values("session"))
        .exclude(event__attendances__user=enrolment.person_id)
        .select_related("event")
        .order_by("event__starts_at")
    )


@transaction.atomic
def ask(enrolment: Enrolment, session: Session, *, reason: str, text: str, now: datetime) -> Absence:
    """Say that one cannot come. Asking again changes the words as long as no lead has answered."""
    enrolment = acts.locked(enrolment)
    if not enrolment.is_learning:
        raise Refused("You are not learning in this offering any more.")
    enrolment.offering.check_changes()
    absence, is_new = Absence.objects.get_or_create(
        enrolment=enrolment,
        session=session,
        defaults={"reason": reason, "text": text, "asked_at": now},
    )
    if is_new:
        for lead in people.leads_of(enrolment.offering):
            tell(RequestWaits, lead, about=absence, now=now)
    elif absence.state == Absence.State.ASKED:
        Absence.objects.filter(pk=absence.pk).update(reason=reason, text=text)
        absence.refresh_from_db()
    else:
        raise Refused(f"A lead has answered this already: {absence.get_state_display().lower()}.")
    return absence


def take_back(absence: Absence) -> bool:
    """The learner comes after all; False when a lead has answered meanwhile."""
    waiting = Absence.objects.waiting().exclude(enrolment__offering__state=Offering.State.ARCHIVED)
    deleted, _ = waiting.filter(pk=absence.pk).delete()
    return bool(deleted)


@transaction.atomic
def answer(absence: Absence, *, is_excused: bool, by: User, now: datetime, why: str = "") -> Absence:
    """Excuse or decline. A lead may change their mind; the learner is told that there is an answer, not which.

    Raises AlreadyAnswered when somebody has answered since `absence` was read.
    """
    acts.guard(absence.enrolment, by, "absence-answered", why)
    state = Absence.State.EXCUSED if is_excused else Absence.State.DECLINED
    won = Absence.objects.filter(pk=absence.pk, state=absence.state).update(
        state=state, decided_by=by, decided_at=now
    )
    if not won or absence.state == state:
        now_is = Absence.objects.select_related("decided_by").filter(pk=absence.pk).first()
        if now_is is None:
            raise Refused("It was taken back: they come after all.")
        who = now_is.decided_by.display_name if now_is.decided_by else "Somebody"
        raise AlreadyAnswered(f"{who} has answered this already: {now_is.get_state_display().lower()}.")
    absence.state, absence.decided_by, absence.decided_at = state, by, now
    tell(RequestAnswered, absence.enrolment.person, about=absence, slot=at(now), now=now)
    return absence


def waiting_in(offering: Offering) -> list[Absence]:
    """What waits for a lead, the nearest class first."""
    rows = Absence.objects.waiting().filter(enrolment__offering=offering)
    return list(
        rows.select_related("enrolment__person", "session__event").order_by("session__event__starts_at")
    )


# ── Attendance, where check-in was forgotten ──


@transaction.atomic
def set_attendance(session: Session, states: Mapping[Enrolment, str], *, by: User, now: datetime) -> int:
    """Write down who was there: here, late, excused or absent by learner. Returns how many it changed.

    Raises Refused before the class has begun.
    """
    event = locked_event(session.event)
    if event.starts_at > now:
        raise Refused("This class has not begun yet.")
    there = {row.user_id: row for row in Attendance.objects.filter(event=event, user__isnull=False)}
    asked = {row.enrolment_id: row for row in Absence.objects.filter(session=session)}
    changes: list[int] = []
    for enrolment, state in states.items():
        before = state_of(event, there.get(enrolment.person_id), asked.get(enrolment.pk))
        if before == state or (before == "asked" and state == "absent"):
            continue
        acts.guard(enrolment, by, "attendance-set", f"attendance: {state}")
        changes.append(enrolment.person_id)
        row = there.get(enrolment.person_id)
        if row is not None:
            registrations.undo_check_in(event, row.pk)
        if state in ("here", "late"):
            came_at = (
                event.starts_at if state == "here" else min(event.starts_at + 2 * LATE_AFTER, event.ends_at)
            )
            registrations.check_in(
                event, enrolment.person, source=Attendance.Source.STAFF, by=by, now=came_at
            )
        elif state == "excused":
            Absence.objects.update_or_create(
                enrolment=enrolment,
                session=session,
                defaults={"state": Absence.State.EXCUSED, "decided_by": by, "decided_at": now},
                create_defaults={
                    "state": Absence.State.EXCUSED,
                    "decided_by": by,
                    "decided_at": now,
                    "asked_at": now,
                },
            )
        elif before == "excused":
            Absence.objects.filter(enrolment=enrolment, session=session).update(
                state=Absence.State.DECLINED, decided_by=by, decided_at=now
            )
    if changes:
        # Whose, and not what: that somebody was excused is for the leads, the trail for every officer who reads it.
        audit.record(by, "attendance-set", session, after={"people": changes})
    return len(changes)


def state_of(event: Event, came: Attendance | None, absence: Absence | None) -> str:
    """One of the keys of `requirements.Meeting.WORDS`."""
    if came is not None:
        return "late" if came_late(event, came.at) else "here"
    if absence is not None and absence.state != Absence.State.DECLINED:
        return "excused" if absence.state == Absence.State.EXCUSED else "asked"
    return "absent"
