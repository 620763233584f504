"""What an offering remembers about who worked with whom, what they said, and how far each has come."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from members import pairing
from members.models import PairingMember
from members.pairing import Pair
from nmep.models import Enrolment, PairingRound, PartnerNote, PartnerWish, SkillMark

#: How often two who would rather not work together again count as having met, beside the time they did.
AGAINST = 2


@dataclass(frozen=True)
class Criteria:
    """What a lead wants to be weighed."""

    avoid_repeats: bool = True
    experience: str = "similar"  # or mixed, or any
    keep_requests: bool = True

    @classmethod
    def of(cls, made: PairingRound) -> Criteria:
        return cls(**{key: made.criteria[key] for key in asdict(cls()) if key in made.criteria})


@dataclass(frozen=True)
class Known:
    """What there is to know about the learners of a round, by enrolment."""

    met: Counter[Pair] = field(default_factory=Counter)
    wishes: frozenset[tuple[int, int]] = frozenset()
    blocked: frozenset[Pair] = frozenset()
    against: frozenset[Pair] = frozenset()
    skills: dict[int, int] = field(default_factory=dict)
    skills_in_all: int = 0

    def similarity(self, wanted: str) -> pairing.Similarity | None:
        """How far apart two are in what they have got, as `wanted` values it; None while nothing is known."""
        if wanted not in ("similar", "mixed") or not any(self.skills.values()):
            return None
        n = self.skills_in_all

        def compared(a: int, b: int) -> tuple[float, str]:
            apart = abs(self.skills.get(a, 0) - self.skills.get(b, 0)) / n
            return (1 - 2 * apart if wanted == "similar" else 2 * apart - 1), ""

        return compared


def known(
    made: PairingRound, *, notes: Iterable[PartnerNote] | None = None, with_skills: bool = True
) -> Known:
    """What the offering remembers about who worked with whom, and what they said; four queries at most."""
    offering = made.assignment.offering_id
    together: dict[int, list[int]] = defaultdict(list)
    members = PairingMember.objects.filter(
        pairing__partner_team__round__assignment__offering=offering,
        pairing__partner_team__round__state__in=PairingRound.TOLD,
        person__enrolments__offering=offering,
        person__enrolments__role=Enrolment.Role.LEARNER,
    ).exclude(pairing__partner_team__round=made)
    for team, enrolment in members.values_list("pairing__partner_team", "person__enrolments"):
        together[team].append(enrolment)
    met = Counter(pair for team in together.values() for pair in pairing.pairs_of(team))
    wishes, blocked = set(), set()
    for wish in PartnerWish.objects.filter(asking__offering=offering).exclude(about=None):
        if wish.kind == PartnerWish.Kind.REQUEST and wish.about_id:
            wishes.add((wish.asking_id, wish.about_id))
        elif wish.about_id:
            blocked.add(frozenset((wish.asking_id, wish.about_id)))
    notes = PartnerNote.objects.filter(enrolment__offering=offering) if notes is None else notes
    against = {
        frozenset((note.enrolment_id, other))
        for note in notes
        if note.again == PartnerNote.Again.NO
        for other in together[note.team_id]
        if other != note.enrolment_id
    }
    for pair in against:
        met[pair] += AGAINST
    skills, in_all = _skills(offering) if with_skills else ({}, 0)
    return Known(met, frozenset(wishes), frozenset(blocked), frozenset(against), skills, in_all)


def _skills(offering: int) -> tuple[dict[int, int], int]:
    """How many skills each learner has got, and how many anybody was marked in."""
    entries: dict[int, list[SkillMark]] = defaultdict(list)
    marked = set()
    for entry in SkillMark.objects.filter(enrolment__offering=offering):
        entries[entry.enrolment_id].append(entry)
        marked.add(entry.skill_id)
    got = {
        enrolment: sum(mark.level != SkillMark.Level.NOT_YET for mark in SkillMark.fold(rows).values())
        for enrolment, rows in entries.items()
    }
    return got, len(marked)


@dataclass(frozen=True)
class Words:
    """The reasons of a team: those for everybody in it, and those for the leads."""

    facts: Known

    def of(self, team: Iterable[int]) -> tuple[str, str]:
        people = sorted(team)
        # Said about them is how often they met, not how much somebody minds.
        met = self.facts.met.copy()
        for pair in self.facts.against:
            met[pair] -= AGAINST
        said = pairing.reasons(people, met, self.facts.wishes)
        private = list(said.private)
        if any(pair in self.facts.blocked for pair in pairing.pairs_of(people)):
            private.insert(0, "one would rather not")
        elif any(pair in self.facts.against for pair in pairing.pairs_of(people)):
            private.insert(0, "one would rather not again")
        if any(self.facts.skills.values()):
            private.append(self._skills(people))
        return "; ".join(said.reasons)[:300], "; ".join(private)[:300]

    def _skills(self, people: list[int]) -> str:
        have = sorted(self.facts.skills.get(one, 0) for one in people)
        if len(set(have)) == 1:
            return (
                f"{'both' if len(people) == 2 else 'all'} have {have[0]} of {self.facts.skills_in_all} skills"
            )
        *first, last = map(str, have)
        return f"have {', '.join(first)} and {last} of {self.facts.skills_in_all} skills"
