"""How long learners wait for their reviews."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from nmep import review_times
from nmep.gathered import numbers
from nmep.models import Enrolment
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_submission
from tests.factories.reviewing import make_held_review, make_review

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


def reviewed(assignment, lead, days):
    submission = make_submission(assignment=assignment, now=NOW - timedelta(days=20))
    return make_review(submission=submission, reviewer=lead, now=NOW - timedelta(days=20 - days))


def test_the_median_is_from_hand_in_to_what_can_be_read_by_assignment_and_reviewer():
    first = make_assignment()
    second = make_assignment(offering=first.offering)
    one, other = make_lead(offering=first.offering), make_lead(offering=first.offering)
    for days in (2, 3, 9):
        reviewed(first, one, days)
    reviewed(second, other, 1.5)
    make_submission(assignment=second, now=NOW - timedelta(days=4), reviewer=one)
    make_submission(assignment=second, now=NOW - timedelta(days=2))
    make_held_review(submission=make_submission(assignment=first, now=NOW - timedelta(days=8)), reviewer=one)

    table = review_times.of(first.offering, NOW)

    assert (table.in_all.n, table.in_all.median_words, table.in_all.waiting) == (4, "2.5 days", 2)
    assert [
        (row.key, spent.n, spent.median_words, spent.waiting_words) for row, spent in table.assignments
    ] == [
        ("hw1", 3, "3 days", ""),
        ("hw2", 1, "1.5 days", "3 days"),
    ]
    assert table.reviewers[one.pk].n == 3
    assert (table.reviewers[one.pk].waiting, table.reviewers[None].waiting) == (1, 1)
    assert table.in_all.words == "Half of the 4 posted reviews could be read within 2.5 days of the hand-in."


def test_a_pair_waits_once():
    assignment = make_assignment()
    submission = make_submission(assignment=assignment)
    reviewer = make_lead(offering=assignment.offering)
    partner = make_enrolment(offering=assignment.offering, reviewer=reviewer)
    submission.authors.create(enrolment=partner, assignment=assignment, n=1)
    table = review_times.of(assignment.offering, NOW)
    assert table.in_all.waiting == 1
    assert table.reviewers[reviewer.pk].waiting == 1


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=20), "0 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=23), "23 hours"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=3, hours=12), "3.5 days"),
        (None, ""),
    ],
)
def test_a_length_is_said_in_hours_or_days(length, words):
    assert review_times.days(length) == words


def test_the_numbers_of_a_term_have_the_median_and_its_n():
    assignment = make_assignment()
    for days in (2, 4):
        reviewed(assignment, make_lead(offering=assignment.offering), days)
    figure = next(row for row in numbers(assignment.offering.term) if row.name == "Median review days")
    assert (figure.value, figure.n) == (3, 2)


def test_leads_see_the_times_and_helpers_do_not(client):
    assignment = make_assignment()
    lead = make_lead(offering=assignment.offering)
    reviewed(assignment, lead, 3)
    reviewed(assignment, lead, 3)
    helper = make_enrolment(offering=assignment.offering, role=Enrolment.Role.HELPER).person
    url = reverse("nmep:review_queue", args=[assignment.offering.slug])
    client.force_login(lead)
    assert "Half of the 2 posted reviews could be read within 3 days" in client.get(url).content.decode()
    assert (
        "median 3 days, n = 2"
        in client.get(reverse("nmep:roster", args=[assignment.offering.slug])).content.decode()
    )
    client.force_login(helper)
    assert "How long it takes" not in client.get(url).content.decode()
