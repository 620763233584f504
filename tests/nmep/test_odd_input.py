"""What nobody types by hand gets a sentence or a 404, never a crash."""

import struct

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from nmep import boards, concept_checks, link_checks, outside, predictions
from nmep.models import ConceptCheck, CourseApplication
from nmep.people import Roles
from nmep.stale_text import links
from tests.factories import make_club, make_event, make_member
from tests.factories.boards import make_board, predict
from tests.factories.courses import make_course
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_session, make_submission

pytestmark = pytest.mark.django_db

ODD = ["²", "9" * 30, "9" * 5000, "-1", "1.5", ""]


@pytest.mark.parametrize("odd", ODD)
def test_keys_that_are_none(client, odd):
    submission = make_submission()
    offering = submission.assignment.offering
    client.force_login(make_lead(offering=offering))
    for name, args, form in [
        ("submission_assign", [submission.pk], {"reviewer": odd or "x"}),
        ("review_deal", [], {"hw": submission.assignment.key, f"to-{odd}": odd, f"seen-{odd}": odd}),
        ("review_take_back", [], {"reviewer": odd}),
        ("comment_create", [submission.pk], {"text": "Well.", "cell_index": odd or "x"}),
        ("application_list", [], {"application": odd, "decision": "accept"}),
    ]:
        answer = client.post(reverse(f"nmep:{name}", args=[offering.slug, *args]), form)
        assert answer.status_code in (302, 400, 404, 422), name
    assert (
        client.get(reverse("nmep:question_list", args=[offering.slug]), {"about": f"week-{odd}"}).status_code
        == 200
    )
    assert client.get(reverse("nmep:capstone_match", args=[offering.slug]), {"seed": odd}).status_code == 200


@pytest.mark.parametrize("odd", ODD)
def test_keys_that_are_none_at_a_party(client, odd):
    host = make_member()
    party = make_event(kind="homework_party", hosts=[host])
    client.force_login(host)
    assert client.post(reverse("events:help_take", args=[party.pk]), {"ticket": odd}).status_code == 302
    assert client.post(reverse("events:door_undo", args=[party.pk]), {"attendance": odd}).status_code == 302


def test_a_zero_byte_in_an_address_or_a_field_is_a_wrong_question_and_no_crash(client):
    make_club()
    assert client.get("/f/%00/").status_code == 400
    assignment = make_assignment()
    client.force_login(make_lead(offering=assignment.offering))
    address = reverse("nmep:review_deal", args=[assignment.offering.slug])
    assert client.post(address, {"hw": "hw\0"}).status_code == 400


def test_a_code_in_letters_that_no_code_has(client):
    session = make_session()
    ConceptCheck.objects.create(
        session=session, question="Which?", options=["a", "b"], right=0, stage="first"
    )
    assert concept_checks.asked_under("ünïcödé") is None
    client.force_login(make_member())
    make_event(starts_at=timezone.now())
    assert client.get(reverse("events:code_check_in", args=["ÄÖÜÄÖÜ"])).status_code < 500


def test_a_link_that_is_no_address_stops_neither_the_checks_nor_the_report():
    assert links.path_of("http://[abc") is None
    answers = {"http://[abc": link_checks.follow("http://[abc")}
    assert not link_checks._is_our_line(answers)


def test_an_array_of_more_rows_than_can_be_written_down_is_refused_in_a_sentence():
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': (0x{'f' * 9000},), }}".encode()
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    with pytest.raises(predictions.Refused, match="more than"):
        predictions.read(content)


def test_results_of_an_outside_grader_that_are_no_numbers():
    learner = make_enrolment()
    assignment = make_assignment(offering=learner.offering)
    plan = outside.read(assignment, f"{learner.person.email},nan", enough=1)
    assert (plan.results, len(plan.problems)) == ([], 1)
    plan = outside.read(assignment, f"{learner.person.email},{'9' * 150_000}", enough=1)
    assert (plan.results, len(plan.problems)) == ([], 1)


@pytest.mark.parametrize("visible", ["staff", "after_due"])
def test_a_check_that_keeps_its_results_back_has_no_board_for_learners(client, visible):
    check = make_board()
    submission = predict(check)
    type(check).objects.filter(pk=check.pk).update(visible=visible)
    assignment, now = check.part.assignment, timezone.now()
    learner = submission.authors.get().enrolment.person
    assert boards.boards_of(assignment, learner, Roles(learns=True), now) == []
    assert len(boards.boards_of(assignment, learner, Roles(leads=True), now)) == 1
    client.force_login(learner)
    assert (
        client.get(reverse("nmep:board_detail", args=[assignment.offering.slug, assignment.key])).status_code
        == 404
    )
    assert ">Board<" not in client.get(assignment.get_absolute_url()).content.decode()


def test_forms_for_courses_are_counted_by_network_and_refused_where_nobody_can_count(client, monkeypatch):
    policy = make_course(question="")
    page = reverse("courses:course_detail", args=[policy.offering.slug])
    cache.clear()
    for n in range(22):
        client.post(page, {"name": "Ro", "email": f"ro{n}@club.example", "wants": "learner", "text": "x"})
    assert CourseApplication.objects.count() == 20
    cache.clear()
    monkeypatch.setattr("allauth.core.internal.ratelimit.consume", lambda *a, **k: None)
    client.post(page, {"name": "Ro", "email": "other@club.example", "wants": "learner", "text": "x"})
    assert CourseApplication.objects.count() == 20
