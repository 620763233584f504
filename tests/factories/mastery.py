from __future__ import annotations

from itertools import count

from django.utils import timezone

from nmep.models import Skill, SkillMark
from tests.factories.nmep import make_enrolment, make_lead, make_offering

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
