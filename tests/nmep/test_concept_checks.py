import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from events.models import Attendance
from mlclub.refusal import Refused
from nmep import concept_checks
from nmep.models import ConceptCheck, ConceptTally, ConceptVoter, Enrolment
from tests.factories import make_member, make_talk
from tests.factories.nmep import make_enrolment, make_lead, make_offering, make_session

pytestmark = pytest.mark.django_db


def make_check(session=None, **fields):
    fields = {"question": "Which knot slips?", "options": ["Reef", "Granny"], "right": 1} | fields
    return ConceptCheck.objects.create(session=session or make_session(), **fields)


def vote_url(asked):
    return reverse("nmep:concept_check_vote", args=[concept_checks.code_of(asked.session)])


@pytest.fixture
def asked():
    """A question at its first vote, a class of three, and whoever teaches it."""
    row = make_check(stage="first")
    row.teacher = make_member()
    make_talk(event=row.session.event, speakers=[row.teacher])
    row.learners = [make_enrolment(offering=row.session.offering).person for _ in range(3)]
    return row


def choose(client, asked, person, option, *, number=1):
    client.force_login(person)
    return client.post(vote_url(asked), {"option": option, "round": number})


def test_a_class_votes_discusses_and_votes_again_and_sees_both_charts(client, asked):
    for person, option in zip(asked.learners, [0, 0, 1], strict=True):
        assert choose(client, asked, person, option).status_code == 302
    screen = reverse("nmep:concept_check_detail", args=[asked.session.offering.slug, asked.pk])
    step = reverse("nmep:concept_check_advance", args=[asked.session.offering.slug, asked.pk])

    client.force_login(asked.teacher)
    page = client.get(screen).content.decode()
    assert "<b>3</b> have voted" in page
    assert "vote-chart" not in page, "while the vote is on nobody sees where the crowd goes"
    client.post(step, {"stage": "discuss"})
    assert "67 %" in client.get(screen).content.decode()
    client.post(step, {"stage": "second"})
    for person in asked.learners:
        choose(client, asked, person, 1, number=2)
    client.force_login(asked.teacher)
    client.post(step, {"stage": "closed"})

    page = client.get(screen).content.decode()
    assert ("First vote" in page, "Second vote" in page, "100 %" in page) == (True, True, True)
    assert not any(person.display_name in page for person in asked.learners)
    looked_back = reverse("nmep:concept_check_list", args=[asked.session.offering.slug, asked.session.pk])
    client.force_login(asked.learners[0])
    assert "Second vote" in client.get(looked_back).content.decode()


def test_the_data_keeps_sums_and_after_the_end_not_even_who_took_part(client, asked):
    for person in asked.learners:
        choose(client, asked, person, 0)
    assert {field.name for field in ConceptVoter._meta.concrete_fields} == {"id", "asked", "round", "person"}
    assert list(ConceptTally.objects.values_list("round", "option", "votes")) == [(1, 0, 3)]
    concept_checks.advance(asked, "discuss")
    concept_checks.advance(asked, "closed")
    assert not ConceptVoter.objects.exists()


def test_the_first_vote_of_a_round_counts_and_one_that_is_over_takes_none(client, asked):
    person = asked.learners[0]
    choose(client, asked, person, 0)
    choose(client, asked, person, 1)
    assert list(ConceptTally.objects.values_list("option", "votes")) == [(0, 1)]
    concept_checks.advance(asked, "discuss")
    late = choose(client, asked, asked.learners[1], 1)
    assert (late.status_code, "That vote is over" in late.content.decode()) == (422, True)
    assert sum(ConceptTally.objects.values_list("votes", flat=True)) == 1


@pytest.mark.parametrize("data", [{}, {"option": "x", "round": "1"}, {"option": "7", "round": "1"}])
def test_an_answer_that_is_none_is_refused_with_a_sentence(client, asked, data):
    client.force_login(asked.learners[0])
    answer = client.post(vote_url(asked), data)
    assert (answer.status_code, "Choose one of the answers." in answer.content.decode()) == (422, True)


def test_only_the_class_votes(client, asked):
    stranger = make_member()
    client.force_login(stranger)
    assert client.get(vote_url(asked)).status_code == 404
    Attendance.objects.create(event=asked.session.event, user=stranger)
    assert client.get(vote_url(asked)).status_code == 200
    wrong = client.get(reverse("nmep:concept_check_vote", args=["ZZZZZZ"]))
    assert (wrong.status_code, "Nothing is asked" in wrong.content.decode()) == (404, True)


