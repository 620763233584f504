"""What is presented in a slot of a rota: its paper, what its presenter would like to hear, and the answers. The talk on
the event's page follows from who holds the slot."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError, RestrictedError

from events import backups, following, notifications
from events.locking import locked_slot
from events.models import (
    Claim,
    Presentation,
    Rota,
    Slot,
    SlotComment,
    SlotQuestion,
    SlotSheet,
    Talk,
    TalkMentoring,
)
from events.models.kinds import Visibility
from events.turns import KINDS
from members.ledger import Due, at, tell_many
from members.models import PairingMember, User
from mlclub.refusal import Refused
from wiki import lists
from wiki.models import Paper
from wiki.papers import Named, keep

# ── What follows when somebody takes a slot, gives it back or swaps it ──


def taken(claim: Claim, now: datetime) -> None:
    """Somebody holds a slot of a rota: they follow its series from now on. The caller holds the sheet's lock."""
    slot = claim.slot
    if slot.sheet.kind not in KINDS:
        return
    rota = Rota.objects.filter(sheet=slot.sheet_id).select_related("series").first()
    if rota is not None:
        following.follow(rota.series, claim.person, now=now)
    backups.took_it(slot, claim.person, now)
    follow(slot)


def given_back(slot: Slot, now: datetime) -> Claim | None:
    """A slot of a rota was given back: late, its backup steps in and presents what was chosen; otherwise the paper goes
    with whoever chose it. The caller holds the sheet's lock."""
    if slot.sheet.kind not in KINDS:
        return None
    claim = backups.step_in(slot, now)
    nobody = not Claim.objects.taking().filter(slot=slot).exists()
    if nobody and slot.sheet.kind != SlotSheet.Kind.CHAPTER and not slot.has_begun(now):
        _drop(slot)
    follow(slot)
    return claim


def exchanged(one: Slot, other: Slot) -> None:
    """Two slots changed hands: what somebody prepares goes with them; a chapter stays in its place. The caller holds
    the sheet's lock."""
    if one.sheet.kind not in KINDS:
        return
    if one.sheet.kind != SlotSheet.Kind.CHAPTER:
        said = {row.slot_id: row for row in Presentation.objects.filter(slot__in=[one, other])}
        for slot, other_slot in ((one, other), (other, one)):
            theirs = said.get(other_slot.pk) or Presentation()
            Presentation.objects.update_or_create(
                slot=slot,
                defaults={
                    name: getattr(theirs, name) for name in ("paper_id", "ask", "chosen_by_id", "chosen_at")
                },
            )
    for slot in (one, other):
        follow(slot)


def follow(slot: Slot) -> None:
    """Bring the talk on the event's page in step with who holds the slot and what they present."""
    if slot.sheet.kind not in KINDS or slot.event_id is None:
        return
    holders = [
        claim.person
        for claim in Claim.objects.filter(slot=slot, state__in=[Claim.State.HELD, Claim.State.DONE])
        .select_related("person")
        .order_by("claimed_at", "pk")
    ]
    row = Presentation.objects.filter(slot=slot).select_related("paper", "talk").first()
    if not holders or slot.withdrawn_at is not None:
        if row and row.talk:
            _take_away(row)
        return
    topic = Claim.objects.held().filter(slot=slot).exclude(topic="").values_list("topic", flat=True).first()
    title = (row.paper.title if row and row.paper else topic or slot.topic or _chapter(slot))[:200]
    row = row or Presentation.objects.create(slot=slot)
    if row.talk is None:
        row.talk = Talk.objects.create(event_id=slot.event_id, title=title, position=slot.position % 1000)
        row.save(update_fields=["talk"])
    elif row.talk.title != title:
        Talk.objects.filter(pk=row.talk.pk).update(title=title)
    if {person.pk for person in row.talk.speakers.all()} != {person.pk for person in holders}:
        row.talk.speakers.set(holders)


def _chapter(slot: Slot) -> str:
    return slot.title if slot.sheet.kind == SlotSheet.Kind.CHAPTER else ""


def _take_away(row: Presentation) -> None:
    talk, row.talk = row.talk, None
    row.save(update_fields=["talk"])
    if talk is None:
        return
    try:
        with transaction.atomic():
            talk.delete()
    except (ProtectedError, RestrictedError):
        # Something is kept with it, such as what the speaker agreed to: it stays, without a speaker.
        talk.speakers.clear()


def _drop(slot: Slot) -> None:
    """Forget what was to be presented, and take its paper out of the list where it stands only for this."""
    row = Presentation.objects.filter(slot=slot).select_related("paper").first()
    if row is None:
        return
    old = row.paper
    row.paper, row.ask, row.chosen_by, row.chosen_at = None, "", None, None
    row.save(update_fields=["paper", "ask", "chosen_by", "chosen_at"])
    if old is not None:
        _unplace(slot, old)


