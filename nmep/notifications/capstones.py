"""Groups, mentors, steps, and what listeners said. A mail says that something is there, never what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from members.ledger import Category, Due, Kind, at, kind
from members.models import Notification, PairingMember
from nmep.models import Capstone, CapstoneMember, CapstoneStep, Milestone, Offering
from nmep.notifications.work import link


def _capstone(row: Notification) -> Capstone | None:
    return Capstone.objects.select_related("initiative", "offering").filter(pk=row.about_pk).first()


def _is_in(capstone: Capstone | int, person: int | None) -> bool:
    return CapstoneMember.objects.live().filter(capstone=capstone, enrolment__person=person).exists()


class AboutCapstone(Kind):
    """What concerns a group as a whole."""

    def context(self, row: Notification) -> dict[str, Any]:
        capstone = _capstone(row)
        return {"capstone": capstone, "url": link(capstone)}


class ForTheGroup(AboutCapstone):
    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return _is_in(int(row.about_pk), row.person_id) or "not in the group any more"


@kind(
    "nmep-capstone-placed",
    label="Your capstone group",
    template="nmep/mail/capstone_placed",
    category=Category.TRANSACTIONAL,
    why="because a lead put you into a capstone group",
)
class CapstonePlaced(ForTheGroup):
    """A lead found a group for somebody."""


@kind(
    "nmep-mentor-asked",
    label="Being asked to mentor a capstone",
    template="nmep/mail/mentor_asked",
    category=Category.TRANSACTIONAL,
    why="because a lead of the programme asks you to mentor a capstone",
)
class MentorAsked(AboutCapstone):
    """Somebody is asked to be a mentor; the button leads to a page that asks once more."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        asked = PairingMember.objects.filter(
            pairing=int(row.slot), person=row.person_id, answer=PairingMember.Answer.ASKED
        )
        return asked.exclude(pairing__state="ended").exists() or "answered or taken back meanwhile"

    def context(self, row: Notification) -> dict[str, Any]:
        capstone = _capstone(row)
        place = PairingMember.objects.select_related("pairing").get(
            pairing=int(row.slot), person=row.person_id
        )
        where = (
            reverse("nmep:mentor_answer", args=[capstone.offering.slug, capstone.initiative.slug])
            if capstone
            else ""
        )
        return {"capstone": capstone, "reason": place.pairing.reason, "url": f"{settings.SITE_URL}{where}"}


@kind(
    "nmep-mentor-found",
    label="The mentor of your capstone",
    template="nmep/mail/mentor_found",
    category=Category.TRANSACTIONAL,
    why="because you are in this capstone",
)
class MentorFound(ForTheGroup):
    """The group has a mentor."""


@kind(
    "nmep-mentor-declined",
    label="Mentors who cannot",
    template="nmep/mail/mentor_declined",
    category=Category.TRANSACTIONAL,
    why="because you lead this programme",
)
class MentorDeclined(AboutCapstone):
    """Back to the lead: the group still needs one."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        capstone = _capstone(row)
        return (capstone is not None and capstone.mentoring_id is None) or "somebody else was asked meanwhile"

    def context(self, row: Notification) -> dict[str, Any]:
        capstone = _capstone(row)
        where = reverse("nmep:mentor_suggest", args=[capstone.offering.slug]) if capstone else ""
        return {"capstone": capstone, "url": f"{settings.SITE_URL}{where}"}


class AboutStep(Kind):
    def context(self, row: Notification) -> dict[str, Any]:
        step = CapstoneStep.objects.select_related(
            "capstone__initiative", "capstone__offering", "milestone"
        ).get(pk=row.about_pk)
        return {
            "step": step,
            "capstone": step.capstone,
            "milestone": step.milestone,
            "url": f"{link(step.capstone)}#step-{step.milestone_id}",
        }


@kind(
    "nmep-step-handed-in",
    label="Steps of capstones to read",
    template="nmep/mail/step_handed_in",
    category=Category.TRANSACTIONAL,
    why="because you mentor this capstone or lead its programme",
)
class StepHandedIn(AboutStep):
    """Something waits for its mentor, or for the leads where there is none."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        waiting = CapstoneStep.objects.filter(pk=row.about_pk, state=CapstoneStep.State.HANDED_IN)
        return waiting.exists() or "answered meanwhile"


