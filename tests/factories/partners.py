from __future__ import annotations

from django.utils import timezone

from members.models import Pairing, PairingMember
from nmep.models import PairingRound, PartnerTeam, TeamPlace
from tests.factories.nmep import make_assignment


def make_round(*teams, assignment=None, state=PairingRound.State.PUBLISHED, now=None, **fields):
    """A round with these teams of enrolments, published unless said otherwise."""
    now = now or timezone.now()
    assignment = assignment or make_assignment(offering=teams[0][0].offering, partners="required")
    if state in PairingRound.TOLD:
        fields.setdefault("published_at", now)
    made = PairingRound.objects.create(assignment=assignment, state=state, created_at=now, **fields)
    for team in teams:
        add_team(made, *team, now=now)
    return made


def add_team(made, *enrolments, now=None, reason="never worked together"):
    now = now or timezone.now()
    pairing = Pairing.objects.create(
        kind=Pairing.Kind.HOMEWORK,
        term=made.assignment.offering.term,
        reason=reason,
        state=Pairing.State.ACTIVE if made.is_told else Pairing.State.PROPOSED,
        published_at=now if made.is_told else None,
        created_at=now,
    )
    team = PartnerTeam.objects.create(round=made, pairing=pairing)
    for enrolment in enrolments:
        PairingMember.objects.create(pairing=pairing, person=enrolment.person)
        TeamPlace.objects.create(round=made, team=team, enrolment=enrolment)
    return team
