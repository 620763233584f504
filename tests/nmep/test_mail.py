from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from members.ledger.kinds import find
from members.models import Membership, Notification
from nmep import enrolling, reviewing
from nmep.models import Deviation, Enrolment
from tests.factories.members import make_club, make_new_member, make_officer
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
)

pytestmark = pytest.mark.django_db


def due(now):
    return {(row.person, row.slot.split()[-1]) for row in find("nmep-homework-reminder").due(now)}


def test_reminders_come_two_days_and_six_hours_before_to_those_who_have_not_handed_in():
    now = timezone.now()
    assignment = make_assignment(due_at=now + timedelta(hours=47))
    idle = make_enrolment(offering=assignment.offering)
    make_submission(assignment=assignment)
    assert due(now) == {(idle.person_id, "48h")}
    assert due(now - timedelta(hours=2)) == set()
    assert due(now + timedelta(hours=42)) == {(idle.person_id, "6h")}
    assert due(now + timedelta(hours=48)) == set()


def test_a_learner_with_more_time_is_reminded_by_their_own_date():
    now = timezone.now()
    assignment = make_assignment(due_at=now - timedelta(days=3))
    learner = make_enrolment(offering=assignment.offering)
    make_enrolment(offering=assignment.offering)
    Deviation.objects.create(enrolment=learner, assignment=assignment, extra_days=4)
    assert due(now) == {(learner.person_id, "48h")}


@pytest.mark.parametrize("change", ["handed in", "withdrew", "moved"])
def test_a_reminder_that_is_not_needed_any_more_is_skipped(change):
    now = timezone.now()
    assignment = make_assignment(due_at=now + timedelta(hours=40))
    learner = make_enrolment(offering=assignment.offering)
    kind = find("nmep-homework-reminder")
    [offered] = kind.due(now)
    row = Notification(
        person=learner.person, kind=kind.slug, about=f"nmep.assignment:{assignment.pk}", slot=offered.slot
    )
    assert kind.still_wanted(row, now) is True
    if change == "handed in":
        make_submission(enrolment=learner, assignment=assignment)
    elif change == "withdrew":
        learner.state = "withdrew"
        learner.save()
    else:
        assignment.due_at += timedelta(days=1)
        assignment.save()
    assert isinstance(kind.still_wanted(row, now), str)


def test_all_mails_are_sent_and_none_holds_a_mark():
    make_club()
    offering = make_offering()
    make_session(offering=offering, starts_at=timezone.now() + timedelta(days=1), title="Attention")
    learner = enrolling.enrol(offering, make_new_member(), now=timezone.now())
    submission = make_submission(enrolment=learner, assignment=make_assignment(offering=offering))
    reviewing.post(
        submission,
        make_lead(offering=offering),
        summary="Secret praise",
        outcome="return",
        marks={submission.assignment.criteria.get().pk: "close"},
        now=timezone.now(),
    )
    call_command("notify", "--once")
    mails = {message.subject: message.body for message in mail.outbox if message.to == [learner.person.email]}
    assert {subject for subject in mails if not subject.startswith("Your week")} == {
        f"You are in: {offering}",
        "Receipt: HW1, version 1",
        "Your HW1 was reviewed",
    }
    assert "Attention" in mails[f"You are in: {offering}"]
    assert submission.pieces.get().sha256 in mails["Receipt: HW1, version 1"]
    text = " ".join(mails.values())
    assert not any(word in text for word in ("Secret praise", "Close", "Returned", "not yet"))


def test_new_members_are_enrolled_once_and_waivers_are_left_out():
    offering = make_offering()
    now = timezone.now()
    new, waived, finished = [make_new_member(term=offering.term) for _ in range(3)]
    make_enrolment(
        offering=make_offering(program=offering.program, term=earlier_term()),
        person=finished,
        state="completed",
    )
    Membership.objects.create(person=make_officer(), term=earlier_term(), kind="new")
    plan = enrolling.preview(offering)
    assert plan.to_enrol == [new, waived]
    assert plan.left_out == [(finished, "has completed it before")]
    officer = make_officer(slug="education")
    first = enrolling.enrol_new_members(offering, by=officer, now=now, waived=[waived.pk])
    again = enrolling.enrol_new_members(offering, by=officer, now=now, waived=[waived.pk])
    assert [row.person for row in first] == [new]
    assert again == []
    assert Enrolment.history.filter(person=new).count() == 1
    assert Notification.objects.filter(kind="nmep-welcome").count() == 1


def earlier_term():
    from datetime import date

    from tests.factories.members import make_term

    return make_term(starts_on=date.today() - timedelta(days=300))
