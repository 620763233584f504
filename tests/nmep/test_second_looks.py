"""A learner asks for another look at a review of their work."""

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from members.models import Notification
from mlclub.refusal import Refused
from nmep import progress, second_looks
from nmep.models import Comment, Enrolment, MarkChange, SecondLook
from tests.factories.nmep import make_enrolment, make_lead
from tests.factories.reviewing import make_held_review, make_review
from tests.nmep.test_races import at_once

pytestmark = pytest.mark.django_db


def at(name, submission):
    return reverse(f"nmep:{name}", args=[submission.assignment.offering.slug, submission.pk])


@pytest.fixture
def returned():
    return make_review(outcome="return", summary="Shrink eps.").submission


def author_of(submission):
    return submission.authors.get().enrolment


def asked(submission, text="It was 1e-5 already."):
    review = submission.reviews.get()
    return second_looks.ask(review, author_of(submission).person, text, now=timezone.now())


def test_a_learner_asks_the_lead_answers_in_the_thread_and_the_work_is_done_after_all(client, returned):
    learner, lead = author_of(returned), make_lead(offering=returned.assignment.offering)
    client.force_login(learner.person)
    assert "Ask again" in client.get(returned.get_absolute_url()).content.decode()
    client.post(at("look_ask", returned), {"text": "It was 1e-5 already."})
    assert "a lead answers it" in client.get(returned.get_absolute_url()).content.decode()

    client.force_login(lead)
    queue = client.get(reverse("nmep:review_queue", args=[returned.assignment.offering.slug]))
    assert "Asked for another look" in queue.content.decode()
    page = client.get(returned.get_absolute_url()).content.decode()
    assert "The work is done after all" in page
    client.post(at("look_answer", returned), {"text": "You are right.", "outcome": "done"})

    returned.refresh_from_db()
    assert returned.state == "done"
    assert [entry.kind for entry in MarkChange.objects.order_by("at", "pk")] == ["not_yet", "done"]
    assert progress.of(learner, timezone.now()).work[0].state == "done"
    look = SecondLook.objects.get()
    assert (look.outcome, look.answered_by) == ("done", lead)
    assert Comment.objects.get(parent=look.comment).text == "You are right."
    client.force_login(learner.person)
    shown = client.get(returned.get_absolute_url()).content.decode()
    assert "You are right." in shown
    assert "The work is done after all" in shown


def test_a_review_that_stands_changes_no_mark_and_its_learner_is_told_without_a_word_of_it(returned):
    look = asked(returned)
    lead = make_lead(offering=returned.assignment.offering)
    second_looks.answer(look, lead, "Line 3 says 1e-2.", outcome="stands", now=timezone.now())
    assert MarkChange.objects.count() == 1
    row = Notification.objects.get(kind="nmep-second-look-answered")
    assert row.person == author_of(returned).person
    call_command("notify", "--once")
    letter = next(letter for letter in mail.outbox if "looked at again" in letter.subject)
    whole = letter.subject + letter.body + "".join(part.content for part in letter.alternatives)
    assert "1e-2" not in whole
    assert "stands" not in whole


def test_one_look_is_open_at_a_time_and_another_may_be_asked_for_afterwards(returned):
    look = asked(returned)
    with pytest.raises(Refused, match="already"):
        asked(returned)
    second_looks.answer(
        look,
        make_lead(offering=look.review.submission.assignment.offering),
        "No.",
        outcome="stands",
        now=timezone.now(),
    )
    assert asked(returned).pk != look.pk


def test_nobody_asks_about_a_held_review_or_somebody_elses(client):
    held = make_held_review().submission
    client.force_login(author_of(held).person)
    assert "Ask again" not in client.get(held.get_absolute_url()).content.decode()
    assert client.post(at("look_ask", held), {"text": "?"}).status_code == 404
    other = make_review().submission
    assert client.post(at("look_ask", other), {"text": "?"}).status_code == 404
    client.force_login(make_lead(offering=other.assignment.offering))
    assert client.post(at("look_ask", other), {"text": "?"}).status_code == 404
    with pytest.raises(Refused):
        second_looks.ask(held.reviews.get(), author_of(held).person, "?", now=timezone.now())


def test_only_leads_answer_and_never_their_own(client, returned):
    look = asked(returned)
    offering = returned.assignment.offering
    make_enrolment(offering=offering, person=author_of(returned).person, role=Enrolment.Role.LEAD)
    helper = make_enrolment(offering=offering, role=Enrolment.Role.HELPER).person
    for person in (author_of(returned).person, helper):
        client.force_login(person)
        assert client.post(at("look_answer", returned), {"text": "Yes", "outcome": "done"}).status_code == 404
        with pytest.raises(Refused):
            second_looks.answer(look, person, "Yes", outcome="done", now=timezone.now())


def test_an_empty_question_and_an_answer_without_an_outcome_are_sent_back(client, returned):
    client.force_login(author_of(returned).person)
    assert client.post(at("look_ask", returned), {"text": ""}).status_code == 422
    asked(returned)
    client.force_login(make_lead(offering=returned.assignment.offering))
    answer = client.post(at("look_answer", returned), {"text": "Half an answer"})
    assert answer.status_code == 422
    assert "Half an answer" in answer.content.decode()


def test_work_that_is_done_is_not_done_once_more():
    submission = make_review(outcome="done").submission
    look = asked(submission)
    with pytest.raises(Refused, match="done already"):
        second_looks.answer(
            look,
            make_lead(offering=submission.assignment.offering),
            "Yes",
            outcome="done",
            now=timezone.now(),
        )


@pytest.mark.parametrize("values", [{"outcome": "stands"}, {"answered_at": timezone.now()}])
def test_the_database_refuses_half_an_answer(returned, values):
    look = asked(returned)
    with pytest.raises(IntegrityError, match="second_look_answered_whole"), transaction.atomic():
        SecondLook.objects.filter(pk=look.pk).update(**values)


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_leads_who_answer_at_once_leave_one_answer():
    submission = make_review(outcome="return").submission
    look = asked(submission)
    leads = [make_lead(offering=submission.assignment.offering) for _ in range(2)]
    now = timezone.now()
    answers = at_once(
        *[
            lambda lead=lead: second_looks.answer(look, lead, "Yes", outcome="stands", now=now)
            for lead in leads
        ]
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Comment", "Refused"]
    assert Comment.objects.filter(parent=look.comment).count() == 1
    assert Notification.objects.filter(kind="nmep-second-look-answered").count() == 1
