"""After the publication: whoever comes late or is left behind gets a partner, and as few others as can be notice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from members import pairing
from members.models import User
from mlclub.refusal import Refused
from nmep import partnering, teams
from nmep.models import Enrolment, PairingRound, PartnerNote, PartnerTeam
from nmep.partner_facts import known


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


def lone(formed: Sequence[PartnerTeam], waiting: Sequence[Enrolment]) -> list[Enrolment]:
    """Those of `waiting` who are in none of the teams, or alone in theirs."""
    paired = {
        place.enrolment_id
        for team in formed
        if sum(place.enrolment.is_learning for place in team.places.all()) > 1
        for place in team.places.all()
    }
    return [row for row in waiting if row.pk not in paired]


def proposal(
    made: PairingRound,
    *,
    formed: Sequence[PartnerTeam] | None = None,
    waiting: Sequence[Enrolment] | None = None,
    notes: Sequence[PartnerNote] | None = None,
) -> Proposal:
    """Those without a partner become pairs; the odd one is the third of the pair they have met least."""
    formed = list(made.teams.with_people()) if formed is None else formed
    rows = {row.pk: row for row in (partnering.learners(made) if waiting is None else waiting)}
    alone_now = [row.pk for row in lone(formed, list(rows.values()))]
    if not alone_now:
        return Proposal()
    facts = known(made, notes=notes, with_skills=False)
    found = pairing.rotate(
        alone_now, met=facts.met, wishes=facts.wishes, blocked=facts.blocked, seed=made.seed
    )
    groups = [list(team.people) for team in found.teams]
    pairs = []
    for team in formed:
        held = [place.enrolment_id for place in team.places.all()]
        if len(held) == 2 and set(held) <= set(rows) and not set(held) & set(alone_now):
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
            is_trio_now=len(group) == 3 and len(set(group) & set(alone_now)) == 1,
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
        raise Refused("Publish these pairs first; then there is something to mend.")
    found = proposal(held)
    if not found.changes:
        return 0
    if found.mark != mark:
        raise Refused("Somebody came, left or handed in since you looked. Here is how it is now.")
    rows = {row.pk: row for row in partnering.learners(held)}
    groups = [change.key for change in found.changes]
    return len(teams.regroup(held, groups, rows, by=by, now=now))
