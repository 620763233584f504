"""The partners of a homework: matched by turns, looked at and adjusted by a lead, published once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from members import audit, pairing
from members.ledger import tell
from members.models import Notification, Pairing, User
from mlclub.refusal import Refused
from nmep import teams
from nmep.models import Assignment, Enrolment, PairingRound, PartnerNote, PartnerTeam, PartnerWish, TeamPlace
from nmep.notifications import PartnerLetter
from nmep.partner_facts import AGAINST, Criteria, Words, known
from nmep.unpaired import needing

LETTERS_A_DAY = 10


class PublishedMeanwhile(Refused):
    """Another lead was first."""


def round_of(assignment: Assignment, now: datetime) -> PairingRound:
    """The round of an assignment, made when somebody first asks for it."""
    made, _ = PairingRound.objects.get_or_create(assignment=assignment, defaults={"created_at": now})
    made.assignment = assignment
    return made


def learners(made: PairingRound) -> list[Enrolment]:
    """Who needs a partner in this round: everybody who learns here and has the work still before them."""
    rows = needing(made.assignment_id, made.assignment.offering_id)
    return list(rows.select_related("person").order_by("person__name", "pk"))


# ── Before it is published ──


def locked(made: PairingRound) -> PairingRound:
    """The round under its lock; everything that changes its teams begins with it."""
    held = (
        PairingRound.objects.select_for_update(of=("self",))
        .select_related("assignment__offering__term", "published_by")
        .get(pk=made.pk)
    )
    held.assignment.offering.check_changes()
    if held.state == PairingRound.State.CLOSED:
        raise Refused("This round is closed; nothing in it changes any more.")
    return held


def unpublished(made: PairingRound) -> PairingRound:
    held = locked(made)
    if held.is_told:
        who = held.published_by.display_name if held.published_by else "Somebody"
        at = timezone.localtime(held.published_at, held.assignment.offering.zone)
        raise PublishedMeanwhile(f"{who} published these pairs on {at:%-d %B at %H:%M}.")
    return held


@transaction.atomic
def propose(
    made: PairingRound, criteria: Criteria, *, now: datetime, seed: int | None = None
) -> dict[int, str]:
    """Match everybody anew but the locked teams; returns who stays alone, with the reason."""
    made = unpublished(made)
    rows = {row.pk: row for row in learners(made)}
    facts = known(made)
    kept = [
        frozenset(place.enrolment_id for place in team.places.all())
        for team in made.teams.filter(is_locked=True).with_people()
    ]
    made.seed = made.seed if seed is None else seed
    found = pairing.rotate(
        rows,
        met=facts.met if criteria.avoid_repeats else dict.fromkeys(facts.against, AGAINST),
        wishes=facts.wishes if criteria.keep_requests else (),
        blocked=facts.blocked,
        locked=kept,
        similarity=facts.similarity(criteria.experience),
        seed=made.seed,
    )
    Pairing.objects.filter(partner_team__round=made).delete()
    words = Words(facts)
    for team in found.teams:
        teams.form(made, [rows[pk] for pk in team.people], words, now, is_locked=team.is_locked)
    made.criteria = asdict(criteria)
    made.state = PairingRound.State.PROPOSED
    made.save(update_fields=["criteria", "state", "seed"])
    return found.alone


@transaction.atomic
def lock(made: PairingRound, team: int, *, is_locked: bool) -> bool:
    """Keep a team when matching again, or let it go. False: that team is gone."""
    made = unpublished(made)
    return bool(made.teams.filter(pk=team).update(is_locked=is_locked))


@transaction.atomic
def put_together(made: PairingRound, person: int, other: int, *, by: User, now: datetime) -> None:
    """Make a pair of two learners; whom they leave behind become a pair, or the third of this one.

    After the publication too: then everybody whose team changes is told once.
    """
    made = locked(made)
    rows = {row.pk: row for row in learners(made)}
    if person == other or not {person, other} <= set(rows):
        raise Refused("One of them is not waiting for a partner in this round any more.")
    mates = [*_mates(made, person, rows), *_mates(made, other, rows)]
    left = [one for one in dict.fromkeys(mates) if one not in (person, other)]
    together = [person, other]
    if len(left) == 1:
        together += left
        left = []
    groups = [together, *(left[at : at + 2] for at in range(0, len(left) - len(left) % 2, 2))]
    if len(left) % 2:
        groups[-1].append(left[-1])
    teams.regroup(made, groups, rows, by=by, now=now)


@transaction.atomic
def join(made: PairingRound, person: int, team: int, *, by: User, now: datetime) -> None:
    """Make somebody the third of a pair."""
    made = locked(made)
    rows = {row.pk: row for row in learners(made)}
    held = [place.enrolment_id for place in TeamPlace.objects.filter(round=made, team=team)]
    if person not in rows or len(held) != 2 or person in held or not set(held) <= set(rows):
        raise Refused("That pair has changed. Look again.")
    rest = _mates(made, person, rows)
    teams.regroup(made, [[*held, person], rest], rows, by=by, now=now)


@transaction.atomic
def set_alone(made: PairingRound, person: int, *, by: User, now: datetime) -> None:
    """Take somebody out of their team; the others stay one."""
    made = locked(made)
    rows = {row.pk: row for row in learners(made)}
    if person not in rows:
        raise Refused("They are not waiting for a partner in this round any more.")
    teams.regroup(made, [_mates(made, person, rows), [person]], rows, by=by, now=now)


def _mates(made: PairingRound, person: int, rows: Mapping[int, Enrolment]) -> list[int]:
    """Who else is in somebody's team and can be moved."""
    places = TeamPlace.objects.filter(round=made, team__places__enrolment=person).exclude(enrolment=person)
    return [pk for pk in places.values_list("enrolment", flat=True) if pk in rows]


