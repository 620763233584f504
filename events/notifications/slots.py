"""What people are told about slots. A mail about a private slot names nobody, and its subject says nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format

from events.models import Backup, Claim, Slot, SlotSheet, Swap
from events.notifications.registrations import spoken_span
from events.slot_access import owner_of
from members.ledger import Category, Due, Kind, at, kind
from members.models import Club, Notification

DAY = timedelta(days=1)
#: So long before, and what is to be done by then.
OFFSETS = {"7d": 7 * DAY, "2d": 2 * DAY}
EMPTY_AHEAD = 10 * DAY

CHECKLISTS: dict[str, dict[str, list[str]]] = {
    SlotSheet.Kind.PAPER: {
        "7d": [
            "The paper is chosen and read once.",
            "You have agreed who presents which part.",
            "You know the one thing that everybody should remember.",
        ],
        "2d": [
            "The slides’ link stands on the page of your slot.",
            "You have read the questions of the others there.",
            "You have said it aloud once, with a clock.",
        ],
    },
    SlotSheet.Kind.ORAL: {
        "7d": ["You know what it covers.", "You have written down what you are unsure of."],
        "2d": ["You know the room.", "You have explained one topic aloud to somebody."],
    },
    SlotSheet.Kind.CHAPTER: {
        "7d": ["You have read the chapter once.", "You have picked what to leave out."],
        "2d": ["Your notes or slides have a link.", "You have one question for the group."],
    },
}
ANY = {
    "7d": ["You know what you want to show.", "You have asked for help if you need it."],
    "2d": ["What you show is ready and has a link.", "You have said it aloud once, with a clock."],
}


def checklist(sheet: SlotSheet, name: str) -> list[str]:
    """What is to be done by `name` ("7d" or "2d") before a slot of the sheet."""
    return CHECKLISTS.get(sheet.kind, ANY)[name]


def spoken_slot(slot: Slot) -> str:
    """When it is, in the club's zone."""
    begins_at, ends_at = slot.begins_at, slot.ends_at
    return spoken_span(begins_at, ends_at) if begins_at and ends_at else "no date yet"


def facts(slot: Slot) -> dict[str, Any]:
    """What every mail about a slot says of it."""
    begins_at = slot.begins_at
    local = begins_at.astimezone(Club.current().zone) if begins_at else None
    return {
        "slot": slot,
        "sheet": slot.sheet,
        "when": spoken_slot(slot),
        "day": date_format(local, "D j F") if local else "",
        "is_private": slot.sheet.hides_names,
        "url": f"{settings.SITE_URL}{slot.get_absolute_url()}",
        "sheet_url": f"{settings.SITE_URL}{slot.sheet.get_absolute_url()}",
    }


def whole(pk: int) -> Claim | None:
    return Claim.objects.select_related("slot__sheet", "slot__event", "person").filter(pk=pk).first()


class AboutClaim(Kind):
    """Messages whose subject is a claim that its person still holds."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        claim = whole(int(row.about_pk))
        if claim is None or claim.state != Claim.State.HELD:
            return "not theirs any more"
        return claim.slot.is_offered or "it does not take place"

    def context(self, row: Notification) -> dict[str, Any]:
        claim = Claim.objects.select_related("slot__sheet", "slot__event", "assigned_by").get(pk=row.about_pk)
        return {"claim": claim, **facts(claim.slot)}


@kind(
    "slot-assigned",
    label="A slot is given to you",
    template="events/mail/slot_assigned",
    category=Category.TRANSACTIONAL,
    why="because you were put down for a slot",
)
class SlotAssigned(AboutClaim):
    """Whoever runs the sheet put somebody down."""


@kind(
    "slot-moved",
    label="A slot that you hold moved",
    template="events/mail/slot_moved",
    category=Category.TRANSACTIONAL,
    why="because you hold this slot",
)
class SlotMoved(AboutClaim):
    """Its meeting does not take place, and it moved on to another. The slot holds the time."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        wanted = super().still_wanted(row, now)
        if wanted is not True:
            return wanted
        claim = whole(int(row.about_pk))
        begins_at = claim.slot.begins_at if claim else None
        return (begins_at is not None and row.slot == at(begins_at)) or "it moved again"


@kind(
    "slot-reminder",
    label="Reminders of slots you hold",
    template="events/mail/slot_reminder",
    category=Category.REMINDER,
    why="because you hold this slot",
)
class SlotReminder(AboutClaim):
    """A week and two days before, with what should be ready. The mail holds the time: a slot that moves reminds again."""

    def due(self, now: datetime) -> Iterable[Due]:
        longest = max(OFFSETS.values())
        soon = Slot.objects.offered().between(now, now + longest)
        held = Claim.objects.held().filter(slot__in=soon.values("pk"))
        for claim in held.select_related("slot__event"):
            begins_at = claim.slot.begins_at
            if begins_at is None:
                continue
            for name, offset in OFFSETS.items():
                due_at = begins_at - offset
                ends = begins_at - OFFSETS["2d"] if name == "7d" else begins_at
                # Whoever claims later than that has the page before their eyes.
                if due_at <= now < ends and claim.claimed_at <= due_at:
                    yield Due(
                        claim.person_id, claim, slot=at(begins_at, name), due_at=due_at, expires_at=ends
                    )

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        wanted = super().still_wanted(row, now)
        if wanted is not True:
            return wanted
        claim = whole(int(row.about_pk))
        begins_at = claim.slot.begins_at if claim else None
        if begins_at is None or row.slot.partition(" ")[0] != at(begins_at):
            return "it moved"
        return now < begins_at or "it has begun"

    def context(self, row: Notification) -> dict[str, Any]:
        context = super().context(row)
        name = row.slot.rpartition(" ")[2]
        return {
            **context,
            "checklist": checklist(context["sheet"], name),
            "span": "a week" if name == "7d" else "two days",
        }


