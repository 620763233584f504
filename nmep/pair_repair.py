"""After the publication: whoever comes late or is left behind gets a partner, and as few others as can be notice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from members import pairing
from members.models import User
from nmep import partnering, teams
from nmep.models import Enrolment, PairingRound, PartnerTeam
from nmep.partner_facts import known
from nmep.unpaired import unpaired


@dataclass(frozen=True)
class Change:
    """One team as it would be: a new pair, or a pair that becomes a trio."""

    people: list[Enrolment]
    is_trio_now: bool
    reason: str

    @property
    def key(self) -> list[int]:
        return sorted(row.pk for row in self.people)


@dataclass(frozen=True)
class Proposal:
    """What would be changed, and who stays alone. `mark` stands for exactly this."""

    changes: list[Change] = field(default_factory=list)
    alone: list[Enrolment] = field(default_factory=list)

    @property
    def mark(self) -> str:
        text = json.dumps([change.key for change in self.changes])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def proposal(made: PairingRound) -> Proposal:
    """Those without a partner become pairs; the odd one is the third of the pair they have met least."""
    rows = {row.pk: row for row in partnering.learners(made)}
    lone = list(unpaired(made.assignment_id, made.assignment.offering_id).values_list("pk", flat=True))
    if not lone:
        return Proposal()
    facts = known(made)
    found = pairing.rotate(lone, met=facts.met, wishes=facts.wishes, blocked=facts.blocked, seed=made.seed)
    groups = [list(team.people) for team in found.teams]
    pairs = []
    for team in PartnerTeam.objects.filter(round=made).with_people():
        held = [place.enrolment_id for place in team.places.all()]
        if len(held) == 2 and set(held) <= set(rows) and not set(held) & set(lone):
            pairs.append(held)
    alone = []
    for person in found.alone:
        room = pairing.third_place(person, pairs, facts.met, facts.blocked)
        if room is None:
            alone.append(rows[person])
            continue
        room.append(person)
        groups.append(room)
    changes = [
        Change(
            people=[rows[pk] for pk in group],
            is_trio_now=len(group) == 3 and len(set(group) & set(lone)) == 1,
            reason="; ".join(pairing.reasons(group, facts.met).reasons),
        )
        for group in groups
    ]
    return Proposal(sorted(changes, key=lambda change: change.key), alone)


@transaction.atomic
def repair(made: PairingRound, mark: str, *, by: User, now: datetime) -> int:
    """Do what was proposed, and tell those whom it is about once; returns how many teams changed.

    Refused where something has changed since the lead looked; nothing to do is 0.
    """
    held = partnering.locked(made)
    if not held.is_told:
        raise teams.Refused("Publish these pairs first; then there is something to mend.")
    found = proposal(held)
    if not found.changes:
        return 0
    if found.mark != mark:
        raise teams.Refused("Somebody came, left or handed in since you looked. Here is how it is now.")
    rows = {row.pk: row for row in partnering.learners(held)}
    groups = [change.key for change in found.changes]
    return len(teams.regroup(held, groups, rows, by=by, now=now))
