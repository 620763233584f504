"""Completion and certificates."""

from __future__ import annotations

from nmep.models import Completion, Enrolment
from tests.access.cases import LEADS, OTHER_LEADS, of_offerings
from tests.access.doors import NO, PUBLIC, Case, only
from tests.factories import make_term
from tests.factories.nmep import make_enrolment, make_offering

PUBLIC_PAGES = {"nmep:certificate"}


def build(world):
    earlier = make_term(starts_on=world.term.starts_on.replace(year=world.term.starts_on.year - 2))
    offering = make_offering(term=earlier, program=world.offering.program, slug="earlier")
    person = world.visitors["member"]
    done = make_enrolment(offering=offering, person=person, state=Enrolment.State.COMPLETED)
    world.certificate = Completion.objects.create(enrolment=done, is_complete=True)


def certificate(world):
    return {"certificate_id": world.certificate.certificate_id}


def asked_and_posted():
    """A page and its form, with one door."""
    cases = of_offerings(LEADS, OTHER_LEADS, only("education"))
    return [Case(case.about, case.get, case.get, case.kwargs) for case in cases]


TABLE = {
    "nmep:certificate": [Case("of a member", PUBLIC, NO, certificate)],
    "nmep:certificate_show": [Case("of a member", NO, only("member"), certificate)],
    "nmep:completion_check": asked_and_posted(),
    "nmep:completion_confirm": asked_and_posted(),
    "nmep:completion_detail": [
        Case("a learner", LEADS, LEADS, lambda world: {"slug": "ours", "pk": world.enrolment.pk}),
        Case(
            "another's learner",
            OTHER_LEADS,
            OTHER_LEADS,
            lambda world: {"slug": "theirs", "pk": world.other_enrolment.pk},
        ),
        Case(
            "under the wrong offering",
            only(),
            only(),
            lambda world: {"slug": "ours", "pk": world.other_enrolment.pk},
        ),
    ],
}
