"""Learners find each other for their final project: ideas, groups, and whoever is left over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from members import audit
from members.ledger import tell
from members.models import PairingMember, Topic, User
from mlclub.refusal import Refused
from nmep.models import Capstone, CapstoneMember, CapstonePolicy, Enrolment, Offering
from nmep.notifications import CapstonePlaced
from projects.models import Initiative, Role


class Full(Refused):
    """The last place went to somebody else; `rooms` are the groups that still have one."""

    def __init__(self, rooms: Sequence[Capstone]) -> None:
        self.rooms = list(rooms)
        named = ", ".join(str(row) for row in self.rooms)
        super().__init__(
            f"The last place was just taken. There is room in {named}."
            if named
            else "The last place was just taken, and no other group has one. Propose an idea of your own."
        )


def policy_of(offering: Offering) -> CapstonePolicy:
    """The sizes of groups, and whether they are closed; the usual ones where nobody set any."""
    try:
        return offering.capstone_policy
    except CapstonePolicy.DoesNotExist:
        return CapstonePolicy(offering=offering)


def hold(offering: Offering) -> CapstonePolicy:
    """The lock under which the groups of an offering change; every change takes it first."""
    offering.check_changes()
    CapstonePolicy.objects.get_or_create(offering=offering)
    return CapstonePolicy.objects.select_for_update().get(offering=offering)


def without_group(offering: Offering) -> list[Enrolment]:
    """Active learners who are in no group."""
    placed = CapstoneMember.objects.live().filter(enrolment=OuterRef("pk"))
    rows = Enrolment.objects.active().learners().filter(offering=offering).filter(~Exists(placed))
    return list(rows.select_related("person"))


def of_learner(enrolment: Enrolment) -> Capstone | None:
    """The group that somebody is in now."""
    row = (
        CapstoneMember.objects.live()
        .filter(enrolment=enrolment)
        .select_related("capstone__initiative", "capstone__offering")
        .first()
    )
    return row.capstone if row else None


# ── By the learners themselves ──


@transaction.atomic
def propose(
    enrolment: Enrolment, *, name: str, summary: str, topics: Iterable[Topic] = (), now: datetime
) -> Capstone:
    """An idea of `enrolment`, who is its first member. Raises `Refused`."""
    policy = hold(enrolment.offering)
    _may_choose(enrolment, policy)
    if (held := of_learner(enrolment)) is not None:
        raise Refused(f"You are in {held} already. Leave it first.")
    capstone = _found(
        enrolment.offering, name=name, summary=summary, topics=topics, by=enrolment.person, now=now
    )
    _seat(capstone, enrolment, now)
    return capstone


@transaction.atomic
def join(capstone: Capstone, enrolment: Enrolment, *, now: datetime) -> bool:
    """Take a place in a group. False: they were in it already. Raises `Full` or `Refused`."""
    policy = hold(capstone.offering)
    held = of_learner(enrolment)
    if held == capstone:
        return False
    _may_choose(enrolment, policy)
    if held is not None:
        raise Refused(f"You are in {held} already. Leave it first.")
    _check_room(capstone, policy)
    _seat(capstone, enrolment, now)
    return True


@transaction.atomic
def leave(enrolment: Enrolment, *, now: datetime) -> Capstone | None:
    """Leave one's group while groups are open. None: they were in none. Raises `Refused`."""
    policy = hold(enrolment.offering)
    held = of_learner(enrolment)
    if held is None:
        return None
    _may_choose(enrolment, policy)
    _unseat(enrolment, now)
    return held


def _may_choose(enrolment: Enrolment, policy: CapstonePolicy) -> None:
    if not enrolment.is_learning:
        raise Refused("You are not learning in this offering.")
    if policy.closed_at:
        raise Refused("The groups are closed. Ask a lead if something has to change.")


def _check_room(capstone: Capstone, policy: CapstonePolicy) -> None:
    current = Capstone.objects.get(pk=capstone.pk)
    if current.is_over:
        raise Refused("This group is done.")
    if CapstoneMember.objects.live().filter(capstone=capstone).count() >= policy.max_size:
        raise Full(rooms(capstone.offering, policy))


def rooms(offering: Offering, policy: CapstonePolicy) -> list[Capstone]:
    """Groups with a place left, the emptiest first."""
    rows = Capstone.objects.filter(offering=offering).with_people()
    going = [row for row in rows if not row.is_over and len(row.team) < policy.max_size]
    return sorted(going, key=lambda row: (len(row.team), row.initiative.name))


def _found(
    offering: Offering, *, name: str, summary: str, topics: Iterable[Topic], by: User | None, now: datetime
) -> Capstone:
    try:
        with transaction.atomic():
            initiative = Initiative.objects.create(
                name=name,
                summary=summary,
                kind=Initiative.Kind.CAPSTONE,
                state=Initiative.State.PROPOSED,
                started_on=now.astimezone(offering.zone).date(),
                created_at=now,
            )
    except IntegrityError as taken:
        raise Refused("There is already a project of this name.") from taken
    initiative.topics.set(topics)
    return Capstone.objects.create(offering=offering, initiative=initiative, idea_by=by, created_at=now)


