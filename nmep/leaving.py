"""A learner leaves in the middle of a term, without a hole in their pair, their slots and their capstone; and comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from events import slots
from events.models import Claim
from members import audit
from members.ledger import tell
from members.models import User
from mlclub.refusal import Refused
from nmep import capstones, teams
from nmep.models import (
    Capstone,
    Departure,
    Enrolment,
    OfferingSheet,
    PairingRound,
    Submission,
    TeamPlace,
)
from nmep.notifications import LearnerLeft, LeaveAsked, LeaveSettled
from nmep.people import leads_of


@dataclass(frozen=True)
class Hole:
    """The work that a learner would leave somebody alone with, and who that is."""

    assignment: Any
    mates: list[Enrolment]


@dataclass(frozen=True)
class Effects:
    """What leaving does, before it is done."""

    holes: list[Hole]
    claims: list[Claim]
    capstone: Capstone | None
    kept: int

    @property
    def freed(self) -> list[str]:
        """What others can have then, in words that name nobody."""
        said = [f"{hole.assignment.label}: a place in a pair" for hole in self.holes]
        said += [str(claim.slot) for claim in self.claims]
        if self.capstone is not None:
            said.append(f"A place in the capstone {self.capstone.initiative.name}")
        return said


def effects(enrolment: Enrolment, now: datetime) -> Effects:
    """What would be freed, and how many hand-ins stay as they are; five queries."""
    places = (
        TeamPlace.objects.filter(enrolment=enrolment)
        .exclude(round__state=PairingRound.State.CLOSED)
        .exclude(round__assignment__in=_handed_in(enrolment).values("assignment"))
        .select_related("round__assignment", "team")
        .prefetch_related("team__places__enrolment__person")
        .order_by("round__assignment__position")
    )
    holes = [
        Hole(
            place.round.assignment,
            [other.enrolment for other in place.team.places.all() if other.enrolment_id != enrolment.pk],
        )
        for place in places
    ]
    claims = Claim.objects.live().filter(
        person=enrolment.person_id,
        slot__sheet__in=OfferingSheet.objects.filter(offering=enrolment.offering_id).values("sheet"),
    )
    ahead = [
        claim
        for claim in claims.select_related("slot__sheet", "slot__event", "person")
        if not claim.slot.has_begun(now)
    ]
    group = capstones.of_learner(enrolment)
    return Effects(
        holes=holes,
        claims=ahead,
        capstone=None if group is None or group.is_over else group,
        kept=_handed_in(enrolment).count(),
    )


def _handed_in(enrolment: Enrolment) -> Any:
    return Submission.objects.handed_in().filter(authors__enrolment=enrolment)


def open_request(enrolment: Enrolment) -> Departure | None:
    return Departure.objects.filter(enrolment=enrolment, state=Departure.State.ASKED).first()


@transaction.atomic
def ask(enrolment: Enrolment, *, reason: str, now: datetime) -> tuple[Departure, bool]:
    """A learner wants to leave: the leads are told once. A second click finds the first one's request."""
    locked = _locked(enrolment)
    if not locked.is_learning:
        raise Refused("You are not learning here any more.")
    locked.offering.check_changes()
    made, is_new = Departure.objects.get_or_create(
        enrolment=locked,
        state=Departure.State.ASKED,
        defaults={"reason": reason, "asked_at": now, "is_own_wish": True},
    )
    if is_new:
        for lead in leads_of(locked.offering):
            tell(LeaveAsked, lead, about=made, now=now)
    return made, is_new


@transaction.atomic
def stay(enrolment: Enrolment, *, by: User, now: datetime) -> bool:
    """The request is taken back, by the learner or after a talk with a lead. False: there is none any more."""
    held = open_request(enrolment)
    return bool(held and held.settle(Departure.State.STAYS, by=by, now=now))


@transaction.atomic
def withdraw(enrolment: Enrolment, *, by: User, reason: str, now: datetime) -> Departure:
    """Take a learner out: pairs, slots and capstone are freed, each hole is told once, what was handed in stays.

    Raises `Refused` where they do not learn here any more: a second click changes and tells nothing.
    """
    rounds = PairingRound.objects.select_for_update(of=("self",)).filter(
        assignment__offering=enrolment.offering_id
    )
    by_key = {made.pk: made for made in rounds.select_related("assignment__offering").order_by("pk")}
    locked = _locked(enrolment)
    locked.offering.check_changes()
    if not locked.is_learning:
        raise Refused(f"{locked.person.display_name} is not learning here any more; nothing was changed.")
    found = effects(locked, now)
    labels = {hole.assignment.pk for hole in found.holes}
    for made in by_key.values():
        if made.assignment_id in labels:
            for left in teams.take_out(made, [locked.pk], now=now):
                if made.is_told and left.is_learning:
                    teams.tell_alone(made, left, now)
    for claim in found.claims:
        slots.release(claim, by=by, now=now)
    if found.capstone is not None:
        capstones.move(locked, None, by=by, now=now)
    locked.state = Enrolment.State.WITHDREW
    locked.save()
    departure = open_request(locked)
    if departure is None:
        departure = Departure(enrolment=locked, reason=reason, asked_at=now)
    departure.state, departure.settled_at, departure.settled_by = Departure.State.DONE, now, by
    departure.reason = departure.reason or reason
    departure.freed = found.freed
    departure.save()
    for lead in leads_of(locked.offering):
        if lead != by and found.freed:
            tell(LearnerLeft, lead, about=departure, now=now)
    tell(LeaveSettled, locked.person, about=departure, slot="left", now=now)
    audit.record(by, "learner-left", locked, after={"freed": found.freed})
    return departure


@transaction.atomic
def resume(enrolment: Enrolment, *, by: User, now: datetime) -> bool:
    """Somebody who left learns here again. Their pairs and slots are others' now; the page of pairs finds them a
    partner. False: they did already."""
    locked = _locked(enrolment)
    locked.offering.check_changes()
    if locked.state != Enrolment.State.WITHDREW:
        return False
    locked.state = Enrolment.State.ACTIVE
    locked.save()
    left = Departure.objects.filter(enrolment=locked, state=Departure.State.DONE).first()
    if left is not None:
        left.state = Departure.State.UNDONE
        left.save(update_fields=["state"])
        tell(LeaveSettled, locked.person, about=left, slot="back", now=now)
    audit.record(by, "learner-came-back", locked)
    return True


def _locked(enrolment: Enrolment) -> Enrolment:
    rows = Enrolment.objects.select_for_update(of=("self",)).select_related(
        "person", "offering__program", "offering__term"
    )
    return rows.get(pk=enrolment.pk)