@kind(
    "nmep-step-answered",
    label="Answers on your capstone",
    template="nmep/mail/step_answered",
    category=Category.TRANSACTIONAL,
    why="because you are in this capstone",
)
class StepAnswered(AboutStep):
    """That an answer is there, not what it says."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        step = CapstoneStep.objects.filter(pk=row.about_pk).first()
        if step is None or not _is_in(step.capstone_id, row.person_id):
            return "not in the group any more"
        return True


@kind(
    "nmep-step-reminder",
    label="Steps of your capstone that are due",
    template="nmep/mail/step_reminder",
    category=Category.REMINDER,
    why="because this step of your capstone is due and nothing has come in",
)
class StepReminder(Kind):
    """Two days before a step is due, to the groups that have handed in nothing."""

    BEFORE = timedelta(hours=48)

    def due(self, now: datetime) -> Iterable[Due]:
        rows = Milestone.objects.filter(
            kind=Milestone.Kind.CAPSTONE,
            offering__in=Offering.objects.live(),
            # A rule adds days to a meeting: none that is far away matters.
            due_session__event__starts_at__range=(now - timedelta(days=60), now + timedelta(days=60)),
        ).select_related("due_session__event", "due_session__offering")
        for milestone in rows:
            due_at = milestone.due_by_rule()
            if due_at is None or not due_at - self.BEFORE <= now < due_at:
                continue
            done = CapstoneStep.objects.filter(milestone=milestone).exclude(state=CapstoneStep.State.OPEN)
            members = (
                CapstoneMember.objects.live()
                .filter(capstone__offering=milestone.offering_id)
                .exclude(capstone__state__in=[Capstone.State.PRESENTED, Capstone.State.ARCHIVED])
                .exclude(capstone__in=done.values("capstone"))
            )
            for person in members.values_list("enrolment__person", flat=True):
                yield Due(
                    person=person,
                    about=milestone,
                    slot=at(due_at),
                    due_at=due_at - self.BEFORE,
                    expires_at=due_at,
                )

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        milestone = (
            Milestone.objects.filter(pk=row.about_pk)
            .select_related("due_session__event", "due_session__offering")
            .first()
        )
        due_at = milestone.due_by_rule() if milestone else None
        if milestone is None or due_at is None or row.slot != at(due_at):
            return "the date has moved"
        mine = self._group(row, milestone)
        if mine is None:
            return "in no group any more"
        done = CapstoneStep.objects.filter(milestone=milestone, capstone=mine)
        return not done.exclude(state=CapstoneStep.State.OPEN).exists() or "handed in meanwhile"

    def _group(self, row: Notification, milestone: Milestone) -> Capstone | None:
        found = Capstone.objects.filter(
            offering=milestone.offering_id,
            members__left_at=None,
            members__enrolment__person=row.person_id,
        )
        return found.select_related("initiative", "offering").first()

    def context(self, row: Notification) -> dict[str, Any]:
        milestone = Milestone.objects.select_related("due_session__event", "due_session__offering").get(
            pk=row.about_pk
        )
        capstone = self._group(row, milestone)
        return {
            "milestone": milestone,
            "capstone": capstone,
            "due_at": milestone.due_by_rule(),
            "url": f"{link(capstone)}#step-{milestone.pk}" if capstone else settings.SITE_URL,
        }


@kind(
    "nmep-feedback-released",
    label="Feedback on your capstone",
    template="nmep/mail/feedback_released",
    category=Category.TRANSACTIONAL,
    why="because you presented this capstone",
)
class FeedbackReleased(ForTheGroup):
    """The listeners' feedback can be read."""

    def context(self, row: Notification) -> dict[str, Any]:
        capstone = _capstone(row)
        return {"capstone": capstone, "url": f"{link(capstone)}#feedback"}