def _seat(capstone: Capstone, enrolment: Enrolment, now: datetime) -> None:
    """The learner is in the group, and in the team of its initiative; the first one leads it there."""
    CapstoneMember.objects.create(capstone=capstone, enrolment=enrolment, joined_at=now)
    team = Role.objects.filter(initiative=capstone.initiative_id, term=capstone.offering.term_id)
    is_first = not team.filter(kind=Role.Kind.LEAD).exists()
    Role.objects.update_or_create(
        initiative=capstone.initiative,
        term_id=capstone.offering.term_id,
        person=enrolment.person,
        defaults={"kind": Role.Kind.LEAD if is_first else Role.Kind.CONTRIBUTOR},
    )
    if capstone.mentoring_id:
        place, _ = PairingMember.objects.get_or_create(
            pairing_id=capstone.mentoring_id,
            person=enrolment.person,
            defaults={"part": PairingMember.Part.MENTEE},
        )
        if place.left_at:
            place.left_at = None
            place.save(update_fields=["left_at"])


def _unseat(enrolment: Enrolment, now: datetime) -> None:
    """Out of the group and of the team; whoever joined next leads on."""
    row = CapstoneMember.objects.live().select_related("capstone").filter(enrolment=enrolment).first()
    if row is None:
        return
    row.left_at = now
    row.save(update_fields=["left_at"])
    team = Role.objects.filter(initiative=row.capstone.initiative_id, term=enrolment.offering.term_id)
    mentees = PairingMember.objects.filter(pairing=row.capstone.mentoring_id, person=enrolment.person)
    mentees.filter(left_at=None).update(left_at=now)
    led = team.filter(person=enrolment.person, kind=Role.Kind.LEAD).exists()
    for role in team.filter(person=enrolment.person):
        role.delete()
    following = (
        CapstoneMember.objects.live().filter(capstone=row.capstone).order_by("joined_at", "pk").first()
    )
    if led and following is not None:
        heir = team.filter(person=following.enrolment.person_id).first()
        if heir is not None:
            heir.kind = Role.Kind.LEAD
            heir.save()


def tidy(now: datetime) -> None:
    """Whoever stopped is taken out of their group, so that it shows its free place."""
    gone = (
        CapstoneMember.objects.live()
        .filter(
            enrolment__state__in=[Enrolment.State.WITHDREW, Enrolment.State.DID_NOT_FINISH],
            capstone__offering__in=Offering.objects.live(),
        )
        .exclude(capstone__state__in=[Capstone.State.PRESENTED, Capstone.State.ARCHIVED])
        .select_related("enrolment__offering")
    )
    for row in gone:
        with transaction.atomic():
            hold(row.enrolment.offering)
            _unseat(row.enrolment, now)


# ── By the lead ──


@transaction.atomic
def set_policy(
    offering: Offering, *, min_size: int, max_size: int, is_closed: bool, by: User, now: datetime
) -> None:
    """The sizes, and whether learners may still choose."""
    policy = hold(offering)
    before = {"sizes": policy.sizes, "closed": bool(policy.closed_at)}
    policy.min_size, policy.max_size = min_size, max_size
    policy.closed_at = (policy.closed_at or now) if is_closed else None
    policy.save()
    after = {"sizes": policy.sizes, "closed": bool(policy.closed_at)}
    if before != after:
        audit.record(by, "capstone-policy", offering, before=before, after=after)


@transaction.atomic
def publish(
    offering: Offering, places: Mapping[int, str], *, by: User, now: datetime
) -> tuple[list[Capstone], list[str]]:
    """Put learners without a group where the lead said: the key of a group, or "new-1", "new-2" … together.

    Gives the groups that changed, and sentences about what did not work. Who joined one meanwhile stays there.
    """
    policy = hold(offering)
    waiting = {row.pk: row for row in without_group(offering)}
    going = {
        str(row.pk): row for row in Capstone.objects.filter(offering=offering).select_related("initiative")
    }
    room = dict.fromkeys({*places.values()}, policy.max_size)
    changed: dict[str, Capstone] = {}
    said: list[str] = []
    for pk, key in sorted(places.items()):
        enrolment = waiting.get(pk)
        if enrolment is None or not key:
            continue
        if key not in going:
            if not key.startswith("new-"):
                continue
            going[key] = _found(
                offering,
                name=_free_name(offering),
                summary="A group that is still looking for its idea.",
                topics=(),
                by=None,
                now=now,
            )
        capstone = going[key]
        taken = CapstoneMember.objects.live().filter(capstone=capstone).count()
        if capstone.is_over or taken >= room[key]:
            said.append(f"{enrolment.person} found no place in {capstone}.")
            continue
        enrolment.offering = offering
        _seat(capstone, enrolment, now)
        changed[key] = capstone
        tell(
            CapstonePlaced, enrolment.person, about=capstone, slot=f"{enrolment.pk} {now:%Y%m%d%H%M}", now=now
        )
    if changed:
        audit.record(by, "capstone-groups-published", offering, after={"groups": len(changed)})
    return list(changed.values()), said


def _free_name(offering: Offering) -> str:
    taken = set(Initiative.objects.filter(name__startswith="Group ").values_list("name", flat=True))
    n = 1
    while f"Group {n}, {offering.term}" in taken:
        n += 1
    return f"Group {n}, {offering.term}"


@transaction.atomic
def move(enrolment: Enrolment, capstone: Capstone | None, *, by: User, now: datetime) -> None:
    """A lead puts somebody into another group, or (None) into none, whether groups are closed or not."""
    policy = hold(enrolment.offering)
    held = of_learner(enrolment)
    if held == capstone:
        return
    if capstone is not None:
        _check_room(capstone, policy)
    _unseat(enrolment, now)
    if capstone is not None:
        _seat(capstone, enrolment, now)
        tell(
            CapstonePlaced, enrolment.person, about=capstone, slot=f"{enrolment.pk} {now:%Y%m%d%H%M}", now=now
        )
    audit.record(
        by,
        "capstone-member-moved",
        enrolment,
        before=held.pk if held else None,
        after=capstone.pk if capstone else None,
    )
