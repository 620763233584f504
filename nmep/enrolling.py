"""Enrolling the new members of a term, all at once and after a look at who they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from members import audit
from members.ledger import tell
from members.models import Membership, User
from nmep.models import Enrolment, Offering
from nmep.notifications import Welcome


@dataclass(frozen=True)
class Plan:
    """Whom one click would enrol, and who is left out, with the reason."""

    to_enrol: list[User]
    left_out: list[tuple[User, str]]


def preview(offering: Offering) -> Plan:
    """The new members of the offering's term: those to enrol, and those with a reason not to."""
    members = (
        Membership.objects.active()
        .new()
        .filter(term=offering.term)
        .select_related("person")
        .order_by("person__name")
    )
    here = {row.person_id: row for row in Enrolment.objects.learners().filter(offering=offering)}
    staff = set(Enrolment.objects.staff().filter(offering=offering).values_list("person", flat=True))
    finished = set(
        Enrolment.objects.learners()
        .filter(offering__program=offering.program, state=Enrolment.State.COMPLETED)
        .exclude(offering=offering)
        .values_list("person", flat=True)
    )
    plan = Plan([], [])
    for membership in members:
        person = membership.person
        row = here.get(person.pk)
        if row is not None:
            plan.left_out.append((person, f"already here: {row.get_state_display().lower()}"))
        elif person.pk in staff:
            plan.left_out.append((person, "teaches in it"))
        elif person.pk in finished:
            plan.left_out.append((person, "has completed it before"))
        elif not person.is_active:
            plan.left_out.append((person, "the account is suspended"))
        else:
            plan.to_enrol.append(person)
    return plan


@transaction.atomic
def enrol_new_members(
    offering: Offering, *, by: User, now: datetime, waived: Collection[int] = ()
) -> list[Enrolment]:
    """Enrol everybody of the preview but those waived, and welcome each; a second click enrols nobody. Raises Refused
    where the offering is archived."""
    Offering.objects.select_for_update(of=("self",)).get(pk=offering.pk).check_changes()
    made = [
        enrol(offering, person, now=now) for person in preview(offering).to_enrol if person.pk not in waived
    ]
    if made:
        audit.record(by, "enrolled-new-members", offering, after={"people": [row.person_id for row in made]})
    return made


def enrol(
    offering: Offering, person: User, *, now: datetime, role: str = Enrolment.Role.LEARNER
) -> Enrolment:
    """Enrol one person and, as a learner, welcome them."""
    enrolment, is_new = Enrolment.objects.get_or_create(
        offering=offering, person=person, role=role, defaults={"created_at": now}
    )
    if is_new and role == Enrolment.Role.LEARNER:
        tell(Welcome, person, about=enrolment, now=now)
    return enrolment
