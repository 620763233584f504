from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import feedback
from events.models import FeedbackForm
from nmep import gathered, pulses
from tests.factories import make_attendance, make_member, make_talk
from tests.factories.nmep import make_enrolment, make_lead, make_offering, make_session

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def make_class(*, people=5):
    """A class of an hour ago with its teacher and those who were there."""
    offering = make_offering()
    session = make_session(offering=offering, starts_at=NOW - timedelta(hours=3), title="Attention", week=5)
    teacher = make_member(name="Tea Cher")
    make_talk(event=session.event, speakers=[teacher])
    learners = [make_enrolment(offering=offering) for _ in range(people)]
    for row in learners:
        make_attendance(event=session.event, user=row.person)
    return session, teacher, learners


def answered(form, learners):
    for row in learners:
        feedback.give(
            form, ratings={"followed": 3}, texts={"different": "Slower"}, now=NOW, person=row.person
        )


def test_a_class_that_is_over_asks_those_who_were_there_and_once():
    session, teacher, learners = make_class()
    absent = make_enrolment(offering=session.offering)
    make_attendance(event=session.event, user=teacher)
    for _ in range(2):
        gathered.tick(NOW)
    form = FeedbackForm.objects.get()
    title = "Two questions about Week 5: Attention"
    assert title in [card.title for card in gathered.home(learners[0].person, NOW)]
    assert title not in [card.title for card in gathered.home(absent.person, NOW)]
    assert set(pulses.waiting([row.person for row in learners] + [teacher], NOW)) == {
        row.person_id for row in learners
    }
    answered(form, learners[:1])
    learners[0].person.__dict__.pop("_nmep_current")
    assert title not in [card.title for card in gathered.home(learners[0].person, NOW)]


def test_a_class_that_nobody_was_checked_in_to_asks_nobody():
    make_class(people=0)
    pulses.ask(NOW)
    assert not FeedbackForm.objects.exists()


def test_the_teacher_and_the_leads_read_it_from_four_answers_on(client):
    session, teacher, learners = make_class()
    form = pulses.make(session)
    address = reverse("nmep:pulse_detail", args=[session.offering.slug, session.pk])
    answered(form, learners[:3])
    client.force_login(teacher)
    assert "Slower" not in client.get(address).content.decode()
    answered(form, learners[3:4])
    for person in (teacher, make_lead(offering=session.offering)):
        client.force_login(person)
        assert "Slower" in client.get(address).content.decode()
    for person in (make_member(), learners[0].person):
        client.force_login(person)
        assert client.get(address).status_code == 404


def test_the_weeks_page_leads_to_the_questions_and_the_teacher_to_the_answers(client):
    session, teacher, learners = make_class()
    form = pulses.make(session)
    week = session.get_absolute_url()
    read = reverse("nmep:pulse_detail", args=[session.offering.slug, session.pk])
    shown = {}
    for name, person in (("teacher", teacher), ("learner", learners[0].person), ("member", make_member())):
        client.force_login(person)
        body = client.get(week).content.decode()
        shown[name] = (form.get_absolute_url() in body, read in body)
    assert shown == {"teacher": (False, True), "learner": (True, False), "member": (False, False)}


def test_a_profile_says_what_somebody_taught(client):
    session, teacher, _ = make_class()
    client.force_login(make_member())
    told = client.get(teacher.get_absolute_url()).content.decode()
    assert f"Taught: {session.offering.program} week 5" in told.replace(
        "New-member programme", str(session.offering.program)
    )
    assert session.get_absolute_url() in told
