"""Skills, absences, more time, attendance, help, notes."""

from __future__ import annotations

from nmep import acts
from tests.access.cases import LEADS, OTHER_LEADS, of_offerings
from tests.access.doors import NO, OFFICES, Case, only
from tests.factories.mastery import make_absence, make_help_offer, make_request

ADMIN = {
    "nmep_skill": OFFICES,
    "nmep_skillmark": ("education",),
    "nmep_absence": ("education",),
    "nmep_extensionrequest": ("education",),
    "nmep_helpoffer": ("education",),
    "nmep_learnernote": ("education",),
    "nmep_override": ("education",),
    "nmep_completion": ("education",),
}

LEARNERS = only("new member", "participant")


def build(world):
    lead = world.visitors["lead"]
    session = world.offering.sessions.first()
    world.absence = make_absence(enrolment=world.enrolment, session=session)
    world.other_absence = make_absence(enrolment=world.other_enrolment)
    world.wanted = make_request(enrolment=world.enrolment, assignment=world.assignment)
    world.other_wanted = make_request(enrolment=world.other_enrolment, assignment=world.other_assignment)
    world.help_offer = make_help_offer(enrolment=world.enrolment, helper=lead, by=lead)
    world.note = acts.add_note(world.enrolment, lead, "canary-note", now=session.starts_at)


def learner(name="enrolment", slug="ours", **more):
    return lambda world: {"slug": slug, "pk": getattr(world, name).pk, **more}


def of_learners(*, posts=False):
    """What leads do about one learner."""
    doors = (NO, LEADS) if posts else (LEADS, LEADS)
    others = (NO, OTHER_LEADS) if posts else (OTHER_LEADS, OTHER_LEADS)
    return [
        Case("a learner", *doors, learner()),
        Case("another's learner", *others, learner("other_enrolment", "theirs")),
        Case("under the wrong offering", *([NO] if posts else [only()]), only(), learner("other_enrolment")),
    ]


TABLE = {
    "nmep:mark_change": of_learners(posts=True),
    "nmep:time_give": of_learners(posts=True),
    "nmep:skill_see": of_learners(posts=True),
    "nmep:note_create": of_learners(posts=True),
    "nmep:help_offer": of_learners(),
    "nmep:help_end": [
        Case(
            "an offer to a learner",
            NO,
            LEADS,
            lambda world: {"slug": "ours", "pk": world.enrolment.pk, "offer_pk": world.help_offer.pk},
        ),
    ],
    "nmep:note_create_mine": [
        Case("one's own", NO, LEARNERS, lambda world: {"slug": "ours"}),
        Case("where one does not learn", NO, only(), lambda world: {"slug": "theirs"}),
    ],
    "nmep:note_remove": [Case("the lead's note", NO, only("lead"), learner("note"))],
    "nmep:absence_mine": [
        Case("one's own", LEARNERS, LEARNERS, lambda world: {"slug": "ours"}),
        Case("where one does not learn", only(), only(), lambda world: {"slug": "theirs"}),
    ],
    "nmep:absence_take_back": [
        Case("the new member's", NO, only("new member"), learner("absence")),
        Case("a stranger's", NO, only(), learner("other_absence", "theirs")),
    ],
    "nmep:request_list": of_offerings(LEADS, OTHER_LEADS, only("education")),
    "nmep:absence_decide": [
        Case("of a learner", LEADS, LEADS, learner("absence")),
        Case("of another's learner", OTHER_LEADS, OTHER_LEADS, learner("other_absence", "theirs")),
        Case("under the wrong offering", only(), only(), learner("other_absence")),
    ],
    "nmep:extension_decide": [
        Case("of a learner", LEADS, LEADS, learner("wanted")),
        Case("of another's learner", OTHER_LEADS, OTHER_LEADS, learner("other_wanted", "theirs")),
        Case("under the wrong offering", only(), only(), learner("other_wanted")),
    ],
    "nmep:extension_ask": [
        Case("in the offering", NO, LEARNERS, lambda world: {"slug": "ours", "key": "hw1"}),
        Case("in another offering", NO, only(), lambda world: {"slug": "theirs", "key": "hw1"}),
    ],
    "nmep:late_days_spend": [
        Case("in the offering", NO, LEARNERS, lambda world: {"slug": "ours", "key": "hw1"}),
        Case("in another offering", NO, only(), lambda world: {"slug": "theirs", "key": "hw1"}),
    ],
    "nmep:attendance_latest": of_offerings(LEADS, OTHER_LEADS, only("education")),
    "nmep:attendance_edit": [
        Case(
            "a class of the offering",
            LEADS,
            LEADS,
            lambda world: {"slug": "ours", "pk": world.offering.sessions.first().pk},
        ),
        Case(
            "of another",
            OTHER_LEADS,
            OTHER_LEADS,
            lambda world: {"slug": "theirs", "pk": world.other_offering.sessions.first().pk},
        ),
        Case(
            "under the wrong offering",
            only(),
            only(),
            lambda world: {"slug": "ours", "pk": world.other_offering.sessions.first().pk},
        ),
    ],
}
