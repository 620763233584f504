from __future__ import annotations

from itertools import count

from nmep.models import CoursePolicy, Program
from tests.factories.nmep import make_offering

course_number = count(1)


def make_course(*, door=CoursePolicy.Door.APPLICATION, kind=Program.Kind.COURSE, offering=None, **fields):
    """An offering for everybody, with its policy."""
    n = next(course_number)
    if offering is None:
        program = Program.objects.create(name=f"Course {n}", slug=f"course-{n}", kind=kind)
        offering = make_offering(program=program, slug=f"course-{n}")
    policy = CoursePolicy.objects.create(offering=offering, door=door, **fields)
    policy.offering = offering
    return policy
