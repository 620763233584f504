"""A mentor for each capstone: suggested with the reason, asked by mail, met or missed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from events.models import Event, Talk
from members import audit, pairing
from members.ledger import tell
from members.models import Membership, Pairing, PairingCheckIn, PairingMember, User
from mlclub.refusal import Refused
from nmep.capstones import hold
from nmep.models import Capstone, CapstoneMember, CapstoneStep, Enrolment, Offering, Session
from nmep.models.capstones import CapstoneQuerySet
from nmep.notifications import MentorAsked, MentorDeclined, MentorFound
from nmep.people import leads_of
from projects.models import Role

#: How many capstones somebody mentors at most, and at how few hours a week only one.
PLACES, HOURS_FOR_TWO = 2, 3
#: Without a meeting for so long, the lead hears of it.
NOT_MET = timedelta(weeks=3)
#: Somebody who was asked and says nothing for so long is worth another mail.
UNANSWERED = timedelta(days=4)
#: Whoever teaches within so many days is not suggested.
TEACHING = timedelta(days=7)


@dataclass(frozen=True)
class Candidate:
    """Somebody who could mentor: why, and what stands against it."""

    person: User
    reason: str
    cost: int
    against: str = ""

    @property
    def label(self) -> str:
        return f"{self.person}: {self.reason}" + (f" ({self.against})" if self.against else "")


@dataclass(frozen=True)
class Suggestion:
    """A capstone without a mentor, who could be, best first, and whom the matcher picks."""

    capstone: Capstone
    candidates: list[Candidate]
    pick: User | None


def without_mentor(offering: Offering) -> list[Capstone]:
    """Groups that nobody mentors and nobody was asked for, or who was asked declined."""
    rows = Capstone.objects.filter(offering=offering, mentoring=None).with_people()
    return [row for row in rows.prefetch_related("initiative__topics") if row.team and not row.is_over]


def suggest(offering: Offering, now: datetime) -> list[Suggestion]:
    """Mentors for every group that has none, nobody above their places; seven queries for any number."""
    wanted = without_mentor(offering)
    if not wanted:
        return []
    people = _people(offering, now)
    past = _past(offering, people)
    declined = _declined(wanted)
    topics = {pk: frozenset([*row.gives, *row.knows]) for pk, row in people.items()}
    offered = [
        pairing.Offered(
            key=pk,
            topics=topics[pk],
            load=row.load,
            room=0 if row.teaches_at else _places(row),
        )
        for pk, row in people.items()
    ]
    wishes = [
        pairing.Wanted(row.pk, frozenset(topic.name for topic in row.initiative.topics.all()))
        for row in wanted
    ]
    found = pairing.mentors(wishes, offered, blocked=declined)
    picks = {match.wanted: match.mentor for match in found.matches}
    suggestions = []
    for row, wish in zip(wanted, wishes, strict=True):
        candidates = [
            Candidate(
                people[one.key].person,
                _reason(wish.topics & one.topics, past[one.key], one.load, _places(people[one.key])),
                pairing.fit(wish, one).cost + (200 if one.load >= one.room else 0),
                _against(people[one.key], offering),
            )
            for one in offered
            if (row.pk, one.key) not in declined and _places(people[one.key]) > 0
        ]
        candidates.sort(key=lambda each: (each.cost, each.person.display_name))
        pick = picks.get(row.pk)
        suggestions.append(Suggestion(row, candidates, people[pick].person if pick else None))
    return suggestions


def _places(row: Membership) -> int:
    hours = row.hours_a_week
    return PLACES if hours is None or hours >= HOURS_FOR_TWO else min(hours, 1)


def _reason(shared: Collection[str], past: Mapping[str, int], load: int, places: int) -> str:
    """RL, 2 past RL projects, 1 of 2 places used."""
    said = sorted(shared) or ["no topic in common"]
    for topic in sorted(shared):
        if n := past.get(topic, 0):
            said.append(f"{n} past {topic} project{'' if n == 1 else 's'}")
    return ", ".join([*said, f"{load} of {places} place{'' if places == 1 else 's'} used"])


def _people(offering: Offering, now: datetime) -> dict[int, Any]:
    """Older members of the term who do not learn in the offering, with `load`, how many capstones they mentor or
    are asked for, `gives` and `knows`, names of topics, and `teaches_at`, the class that they teach within a week."""
    learning = Enrolment.objects.active().learners().filter(offering=offering, person=OuterRef("person"))
    places = (
        PairingMember.objects.present()
        .filter(
            person=OuterRef("person"),
            part=PairingMember.Part.MENTOR,
            pairing__kind=Pairing.Kind.CAPSTONE_MENTOR,
            pairing__term=offering.term_id,
            pairing__state__in=[Pairing.State.PROPOSED, Pairing.State.ACTIVE],
        )
        .order_by()
        .values("person")
        .annotate(n=Count("pk"))
        .values("n")
    )
    soon = Session.objects.classes().filter(
        event__starts_at__gte=now,
        event__starts_at__lt=now + TEACHING,
        event__state=Event.State.SCHEDULED,
        offering__in=Offering.objects.live(),
    )
    # Asked by itself: as a subquery of each row PostgreSQL once took it for small and went through it for minutes.
    teaches = dict(
        Talk.objects.filter(event__in=soon.values("event"))
        .order_by()
        .values_list("speakers")
        .annotate(first=Min("event__starts_at"))
    )
    rows = (
        Membership.objects.active()
        .filter(term=offering.term_id)
        .exclude(kind=Membership.Kind.NEW)
        .exclude(Exists(learning))
        .annotate(
            load=Coalesce(Subquery(places), 0),
            gives=ArraySubquery(
                Membership.give.through.objects.filter(membership=OuterRef("pk")).values("topic__name")
            ),
            knows=ArraySubquery(
                User.expertise.through.objects.filter(user=OuterRef("person")).values("topic__name")
            ),
        )
        .select_related("person")
    )
    for row in rows:
        row.teaches_at = teaches.get(row.person_id)  # type: ignore[attr-defined]
    return {row.person_id: row for row in rows}


def _against(row: Any, offering: Offering) -> str:
    """Why somebody who could is not picked."""
    return f"teaches on {row.teaches_at.astimezone(offering.zone):%a %-d %b}" if row.teaches_at else ""


def _past(offering: Offering, people: Collection[int]) -> dict[int, dict[str, int]]:
    """Person → topic → in how many projects of earlier terms."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = (
        Role.objects.filter(person__in=people, term__starts_on__lt=offering.term.starts_on)
        .filter(initiative__topics__isnull=False)
        .values_list("person", "initiative__topics__name", "initiative")
        .distinct()
    )
    for person, topic, _ in rows:
        found[person][topic] += 1
    return found


