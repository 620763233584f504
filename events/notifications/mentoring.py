"""A mentor for a talk: the question, the answer, and the plan's reminders."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from events.models import Claim, TalkMentoring
from events.notifications.slots import facts
from members.ledger import Category, Due, Kind, at, kind
from members.models import Notification, Pairing


@kind(
    "talk-mentor-wanted",
    label="Somebody would like a mentor for a talk",
    template="events/mail/mentor_wanted",
    category=Category.ANNOUNCEMENT,
    why="because you give presentation mentoring this term",
)
class MentorWanted(Kind):
    """Asked once for each talk."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        claim = Claim.objects.held().filter(pk=row.about_pk, wants_mentor=True).first()
        if claim is None:
            return "nobody is looked for any more"
        return not TalkMentoring.objects.filter(claim=claim).exists() or "somebody helps"

    def context(self, row: Notification) -> dict[str, Any]:
        claim = Claim.objects.select_related("person", "slot__sheet", "slot__event").get(pk=row.about_pk)
        page = reverse("events:mentor_offer", args=[claim.pk])
        return {"claim": claim, **facts(claim.slot), "url": f"{settings.SITE_URL}{page}"}


def whole(pk: int) -> TalkMentoring:
    rows = TalkMentoring.objects.select_related(
        "claim__person", "claim__slot__sheet", "claim__slot__event", "pairing"
    )
    return rows.prefetch_related("pairing__members__person").get(pk=pk)


class AboutMentoring(Kind):
    """Messages to one of the two."""

    def context(self, row: Notification) -> dict[str, Any]:
        mentoring = whole(int(row.about_pk))
        return {
            "mentoring": mentoring,
            "mentor": mentoring.mentor,
            "speaker": mentoring.claim.person,
            **facts(mentoring.claim.slot),
            "url": f"{settings.SITE_URL}{mentoring.get_absolute_url()}",
        }


@kind(
    "talk-mentor-found",
    label="A mentor for your talk",
    template="events/mail/mentor_found",
    category=Category.TRANSACTIONAL,
    why="because you asked for a mentor",
)
class MentorFound(AboutMentoring):
    """Somebody helps."""


@kind(
    "talk-mentoring-over",
    label="A talk you help with was given back",
    template="events/mail/mentoring_over",
    category=Category.TRANSACTIONAL,
    why="because you are the mentor of this talk",
)
class MentoringOver(AboutMentoring):
    """The speaker does not give the talk."""


@kind(
    "talk-mentor-step",
    label="Steps towards a talk with a mentor",
    template="events/mail/mentor_step",
    category=Category.REMINDER,
    why="because you prepare this talk together",
)
class MentorStep(AboutMentoring):
    """To both, when the outline or the dry run is due and not done."""

    def due(self, now: datetime) -> Iterable[Due]:
        rows = TalkMentoring.objects.filter(
            claim__state=Claim.State.HELD, pairing__state=Pairing.State.ACTIVE
        ).select_related("claim__slot__event", "pairing")
        for mentoring in rows.prefetch_related("pairing__members"):
            begins_at = mentoring.claim.slot.begins_at
            for step in TalkMentoring.STEPS:
                due_at = mentoring.due_at(step)
                if begins_at is None or due_at is None or mentoring.done_at(step):
                    continue
                if due_at <= now < min(begins_at, due_at + timedelta(days=2)):
                    for member in mentoring.pairing.members.all():
                        yield Due(
                            member.person_id,
                            mentoring,
                            slot=at(begins_at, step),
                            due_at=due_at,
                            expires_at=begins_at,
                        )

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        mentoring = (
            TalkMentoring.objects.select_related("claim__slot__event", "pairing")
            .filter(pk=row.about_pk)
            .first()
        )
        if mentoring is None or mentoring.pairing.state != Pairing.State.ACTIVE:
            return "it is over"
        begins_at = mentoring.claim.slot.begins_at
        if begins_at is None or row.slot.partition(" ")[0] != at(begins_at):
            return "it moved"
        return mentoring.done_at(row.slot.rpartition(" ")[2]) is None or "done meanwhile"

    def context(self, row: Notification) -> dict[str, Any]:
        return {**super().context(row), "step": TalkMentoring.LABELS[row.slot.rpartition(" ")[2]]}
