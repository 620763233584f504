from __future__ import annotations

from itertools import count

from django.utils import timezone

from nmep.models import Absence, ExtensionRequest, HelpOffer, Skill, SkillMark
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering, make_session

skill_number = count(1)


def make_skill(*, program=None, name=None, assignments=(), **fields):
    n = next(skill_number)
    program = program or make_offering().program
    skill = Skill.objects.create(program=program, name=name or f"Skill {n}", position=n, **fields)
    skill.assignments.set(assignments)
    return skill


def make_skill_mark(*, enrolment=None, skill=None, level="got_it", by=None, at=None, **fields):
    enrolment = enrolment or make_enrolment()
    return SkillMark.objects.create(
        enrolment=enrolment,
        skill=skill or make_skill(program=enrolment.offering.program),
        level=level,
        by=by or make_lead(offering=enrolment.offering),
        at=at or timezone.now(),
        **fields,
    )


def make_absence(*, enrolment=None, session=None, state="asked", by=None, **fields):
    enrolment = enrolment or make_enrolment()
    if state != "asked":
        fields.setdefault("decided_at", timezone.now())
        fields.setdefault("decided_by", by or make_lead(offering=enrolment.offering))
    return Absence.objects.create(
        enrolment=enrolment,
        session=session or make_session(offering=enrolment.offering),
        state=state,
        **fields,
    )


def make_request(*, enrolment=None, assignment=None, days=2, **fields):
    enrolment = enrolment or make_enrolment()
    assignment = assignment or make_assignment(offering=enrolment.offering)
    return ExtensionRequest.objects.create(enrolment=enrolment, assignment=assignment, days=days, **fields)


def make_help_offer(*, enrolment=None, helper=None, by=None, **fields):
    enrolment = enrolment or make_enrolment()
    return HelpOffer.objects.create(
        enrolment=enrolment,
        helper=helper or make_lead(offering=enrolment.offering),
        offered_by=by or make_lead(offering=enrolment.offering),
        **fields,
    )