def _declined(capstones: Sequence[Capstone]) -> set[tuple[int, int]]:
    """(capstone, person) of those who said no to this group."""
    through = Capstone.pairings.through.objects.filter(
        capstone__in=capstones,
        pairing__members__answer=PairingMember.Answer.DECLINED,
        pairing__members__part=PairingMember.Part.MENTOR,
    )
    return set(through.values_list("capstone", "pairing__members__person"))


@transaction.atomic
def ask(
    offering: Offering, choices: Mapping[int, tuple[User, str]], *, by: User, now: datetime
) -> tuple[int, list[str]]:
    """Ask the chosen people: capstone → (person, reason). Gives how many were asked, and what did not work.

    A group for which another lead has asked somebody meanwhile is left as it is.
    """
    hold(offering)
    asked, said = 0, []
    rows = Capstone.objects.filter(offering=offering, pk__in=choices).with_people()
    for capstone in rows.select_for_update(of=("self",)):
        person, reason = choices[capstone.pk]
        if capstone.mentoring_id is not None:
            said.append(f"For {capstone} somebody was asked already.")
            continue
        if any(row.enrolment.person_id == person.pk for row in capstone.team):
            said.append(f"{person} is in {capstone}.")
            continue
        made = Pairing.objects.create(
            kind=Pairing.Kind.CAPSTONE_MENTOR,
            term_id=offering.term_id,
            reason=reason[:300],
            goal=f"Help {capstone} with its capstone."[:300],
            created_at=now,
        )
        PairingMember.objects.create(
            pairing=made,
            person=person,
            part=PairingMember.Part.MENTOR,
            answer=PairingMember.Answer.ASKED,
        )
        PairingMember.objects.bulk_create(
            [
                PairingMember(pairing=made, person=row.enrolment.person, part=PairingMember.Part.MENTEE)
                for row in capstone.team
            ]
        )
        capstone.mentoring = made
        capstone.save(update_fields=["mentoring"])
        capstone.pairings.add(made)
        tell(MentorAsked, person, about=capstone, slot=str(made.pk), now=now)
        asked += 1
    if asked:
        audit.record(by, "mentors-asked", offering, after={"groups": asked})
    return asked, said


def mentor_of(capstone: Capstone) -> PairingMember | None:
    """Who mentors the group or is asked to."""
    if capstone.mentoring_id is None:
        return None
    return (
        PairingMember.objects.present()
        .filter(pairing=capstone.mentoring_id, part=PairingMember.Part.MENTOR)
        .select_related("person", "pairing")
        .first()
    )


@transaction.atomic
def answer(capstone: Capstone, person: User, *, accepts: bool, now: datetime) -> bool:
    """What somebody says who was asked. False: it was answered before, or nobody asks any more. Raises Refused."""
    capstone = Capstone.objects.select_for_update(of=("self",)).with_people().get(pk=capstone.pk)
    capstone.offering.check_changes()
    place = mentor_of(capstone)
    if place is None or place.person_id != person.pk:
        return False
    choice = PairingMember.Answer.ACCEPTED if accepts else PairingMember.Answer.DECLINED
    if not place.settle(choice, now):
        return False
    if accepts:
        place.pairing.publish(now)
        Role.objects.get_or_create(
            initiative=capstone.initiative,
            term_id=capstone.offering.term_id,
            person=person,
            defaults={"kind": Role.Kind.MENTOR},
        )
        for row in capstone.team:
            tell(MentorFound, row.enrolment.person, about=capstone, slot=str(place.pairing_id), now=now)
        return True
    place.pairing.end(now, state=Pairing.State.DECLINED)
    capstone.mentoring = None
    capstone.save(update_fields=["mentoring"])
    for lead in leads_of(capstone.offering):
        tell(MentorDeclined, lead, about=capstone, slot=str(place.pairing_id), now=now)
    return True


