"""The slot sheets of an offering: who may do what with them, and how a lead makes one in a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from events.models import Event, Slot, SlotSheet
from events.slot_access import Access
from members import audit
from members.models import User
from nmep import people
from nmep.models import Enrolment, Offering, OfferingSheet, OralResult, Session

PAPER_TEXT = (
    "Two of you present one paper at the start of class, 20 to 30 minutes with questions. Claim a week, choose the "
    "paper together, put the link to your slides on its page. Everybody else asks one question beforehand."
)
ORAL_TEXT = "A talk of up to an hour about everything taught so far, one to one. Others see only that a time is taken."
#: The most that one click may make.
MOST_SLOTS = 40


@dataclass(frozen=True)
class ProgrammeSheet:
    """What an offering says about one of its sheets: the `Owner` of `events.slot_access`."""

    own: OfferingSheet
    _known: dict[int, people.Roles] = field(default_factory=dict, compare=False)

    def roles(self, user: Any) -> people.Roles:
        """What `user` is in the offering, asked once a page."""
        if user.pk not in self._known:
            self._known[user.pk] = people.roles(user, self.own.offering)
        return self._known[user.pk]

    @property
    def url(self) -> str:
        return self.own.get_absolute_url()

    def access(self, user: Any) -> Access | None:
        """Learners claim, leads run it, everybody else in the offering reads; nobody else knows of it."""
        if not user.is_authenticated:
            return None
        offering = self.own.offering
        roles = self.roles(user)
        if not roles.leads and (offering.state == Offering.State.DRAFT or not roles.belongs):
            return None
        runs = roles.leads and offering.state != Offering.State.ARCHIVED
        refusal = self._refusal(user) if roles.learns and offering.is_live else ""
        return Access(
            claims=roles.learns and offering.is_live and not refusal,
            runs=runs,
            sees_names=roles.leads or not self.own.sheet.hides_names,
            refusal=refusal,
        )

    def _refusal(self, user: User) -> str:
        if self.own.kind != OfferingSheet.Kind.ORAL:
            return ""
        last = (
            OralResult.objects.filter(enrolment__person=user, enrolment__offering=self.own.offering)
            .order_by("-at", "-pk")
            .first()
        )
        return "You have passed your oral exam." if last and last.outcome == OralResult.Outcome.PASSED else ""

    def runners(self) -> list[User]:
        return people.leads_of(self.own.offering)

    def candidates(self) -> QuerySet[User]:
        learning = Enrolment.objects.active().learners().filter(offering=self.own.offering)
        return User.objects.filter(pk__in=learning.values("person"), is_active=True)


def sheet_owner(sheet: SlotSheet) -> ProgrammeSheet | None:
    """The offering's word on a sheet of its own; None for every other sheet."""
    own = (
        OfferingSheet.objects.filter(sheet=sheet)
        .select_related("sheet", "offering__program", "offering__term")
        .first()
    )
    return ProgrammeSheet(own) if own else None


def sheet_of_kind(offering: Offering, kind: OfferingSheet.Kind) -> OfferingSheet | None:
    """The paper, oral or showcase sheet of an offering, if a lead has made it."""
    own = OfferingSheet.objects.filter(offering=offering, kind=kind).select_related("sheet").first()
    if own:
        own.offering = offering
    return own


@transaction.atomic
def create(
    offering: Offering, kind: OfferingSheet.Kind, *, by: User | None, first_week: int = 4, **fields: Any
) -> OfferingSheet:
    """The sheet of that kind, made if there is none; two clicks make one."""
    Offering.objects.select_for_update(of=("self",), no_key=True).get(pk=offering.pk)
    known = sheet_of_kind(offering, kind)
    if known:
        return known
    sheet = SlotSheet.objects.create(
        kind=kind,
        title=f"{kind.label}, {offering.program}",
        term=offering.term,
        audience=SlotSheet.Audience.OWNER,
        **fields,
    )
    own = OfferingSheet.objects.create(offering=offering, sheet=sheet, kind=kind, first_week=first_week)
    if by:
        audit.record(by, "sheet.created", own)
    return own


@transaction.atomic
def create_papers(
    offering: Offering, *, by: User | None, first_week: int = 4, capacity: int = 2, minutes: int = 30
) -> OfferingSheet:
    """The paper sheet with a slot for each class from `first_week` on. Again: slots for the classes that have none."""
    own = create(
        offering,
        OfferingSheet.Kind.PAPER,
        by=by,
        first_week=first_week,
        text=PAPER_TEXT,
        takes_questions=True,
        offers_mentor=True,
    )
    has_slot = Slot.objects.filter(sheet=own.sheet, withdrawn_at=None, event__isnull=False).values("event")
    classes = (
        Session.objects.classes()
        .filter(offering=offering, week__gte=own.first_week, event__state=Event.State.SCHEDULED)
        .exclude(event__in=has_slot)
    )
    Slot.objects.bulk_create(
        Slot(
            sheet=own.sheet,
            event_id=session.event_id,
            position=session.week,
            title=f"Week {session.week}",
            minutes=minutes,
            capacity=capacity,
        )
        for session in classes.order_by("week", "seq")
    )
    return own


@transaction.atomic
def add_orals(
    offering: Offering,
    *,
    by: User,
    on: date,
    begins: time,
    ends: time,
    minutes: int,
    examiners: list[User],
    place: str = "",
) -> list[Slot]:
    """Slots of `minutes` each from `begins` to `ends` of a day, by the clock on the wall. A time at which one of the
    examiners has a slot already is left out, so that a second click makes none."""
    own = create(offering, OfferingSheet.Kind.ORAL, by=by, text=ORAL_TEXT, hides_names=True)
    SlotSheet.objects.select_for_update(of=("self",), no_key=True).get(pk=own.sheet_id)
    at = datetime.combine(on, begins, tzinfo=offering.zone)
    until = datetime.combine(on, ends, tzinfo=offering.zone)
    length = timedelta(minutes=minutes)
    busy = [
        (slot.starts_at, slot.starts_at + timedelta(minutes=slot.minutes))
        for slot in Slot.objects.filter(
            sheet=own.sheet, withdrawn_at=None, helpers__in=examiners, starts_at__isnull=False
        )
        if slot.starts_at
    ]
    made: list[Slot] = []
    position = Slot.objects.filter(sheet=own.sheet).count()
    while at + length <= until and len(made) < MOST_SLOTS:
        if not any(start < at + length and at < end for start, end in busy):
            slot = Slot.objects.create(
                sheet=own.sheet,
                position=position + len(made),
                starts_at=at,
                minutes=minutes,
                place=place,
            )
            slot.helpers.set(examiners)
            made.append(slot)
        at += length
    return made
