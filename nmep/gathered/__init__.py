"""What the programme offers to the pages that gather from every app."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from members.models import User
from mlclub import chores
from nmep import capstones, courses, deadlines, grader, pulses, showcases
from nmep.gathered.audiences import audiences
from nmep.gathered.desk import desk, unstaffed
from nmep.gathered.digest import alumni_digest, digest, digest_heading
from nmep.gathered.finding import (
    calendar,
    contributions,
    findable,
    help_topics,
    names_of_things,
    panels,
    subjects,
)
from nmep.gathered.home import home, stand
from nmep.gathered.numbers import numbers
from nmep.gathered.reading import paper_presenters, papers_read, read_lately, readings
from nmep.gathered.records import office_permissions, personal_data
from nmep.papers import paper_merged
from nmep.sheets import sheet_owner

__all__ = [
    "address_verified",
    "alumni_digest",
    "audiences",
    "calendar",
    "contributions",
    "desk",
    "digest",
    "digest_heading",
    "findable",
    "help_topics",
    "home",
    "names_of_things",
    "numbers",
    "office_permissions",
    "panels",
    "paper_merged",
    "paper_presenters",
    "papers_read",
    "personal_data",
    "read_lately",
    "readings",
    "sheet_owner",
    "stand",
    "subjects",
    "tick",
    "unstaffed",
]


def tick(now: datetime) -> None:
    """Due dates follow whatever was moved, runs of a lost machine go back, free places of courses are given."""
    chores.do(
        now,
        deadlines.reconcile,
        grader.tick,
        capstones.tidy,
        showcases.mark_presented,
        pulses.ask,
        courses.fill_places,
        courses.forget_unproven,
        courses.keep_doors_open,
    )


def address_verified(user: User, email: str) -> None:
    """Applications under a now verified address belong to the account."""
    courses.address_proven(user, email, timezone.now())
