"""Oral results and lectures without a lecturer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.urls import reverse

from events.models import Event, Talk
from members.ledger import Category, Due, Kind, at, kind
from members.models import Notification
from nmep.models import Offering, OfferingSheet, Session

DAY = timedelta(days=1)
OFFSETS = {"7d": 7 * DAY, "2d": 2 * DAY}
LECTURE_CHECKLIST = {
    "7d": [
        "The outline of the module is read, and you know what comes before and after it.",
        "You have an exercise that takes ten minutes.",
        "Three things that everybody should take home are written down.",
    ],
    "2d": [
        "The link to the slides stands at the class.",
        "The exercise stands there too.",
        "The takeaways are on the last slide.",
    ],
}


@kind(
    "nmep-oral-result",
    label="Results of your oral exam",
    template="nmep/mail/oral_result",
    category=Category.TRANSACTIONAL,
    why="because you sat an oral exam",
)
class OralResultThere(Kind):
    """That it is there; never what it says."""

    def context(self, row: Notification) -> dict[str, Any]:
        own = OfferingSheet.objects.select_related("offering__program", "offering__term").get(pk=row.about_pk)
        return {"offering": own.offering, "url": f"{settings.SITE_URL}{own.get_absolute_url()}"}


def take_url(session: Session) -> str:
    return settings.SITE_URL + reverse("nmep:lecture_take", args=[session.offering.slug, session.pk])


def whole(pk: int) -> Session | None:
    return (
        Session.objects.select_related("event", "offering__program", "offering__term").filter(pk=pk).first()
    )


def is_taught(session: Session) -> bool:
    """Whether somebody is down for a class, with or without an account."""
    talks = Talk.objects.filter(event=session.event_id).prefetch_related("speakers")
    return any(talk.names for talk in talks)


@kind(
    "nmep-lecture-wanted",
    label="Classes that want a lecturer",
    template="nmep/mail/lecture_wanted",
    category=Category.ANNOUNCEMENT,
    why="because you know this topic, or offered to teach",
)
class LectureWanted(Kind):
    """Asked once for each offering, whatever weeks are open; those that found somebody are left out."""

    def sessions(self, row: Notification) -> list[Session]:
        wanted = Session.objects.filter(pk__in=row.data["sessions"], event__state=Event.State.SCHEDULED)
        rows = wanted.select_related("event", "offering__program", "offering__term").order_by(
            "event__starts_at"
        )
        return [session for session in rows if not is_taught(session)]

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        open_ones = [session for session in self.sessions(row) if session.event.starts_at > now]
        return bool(open_ones) or "somebody teaches it"

    def context(self, row: Notification) -> dict[str, Any]:
        sessions = self.sessions(row)
        return {
            "offering": Offering.objects.select_related("program", "term").get(pk=row.about_pk),
            "classes": [{"session": session, "url": take_url(session)} for session in sessions],
            "url": take_url(sessions[0]) if sessions else settings.SITE_URL,
        }


@kind(
    "nmep-lecture-dropped",
    label="Lecturers who cannot come",
    template="nmep/mail/lecture_dropped",
    category=Category.TRANSACTIONAL,
    why="because you lead this programme",
)
class LectureDropped(Kind):
    """A lecturer gave a class back."""

    def context(self, row: Notification) -> dict[str, Any]:
        session = Session.objects.select_related("event", "offering").get(pk=row.about_pk)
        page = reverse("nmep:lecturer_list", args=[session.offering.slug])
        return {"session": session, "who": row.data.get("who", ""), "url": f"{settings.SITE_URL}{page}"}


@kind(
    "nmep-lecture-reminder",
    label="Reminders of classes you teach",
    template="nmep/mail/lecture_reminder",
    category=Category.REMINDER,
    why="because you teach this class",
)
class LectureReminder(Kind):
    """A week and two days before, with what should be ready; to whoever stands as speaker at that moment."""

    def due(self, now: datetime) -> Iterable[Due]:
        longest = max(OFFSETS.values())
        session = Session.objects.classes().filter(
            event=OuterRef("talk__event"), offering__in=Offering.objects.live()
        )
        rows = (
            Talk.speakers.through.objects.filter(
                talk__event__starts_at__gt=now,
                talk__event__starts_at__lte=now + longest,
                talk__event__state=Event.State.SCHEDULED,
            )
            .filter(Exists(session))
            .values_list("user", "talk__event")
        )
        people = list(rows)
        sessions = {
            row.event_id: row
            for row in Session.objects.filter(event__in={event for _, event in people}).select_related(
                "event"
            )
        }
        for person, event in dict.fromkeys(people):
            starts_at = sessions[event].event.starts_at
            for name, offset in OFFSETS.items():
                due_at = starts_at - offset
                ends = starts_at - OFFSETS["2d"] if name == "7d" else starts_at
                if due_at <= now < ends:
                    yield Due(
                        person, sessions[event], slot=at(starts_at, name), due_at=due_at, expires_at=ends
                    )

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        session = whole(int(row.about_pk))
        if session is None or session.event.is_cancelled:
            return "the class was cancelled"
        if row.slot.partition(" ")[0] != at(session.event.starts_at):
            return "the class moved"
        if session.event.has_begun(now):
            return "the class has begun"
        teaches = Talk.objects.filter(event=session.event, speakers=row.person_id).exists()
        return teaches or "somebody else teaches it"

    def context(self, row: Notification) -> dict[str, Any]:
        session = Session.objects.select_related("event", "offering").get(pk=row.about_pk)
        name = row.slot.rpartition(" ")[2]
        page = reverse("nmep:lecture_take", args=[session.offering.slug, session.pk])
        return {
            "session": session,
            "checklist": LECTURE_CHECKLIST[name],
            "span": "a week" if name == "7d" else "two days",
            "url": f"{settings.SITE_URL}{page}",
        }
