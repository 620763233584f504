"""Checks, their runs, and the machines that run them."""

from __future__ import annotations

from tests.access.cases import LEADS, OTHER_LEADS, OTHER_WORK, OWN_WORK
from tests.access.doors import NO, Case, only
from tests.factories.checks import make_check, make_run

ADMIN = {
    "nmep_check": ("education",),
    "nmep_run": ("education",),
    "nmep_gradermachine": ("education",),
}


def build(world):
    for assignment, work, name in (
        (world.assignment, world.submission, "check"),
        (world.other_assignment, world.other_submission, "other_check"),
    ):
        check = make_check(assignment=assignment, source="def check_a(call):\n    'canary-check'\n")
        make_run(check=check, submission=work, results=[("shown", True), ("canary-hidden", False, True)])
        setattr(world, name, check)


def of_checks(*, posts=False):
    doors = (NO, LEADS) if posts else (LEADS, LEADS)
    others = (NO, OTHER_LEADS) if posts else (OTHER_LEADS, OTHER_LEADS)
    none = (NO, only()) if posts else (only(), only())
    return [
        Case("a check", *doors, lambda world: {"slug": "ours", "key": "hw1", "pk": world.check.pk}),
        Case(
            "another's check",
            *others,
            lambda world: {"slug": "theirs", "key": "hw1", "pk": world.other_check.pk},
        ),
        Case(
            "under the wrong offering",
            *none,
            lambda world: {"slug": "ours", "key": "hw1", "pk": world.other_check.pk},
        ),
    ]


def of_submissions(door, other, *, posts=False):
    def kwargs(slug, name):
        return lambda world: {"slug": slug, "pk": getattr(world, name).pk}

    if posts:
        return [
            Case("work", NO, door, kwargs("ours", "submission")),
            Case("another's work", NO, other, kwargs("theirs", "other_submission")),
        ]
    return [
        Case("work", door, NO, kwargs("ours", "submission")),
        Case("another's work", other, NO, kwargs("theirs", "other_submission")),
    ]


TABLE = {
    "nmep:check_list": [
        Case("of one's own", LEADS, NO, lambda world: {"slug": "ours", "key": "hw1"}),
        Case("of another's", OTHER_LEADS, NO, lambda world: {"slug": "theirs", "key": "hw1"}),
    ],
    "nmep:check_create": [
        Case("of one's own", LEADS, LEADS, lambda world: {"slug": "ours", "key": "hw1"}),
        Case("of another's", OTHER_LEADS, OTHER_LEADS, lambda world: {"slug": "theirs", "key": "hw1"}),
    ],
    "nmep:check_detail": of_checks(),
    "nmep:check_try": of_checks(posts=True),
    "nmep:check_run_all": of_checks(posts=True),
    "nmep:submission_checks": of_submissions(OWN_WORK, OTHER_WORK),
    "nmep:submission_check_again": of_submissions(LEADS, OTHER_LEADS, posts=True),
}
