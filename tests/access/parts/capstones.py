"""Capstones, their mentors and steps, the showcase, feedback, and what grew out of what."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from events.models import Attendance
from nmep import capstone_steps, mentoring, pulses
from nmep.models import Capstone, Enrolment, Offering
from projects import lineage
from tests.access.cases import LEADS, slug
from tests.access.doors import MEMBERS, NO, OFFICES, PUBLIC, Case, only
from tests.factories.capstones import make_capstone, make_mentoring, make_milestone, make_showcase
from tests.factories.events import make_talk
from tests.factories.nmep import make_enrolment, make_offering, make_session
from tests.factories.projects import make_initiative

PUBLIC_PAGES = {"events:feedback_give", "nmep:showcase_detail", "projects:lineage"}

ADMIN = {
    "nmep_capstone": OFFICES,
    "nmep_capstonepolicy": OFFICES,
    "nmep_showcase": OFFICES,
    "nmep_capstonestep": ("education",),
    "projects_initiativelink": OFFICES,
    "events_feedbackform": OFFICES,
}

#: Whoever is in the offering, and readers of the members' area.
AROUND = only(*MEMBERS, "alumnus", "participant")
LEARNERS = only("new member", "participant")
#: The group (the new member's), its mentor (the member), the leads.
WORK = only("new member", "member", "lead", "education")
SIGNERS = only("member", "lead", "education")


def build(world) -> None:
    people, now = world.visitors, timezone.now()
    offering = world.finals = make_offering(term=world.term, slug="finals")
    make_enrolment(offering=offering, person=people["lead"], role=Enrolment.Role.LEAD)
    mine = make_enrolment(offering=offering, person=people["new member"])
    theirs = make_enrolment(offering=offering, person=people["participant"])
    group = make_capstone(
        people=[mine, *(make_enrolment(offering=offering) for _ in range(2))], name="Canary group"
    )
    make_mentoring(capstone=group, mentor=people["member"])
    world.capstone_group = Capstone.objects.with_people().select_related("offering").get(pk=group.pk)
    world.milestone = make_milestone(offering=offering)
    version, _ = capstone_steps.hand_in(
        world.capstone_group,
        world.milestone,
        by=people["new member"],
        now=now,
        text="canary-plan",
        file=ContentFile(b"%PDF-1.4 tiny", name="plan.pdf"),
        name="plan.pdf",
    )
    world.version = version
    world.asked_group = make_capstone(offering=offering, name="Asked group", size=1)
    mentoring.ask(offering, {world.asked_group.pk: (people["host"], "canary")}, by=people["lead"], now=now)
    world.done_group = make_capstone(people=[theirs], name="Done group", state="presented", presented_at=now)
    world.showcase = make_showcase(offering=offering, lead=people["lead"])
    world.showcase_talk = world.showcase.talks.first()
    session = make_session(offering=offering, starts_at=now - timedelta(hours=3))
    Attendance.objects.create(event=session.event, user=people["new member"])
    make_talk(event=session.event, speakers=[people["reviewer"]])
    world.pulse_session, world.pulse = session, pulses.make(session)
    lineage.connect(world.public_project, make_initiative(name="Later one", visibility="team"), "grew_into")
    Offering.objects.filter(pk=offering.pk).update(state=Offering.State.RUNNING)


def group(name="capstone_group", **more):
    return lambda world: {
        "slug": "finals",
        "project": getattr(world, name).initiative.slug,
        **{key: getattr(world, value).pk for key, value in more.items()},
    }


def talk(world):
    return {"slug": "finals", "pk": world.showcase_talk.pk}


def posts(door, kwargs=None, **data):
    return [Case("", NO, door, kwargs or slug("finals"), data)]


TABLE = {
    "nmep:capstone_list": [Case("", AROUND, NO, slug("finals"))],
    "nmep:capstone_propose": [Case("", LEARNERS, LEARNERS, slug("finals"))],
    "nmep:capstone_leave": posts(LEARNERS),
    "nmep:capstone_policy": posts(LEADS),
    "nmep:capstone_move": posts(LEADS),
    "nmep:capstone_match": [Case("", LEADS, LEADS, slug("finals"))],
    "nmep:mentor_suggest": [Case("", LEADS, LEADS, slug("finals"))],
    "nmep:capstone_detail": [Case("a group", AROUND, NO, group())],
    "nmep:capstone_join": posts(LEARNERS, group()),
    "nmep:capstone_next": [
        Case(
            "presented",
            only("participant", "lead", "education"),
            only("participant", "lead", "education"),
            group("done_group"),
        )
    ],
    "nmep:mentor_answer": [
        Case("who was asked", only("host"), only("host"), group("asked_group")),
        Case("who has answered", only("member"), only("member"), group()),
    ],
    "nmep:mentor_end": posts(LEADS, group()),
    "nmep:mentor_check_in": posts(only("new member", "member"), group(), said="met"),
    "nmep:step_file": [Case("the group's plan", WORK, NO, group(pk="version"))],
    "nmep:step_hand_in": posts(only("new member"), group(milestone="milestone"), text="x"),
    "nmep:step_answer": posts(SIGNERS, group(milestone="milestone")),
    "nmep:step_comment": posts(WORK, group(milestone="milestone")),
    "nmep:showcase_detail": [Case("at a public event", PUBLIC, NO, slug("finals"))],
    "nmep:showcase_edit": [Case("", LEADS, LEADS, slug("finals"))],
    "nmep:showcase_screen": [Case("", LEADS, NO, slug("finals"))],
    "nmep:showcase_show": posts(LEADS, talk),
    "nmep:feedback_read": [Case("", LEADS, NO, talk)],
    "nmep:feedback_hide": posts(LEADS, talk, answer=str(uuid.UUID(int=1)), key="keep"),
    "nmep:feedback_release": posts(LEADS, talk),
    "nmep:pulse_detail": [
        Case(
            "a class that the reviewer taught",
            only("reviewer", "lead", "education"),
            NO,
            lambda world: {"slug": "finals", "pk": world.pulse_session.pk},
        )
    ],
    "events:feedback_give": [
        Case("a talk", PUBLIC, PUBLIC, lambda world: {"code": world.showcase_talk.form.code}),
        Case(
            "a class, for who was there",
            only("new member"),
            only("new member"),
            lambda world: {"code": world.pulse.code},
        ),
    ],
    "projects:lineage": [Case("", PUBLIC)],
}
