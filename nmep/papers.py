"""Paper talks: which paper a slot presents, what stays of it, and who has not picked one yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse

from events.locking import locked_slot
from events.models import Claim, Event, Material, Slot, SlotSheet
from events.slots import ALARM
from members.models import PairingMember, User
from mlclub.gather import Card, Section
from mlclub.refusal import Refused
from nmep import people
from nmep.models import Offering, OfferingSheet, PaperTalk, Session
from wiki.models import Paper
from wiki.papers import Named, keep

#: What the page of notes holds for search, and a list never reads.
HEAVY = tuple(f"notes__{name}" for name in ("search", "names_search", "plain_text", "headings"))

#: A talk whose slides are missing is asked for so long.
ASKED_FOR = timedelta(days=30)


@transaction.atomic
def choose(slot: Slot, paper: Paper | Named, *, by: User, now: datetime) -> PaperTalk:
    """Say which paper the slot presents: a known one, or one that somebody names. Its presenters may until the class
    begins, leads also later. Raises Refused."""
    slot = locked_slot(slot)
    own = OfferingSheet.objects.select_related("offering").get(sheet=slot.sheet)
    own.offering.check_changes()
    leads = people.may_lead(by, own.offering)
    if not leads and not Claim.objects.held().filter(slot=slot, person=by).exists():
        raise Refused("Only those who present it choose the paper.")
    if not leads and slot.has_begun(now):
        raise Refused("The class has begun. Ask a lead to change it.")
    talk, _ = PaperTalk.objects.update_or_create(
        slot=slot,
        defaults={
            "offering": own.offering,
            "session": Session.objects.filter(offering=own.offering, event=slot.event_id).first(),
            "paper": paper if isinstance(paper, Paper) else keep(paper, now=now),
            "chosen_by": by,
            "chosen_at": now,
        },
    )
    return talk


@transaction.atomic
def add_material(talk: PaperTalk, material: Material) -> None:
    """Keep slides with the paper: they stand at the class and on the paper's page."""
    material.save()
    talk.materials.add(material)


def talks_by_slot(slots: Iterable[Slot]) -> dict[int, PaperTalk]:
    """The papers of these slots."""
    rows = PaperTalk.objects.filter(slot__in=[slot.pk for slot in slots]).select_related("paper")
    return {row.slot_id: row for row in rows}


@dataclass(frozen=True)
class Presented:
    """One time that a paper was or will be presented."""

    talk: PaperTalk
    presenters: list[User]
    materials: list[Material] = field(default_factory=list)
    is_over: bool = False


def presented(paper: Paper, user: Any, now: datetime) -> list[Presented]:
    """Where a paper was presented, latest first: by whom, with slides and recordings that `user` may see."""
    talks = list(
        PaperTalk.objects.filter(paper=paper, slot__withdrawn_at=None)
        .select_related("slot__sheet", "slot__event", "offering__program", "offering__term", "notes")
        .defer(*HEAVY)
        .order_by("-slot__event__starts_at")
    )
    held = Claim.objects.filter(
        slot__in=[talk.slot_id for talk in talks], state__in=[Claim.State.HELD, Claim.State.DONE]
    ).select_related("person")
    presenters: dict[int, list[User]] = {}
    for claim in held:
        presenters.setdefault(claim.slot_id, []).append(claim.person)
    own = PaperTalk.materials.through.objects.filter(
        material=OuterRef("pk"), papertalk__in=[talk.pk for talk in talks]
    )
    visible = (
        Material.objects.visible_to(user, now)
        .filter(event__in=[talk.slot.event_id for talk in talks if talk.slot.event_id])
        .annotate(of_talks=ArraySubquery(own.values("papertalk")))
    )
    materials: dict[int, list[Any]] = {}
    for material in visible:
        materials.setdefault(material.event_id, []).append(material)
    found = []
    for talk in talks:
        if not presenters.get(talk.slot_id):
            continue
        shown = [
            material
            for material in materials.get(talk.slot.event_id or 0, [])
            if talk.pk in material.of_talks or material.kind == Material.Kind.RECORDING
        ]
        found.append(Presented(talk, presenters[talk.slot_id], shown, talk.slot.is_over(now)))
    return found


@dataclass(frozen=True)
class Given:
    """A paper talk as its class tells it."""

    paper: Paper | None
    names: str
    mentors: str


def given_at(event: Event) -> list[Given]:
    """The paper talks of a class: who presents what, and who helped them prepare."""
    claims = (
        Claim.objects.filter(
            slot__event=event,
            slot__withdrawn_at=None,
            slot__sheet__kind=SlotSheet.Kind.PAPER,
            state__in=[Claim.State.HELD, Claim.State.DONE],
        )
        .select_related("person", "mentoring__pairing")
        .order_by("slot", "claimed_at")
    )
    by_slot: dict[int, list[Claim]] = {}
    for claim in claims:
        by_slot.setdefault(claim.slot_id, []).append(claim)
    if not by_slot:
        return []
    talks = {
        row.slot_id: row.paper for row in PaperTalk.objects.filter(slot__in=by_slot).select_related("paper")
    }
    helped = {claim.mentoring.pairing_id for claim in claims if hasattr(claim, "mentoring")}
    mentors = (
        {
            row.pairing_id: row.person.display_name
            for row in PairingMember.objects.filter(
                pairing__in=helped, part=PairingMember.Part.MENTOR
            ).select_related("person")
        }
        if helped
        else {}
    )
    return [
        Given(
            talks.get(slot),
            " and ".join(claim.person.display_name for claim in rows),
            " and ".join(
                mentors[claim.mentoring.pairing_id]
                for claim in rows
                if hasattr(claim, "mentoring") and claim.mentoring.pairing_id in mentors
            ),
        )
        for slot, rows in by_slot.items()
    ]


