"""Who is who in an offering, asked in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef

from members.models import User
from nmep.models import Capstone, CapstonePolicy, Enrolment, Offering, OfferingSheet, Session


def learner(user: Any, offering: Offering) -> Enrolment | None:
    """The enrolment by which `user` learns (or has learnt) in `offering`."""
    return (
        Enrolment.objects.learners()
        .filter(person=user, offering=offering)
        .exclude(state=Enrolment.State.INVITED)
        .select_related("person", "offering__term", "offering__program")
        .first()
    )


def leads_of(offering: Offering) -> list[User]:
    """The people to ask."""
    led = Enrolment.objects.active().filter(offering=offering, role=Enrolment.Role.LEAD)
    return [row.person for row in led.select_related("person")]


def may_lead(user: Any, offering: Offering) -> bool:
    """Whether `user` sees everything in `offering`: a lead of it, or the officer for education."""
    return bool(
        user.has_perm("nmep.view_submission")
        or Enrolment.objects.leading(user).filter(offering=offering).exists()
    )


def may_review(user: Any, offering: Offering) -> bool:
    """Whether `user` has a review queue in `offering`."""
    return bool(
        user.has_perm("nmep.review_submission")
        or Enrolment.objects.staff().filter(person=user, offering=offering).exists()
    )


def belongs(user: Any, offering: Offering) -> bool:
    """Whether `user` has any place in `offering`."""
    return Enrolment.objects.filter(person=user, offering=offering).exists()


def current(user: Any) -> Offering | None:
    """The offering that `user` is in now: running before open, the latest term first."""
    rows = (
        Enrolment.objects.active()
        .filter(person=user, offering__in=Offering.objects.live())
        .select_related("offering__program", "offering__term")
        .order_by("-offering__term__starts_on")
    )
    return next((row.offering for row in rows), None)


@dataclass(frozen=True)
class Roles:
    """What somebody may do in an offering, asked once a page."""

    learns: bool = False
    leads: bool = False
    reviews: bool = False
    # Any place in it, also one that has ended.
    belongs: bool = False
    # What the offering has: "paper", "oral", "capstones", "showcase". Tabs lead only to what is there.
    has: frozenset[str] = frozenset()

    @property
    def is_in(self) -> bool:
        return self.learns or self.reviews or self.leads


NO_ROLES = Roles()


def staff_and_roles(user: Any, offering: Offering) -> tuple[list[Enrolment], Roles]:
    """Everybody who reviews in an offering, and what of it `user` does; one query. Says nothing of who learns."""
    staff = list(Enrolment.objects.staff().filter(offering=offering).select_related("person"))
    held = {row.role for row in staff if row.person_id == user.pk}
    return staff, Roles(
        leads=Enrolment.Role.LEAD in held or user.has_perm("nmep.view_submission"),
        reviews=bool(held) or user.has_perm("nmep.review_submission"),
    )


def roles(user: Any, offering: Offering) -> Roles:
    """The roles of `user` in `offering`, officers included, and what it has; one query."""
    if not user.is_authenticated:
        return NO_ROLES
    mine = Enrolment.objects.active().filter(person=user, offering=OuterRef("pk")).order_by()
    sheets = OfferingSheet.objects.filter(offering=OuterRef("pk")).order_by()
    row = (
        Offering.objects.filter(pk=offering.pk)
        .order_by()
        .annotate(
            held=ArraySubquery(mine.values("role")),
            kinds=ArraySubquery(sheets.values("kind")),
            belongs=Exists(Enrolment.objects.filter(person=user, offering=OuterRef("pk"))),
            has_policy=Exists(CapstonePolicy.objects.filter(offering=OuterRef("pk"))),
            has_groups=Exists(Capstone.objects.filter(offering=OuterRef("pk"))),
            has_showcase=Exists(Session.objects.filter(offering=OuterRef("pk"), kind=Session.Kind.SHOWCASE)),
        )
        .values("held", "belongs", "kinds", "has_policy", "has_groups", "has_showcase")
        .get()
    )
    held, has = set(row["held"]), {*row["kinds"]} - {OfferingSheet.Kind.SHOWCASE}
    if row["has_policy"] or row["has_groups"]:
        has.add("capstones")
    if row["has_showcase"]:
        has.add("showcase")
    leads = Enrolment.Role.LEAD in held or user.has_perm("nmep.view_submission")
    return Roles(
        learns=Enrolment.Role.LEARNER in held,
        leads=leads,
        reviews=bool(held.intersection(Enrolment.STAFF)) or user.has_perm("nmep.review_submission"),
        belongs=row["belongs"],
        has=frozenset(has),
    )
