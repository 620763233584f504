"""Having a partner, and having none any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from members.ledger import Category, Kind, kind
from members.models import Notification, User
from nmep.models import PairingRound, PartnerTeam, TeamPlace
from nmep.notifications.work import link


def composition(enrolments: Iterable[int]) -> str:
    """The slot of what a team is told: another composition is news, the same one is not."""
    return "with " + " ".join(map(str, sorted(enrolments)))


@kind(
    "nmep-partners",
    label="Homework partners",
    template="nmep/mail/partners",
    category=Category.TRANSACTIONAL,
    why="because you were given a partner for a homework",
)
class PartnersTold(Kind):
    """Who works with whom on which homework; not why, and nothing that anybody wished."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        places = TeamPlace.objects.filter(team=row.about_pk)
        if composition(places.values_list("enrolment", flat=True)) != row.slot:
            return "the partners have changed"
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        team = (
            PartnerTeam.objects.select_related("round__assignment__offering", "pairing")
            .with_people()
            .get(pk=row.about_pk)
        )
        people = [place.enrolment.person for place in team.places.all()]
        return {
            "assignment": team.round.assignment,
            "partners": [person for person in people if person.pk != row.person_id],
            "url": f"{link(team.round.assignment)}#partners",
        }


@kind(
    "nmep-no-partner",
    label="Without a homework partner",
    template="nmep/mail/no_partner",
    category=Category.TRANSACTIONAL,
    why="because your partners for a homework have changed",
)
class NoPartner(Kind):
    """Somebody's partner is gone, and the leads know."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        if TeamPlace.objects.filter(round=row.about_pk, enrolment__person=row.person_id).exists():
            return "has a partner again"
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        made = PairingRound.objects.select_related("assignment__offering").get(pk=row.about_pk)
        return {"assignment": made.assignment, "url": link(made.assignment)}


@kind(
    "nmep-partner-letter",
    label="Messages from homework partners",
    template="nmep/mail/partner_letter",
    category=Category.TRANSACTIONAL,
    why="because a homework partner wrote to you",
)
class PartnerLetter(Kind):
    """What a partner wrote; answered through the portal, so that nobody's address is given away."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        if TeamPlace.objects.filter(team=row.about_pk, enrolment__person=row.person_id).exists():
            return True
        return "not partners any more"

    def context(self, row: Notification) -> dict[str, Any]:
        team = PartnerTeam.objects.select_related("round__assignment__offering").get(pk=row.about_pk)
        assignment = team.round.assignment
        address = reverse("nmep:partner_write", args=[assignment.offering.slug, assignment.key])
        return {
            "assignment": assignment,
            "sender": User.objects.filter(pk=row.data.get("sender")).first(),
            "text": row.data.get("text", ""),
            "url": f"{settings.SITE_URL}{address}",
        }