# ── Saying what it is about ──


@transaction.atomic
def choose(slot: Slot, paper: Paper | Named, *, by: User, now: datetime, runs: bool = False) -> Presentation:
    """Say which paper is presented. Those who present it may, whoever runs it (`runs`) also afterwards. It goes into the
    series' reading list; whoever prepares for the one before is told. Raises Refused."""
    slot = locked_slot(slot)
    _check_theirs(slot, by, now, runs=runs)
    chosen = paper if isinstance(paper, Paper) else keep(paper, now=now)
    row = Presentation.objects.filter(slot=slot).select_related("paper").first() or Presentation(slot=slot)
    old = row.paper
    if old is not None and old.pk == chosen.pk:
        return row
    row.paper, row.chosen_by, row.chosen_at = chosen, by, now
    row.save()
    rota = Rota.objects.filter(sheet=slot.sheet_id).select_related("series", "reading_list").first()
    if old is not None:
        _unplace(slot, old)
    if rota and rota.reading_list:
        lists.place(
            rota.reading_list,
            chosen,
            by=by,
            now=now,
            is_automatic=True,
            is_for_members=rota.series.visibility != Visibility.PUBLIC,
        )
    follow(slot)
    if old is not None and not slot.has_begun(now):
        _tell_of_change(slot, row, by, now)
    return row


@transaction.atomic
def ask(slot: Slot, text: str, *, by: User, now: datetime, runs: bool = False) -> Presentation:
    """Say what feedback one would like. Raises Refused."""
    slot = locked_slot(slot)
    _check_theirs(slot, by, now, runs=runs)
    row, _ = Presentation.objects.get_or_create(slot=slot)
    if row.ask != text.strip():
        row.ask = text.strip()[:500]
        row.save(update_fields=["ask"])
    return row


def _check_theirs(slot: Slot, by: User, now: datetime, *, runs: bool) -> None:
    if runs:
        return
    if not Claim.objects.held().filter(slot=slot, person=by).exists():
        raise Refused("Only those who present it say what it is about.")
    if slot.has_begun(now):
        raise Refused("It has begun. Ask whoever runs it to change it.")


def _unplace(slot: Slot, paper: Paper) -> None:
    rota = Rota.objects.filter(sheet=slot.sheet_id).select_related("reading_list").first()
    if rota is None or rota.reading_list is None:
        return
    elsewhere = Presentation.objects.filter(
        paper=paper, slot__sheet__rota__reading_list=rota.reading_list, slot__withdrawn_at=None
    ).exclude(slot=slot)
    if not elsewhere.exists():
        lists.take_back(rota.reading_list, paper)


def _tell_of_change(slot: Slot, row: Presentation, by: User, now: datetime) -> None:
    """Those who prepare for it: who presents it together, who steps in, the mentor, and who has asked a question."""
    told: dict[int, User] = {}
    claims = list(Claim.objects.held().filter(slot=slot).select_related("person"))
    for claim in claims:
        told[claim.person_id] = claim.person
    backup = backups.of(slot)
    if backup:
        told[backup.person_id] = backup.person
    mentors = PairingMember.objects.filter(
        pairing__in=TalkMentoring.objects.filter(claim__in=claims).values("pairing"),
        part=PairingMember.Part.MENTOR,
    ).select_related("person")
    for mentor in mentors:
        told[mentor.person_id] = mentor.person
    for question in SlotQuestion.objects.filter(slot=slot).select_related("author"):
        told[question.author_id] = question.author
    told.pop(by.pk, None)
    tell_many(
        notifications.PaperChanged,
        [Due(person, row, slot=at(now), expires_at=slot.begins_at) for person in told.values()],
        now=now,
    )


# ── Answers ──


@transaction.atomic
def comment(slot: Slot, author: User, text: str, *, now: datetime) -> SlotComment:
    """Answer what a presenter asked. The same words of the same person within a minute are one answer. Raises Refused
    before it has begun."""
    slot = locked_slot(slot)
    if not slot.is_offered or not slot.has_begun(now):
        raise Refused("It has not begun yet: listen first.")
    again = SlotComment.objects.filter(slot=slot, author=author, text=text).order_by("-at").first()
    if again and (now - again.at).total_seconds() < 60:
        return again
    return SlotComment.objects.create(slot=slot, author=author, text=text, at=now)


def paper_filled(paper: Paper) -> None:
    """A paper that was known by its number has its title: the talks about it have it too."""
    for row in Presentation.objects.filter(paper=paper, talk__isnull=False).select_related("slot__sheet"):
        follow(row.slot)


def paper_merged(kept: Paper, gone: Paper) -> None:
    """Two rows of one work became one: what was presented of either is of the one that stays."""
    Presentation.objects.filter(paper=gone).update(paper=kept)
