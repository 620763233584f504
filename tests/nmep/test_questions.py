from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.ledger.kinds import find
from members.models import Notification
from mlclub.refusal import Refused
from nmep import questions
from nmep.models import Answer, Enrolment, Offering, Program, Question
from tests.factories import make_member, make_user
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering

pytestmark = pytest.mark.django_db

LONG = "Why does the loss of the third exercise never go below the one of the baseline?"


@pytest.fixture
def course():
    """An offering of the programme with a homework, and a learner who asks."""
    program = Program.objects.create(name="Tides", slug="tides", kind=Program.Kind.NMEP)
    offering = make_offering(program=program)
    offering.homework = make_assignment(offering=offering)
    offering.learner = make_enrolment(offering=offering).person
    return offering


def url(name, offering, *args):
    return reverse(f"nmep:{name}", args=[offering.slug, *args])


def ask(offering, text=LONG, author=None, **place):
    author = author or offering.learner
    return questions.ask(offering, author, text, now=timezone.now(), **place)[0]


def test_a_question_is_asked_answered_in_the_open_and_marked(client, course):
    lead = make_lead(offering=course)
    client.force_login(course.learner)
    assert client.post(url("question_list", course), {"place": "hw-hw1", "text": LONG}).status_code == 302
    question = Question.objects.get()
    assert (question.assignment, question.author, question.is_answered) == (
        course.homework,
        course.learner,
        False,
    )

    client.force_login(lead)
    client.post(url("question_detail", course, question.pk), {"text": "Your step is too long."})
    row = Notification.objects.get(kind="nmep-question-answered")
    assert (row.person, row.slot) == (course.learner, f"answer {Answer.objects.get().pk}")

    client.force_login(course.learner)
    client.post(url("question_settle", course, question.pk), {"answer": Answer.objects.get().pk})
    other = make_enrolment(offering=course).person
    client.force_login(other)
    page = client.get(url("question_list", course), {"about": "hw-hw1"}).content.decode()
    assert ("Answered" in page, LONG in page) == (True, True)
    assert LONG not in client.get(url("question_list", course), {"open": "1"}).content.decode()


def test_nobody_asks_twice_what_stands_there_already(client, course):
    ask(course)
    other = make_enrolment(offering=course).person
    client.force_login(other)
    data = {"place": "", "text": "Why does my loss of the third exercise not go below the baseline?"}
    answer = client.post(url("question_list", course), data)
    page = answer.content.decode()
    assert (answer.status_code, "Is it one of these?" in page, data["text"] in page) == (422, True, True)
    assert Question.objects.count() == 1
    client.post(url("question_list", course), data | {"all-the-same": "1"})
    assert Question.objects.count() == 2


def test_two_clicks_ask_once_and_answer_once(client, course):
    client.force_login(course.learner)
    for _ in range(2):
        client.post(url("question_list", course), {"place": "hw-hw1", "text": "  " + LONG})
    question = Question.objects.get()
    lead = make_lead(offering=course)
    client.force_login(lead)
    for _ in range(2):
        client.post(url("question_detail", course, question.pk), {"text": "Smaller steps."})
    assert Answer.objects.count() == 1
    assert Notification.objects.filter(kind="nmep-question-answered").count() == 1


def test_whoever_wonders_too_is_told_and_whoever_does_not_any_more_is_not(client, course):
    question = ask(course)
    curious = make_enrolment(offering=course).person
    client.force_login(curious)
    client.post(url("question_follow", course, question.pk), {"wanted": "1"})
    questions.answer(question, make_lead(offering=course), "Smaller steps.", now=timezone.now())
    told = Notification.objects.filter(kind="nmep-question-answered")
    assert {row.person for row in told} == {course.learner, curious}
    client.post(url("question_follow", course, question.pk), {"wanted": "0"})
    kind = find("nmep-question-answered")
    assert kind.still_wanted(told.get(person=curious), timezone.now()) == "you do not wonder any more"
    assert kind.still_wanted(told.get(person=course.learner), timezone.now()) is True


def test_somebody_else_does_not_say_that_it_is_answered(client, course):
    question = ask(course)
    made, _ = questions.answer(question, make_lead(offering=course), "Yes.", now=timezone.now())
    client.force_login(make_enrolment(offering=course).person)
    client.post(url("question_settle", course, question.pk), {"answer": made.pk})
    question.refresh_from_db()
    assert not question.is_answered
    questions.settle(question, made, by=course.learner, now=timezone.now())
    second, _ = questions.answer(question, course.learner, "Or so.", now=timezone.now())
    questions.settle(question, second, by=course.learner, now=timezone.now())
    assert list(Answer.objects.filter(settles=True)) == [second]


def test_members_read_the_programmes_questions_and_nobody_reads_a_courses(client, course):
    question = ask(course)
    open_course = make_offering(program=Program.objects.create(name="Open", slug="open", kind="course"))
    participant = make_enrolment(offering=open_course, person=make_user()).person
    theirs = ask(open_course, "Is there a quiz next week?", author=participant)

    client.force_login(make_member())
    page = client.get(url("question_detail", course, question.pk))
    assert (page.status_code, page.context["form"]) == (200, None)
    assert client.get(url("question_detail", open_course, theirs.pk)).status_code == 404
    assert client.get(url("question_list", open_course)).status_code == 404
    client.force_login(participant)
    assert client.get(url("question_detail", open_course, theirs.pk)).status_code == 200
    assert client.get(url("question_detail", course, question.pk)).status_code == 404


def test_an_archived_offering_takes_no_question_and_no_answer(client, course):
    question = ask(course)
    Offering.objects.filter(pk=course.pk).update(state=Offering.State.ARCHIVED)
    client.force_login(course.learner)
    client.post(url("question_list", course), {"place": "", "text": "Still there?"})
    client.post(url("question_detail", course, question.pk), {"text": "I am."})
    assert (Question.objects.count(), Answer.objects.count()) == (1, 0)
    left = make_enrolment(offering=make_offering(), state=Enrolment.State.WITHDREW)
    with pytest.raises(Refused):
        questions.ask(left.offering, left.person, LONG, now=timezone.now())


def test_an_empty_question_and_an_unknown_place_are_refused_beside_their_fields(client, course):
    client.force_login(course.learner)
    empty = client.post(url("question_list", course), {"place": "", "text": " "})
    assert (empty.status_code, "This is needed." in empty.content.decode()) == (422, True)
    wrong = client.post(url("question_list", course), {"place": "hw-hw77", "text": LONG})
    assert (wrong.status_code, "not among the choices" in wrong.content.decode()) == (422, True)
    assert LONG in wrong.content.decode()


def test_a_hostile_question_is_text(client, course):
    question = ask(course, "<script>alert(1)</script> [x](javascript:alert(1))")
    client.force_login(course.learner)
    for page in (url("question_list", course), url("question_detail", course, question.pk)):
        body = client.get(page).content.decode()
        assert "<script>alert" not in body
        assert 'href="javascript' not in body


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_costs_the_same_for_any_number_of_questions(
    client, course, size, django_assert_max_num_queries
):
    for n in range(size):
        row = ask(course, f"{LONG} {n}", author=make_enrolment(offering=course).person)
        questions.answer(row, course.learner, "So.", now=timezone.now() + timedelta(minutes=n))
    client.force_login(course.learner)
    client.get(url("question_list", course))
    with django_assert_max_num_queries(13):
        client.get(url("question_list", course))
