"""Courses for people from outside."""

from __future__ import annotations

from nmep.models import CourseGroup, CoursePolicy
from tests.access.cases import LEADS, OTHER_LEADS, slug
from tests.access.doors import MISSING, NO, PUBLIC, SIGNED_IN, Case, only

PUBLIC_PAGES = {"courses:course_list", "courses:course_detail"}


def build(world) -> None:
    CoursePolicy.objects.create(
        offering=world.offering, door="open", is_self_paced=True, pass_rule={}, places=90
    )
    world.group = CourseGroup.objects.create(
        offering=world.offering, name="Ebb", leader=world.visitors["reviewer"]
    )


def led(name, *, get=True, post=True):
    def case(about, door, which):
        return Case(about, door if get else NO, door if post else NO, slug(which))

    return [case("in the offering", LEADS, "offering"), case("in another", OTHER_LEADS, "other_offering")]


TABLE = {
    "courses:course_list": [Case("", PUBLIC)],
    "courses:course_detail": [
        Case("a course", PUBLIC, PUBLIC, slug("offering")),
        Case("an offering without a door", only(stranger=MISSING), NO, slug("other_offering")),
    ],
    "courses:application_withdraw": [Case("one's own", NO, SIGNED_IN, slug("offering"))],
    "nmep:course_settings": led("course_settings"),
    "nmep:application_list": led("application_list"),
    "nmep:passing_list": led("passing_list", post=False),
    "nmep:passing_export": led("passing_export", get=False),
    "nmep:group_list": led("group_list"),
    "nmep:group_detail": [
        Case(
            "a group",
            only("lead", "reviewer", "education"),
            NO,
            lambda world: {"slug": "ours", "pk": world.group.pk},
        )
    ],
    "nmep:week_check_in": [
        Case("a week", NO, only("new member", "participant"), slug("offering", week=1)),
        Case("a week that is none", NO, only(), slug("offering", week=99)),
    ],
}
ADMIN = {
    "nmep_coursepolicy": ("education",),
    "nmep_courseapplication": ("education",),
    "nmep_coursegroup": ("education",),
}
