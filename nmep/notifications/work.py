"""Being enrolled, handing in, being reviewed. A mail says that a review is there, never what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from members.ledger import Category, Due, Kind, at, kind
from members.models import Notification
from nmep.models import (
    Assignment,
    Deviation,
    Enrolment,
    Offering,
    Review,
    Session,
    Submission,
    SubmissionAuthor,
)


def link(obj: Any) -> str:
    return f"{settings.SITE_URL}{obj.get_absolute_url()}"


@kind(
    "nmep-welcome",
    label="Welcome to a programme",
    template="nmep/mail/welcome",
    category=Category.TRANSACTIONAL,
    why="because you were enrolled",
)
class Welcome(Kind):
    """Somebody is in: what it is, and its first three dates."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        if Enrolment.objects.active().filter(pk=row.about_pk).exists():
            return True
        return "not enrolled any more"

    def context(self, row: Notification) -> dict[str, Any]:
        enrolment = Enrolment.objects.select_related("offering__program", "offering__term").get(
            pk=row.about_pk
        )
        sessions = Session.objects.filter(
            offering=enrolment.offering, event__starts_at__gte=row.created_at, event__state="scheduled"
        )
        return {
            "offering": enrolment.offering,
            "sessions": sessions.select_related("event").order_by("event__starts_at")[:3],
            "url": link(enrolment.offering),
        }


@kind(
    "nmep-receipt",
    label="Receipts for hand-ins",
    template="nmep/mail/receipt",
    category=Category.TRANSACTIONAL,
    why="because you handed something in",
)
class Receipt(Kind):
    """What was handed in, when, and the fingerprint of each piece."""

    def context(self, row: Notification) -> dict[str, Any]:
        submission = Submission.objects.select_related("assignment__offering", "handed_in_by").get(
            pk=row.about_pk
        )
        author = SubmissionAuthor.objects.filter(
            submission=submission, enrolment__person=row.person_id
        ).first()
        return {
            "submission": submission,
            "assignment": submission.assignment,
            "pieces": submission.pieces.select_related("part"),
            "author": author,
            "url": link(submission.assignment),
        }


@kind(
    "nmep-homework-reminder",
    label="Homework reminders",
    template="nmep/mail/homework_reminder",
    category=Category.REMINDER,
    why="because this homework is due and nothing of yours has come in",
)
class HomeworkReminder(Kind):
    """Two days before the due date and six hours before, to those who have not handed in."""

    OFFSETS = {"48h": timedelta(hours=48), "6h": timedelta(hours=6)}

    def due(self, now: datetime) -> Iterable[Due]:
        longest = max(self.OFFSETS.values())
        soon = (
            Assignment.objects.released(now)
            .filter(offering__in=Offering.objects.live())
            # Somebody with more time is due later than everybody else, by 90 days at most.
            .filter(due_at__gt=now - timedelta(days=91), due_at__lte=now + longest)
            .select_related("offering")
        )
        for assignment in soon:
            yield from self._due_for(assignment, now)

    def _due_for(self, assignment: Assignment, now: datetime) -> Iterable[Due]:
        deviations: dict[int, list[Deviation]] = {}
        for row in Deviation.objects.filter(assignment=assignment):
            deviations.setdefault(row.enrolment_id, []).append(row)
        if assignment.due_at is None or (assignment.due_at <= now and not deviations):
            return
        handed_in = SubmissionAuthor.objects.filter(assignment=assignment).exclude(
            submission__state=Submission.State.DRAFT
        )
        waiting = (
            Enrolment.objects.active()
            .learners()
            .filter(offering=assignment.offering_id, created_at__lte=now)
            .exclude(pk__in=handed_in.values("enrolment"))
        )
        for enrolment in waiting:
            due_at = assignment.due_for(deviations.get(enrolment.pk, []))
            if due_at is None:
                continue
            for name, offset in self.OFFSETS.items():
                begins = due_at - offset
                # The 48-hour reminder gives way to the 6-hour one, so that an outage sends one, not two.
                ends = due_at - self.OFFSETS["6h"] if name == "48h" else due_at
                if begins <= now < ends:
                    yield Due(
                        person=enrolment.person_id,
                        about=assignment,
                        slot=at(due_at, name),
                        due_at=begins,
                        expires_at=ends,
                    )

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        assignment = Assignment.objects.select_related("offering").filter(pk=row.about_pk).first()
        if assignment is None or not assignment.is_released(now):
            return "not open any more"
        enrolment = (
            Enrolment.objects.active()
            .learners()
            .filter(offering=assignment.offering, person=row.person_id)
            .first()
        )
        if enrolment is None:
            return "not enrolled any more"
        handed_in = SubmissionAuthor.objects.filter(enrolment=enrolment, assignment=assignment)
        if handed_in.exclude(submission__state=Submission.State.DRAFT).exists():
            return "handed in meanwhile"
        due_at = assignment.due_for(
            list(Deviation.objects.filter(enrolment=enrolment, assignment=assignment))
        )
        if due_at is None or not row.slot.startswith(at(due_at)):
            return "the due date has moved"
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        assignment = Assignment.objects.select_related("offering").get(pk=row.about_pk)
        deviations = Deviation.objects.filter(enrolment__person=row.person_id, assignment=assignment)
        due_at = assignment.due_for(list(deviations))
        return {
            "assignment": assignment,
            "due_at": due_at,
            "is_last": row.slot.endswith("6h"),
            "url": link(assignment),
        }


@kind(
    "nmep-review-posted",
    label="Reviews of your work",
    template="nmep/mail/review_posted",
    category=Category.TRANSACTIONAL,
    why="because your work was reviewed",
)
class ReviewPosted(Kind):
    """That reviews are there, several of an hour in one mail; never what they say."""

    def reviews(self, row: Notification) -> list[Review]:
        """Those posted since the mail before this one, or in the two hours before this row."""
        earlier = Notification.objects.filter(
            person=row.person_id, kind=row.kind, about=row.about, status=Notification.Status.SENT
        ).exclude(pk=row.pk)
        last = earlier.aggregate(last=Max("sent_at"))["last"] or row.created_at - timedelta(hours=2)
        posted = Review.objects.filter(
            state=Review.State.POSTED,
            posted_at__gte=last,
            submission__authors__enrolment__person=row.person_id,
            submission__assignment__offering=row.about_pk,
        )
        return list(posted.select_related("submission__assignment__offering").order_by("posted_at"))

    def context(self, row: Notification) -> dict[str, Any]:
        reviews = self.reviews(row)
        assignments = list(dict.fromkeys(review.submission.assignment for review in reviews))
        return {
            "offering": Offering.objects.select_related("program", "term").get(pk=row.about_pk),
            "assignments": assignments,
            "url": link(assignments[0]) if len(assignments) == 1 else f"{settings.SITE_URL}/nmep/",
        }


@kind(
    "nmep-due-moved",
    label="Due dates that move",
    template="nmep/mail/due_moved",
    category=Category.TRANSACTIONAL,
    why="because you are in this programme and a due date has moved",
)
class DueMoved(Kind):
    """A due date is later than it was."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        assignment = Assignment.objects.filter(pk=row.about_pk).first()
        if assignment is None or assignment.due_at is None or row.slot != at(assignment.due_at):
            return "it has moved again"
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        assignment = Assignment.objects.select_related("offering").get(pk=row.about_pk)
        before = row.data.get("before")
        return {
            "assignment": assignment,
            "before": datetime.fromisoformat(before) if before else None,
            "late_until": assignment.closes_for([]),
            "url": link(assignment),
            "today": timezone.now(),
        }
