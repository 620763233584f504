"""Groups proposed for the learners who have none: common interests first, nobody beside whom they would rather not work.

A proposal changes nothing; `nmep.capstones.publish` does, with what the lead made of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from members import pairing
from members.models import Membership, User
from nmep import capstones
from nmep.models import Capstone, CapstonePolicy, Enrolment, Offering, PartnerNote


@dataclass
class Proposed:
    """A group as the matcher proposes it: an existing one with who comes in, or a new one."""

    key: str
    capstone: Capstone | None
    people: list[Enrolment]
    why: str = ""


@dataclass
class Proposal:
    groups: list[Proposed] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)

    @property
    def place_of(self) -> dict[int, str]:
        """Enrolment → the key of its group."""
        return {row.pk: group.key for group in self.groups for row in group.people}


def match(
    offering: Offering,
    *,
    seed: int = 0,
    among: tuple[CapstonePolicy, list[Enrolment], list[Capstone]] | None = None,
) -> Proposal:
    """Groups for those who have none, common interests first; what could not be had is said, not hidden.

    `among` are the policy, those without a group and the groups with room, where somebody has asked for them.

    A group that is too small keeps together and takes others in. Where the rest makes no group of its own,
    they fill the places of the others.
    """
    if among is None:
        policy = capstones.policy_of(offering)
        among = policy, capstones.without_group(offering), capstones.rooms(offering, policy)
    policy, rest, going = among
    if not rest:
        return Proposal()
    small = [row for row in going if 0 < len(row.team) < policy.min_size]
    by_key = {row.pk: row for row in [*rest, *(member.enrolment for each in small for member in each.team)]}
    interests = _interests(offering, by_key.values())

    def score(team: Sequence[int]) -> float:
        pairs = pairing.pairs_of(team)
        shared = [
            len(set.intersection(*(interests[by_key[one].person_id] for one in pair))) for pair in pairs
        ]
        return sum(min(n, 3) for n in shared) / len(pairs) if pairs else 0.0

    found = pairing.groups(
        by_key,
        score=score,
        sizes=(policy.min_size, policy.max_size),
        blocked=_apart(offering),
        locked=[[member.enrolment_id for member in each.team] for each in small],
        name=lambda key: str(by_key[key].person),
        seed=seed,
    )
    proposal = Proposal(unmet=list(found.unmet))
    owner = {member.enrolment_id: each for each in small for member in each.team}
    new, used = 0, set[int]()
    for team, value in zip(found.groups, found.scores, strict=True):
        capstone = next((owner[key] for key in team if key in owner and owner[key].pk not in used), None)
        incoming = [by_key[key] for key in team if key not in owner]
        if len(team) < policy.min_size and capstone is None:
            # Too few for a group of their own: they go where there is room.
            proposal.unmet += _fill(proposal, incoming, going, policy, interests)
            continue
        if capstone is None:
            new += 1
        else:
            used.add(capstone.pk)
        key = str(capstone.pk) if capstone else f"new-{new}"
        why = _why(team, by_key, interests) if value else "no topic in common"
        if incoming:
            proposal.groups.append(Proposed(key, capstone, incoming, why))
    joined = {group.key: len(group.people) for group in proposal.groups}
    proposal.unmet += [
        f"{each} stays with {len(each.team) + joined.get(str(each.pk), 0)} of at least {policy.min_size}."
        for each in small
        if len(each.team) + joined.get(str(each.pk), 0) < policy.min_size
    ]
    return proposal


def _fill(
    proposal: Proposal,
    people: list[Enrolment],
    going: Sequence[Capstone],
    policy: CapstonePolicy,
    interests: Mapping[int, set[str]],
) -> list[str]:
    """Each into the group with room that shares most; who finds none is named."""
    unmet = []
    free = {row.pk: policy.max_size - len(row.team) for row in going if len(row.team) >= policy.min_size}
    topics = {row.pk: {topic.name for topic in row.initiative.topics.all()} for row in going}
    by_pk = {row.pk: row for row in going}
    for enrolment in people:
        wishes = interests[enrolment.person_id]
        open_ = [pk for pk, n in free.items() if n > 0]
        if not open_:
            unmet.append(f"No group has a place for {enrolment.person}.")
            continue
        best = max(open_, key=lambda pk: (len(wishes & topics[pk]), free[pk], -pk))
        free[best] -= 1
        shared = wishes & topics[best]
        why = f"wants to learn {', '.join(sorted(shared))}" if shared else "has a place"
        proposal.groups.append(Proposed(str(best), by_pk[best], [enrolment], why))
    return unmet


def _interests(offering: Offering, rows: Iterable[Enrolment]) -> dict[int, set[str]]:
    """Person → what they want to learn this term, and what they know."""
    people = [row.person_id for row in rows]
    found: dict[int, set[str]] = defaultdict(set)
    learn = Membership.learn.through.objects.filter(
        membership__person__in=people, membership__term=offering.term_id
    )
    for person, name in learn.values_list("membership__person", "topic__name"):
        found[person].add(name)
    knows = User.expertise.through.objects.filter(user__in=people)
    for person, name in knows.values_list("user", "topic__name"):
        found[person].add(name)
    return found


def _apart(offering: Offering) -> set[pairing.Pair]:
    """Pairs of learners one of whom told the leads "rather not" about the other."""
    notes = PartnerNote.objects.filter(
        enrolment__offering=offering, again=PartnerNote.Again.NO
    ).prefetch_related("team__places")
    return {
        frozenset((note.enrolment_id, place.enrolment_id))
        for note in notes
        for place in note.team.places.all()
        if place.enrolment_id != note.enrolment_id
    }


def _why(team: Sequence[int], by_key: Mapping[int, Enrolment], interests: Mapping[int, set[str]]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for key in team:
        for name in interests[by_key[key].person_id]:
            counts[name] += 1
    shared = sorted((name for name, n in counts.items() if n > 1), key=lambda name: (-counts[name], name))
    return ", ".join(f"{name} ({counts[name]} of {len(team)})" for name in shared[:3])
