"""A mentor for a talk: those who offered it are asked once, the first who helps makes a pairing, and both see a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from events import notifications
from events.locking import locked
from events.models import Claim, TalkMentoring
from members.ledger import Due, at, tell, tell_many
from members.models import Membership, Pairing, PairingMember, Term, Topic, User
from members.standing import today
from mlclub.refusal import Refused

#: What members say they give.
GIVES = "presentation mentoring"


def mentors(now: datetime) -> list[User]:
    """The members of the term who give presentation mentoring."""
    term = Term.objects.current(today(now))
    if term is None:
        return []
    gives = Membership.objects.filter(
        person=OuterRef("pk"),
        term=term,
        status=Membership.Status.ACTIVE,
        give__in=Topic.objects.filter(name__iexact=GIVES),
    )
    return list(User.objects.real().filter(Exists(gives)))


@transaction.atomic
def ask(claim: Claim, *, now: datetime) -> int:
    """Ask everybody who offers it, once for each talk, however often one ticks. How many that were. Raises Refused."""
    locked(claim.slot.sheet)
    row = Claim.objects.select_related("person", "slot__sheet", "slot__event").get(pk=claim.pk)
    if row.state != Claim.State.HELD or not row.slot.sheet.offers_mentor or row.slot.has_begun(now):
        raise Refused("There is no mentor for this.")
    if not row.wants_mentor:
        row.wants_mentor = True
        row.save(update_fields=["wants_mentor"])
    if TalkMentoring.objects.filter(claim=row).exists():
        return 0
    return tell_many(
        notifications.MentorWanted,
        [Due(person, row, expires_at=row.slot.begins_at) for person in mentors(now) if person != row.person],
        now=now,
    )


@transaction.atomic
def help_with(claim: Claim, mentor: User, *, now: datetime) -> TalkMentoring:
    """`mentor` helps: the two become a pairing until the talk, and the speaker is told. Raises Refused when somebody
    helps already."""
    locked(claim.slot.sheet)
    row = Claim.objects.select_related("person", "slot__sheet__term", "slot__event").get(pk=claim.pk)
    known = TalkMentoring.objects.filter(claim=row).select_related("pairing").first()
    if known and known.mentor == mentor:
        return known
    if known:
        raise Refused("Somebody helps already. Thank you all the same.")
    if mentor == row.person:
        raise Refused("You give this talk yourself.")
    if row.state != Claim.State.HELD or not row.wants_mentor or row.slot.has_begun(now):
        raise Refused("Nobody is looked for any more.")
    begins_at = row.slot.begins_at
    pairing = Pairing.objects.create(
        kind=Pairing.Kind.PRESENTATION_MENTOR,
        term=row.slot.sheet.term,
        reason=f"{mentor} offered to help with talks."[:300],
        goal=f"The talk in {row.slot.sheet.title}, {row.slot.label}."[:300],
        starts_on=today(now),
        ends_on=max(today(begins_at), today(now)) if begins_at else None,
        state=Pairing.State.ACTIVE,
        created_at=now,
        published_at=now,
    )
    parts = ((mentor, PairingMember.Part.MENTOR), (row.person, PairingMember.Part.MENTEE))
    PairingMember.objects.bulk_create(
        PairingMember(
            pairing=pairing, person=person, part=part, answer=PairingMember.Answer.ACCEPTED, answered_at=now
        )
        for person, part in parts
    )
    made = TalkMentoring.objects.create(claim=row, pairing=pairing)
    tell(notifications.MentorFound, row.person, about=made, now=now)
    return made


@transaction.atomic
def tick(mentoring: TalkMentoring, step: str, *, now: datetime) -> bool:
    """Either of the two says that a step is done. False when it was. Raises Refused for the dry run before the
    outline."""
    row = TalkMentoring.objects.select_for_update(of=("self",), no_key=True).get(pk=mentoring.pk)
    if row.done_at(step):
        return False
    if step == "dry_run" and row.outline_at is None:
        raise Refused("First the outline.")
    setattr(row, f"{step}_at", now)
    row.save(update_fields=[f"{step}_at"])
    return True


def follow(old: Claim, new: Claim) -> None:
    """The mentor goes along when somebody swaps slots. The caller holds the sheet's lock."""
    TalkMentoring.objects.filter(claim=old).update(claim=new)


def end_for(claim: Claim, now: datetime) -> None:
    """The talk was given away: the pairing ends and the mentor is told. The caller holds the sheet's lock."""
    row = TalkMentoring.objects.filter(claim=claim).select_related("pairing").first()
    if row and row.pairing.end(now, why="The talk was given back."):
        mentor = row.mentor
        if mentor:
            tell(notifications.MentoringOver, mentor, about=row, slot=at(now), now=now)


@dataclass(frozen=True)
class Step:
    """A line of the plan that both see."""

    key: str
    label: str
    due_at: datetime | None
    done_at: datetime | None
    is_late: bool


def plan(mentoring: TalkMentoring, now: datetime) -> list[Step]:
    """Outline, dry run, talk."""
    steps = []
    for key in TalkMentoring.STEPS:
        due_at, done_at = mentoring.due_at(key), mentoring.done_at(key)
        is_late = done_at is None and due_at is not None and due_at < now
        steps.append(Step(key, TalkMentoring.LABELS[key], due_at, done_at, is_late))
    slot = mentoring.claim.slot
    steps.append(Step("", "The talk", slot.begins_at, slot.ends_at if slot.is_over(now) else None, False))
    return steps
