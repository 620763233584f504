"""The teams of a round: who is in which, who moves, and who is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Extract, JSONObject

from members import audit
from members.ledger import tell
from members.models import Pairing, PairingMember, User
from mlclub.refusal import Refused
from nmep.models import (
    Assignment,
    Deviation,
    Enrolment,
    PairingRound,
    PartnerNote,
    PartnerTeam,
    Submission,
    SubmissionAuthor,
    TeamPlace,
)
from nmep.notifications import NoPartner, PartnersTold, composition
from nmep.partner_facts import Words, known
from nmep.unpaired import needing


def team_of(enrolment: Enrolment, assignment: Assignment) -> PartnerTeam | None:
    """The published team of a learner for an assignment, with its people, their extra time and what they handed
    in last; one query.

    `has_note` says whether the learner has told the leads how it went.
    """
    if not assignment.takes_partners:
        return None
    given = Deviation.objects.filter(enrolment=OuterRef("enrolment"), assignment=assignment)
    noted = PartnerNote.objects.filter(team=OuterRef("team"), enrolment=enrolment)
    versions = SubmissionAuthor.objects.filter(enrolment=OuterRef("enrolment"), assignment=assignment)
    versions = versions.exclude(submission__state=Submission.State.DRAFT).order_by("-n")
    version = JSONObject(pk="submission", state="submission__state", late_seconds=Extract("late_by", "epoch"))
    places: list[Any] = list(
        TeamPlace.objects.filter(
            round__assignment=assignment,
            round__state__in=PairingRound.TOLD,
            team__places__enrolment=enrolment,
        )
        .annotate(
            given=ArraySubquery(
                given.values(row=JSONObject(extra_days="extra_days", is_without_penalty="is_without_penalty"))
            ),
            handed_in=ArraySubquery(versions.values(row=version)[:1]),
            noted=Exists(noted),
        )
        .select_related("team__pairing", "enrolment__person")
        .order_by("enrolment__person__name", "pk")
    )
    if not places:
        return None
    team = places[0].team
    team.has_note = places[0].noted
    for place in places:
        place.enrolment.extra_time = [Deviation(**row) for row in place.given]
        place.enrolment.last_version = next(iter(place.handed_in), None)
    team._prefetched_objects_cache = {"places": places}
    return team


def extra_time(team: PartnerTeam | None, enrolment: Enrolment) -> list[Deviation] | None:
    """The extra time of a learner as `team_of` brought it along; None where they have no team."""
    places: Any = team.places.all() if team is not None else ()
    return next((row.enrolment.extra_time for row in places if row.enrolment_id == enrolment.pk), None)


def mates(team: PartnerTeam | None, enrolment: Enrolment) -> list[Enrolment]:
    """The others of a team who still learn here."""
    if team is None:
        return []
    return [
        place.enrolment
        for place in team.places.all()
        if place.enrolment_id != enrolment.pk and place.enrolment.is_learning
    ]


def form(
    made: PairingRound, people: Sequence[Enrolment], words: Words, now: datetime, *, is_locked: bool = False
) -> PartnerTeam:
    said, private = words.of(row.pk for row in people)
    pair = Pairing.objects.create(
        kind=Pairing.Kind.HOMEWORK,
        term=made.assignment.offering.term,
        reason=said,
        goal=str(made.assignment)[:300],
        state=Pairing.State.ACTIVE if made.is_told else Pairing.State.PROPOSED,
        created_at=now,
        published_at=now if made.is_told else None,
    )
    team = PartnerTeam.objects.create(round=made, pairing=pair, is_locked=is_locked, private_reason=private)
    PairingMember.objects.bulk_create([PairingMember(pairing=pair, person=row.person) for row in people])
    TeamPlace.objects.bulk_create([TeamPlace(round=made, team=team, enrolment=row) for row in people])
    return team


def regroup(
    made: PairingRound,
    groups: Sequence[Sequence[int]],
    rows: Mapping[int, Enrolment],
    *,
    by: User | None,
    now: datetime,
) -> list[PartnerTeam]:
    """Put exactly these learners into these teams; nobody else moves. A group of one is nobody's team.

    Each group goes on in the team that most of it comes from, so that little changes for them.
    """
    groups = [list(group) for group in groups if group]
    moved = sorted({person for group in groups for person in group})
    # The lock that handing in takes as well: nobody hands in with a partner who is just being moved.
    list(Enrolment.objects.select_for_update(of=("self",)).filter(pk__in=moved).order_by("pk"))
    waiting = needing(made.assignment_id, made.assignment.offering_id).filter(pk__in=moved)
    if waiting.count() < len(moved):
        raise Refused("Somebody of these has handed in or left meanwhile. Look again.")
    before: dict[int, set[int]] = defaultdict(set)
    for place in TeamPlace.objects.filter(round=made, enrolment__in=moved):
        before[place.team_id].add(place.enrolment_id)
    teams = {team.pk: team for team in PartnerTeam.objects.filter(pk__in=before).select_related("pairing")}
    # With the places of those who have handed in or do not learn here any more: they hold nobody back.
    TeamPlace.objects.filter(team__in=before).delete()
    words = Words(known(made))
    changed: list[PartnerTeam] = []
    free = dict(before)
    for group in sorted(groups, key=len, reverse=True):
        if len(group) < 2:
            continue
        pk = max(free, key=lambda pk: len(free[pk] & set(group)), default=None)
        if pk is None or not free[pk] & set(group):
            team = form(made, [rows[one] for one in group], words, now)
        else:
            was, team = free.pop(pk), teams[pk]
            _reseat(made, team, [rows[one] for one in group], words, now)
            if was == set(group):
                continue
        changed.append(team)
    for pk in free:
        _dissolve(made, teams[pk], now)
    if made.is_told:
        for team in changed:
            tell_team(made, team, now)
        for group in groups:
            if len(group) == 1 and any(group[0] in people for people in before.values()):
                tell_alone(made, rows[group[0]], now)
        audit.record(by, "pairs-changed", made, after={"teams": [sorted(group) for group in groups]})
    elif made.state == PairingRound.State.PROPOSED:
        made.state = PairingRound.State.ADJUSTED
        made.save(update_fields=["state"])
    return changed


def _reseat(
    made: PairingRound, team: PartnerTeam, people: Sequence[Enrolment], words: Words, now: datetime
) -> None:
    """These and no others are in the team from now on; a published pairing keeps who was in it."""
    TeamPlace.objects.bulk_create([TeamPlace(round=made, team=team, enrolment=row) for row in people])
    wanted = {row.person_id for row in people}
    gone = team.pairing.members.exclude(person__in=wanted)
    if made.is_told:
        gone.filter(left_at=None).update(left_at=now)
    else:
        gone.delete()
    for person in wanted:
        PairingMember.objects.update_or_create(
            pairing=team.pairing, person_id=person, defaults={"left_at": None}
        )
    team.pairing.reason, team.private_reason = words.of(row.pk for row in people)
    team.pairing.save(update_fields=["reason"])
    team.save(update_fields=["private_reason"])


def _dissolve(made: PairingRound, team: PartnerTeam, now: datetime) -> None:
    if not made.is_told:
        team.pairing.delete()
        return
    team.pairing.members.filter(left_at=None).update(left_at=now)
    team.pairing.end(now, why="Its people have other partners now.")


@transaction.atomic
def take_out(made: PairingRound, people: Collection[int], *, now: datetime) -> list[Enrolment]:
    """Take learners who leave out of their teams; returns those who are alone now. Nobody is moved for it."""
    alone: list[Enrolment] = []
    teams = PartnerTeam.objects.filter(round=made, places__enrolment__in=people).distinct().with_people()
    for team in teams:
        rest = [place.enrolment for place in team.places.all() if place.enrolment_id not in people]
        TeamPlace.objects.filter(team=team, enrolment__in=people).delete()
        gone = [place.enrolment.person_id for place in team.places.all() if place.enrolment_id in people]
        if made.is_told:
            team.pairing.members.filter(person__in=gone, left_at=None).update(left_at=now)
        else:
            team.pairing.members.filter(person__in=gone).delete()
        if len(rest) < 2:
            TeamPlace.objects.filter(team=team).delete()
            _dissolve(made, team, now)
            alone += rest
    return alone


def tell_team(made: PairingRound, team: PartnerTeam, now: datetime) -> None:
    """Each of a team is told once for who is in it."""
    places = TeamPlace.objects.filter(team=team).select_related("enrolment__person")
    who = composition(place.enrolment_id for place in places)
    for place in places:
        tell(PartnersTold, place.enrolment.person, about=team, slot=who, now=now)


def tell_alone(made: PairingRound, enrolment: Enrolment, now: datetime) -> None:
    """Somebody has no partner any more: once a day at most, for a lead may try several ways."""
    tell(NoPartner, enrolment.person, about=made, slot=f"{enrolment.pk} {now:%Y-%m-%d}", now=now)
