"""A meeting that moves or is cancelled, told to the people of its offering: one mail with everything that shifts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from events.models import Claim, Event, Registration
from events.notifications import AboutEvent, spoken, version_slot, whose
from members.ledger import Category, kind
from members.models import Notification
from nmep.models import Assignment, Deviation, Enrolment, Milestone, Session
from nmep.notifications.work import link


class AboutMeeting(AboutEvent):
    """Messages whose subject is a session. Who is registered gets the calendar entry as well."""

    def sessions(self, row: Notification) -> QuerySet[Session]:
        rows = Session.objects.select_related("event", "offering__program", "offering__term")
        return rows.filter(pk=row.about_pk)

    def event(self, row: Notification) -> Event:
        return Event.objects.get(pk=Session.objects.values("event").filter(pk=row.about_pk)[:1])

    def found(self, row: Notification) -> Event | None:
        session = self.sessions(row).first()
        return session.event if session else None

    def is_registered(self, row: Notification) -> bool:
        event = Session.objects.filter(pk=row.about_pk).values("event")
        return Registration.objects.live().filter(whose(row), event__in=event).exists()

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        session = self.sessions(row).first()
        if session is None:
            return "it is not in the programme any more"
        if row.slot != version_slot(session.event):
            return "it changed again"
        here = Enrolment.objects.active().filter(offering=session.offering, person=row.person_id)
        return here.exists() or self.is_registered(row) or "not enrolled any more"

    def attachments(self, row: Notification) -> list[tuple[str, bytes, str]]:
        return super().attachments(row) if self.is_registered(row) else []

    def context(self, row: Notification) -> dict[str, Any]:
        session = self.sessions(row).get()
        event = session.event
        claims = Claim.objects.held().filter(slot__event=event, person=row.person_id)
        return {
            "session": session,
            "offering": session.offering,
            "event": event,
            "when": spoken(event),
            "due": self.due_dates(session, row),
            "milestones": list(
                Milestone.objects.filter(due_session=session).select_related("due_session__event")
            ),
            "claims": list(claims.select_related("slot__sheet", "slot__event")),
            "url": link(session),
            **row.data,
        }

    @staticmethod
    def due_dates(session: Session, row: Notification) -> list[dict[str, Any]]:
        """What is due with the meeting, for this person, and since when it is so."""
        before = row.data.get("before", {})
        work = Assignment.objects.filter(
            due_session=session, state=Assignment.State.PUBLISHED
        ).select_related("offering")
        deviations: dict[int, list[Deviation]] = {}
        for deviation in Deviation.objects.filter(
            enrolment__person=row.person_id, assignment__due_session=session
        ):
            deviations.setdefault(deviation.assignment_id, []).append(deviation)
        return [
            {
                "assignment": assignment,
                "at": assignment.due_for(deviations.get(assignment.pk, [])),
                "is_later": str(assignment.pk) in before,
            }
            for assignment in work.order_by("position").defer("text", "search")
        ]


@kind(
    "nmep-meeting-moved",
    label="Meetings of your programme that move",
    template="nmep/mail/meeting_moved",
    category=Category.TRANSACTIONAL,
    why="because you are in this programme",
)
class MeetingMoved(AboutMeeting):
    """Another time or place, with every due date that goes along."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        event = self.found(row)
        if event is not None and event.is_cancelled:
            return "the meeting was cancelled"
        return super().still_wanted(row, now)


@kind(
    "nmep-meeting-cancelled",
    label="Meetings of your programme that are cancelled",
    template="nmep/mail/meeting_cancelled",
    category=Category.TRANSACTIONAL,
    why="because you are in this programme",
)
class MeetingCancelled(AboutMeeting):
    """It does not take place, and what was due with it stays due."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        event = self.found(row)
        if event is not None and not event.is_cancelled:
            return "it takes place after all"
        return super().still_wanted(row, now)