def test_typing_the_code_leads_to_the_question(client, asked):
    client.force_login(asked.learners[0])
    code = concept_checks.code_of(asked.session)
    answer = client.get(reverse("nmep:vote_entry"), {"code": f" {code[:3]}-{code[3:].lower()} "})
    assert client.get(answer["Location"]).status_code == 200


def test_a_lecturer_prepares_a_question_and_a_learner_cannot(client):
    session = make_session()
    lead = make_lead(offering=session.offering)
    learner = make_enrolment(offering=session.offering).person
    url = reverse("nmep:concept_check_list", args=[session.offering.slug, session.pk])
    data = {"question": "Which knot slips?", "answers": "Reef\n\n Granny ", "right_line": "2"}

    client.force_login(learner)
    assert client.post(url, data).status_code == 404
    client.force_login(lead)
    assert client.post(url, data).status_code == 302
    row = ConceptCheck.objects.get()
    assert (row.options, row.right, row.stage, row.created_by) == (["Reef", "Granny"], 1, "draft", lead)
    client.force_login(learner)
    assert "Which knot slips?" not in client.get(url).content.decode(), "nobody reads it before it is asked"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"answers": "Reef"}, "These are 1 answers; give 2 to 6"),
        ({"answers": "Reef\nReef"}, "Two of the answers are the same."),
        ({"answers": "Reef\n" + "x" * 201}, "at most 200 characters"),
        ({"right_line": "3"}, "There are 2 answers."),
        ({"question": ""}, "This is needed."),
    ],
)
def test_a_question_that_cannot_be_asked_says_how_to_mend_it(client, change, sentence):
    session = make_session()
    client.force_login(make_lead(offering=session.offering))
    url = reverse("nmep:concept_check_list", args=[session.offering.slug, session.pk])
    data = {"question": "Which?", "answers": "Reef\nGranny", "right_line": ""} | change
    answer = client.post(url, data)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not ConceptCheck.objects.exists()


def test_what_was_asked_stays_as_the_class_read_it(client, asked):
    edit = reverse("nmep:concept_check_edit", args=[asked.session.offering.slug, asked.pk])
    client.force_login(asked.teacher)
    client.post(edit, {"question": "Other", "answers": "A\nB"})
    asked.refresh_from_db()
    assert asked.question == "Which knot slips?"
    draft = make_check(session=asked.session)
    edit = reverse("nmep:concept_check_edit", args=[asked.session.offering.slug, draft.pk])
    client.post(edit, {"question": "Other", "answers": "A\nB"})
    draft.refresh_from_db()
    assert (draft.question, draft.options, draft.right) == ("Other", ["A", "B"], None)
    client.post(edit, {"remove": "1"})
    assert not ConceptCheck.objects.filter(pk=draft.pk).exists()


def test_one_question_of_a_class_is_open_at_a_time(client, asked):
    other = make_check(session=asked.session)
    with pytest.raises(Refused, match="still open"):
        concept_checks.advance(other, "first")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_check(session=asked.session, stage="discuss")
    with pytest.raises(Refused, match="first vote"):
        concept_checks.advance(asked, "closed")
    assert concept_checks.advance(asked, "first") is False


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_costs_the_same_for_any_number_of_questions(client, size, django_assert_max_num_queries):
    session = make_session()
    for _ in range(size):
        make_check(session=session, stage="closed")
    client.force_login(make_enrolment(offering=session.offering).person)
    url = reverse("nmep:concept_check_list", args=[session.offering.slug, session.pk])
    client.get(url)
    with django_assert_max_num_queries(11):
        client.get(url)


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_forty_votes_at_once_are_counted_to_the_last_one():
    offering = make_offering()
    asked = make_check(session=make_session(offering=offering), stage="first")
    people = [make_enrolment(offering=offering, role=Enrolment.Role.LEARNER).person for _ in range(20)]
    start = threading.Barrier(40)

    def tap(person):
        start.wait()
        try:
            concept_checks.vote(asked, person, person.pk % 2, number=1)
        finally:
            connection.close()

    threads = [threading.Thread(target=tap, args=[person]) for person in people for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(ConceptTally.objects.values_list("votes", flat=True)) == 20
