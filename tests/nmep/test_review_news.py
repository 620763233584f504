"""A lead's home says what of reviewing waits for them."""

import pytest
from django.utils import timezone

from nmep import second_looks
from nmep.gathered import home
from nmep.models import Enrolment
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_submission
from tests.factories.reviewing import make_held_review, make_review

pytestmark = pytest.mark.django_db


def titles(person):
    return [card.title for card in home(person, timezone.now())]


def test_a_lead_is_told_what_is_held_and_who_asks_and_a_helper_and_the_learner_are_not():
    assignment = make_assignment()
    offering = assignment.offering
    lead = make_lead(offering=offering)
    for _ in range(2):
        make_held_review(submission=make_submission(assignment=assignment), reviewer=lead)
    posted = make_review(
        submission=make_submission(assignment=make_assignment(offering=offering)), reviewer=lead
    )
    learner = posted.submission.authors.get().enrolment.person
    second_looks.ask(posted, learner, "Please.", now=timezone.now())

    assert titles(lead) == [
        "2 finished reviews of HW1 held",
        "1 learner asks for another look at a review",
    ]
    helper = make_enrolment(offering=offering, role=Enrolment.Role.HELPER).person
    assert titles(helper) == []
    assert [title for title in titles(learner) if "held" in title or "look" in title] == []


def test_the_news_cost_home_no_query(django_assert_max_num_queries):
    assignment = make_assignment()
    lead = make_lead(offering=assignment.offering)
    with django_assert_max_num_queries(15) as before:
        home(lead, timezone.now())
    for _ in range(3):
        make_held_review(submission=make_submission(assignment=assignment), reviewer=lead)
    with django_assert_max_num_queries(15) as after:
        home(type(lead).objects.get(pk=lead.pk), timezone.now())
    assert len(after) == len(before)
