from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from members.ledger import Category, Due, Kind, kind
from members.models import Notification, OfficeTerm
from mlclub.portal import digest, handover, readers


class DigestKind(Kind):
    """What all digests have in common: built for a whole batch when they are sent, and not sent when empty."""

    def due(self, now: datetime) -> Iterable[Due]:
        return readers.due(self.slug, now)

    def week_of(self, row: Notification) -> tuple[date, date]:
        """The days that the digest is about."""
        return readers.week_after(row.slot)

    def prepare(self, rows: Sequence[Notification]) -> None:
        """Build the digests of a whole batch with the queries of one."""
        together: dict[tuple[date, date], list[Notification]] = {}
        for row in rows:
            if row.person is not None:
                together.setdefault(self.week_of(row), []).append(row)
        for week, some in together.items():
            people = [row.person for row in some if row.person is not None]
            built = digest.build(people, week, some[0].due_at, self.slug)
            for row in some:
                row.built = built[row.person.pk]  # type: ignore[attr-defined, union-attr]

    def built(self, row: Notification) -> digest.Digest:
        """The digest of a row, from its batch, or made now where it is alone."""
        if not hasattr(row, "built"):
            self.prepare([row])
        answer: digest.Digest = row.built  # type: ignore[attr-defined]
        return answer

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return self.built(row).why_not or True

    def context(self, row: Notification) -> dict[str, Any]:
        return {"digest": self.built(row)}


@kind(
    readers.MEMBER,
    label="Your week, on Sunday evening",
    template="portal/mail/digest",
    category=Category.DIGEST,
    why="on Sundays because you are an active member, or help in a programme",
)
class WeeklyDigest(DigestKind):
    """What is due from a member, what comes, what is new."""


@kind(
    readers.NEW_MEMBER,
    label="Your week as a new member, on Sunday evening",
    template="portal/mail/new_member_digest",
    category=Category.DIGEST,
    why="on Sundays because you are new here, or learn in the new members' programme",
)
class NewMemberDigest(DigestKind):
    """The week of the programme: what is due, where class is, what waits to be read. It replaces the members' digest."""


@kind(
    readers.OFFICER,
    label="The club's week for officers, on Sunday evening",
    template="portal/mail/officer_digest",
    category=Category.DIGEST,
    why="on Sundays because you hold an office",
)
class OfficerDigest(DigestKind):
    """What needs a person, what moves, and the officer's own week. It replaces the members' digest."""


@kind(
    readers.COURSE,
    label="Your course, on the evening before class",
    template="portal/mail/course_digest",
    category=Category.DIGEST,
    why="on the evening before class because you take part in a course",
)
class CourseDigest(DigestKind):
    """The class of tomorrow and what is due, for whoever takes a course and is not in the club."""

    def due(self, now: datetime) -> Iterable[Due]:
        return readers.due_in_courses(now)

    def week_of(self, row: Notification) -> tuple[date, date]:
        day = readers.class_day(row.due_at)
        return day, day + timedelta(days=6)


@kind(
    readers.ALUMNI,
    label="What your club did, twice a term",
    template="portal/mail/alumni_digest",
    category=Category.DIGEST,
    why="twice a term because you asked for it as an alumnus or alumna",
    is_on=False,
)
class AlumniDigest(DigestKind):
    """Three numbers, two projects, who graduated, and one way to help."""


@kind(
    "office-handover",
    label="Handing over your office",
    template="portal/mail/handover",
    category=Category.REMINDER,
    why="because your office ends soon",
)
class Handover(Kind):
    """Three weeks, two and one before an office ends, until the page is written or the office is held on."""

    def due(self, now: datetime) -> Iterable[Due]:
        return handover.due(now)

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        term = OfficeTerm.objects.filter(pk=row.about_pk).first()
        if term is None or not row.slot.startswith(term.ends_on.isoformat()):
            return "the office ends on another day"
        if handover.holds_on(term):
            return "the office is held on"
        return not handover.is_written(term) or "the handover is written"

    def context(self, row: Notification) -> dict[str, Any]:
        term = OfficeTerm.objects.select_related("office").get(pk=row.about_pk)
        return {
            "term": term,
            "next": handover.successors(term),
            "url": f"{settings.SITE_URL}{reverse('wiki:page_create')}?template=handover",
        }