@transaction.atomic
def end(capstone: Capstone, *, by: User, now: datetime) -> bool:
    """Take the mentor, or the question, back. False: there was none. Raises Refused."""
    capstone = Capstone.objects.select_for_update(of=("self",)).select_related("offering").get(pk=capstone.pk)
    capstone.offering.check_changes()
    place = mentor_of(capstone)
    if place is None:
        return False
    place.pairing.end(now, why="A lead ended it.")
    for role in Role.objects.filter(
        initiative=capstone.initiative_id,
        term=capstone.offering.term_id,
        person=place.person_id,
        kind=Role.Kind.MENTOR,
    ):
        role.delete()
    capstone.mentoring = None
    capstone.save(update_fields=["mentoring"])
    audit.record(by, "mentoring-ended", capstone, before=place.person_id)
    return True


@transaction.atomic
def check_in(capstone: Capstone, person: User, said: str, *, now: datetime) -> bool:
    """One tap of the mentor or a member. False: the same within the last hour. Raises `Refused`."""
    capstone.offering.check_changes()
    pairing_ = Pairing.objects.select_for_update().filter(pk=capstone.mentoring_id or 0).active().first()
    if pairing_ is None:
        raise Refused("This group has no mentor now.")
    recent = PairingCheckIn.objects.filter(
        pairing=pairing_, person=person, said=said, at__gt=now - timedelta(hours=1)
    )
    if recent.exists():
        return False
    PairingCheckIn.objects.create(pairing=pairing_, person=person, said=said, at=now)
    return True


@dataclass(frozen=True)
class Need:
    """What a lead should look at in a group."""

    capstone: Capstone
    words: str


def needing(now: datetime) -> CapstoneQuerySet:
    """Groups at work without a mentor, with one that was not met for three weeks, or that ask for help.

    Adds `met_lately` and `asks_help`.
    """
    check_ins = PairingCheckIn.objects.filter(pairing=OuterRef("mentoring"))
    met_since = PairingCheckIn.objects.filter(
        pairing=OuterRef("pairing"), said=PairingCheckIn.Said.MET, at__gt=OuterRef("at")
    )
    help_asked = check_ins.filter(said=PairingCheckIn.Said.HELP).exclude(Exists(met_since))
    met = check_ins.filter(said=PairingCheckIn.Said.MET, at__gt=now - NOT_MET)
    rows = Capstone.objects.exclude(state__in=[Capstone.State.PRESENTED, Capstone.State.ARCHIVED])
    rows = rows.filter(Exists(CapstoneMember.objects.live().filter(capstone=OuterRef("pk"))))
    return rows.annotate(met_lately=Exists(met), asks_help=Exists(help_asked)).filter(
        Q(mentoring=None)
        | Q(asks_help=True)
        | Q(
            mentoring__state=Pairing.State.ACTIVE,
            mentoring__published_at__lte=now - NOT_MET,
            met_lately=False,
        )
        | Q(mentoring__state=Pairing.State.PROPOSED, mentoring__created_at__lte=now - UNANSWERED)
    )


def needs(offerings: Any, now: datetime) -> list[Need]:
    """The same with the words for each; one query."""
    rows: Any = (
        needing(now)
        .filter(offering__in=offerings)
        .select_related("initiative", "offering", "mentoring")
        .defer("initiative__search", "initiative__description")
    )
    return [Need(row, _need(row)) for row in rows]


def _need(row: Any) -> str:
    if row.mentoring is None:
        return "has no mentor"
    if row.asks_help:
        return "asks for help"
    if row.mentoring.state == Pairing.State.PROPOSED:
        return "waits for the answer of a mentor"
    return "has not met its mentor for three weeks"


def of_mentor(user: User) -> list[Any]:
    """Capstones of live offerings that somebody mentors (`is_asked` false) or is asked to, with `waits`: a step
    that waits for an answer. One query."""
    place = PairingMember.objects.present().filter(
        pairing=OuterRef("mentoring"), person=user, part=PairingMember.Part.MENTOR
    )
    waiting = CapstoneStep.objects.filter(capstone=OuterRef("pk"), state=CapstoneStep.State.HANDED_IN)
    return list(
        Capstone.objects.filter(Exists(place), offering__in=Offering.objects.live())
        .annotate(
            is_asked=Exists(place.filter(answer=PairingMember.Answer.ASKED)),
            waits=Subquery(waiting.values("milestone__title")[:1]),
        )
        .select_related("initiative", "offering")
        .defer("initiative__search", "initiative__description")
    )
