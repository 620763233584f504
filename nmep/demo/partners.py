"""The partners of the demo club: a round for each homework of four terms, and somebody who has none."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta

from members import pairing
from members.models import Pairing, PairingMember
from members.pairing import Pair
from nmep.demo.work import THE_NEW_MEMBER, WITHDREW, Run
from nmep.models import (
    Assignment,
    Enrolment,
    PairingRound,
    PartnerNote,
    PartnerTeam,
    PartnerWish,
    TeamPlace,
)

#: The homework of the running term that is open now; one of its learners came late and has no partner.
OPEN = 4


def seed(runs: list[Run], now: datetime) -> None:
    for run in runs:
        _rounds(run, now)
    _said(runs[-1], now)


def _rounds(run: Run, now: datetime) -> None:
    """Whoever had not left yet, matched by turns; the rounds of terms that are over are closed."""
    is_over = run.index < 3
    numbers = range(1, 6) if is_over else range(1, OPEN + 1)
    # In the open homework one hands in for both; before, they worked together and each handed in their own.
    Assignment.objects.filter(offering=run.offering).update(partners="required", each_submits=True)
    if not is_over:
        Assignment.objects.filter(pk=run.assignments[OPEN - 1].pk).update(each_submits=False)
    met: Counter[Pair] = Counter()
    ended_at = datetime.combine(run.offering.term.ends_on, time(12), tzinfo=now.tzinfo)
    rows: list[tuple[PairingRound, Pairing, PartnerTeam, list[Enrolment]]] = []
    for n in numbers:
        assignment = run.assignments[n - 1]
        here = {
            row.pk: row for at, row in enumerate(run.learners) if n not in WITHDREW[run.index].get(at, ())
        }
        if not is_over and n == OPEN:
            here.pop(run.learners[-1].pk)
        told_at = min((assignment.opens_at or now) + timedelta(hours=14), now)
        made = PairingRound(
            assignment=assignment,
            seed=n,
            state=PairingRound.State.CLOSED if is_over else PairingRound.State.PUBLISHED,
            criteria={"avoid_repeats": True, "experience": "similar", "keep_requests": True},
            created_at=told_at - timedelta(hours=2),
            published_at=told_at,
            published_by=run.staff[0],
        )
        found = pairing.rotate(here, met=met, seed=100 * run.index + n)
        for team in found.teams:
            met.update(pairing.pairs_of(team.people))
            pair = Pairing(
                kind=Pairing.Kind.HOMEWORK,
                term=run.offering.term,
                reason="; ".join(team.reasons),
                goal=str(assignment),
                state=Pairing.State.ENDED if is_over else Pairing.State.ACTIVE,
                created_at=made.created_at,
                published_at=told_at,
                ended_at=ended_at if is_over else None,
                ended_why="The term is over." if is_over else "",
            )
            rows.append((made, pair, PartnerTeam(round=made, pairing=pair), [here[pk] for pk in team.people]))
    PairingRound.objects.bulk_create(list({id(made): made for made, _, _, _ in rows}.values()))
    Pairing.objects.bulk_create([pair for _, pair, _, _ in rows])
    PartnerTeam.objects.bulk_create([team for _, _, team, _ in rows])
    PairingMember.objects.bulk_create(
        [PairingMember(pairing=pair, person=one.person) for _, pair, _, people in rows for one in people]
    )
    TeamPlace.objects.bulk_create(
        [TeamPlace(round=made, team=team, enrolment=one) for made, _, team, people in rows for one in people]
    )


def _said(run: Run, now: datetime) -> None:
    """A few wishes, and what partners of the first homework said about it."""
    first, second, third, fourth = run.learners[2:6]
    for asking, about, kind in (
        (first, second, PartnerWish.Kind.REQUEST),
        (second, first, PartnerWish.Kind.REQUEST),
        (third, fourth, PartnerWish.Kind.RATHER_NOT),
    ):
        PartnerWish.objects.create(asking=asking, about=about, kind=kind, created_at=now - timedelta(days=9))
    places = TeamPlace.objects.filter(round__assignment=run.assignments[0]).order_by("pk")
    splits = [PartnerNote.Split.EVEN, PartnerNote.Split.TOGETHER, PartnerNote.Split.MORE]
    agains = [PartnerNote.Again.YES, PartnerNote.Again.YES, PartnerNote.Again.FINE]
    said_at = (run.assignments[0].due_at or now) + timedelta(hours=1)
    PartnerNote.objects.bulk_create(
        [
            PartnerNote(
                team_id=place.team_id,
                enrolment_id=place.enrolment_id,
                split=splits[at % 3],
                again=agains[at % 3],
                at=said_at,
            )
            for at, place in enumerate(places)
            if place.enrolment_id != run.learners[THE_NEW_MEMBER].pk
        ]
    )
