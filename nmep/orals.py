"""Oral exams: their private results, and how far every learner is with theirs. The slots are `sheets.add_orals`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from events.locking import locked_slot
from events.models import Claim, Slot
from members.ledger import at, tell
from members.models import User
from mlclub.refusal import Refused
from nmep import notifications
from nmep.models import Enrolment, Offering, OfferingSheet, OralResult


def may_examine(user: User, slot: Slot, *, leads: bool) -> bool:
    """Whether `user` writes the result of a slot: its examiners and the leads, never their own."""
    return leads or any(helper.pk == user.pk for helper in slot.helpers.all())


@transaction.atomic
def record(
    claim: Claim, examiner: User, *, outcome: str, notes: str = "", private_notes: str = "", now: datetime
) -> OralResult:
    """Write the result of an exam; again corrects it, and its history keeps what it was. The learner is told once that
    it is there. Raises Refused."""
    slot = locked_slot(claim.slot)
    row = Claim.objects.select_related("person").get(pk=claim.pk)
    if row.person == examiner:
        raise Refused("Nobody writes their own result.")
    if row.state not in (Claim.State.HELD, Claim.State.DONE):
        raise Refused("This slot was given back, or nobody came.")
    if not slot.has_begun(now):
        raise Refused("The exam has not begun yet.")
    own = OfferingSheet.objects.select_related("offering").get(sheet=slot.sheet)
    own.offering.check_changes()
    enrolment = Enrolment.objects.learners().get(offering=own.offering_id, person=row.person)
    result = OralResult.objects.filter(claim=row).first() or OralResult(
        claim=row, enrolment=enrolment, examiner=examiner, at=now
    )
    is_new = result.pk is None
    result.outcome, result.notes, result.private_notes = outcome, notes, private_notes
    result.save()
    if row.state == Claim.State.HELD:
        row.state, row.ended_at = Claim.State.DONE, now
        row.save(update_fields=["state", "ended_at"])
    if is_new:
        tell(notifications.OralResultThere, row.person, about=own, slot=at(now), now=now)
    return result


@dataclass(frozen=True)
class Standing:
    """Where one learner is with the oral exam."""

    enrolment: Enrolment
    held: Claim | None
    result: OralResult | None

    @property
    def word(self) -> str:
        if self.result and self.result.outcome == OralResult.Outcome.PASSED:
            return "Passed"
        if self.held:
            return "Has a slot"
        return "Once more" if self.result else "No slot yet"

    @property
    def tone(self) -> str:
        return {"Passed": "ok", "Has a slot": "info"}.get(self.word, "warn")


def standings(offering: Offering, results: Iterable[OralResult]) -> Sequence[Standing]:
    """Every active learner with their slot and the latest of `results`, for leads; two queries."""
    learners = list(Enrolment.objects.active().learners().filter(offering=offering).select_related("person"))
    sheets = OfferingSheet.objects.filter(offering=offering, kind=OfferingSheet.Kind.ORAL).values("sheet")
    held = {
        row.person_id: row
        for row in Claim.objects.held().filter(slot__sheet__in=sheets).select_related("slot__event")
    }
    latest = {result.enrolment_id: result for result in sorted(results, key=lambda row: (row.at, row.pk))}
    return [Standing(row, held.get(row.person_id), latest.get(row.pk)) for row in learners]
