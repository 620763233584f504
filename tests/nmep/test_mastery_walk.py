"""Rows 12 and 16 of what the club does, clicked through: every step is a link, a button or a field of the page before."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import Attendance
from nmep.models import Completion, Enrolment, MarkChange
from tests.factories.mastery import make_skill, make_skill_mark
from tests.factories.members import make_new_member
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering, make_session
from tests.factories.projects import make_initiative
from tests.walker.walker import Walker

pytestmark = pytest.mark.django_db


def walker_as(person):
    client = Client()
    client.force_login(person)
    return Walker(client)


def test_a_flag_says_why_and_help_reaches_both_in_one_mail():
    offering = make_offering()
    lead = make_lead(offering=offering)
    helper = make_enrolment(offering=offering, role=Enrolment.Role.HELPER).person
    learner, other = make_enrolment(offering=offering), make_enrolment(offering=offering)
    session = make_session(offering=offering, starts_at=timezone.now() - timedelta(days=3))
    Attendance.objects.create(event=session.event, user=other.person, at=session.starts_at)
    for name in ("Shapes", "Gradients"):
        skill = make_skill(program=offering.program, name=name)
        make_skill_mark(enrolment=learner, skill=skill, level="not_yet", by=lead)

    walker = walker_as(lead)
    roster = walker.open(reverse("nmep:roster", args=[offering.slug]))
    reasons = ("Not yet: Shapes and Gradients.", "Missed 1 class as well.")
    assert all(reason in roster.text for reason in reasons)
    walker.follow(learner.person.display_name)
    walker.follow("Offer help")
    walker.pick(f"{helper.display_name}, helper", str(helper.pk))
    walker.press("Ask them, and tell both")
    assert walker.steps <= 4
    call_command("notify", "--once")
    assert sorted(message.to[0] for message in mail.outbox) == sorted([helper.email, learner.person.email])
    own = walker_as(learner.person).open(reverse("nmep:progress_mine", args=[offering.slug]))
    assert all(reason in own.text for reason in reasons)


def test_a_cohort_is_checked_overridden_with_a_reason_and_completed_and_graduates_see_where_next():
    offering = make_offering(completion_rule={"homework": 1})
    offering.program.kind = "nmep"
    offering.program.save()
    assignment, lead = make_assignment(offering=offering), make_lead(offering=offering)
    meets, lacks = [
        make_enrolment(offering=offering, person=make_new_member(term=offering.term)) for _ in range(2)
    ]
    make_enrolment(offering=offering, state=Enrolment.State.WITHDREW)
    MarkChange.objects.create(enrolment=meets, assignment=assignment, kind="done")
    group = make_initiative(name="Tide readers", opening="Two places for newer members.")

    walker = walker_as(lead)
    walker.open(reverse("nmep:roster", args=[offering.slug]))
    check = walker.follow("Check completion")
    assert "1 of 2 would complete it" in check.text
    walker.follow(lacks.person.display_name)
    walker.pick("Completes all the same", "completes")
    walker.type("Why", "Taught two classes instead.")
    walker.press("Write it down")
    walker.follow("Complete cohort")
    walker.press("Complete 2, mail 2")
    assert [row.is_override for row in Completion.objects.order_by("enrolment")] == [False, True]

    home = walker_as(meets.person).open(reverse("portal:home"))
    assert f"Where next? {group.name}" in home.text
