"""Who is who in an offering, asked in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef

from members.models import User
from nmep.models import Capstone, CapstonePolicy, Enrolment, Offering, OfferingSheet, Session


def learner(user: Any, offering: Offering) -> Enrolment | None:
    """The enrolment by which `user` learns (or has learnt) in `offering`; the tabs of the page are known with it."""
    rows: Any = (
        Enrolment.objects.learners()
        .filter(person=user, offering=offering)
        .exclude(state=Enrolment.State.INVITED)
        .annotate(**_columns(user, "offering"))
        .select_related("person", "offering__term", "offering__program")
    )
    row = rows.first()
    if row is not None:
        offering.reader = row.offering.reader = (user.pk, _read(user, vars(row)))
    found: Enrolment | None = row
    return found


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


def _columns(user: Any, key: str) -> dict[str, Any]:
    """What `_read` reads, on rows whose `key` is an offering."""
    mine = Enrolment.objects.filter(person=user, offering=OuterRef(key)).order_by()
    sheets = OfferingSheet.objects.filter(offering=OuterRef(key)).order_by()
    showcases = Session.objects.filter(offering=OuterRef(key), kind=Session.Kind.SHOWCASE)
    return {
        "r_held": ArraySubquery(mine.active().values("role")),
        "r_kinds": ArraySubquery(sheets.values("kind")),
        "r_belongs": Exists(mine),
        "r_has_policy": Exists(CapstonePolicy.objects.filter(offering=OuterRef(key))),
        "r_has_groups": Exists(Capstone.objects.filter(offering=OuterRef(key))),
        "r_has_showcase": Exists(showcases),
    }


def _read(user: Any, row: Mapping[str, Any]) -> Roles:
    held, has = set(row["r_held"]), {*row["r_kinds"]} - {OfferingSheet.Kind.SHOWCASE}
    if row["r_has_policy"] or row["r_has_groups"]:
        has.add("capstones")
    if row["r_has_showcase"]:
        has.add("showcase")
    return Roles(
        learns=Enrolment.Role.LEARNER in held,
        leads=Enrolment.Role.LEAD in held or user.has_perm("nmep.view_submission"),
        reviews=bool(held.intersection(Enrolment.STAFF)) or user.has_perm("nmep.review_submission"),
        belongs=row["r_belongs"],
        has=frozenset(has),
    )


def roles(user: Any, offering: Offering) -> Roles:
    """The roles of `user` in `offering`, officers included, and what it has; one query."""
    if not user.is_authenticated:
        return NO_ROLES
    columns = _columns(user, "pk")
    row = Offering.objects.filter(pk=offering.pk).order_by().annotate(**columns).values(*columns).get()
    found = _read(user, row)
    offering.reader = (user.pk, found)
    return found


def reader(user: Any, offering: Offering) -> Roles:
    """The same, from what the page has asked about `offering` before."""
    key, known = offering.reader or (None, NO_ROLES)
    return known if key == user.pk and key is not None else roles(user, offering)
