"""Offering help to a learner: a lead picks somebody, and both are told once, never why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from members.ledger import tell
from members.models import Membership, Topic, User
from nmep import acts
from nmep.models import Enrolment, HelpOffer
from nmep.notifications import HelpOffered
from nmep.progress import Progress


@dataclass(frozen=True)
class Candidate:
    """Somebody who could help, and why them."""

    person: User
    reason: str


def candidates(standing: Progress) -> list[Candidate]:
    """The staff of the offering, then members who give a topic that the learner is stuck on."""
    enrolment = standing.enrolment
    staff = (
        Enrolment.objects.staff()
        .filter(offering=enrolment.offering)
        .exclude(person=enrolment.person_id)
        .select_related("person")
    )
    found: dict[int, Candidate] = {}
    for row in staff:
        found.setdefault(row.person_id, Candidate(row.person, row.get_role_display().lower()))
    topics = [topic for topic in Topic.objects.all() if _words(topic.name) & _stuck_on(standing)]
    givers = (
        Membership.objects.active()
        .filter(term=enrolment.offering.term, give__in=topics)
        .exclude(person=enrolment.person_id)
        .select_related("person")
        .prefetch_related("give")
        .distinct()
        .order_by("person__name")
    )
    for membership in givers:
        named = ", ".join(topic.name for topic in membership.give.all() if topic in topics)
        found.setdefault(membership.person_id, Candidate(membership.person, f"gives {named}"))
    return list(found.values())


def _stuck_on(standing: Progress) -> set[str]:
    texts = [skill.name for skill in standing.skills if skill.level and not skill.is_got]
    texts += [row.assignment.title for row in standing.work if row.state in ("missed", "overdue", "returned")]
    return _words(" ".join(texts))


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 2}


@transaction.atomic
def offer(enrolment: Enrolment, helper: User, *, by: User, now: datetime) -> tuple[HelpOffer, bool]:
    """Ask `helper` to look after the learner. The second answer is False when they had been asked already."""
    enrolment = acts.locked(enrolment)
    acts.guard(enrolment, by, "help-offered", "help offered")
    row, is_new = HelpOffer.objects.open().get_or_create(
        enrolment=enrolment, helper=helper, defaults={"offered_by": by, "offered_at": now}
    )
    if is_new:
        tell(HelpOffered, enrolment.person, about=row, now=now)
        tell(HelpOffered, helper, about=row, now=now)
    return row, is_new


def end(offer: HelpOffer, *, now: datetime) -> bool:
    """It is over; both know, so nobody is told."""
    return bool(HelpOffer.objects.open().filter(pk=offer.pk).update(ended_at=now))
