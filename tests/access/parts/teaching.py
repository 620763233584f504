"""Concept checks, questions, and help at homework parties."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from events.models import Attendance, HelperOffer, HelpTicket, Kind
from nmep import concept_checks
from nmep.models import ConceptCheck, Question
from tests.access.cases import LEADS, slug
from tests.access.doors import MEMBERS, MISSING, NO, OFFICES, READERS, SIGNED_IN, Case, only
from tests.factories import make_event

#: Whoever is in the offering, the members who read the programme's questions, and the officer for education.
IN_IT = only("new member", "participant", "lead", "reviewer", "education")


def build(world) -> None:
    people, now = world.visitors, timezone.now()
    session = world.offering.sessions.first()
    world.class_session = session
    world.asked = ConceptCheck.objects.create(
        session=session, question="canary question", options=["One", "Two"], stage="first"
    )
    world.drafted = ConceptCheck.objects.create(session=session, question="Later", options=["One", "Two"])
    world.question = Question.objects.create(
        offering=world.offering, author=people["new member"], text="Why?", created_at=now
    )
    world.party = make_event(
        title="Party",
        kind=Kind.HOMEWORK_PARTY,
        visibility="members",
        hosts=[people["host"]],
        starts_at=now - timedelta(minutes=5),
    )
    Attendance.objects.create(event=world.party, user=people["new member"])
    HelperOffer.objects.create(event=world.party, person=people["member"], said_at=now)
    world.ticket = HelpTicket.objects.create(
        event=world.party, person=people["new member"], topic="HW1", created_at=now
    )


def asked(name):
    return lambda world: {"slug": "ours", "pk": getattr(world, name).pk}


def party(world):
    return {"pk": world.party.pk}


SEES_PARTY = only(*MEMBERS, "alumnus")
READ_IT = only("participant", *READERS.who)
RUN_IT = only("host", "member", *OFFICES)
TABLE = {
    "nmep:concept_check_list": [
        Case("in the offering", IN_IT, LEADS, asked("class_session")),
        Case(
            "under another offering's address",
            only(),
            NO,
            lambda world: {"slug": "theirs", "pk": world.class_session.pk},
        ),
    ],
    "nmep:concept_check_detail": [Case("a question", LEADS, NO, asked("asked"))],
    "nmep:concept_check_advance": [Case("a question", NO, LEADS, asked("asked"))],
    "nmep:concept_check_edit": [Case("not asked yet", LEADS, LEADS, asked("drafted"))],
    "nmep:vote_entry": [Case("", SIGNED_IN)],
    "nmep:concept_check_vote": [
        Case(
            "with the code of the class",
            only("new member", "participant", "lead", "reviewer"),
            only("new member", "participant", "lead", "reviewer"),
            lambda world: {"code": concept_checks.code_of(world.asked.session)},
        ),
        Case(
            "with a wrong code", only(others=MISSING), only(others=MISSING), lambda world: {"code": "XXXXXX"}
        ),
    ],
    "nmep:question_list": [
        Case("in the offering", READ_IT, READ_IT, slug("offering")),
        Case("in another offering", READERS, READERS, slug("other_offering")),
    ],
    "nmep:question_detail": [
        Case("a question", READ_IT, READ_IT, asked("question")),
        Case(
            "under another offering's address",
            only(),
            NO,
            lambda world: {"slug": "theirs", "pk": world.question.pk},
        ),
    ],
    "nmep:question_follow": [Case("a question", NO, READ_IT, asked("question"))],
    "nmep:question_settle": [Case("a question", NO, READ_IT, asked("question"))],
    "events:help_queue": [Case("a party", SEES_PARTY, SEES_PARTY, party)],
    "events:help_offer": [Case("a party", NO, READERS, party)],
    "events:help_take": [Case("a party", NO, RUN_IT, party)],
    "events:help_change": [
        Case(
            "somebody's place in the queue",
            NO,
            only("new member", *RUN_IT.who),
            lambda world: {"pk": world.party.pk, "ticket_pk": world.ticket.pk},
            {"act": "done"},
        )
    ],
}
ADMIN = {
    "nmep_conceptcheck": ("education",),
    "nmep_question": ("education",),
}