@kind(
    "slot-empty",
    label="Slots of yours that nobody holds",
    template="events/mail/slot_empty",
    category=Category.REMINDER,
    why="because you run this sheet",
)
class SlotEmpty(Kind):
    """Ten days before, to whoever runs the sheet."""

    def due(self, now: datetime) -> Iterable[Due]:
        rows = (
            Slot.objects.offered()
            .between(now, now + EMPTY_AHEAD)
            .with_room()
            .exclude(sheet__kind=SlotSheet.Kind.SHOWCASE)
            .exclude(sheet__mode=SlotSheet.Mode.RANKED, sheet__published_at=None)
            .select_related("sheet", "event")
        )
        for slot in rows:
            begins_at = slot.begins_at
            # An exam that nobody needs is no alarm: those who examine see who has no slot.
            if begins_at is None or slot.sheet.kind == SlotSheet.Kind.ORAL:
                continue
            for person in owner_of(slot.sheet).runners():
                yield Due(
                    person,
                    slot,
                    slot=at(begins_at, "empty"),
                    due_at=begins_at - EMPTY_AHEAD,
                    expires_at=begins_at,
                )

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        slot = Slot.objects.select_related("event").filter(pk=row.about_pk).first()
        begins_at = slot.begins_at if slot else None
        if slot is None or not slot.is_offered or begins_at is None:
            return "it does not take place"
        if row.slot != at(begins_at, "empty"):
            return "it moved"
        return Claim.objects.taking().filter(slot=slot).count() < slot.capacity or "somebody took it"

    def context(self, row: Notification) -> dict[str, Any]:
        slot = Slot.objects.select_related("sheet", "event").get(pk=row.about_pk)
        taken = Claim.objects.taking().filter(slot=slot).count()
        return {**facts(slot), "left": slot.capacity - taken, "taken": taken}


@kind(
    "slot-released",
    label="A slot is given back",
    template="events/mail/slot_released",
    category=Category.TRANSACTIONAL,
    why="because you share this slot or run its sheet",
)
class SlotReleased(Kind):
    """Somebody gave a slot back: to those who share it, and to whoever runs the sheet when it is near."""

    def context(self, row: Notification) -> dict[str, Any]:
        claim = Claim.objects.select_related("slot__sheet", "slot__event", "person").get(pk=row.about_pk)
        is_theirs = claim.person_id == row.person_id
        who = "Somebody" if claim.slot.sheet.hides_names else claim.person.display_name
        instead = Backup.objects.filter(
            slot=claim.slot, state=Backup.State.STEPPED_IN, ended_at=claim.ended_at
        ).select_related("person")
        return {
            "who": who,
            "is_theirs": is_theirs,
            "steps_in": instead.first() if claim.ended_at else None,
            **facts(claim.slot),
        }


@kind(
    "slot-withdrawn",
    label="A slot you held does not take place",
    template="events/mail/slot_withdrawn",
    category=Category.TRANSACTIONAL,
    why="because you held this slot",
)
class SlotWithdrawn(Kind):
    """It was taken off the sheet."""

    def context(self, row: Notification) -> dict[str, Any]:
        claim = Claim.objects.select_related("slot__sheet", "slot__event").get(pk=row.about_pk)
        return facts(claim.slot)


@kind(
    "slot-draw-published",
    label="The draw of slots you wished for",
    template="events/mail/slot_draw",
    category=Category.TRANSACTIONAL,
    why="because you wished for a slot",
)
class DrawPublished(Kind):
    """What the draw gave."""

    def context(self, row: Notification) -> dict[str, Any]:
        sheet = SlotSheet.objects.get(pk=row.about_pk)
        mine = (
            Claim.objects.held()
            .filter(slot__sheet=sheet, person=row.person_id)
            .select_related("slot__sheet", "slot__event")
            .first()
        )
        told = facts(mine.slot) if mine else {"sheet": sheet, "is_private": sheet.hides_names}
        return {**told, "mine": mine, "sheet_url": f"{settings.SITE_URL}{sheet.get_absolute_url()}"}


class AboutSwap(Kind):
    """Messages about an exchange."""

    def context(self, row: Notification) -> dict[str, Any]:
        swap = Swap.objects.select_related(
            "claim__person", "claim__slot__sheet", "claim__slot__event", "other__slot__event", "to"
        ).get(pk=row.about_pk)
        is_private = swap.claim.slot.sheet.hides_names
        return {
            "swap": swap,
            **facts(swap.claim.slot),
            "other": swap.other.slot if swap.other else None,
            "other_when": spoken_slot(swap.other.slot) if swap.other else "",
            "asker": "Somebody" if is_private else swap.claim.person.display_name,
            "asked": "They" if is_private else swap.to.display_name,
            "swap_url": f"{settings.SITE_URL}{swap.get_absolute_url()}",
        }


@kind(
    "slot-swap-asked",
    label="Somebody would like to swap slots",
    template="events/mail/swap_asked",
    category=Category.TRANSACTIONAL,
    why="because somebody asks you to swap or take over a slot",
)
class SwapAsked(AboutSwap):
    """The question, with a link to a page that asks once more."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        open_one = Swap.objects.filter(pk=row.about_pk, state=Swap.State.ASKED).exists()
        return open_one or "answered or taken back"


@kind(
    "slot-swap-answered",
    label="The answer to a swap you asked for",
    template="events/mail/swap_answered",
    category=Category.TRANSACTIONAL,
    why="because you asked somebody to swap slots",
)
class SwapAnswered(AboutSwap):
    """Yes or no."""