# ── Publishing ──


@transaction.atomic
def publish(made: PairingRound, *, by: User, now: datetime) -> int:
    """Tell everybody their partners, once, whoever clicks; returns how many teams there are."""
    made = unpublished(made)
    formed = list(made.teams.with_people())
    if not formed:
        raise Refused("There are no pairs to publish yet: match first.")
    waiting = {row.pk for row in learners(made)}
    gone = [
        place.enrolment.person.display_name
        for team in formed
        for place in team.places.all()
        if place.enrolment_id not in waiting
    ]
    if gone:
        raise Refused(
            f"{', '.join(gone)} left, handed in or chose to work alone since these pairs were made. Match again."
        )
    Pairing.objects.filter(partner_team__round=made).update(state=Pairing.State.ACTIVE, published_at=now)
    made.state, made.published_at, made.published_by = PairingRound.State.PUBLISHED, now, by
    made.save(update_fields=["state", "published_at", "published_by"])
    for team in formed:
        teams.tell_team(made, team, now)
    audit.record(by, "pairs-published", made, after={"teams": len(formed)})
    return len(formed)


# ── What learners say ──


def wish(asking: Enrolment, kind: str, about: Enrolment | None, *, now: datetime) -> PartnerWish:
    """Write down with whom somebody would like to work, or rather not; what they said before gives way."""
    _check_learning(asking)
    if about is not None and (about.offering_id != asking.offering_id or about.pk == asking.pk):
        raise Refused("Name somebody of your own class.")
    made, _ = PartnerWish.objects.update_or_create(
        asking=asking, about=about, defaults={"kind": kind, "created_at": now}
    )
    return made


def _check_learning(enrolment: Enrolment) -> None:
    if not enrolment.is_learning:
        raise Refused("You are not learning here any more.")
    enrolment.offering.check_changes()


def note(
    team: PartnerTeam, enrolment: Enrolment, *, split: str, again: str, now: datetime
) -> tuple[PartnerNote, bool]:
    """Keep what somebody says about working together; the first answer stays."""
    enrolment.offering.check_changes()
    return PartnerNote.objects.get_or_create(
        team=team, enrolment=enrolment, defaults={"split": split, "again": again, "at": now}
    )


@transaction.atomic
def write(team: PartnerTeam, sender: Enrolment, text: str, *, now: datetime) -> int:
    """Mail a few lines to the others of a team; returns how many they are. Ten a day are enough."""
    rows = Enrolment.objects.select_for_update(of=("self",)).select_related("offering")
    _check_learning(rows.get(pk=sender.pk))
    today = Notification.objects.filter(
        kind=PartnerLetter.slug, data__sender=sender.person_id, created_at__gt=now - timedelta(days=1)
    )
    others = teams.mates(team, sender)
    if today.count() + len(others) > LETTERS_A_DAY:
        raise Refused("That is enough mail for a day. Agree on another way to talk.")
    slot = hashlib.sha256(f"{sender.pk} {text}".encode()).hexdigest()[:32]
    data = {"sender": sender.person_id, "text": text}
    return sum(
        tell(PartnerLetter, other.person, about=team, slot=slot, data=data, now=now) for other in others
    )


def notes_of(offering: int) -> list[PartnerNote]:
    """What was said about working together in an offering, for the leads."""
    rows = PartnerNote.objects.filter(enrolment__offering=offering)
    return list(rows.select_related("enrolment__person"))