# ── What home shows ──


def columns(now: datetime) -> dict[str, Any]:
    """The paper sheet of an enrolment's offering with the slots still to come, and those its person holds, in the
    enrolment's own query."""
    sheets = OfferingSheet.objects.filter(
        offering=OuterRef(OuterRef("offering")), kind=OfferingSheet.Kind.PAPER
    ).values("sheet")
    coming = (
        Slot.objects.offered().between(now, now + timedelta(days=365)).with_counts().filter(sheet__in=sheets)
    )
    mine = (
        Claim.objects.held()
        .filter(
            person=OuterRef("person"),
            slot__sheet__in=sheets,
        )
        .annotate(
            has_paper=Exists(PaperTalk.objects.filter(slot=OuterRef("slot"))),
            has_slides=Exists(
                PaperTalk.objects.filter(slot=OuterRef("slot"), materials__kind=Material.Kind.SLIDES)
            ),
            has_notes=Exists(
                PaperTalk.objects.filter(slot=OuterRef("slot"), notes__trashed_at=None, notes__isnull=False)
            ),
        )
    )
    return {
        "papers_json": ArraySubquery(
            coming.values(row=JSONObject(pk="pk", taken="taken", capacity="capacity"))
        ),
        "my_papers_json": ArraySubquery(
            mine.values(
                row=JSONObject(
                    slot="slot",
                    title="slot__title",
                    starts_at="slot__event__starts_at",
                    ends_at="slot__event__ends_at",
                    has_paper="has_paper",
                    has_slides="has_slides",
                    has_notes="has_notes",
                )
            )
        ),
    }


def cards(enrolment: Any, now: datetime) -> list[Card]:
    """For a learner with `columns`: pick a paper while there are slots; then choose it, show it, leave the slides."""
    slug = enrolment.offering.slug
    mine = enrolment.my_papers_json
    if not mine:
        left = sum(max(0, row["capacity"] - row["taken"]) for row in enrolment.papers_json)
        if not left:
            return []
        return [
            Card(
                section=Section.DUE,
                title=f"You have not picked a paper ({left} slot{'' if left == 1 else 's'} left)",
                url=reverse("nmep:paper_list", args=[slug]),
                meta=(str(enrolment.offering),),
                icon="document-text",
                action="Pick one",
                action_url=reverse("nmep:paper_list", args=[slug]),
                weight=5,
            )
        ]
    found = []
    for row in mine:
        starts_at = datetime.fromisoformat(row["starts_at"]) if row["starts_at"] else None
        ends_at = datetime.fromisoformat(row["ends_at"]) if row["ends_at"] else None
        is_over = ends_at is not None and ends_at <= now
        wants_notes = row["has_paper"] and not row["has_notes"]
        if is_over and (ends_at is None or now - ends_at > ASKED_FOR):
            continue
        if is_over and row["has_slides"] and not wants_notes:
            continue
        url = reverse("events:slot_detail", args=[row["slot"]])
        if is_over and row["has_slides"]:
            title, action, section = (
                "Your paper talk has left no notes in the wiki",
                "Begin them",
                Section.NEEDED,
            )
        elif is_over:
            title, action, section = "Slides of your paper talk are missing", "Add them", Section.DUE
        elif not row["has_paper"]:
            title, action, section = f"Choose the paper you present: {row['title']}", "Choose", Section.DUE
        else:
            title, action, section = f"You present a paper: {row['title']}", "", Section.NEXT
        address = url
        if is_over and row["has_paper"] and not row["has_slides"]:
            address = reverse("nmep:paper_slides", args=[slug, row["slot"]])
        elif not is_over and not row["has_paper"]:
            address = reverse("nmep:paper_choose", args=[slug, row["slot"]])
        found.append(
            Card(
                section=section,
                title=title,
                url=url,
                when=None if is_over else starts_at,
                icon="document-text",
                action=action,
                action_url=address if action else "",
                weight=5,
            )
        )
    return found


def room(offering: Offering, now: datetime) -> int:
    """How many places are left on the paper sheet of an offering; one query."""
    own = OfferingSheet.objects.filter(offering=offering, kind=OfferingSheet.Kind.PAPER)
    slots: Any = Slot.objects.offered().between(now, now + timedelta(days=365)).with_room()
    return sum(slot.capacity - slot.taken for slot in slots.filter(sheet__in=own.values("sheet")))


def empty(now: datetime, *, offerings: Iterable[int] | None = None) -> list[Slot]:
    """Paper slots of the next ten days that are not full, of running offerings; with `taken` and the slug of the
    offering as `slug`."""
    own = OfferingSheet.objects.filter(kind=OfferingSheet.Kind.PAPER, offering__in=Offering.objects.live())
    if offerings is not None:
        own = own.filter(offering__in=list(offerings))
    found = OfferingSheet.objects.filter(sheet=OuterRef("sheet"))
    return list(
        Slot.objects.offered()
        .between(now, now + ALARM)
        .with_room()
        .filter(sheet__in=own.values("sheet"))
        .annotate(slug=Subquery(found.values("offering__slug")), offering=Subquery(found.values("offering")))
        .select_related("event", "sheet")
        .in_order()
    )


def paper_merged(kept: Paper, gone: Paper) -> None:
    """Two rows of one work became one: talks about it, and sheets that suggest it, hold the one that stays."""
    PaperTalk.objects.filter(paper=gone).update(paper=kept)
    for sheet in OfferingSheet.objects.filter(suggestions=gone):
        sheet.suggestions.add(kept)
        sheet.suggestions.remove(gone)
