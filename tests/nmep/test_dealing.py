"""What waits is dealt evenly, and nobody gets their own."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEntry
from nmep import dealing, review_times, reviewing
from nmep.models import Enrolment, Submission
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering, make_submission
from tests.factories.reviewing import make_review

pytestmark = pytest.mark.django_db


def helper(offering, **fields):
    return make_enrolment(offering=offering, role=Enrolment.Role.HELPER, **fields).person


def plan(assignment, *reviewers, again=False):
    table = review_times.of(assignment.offering, timezone.now())
    rows = dealing.plan(assignment, reviewers, table, again=again)
    return {row.submission: row.reviewer for row in rows}


def deal(assignment, pairs, *, by=None):
    seen = {row.pk: (row.reviewer_id, reviewer.pk) for row, reviewer in pairs.items()}
    return dealing.deal(assignment, seen, by=by or make_lead(offering=assignment.offering))


@pytest.fixture
def assignment():
    return make_assignment()


def hand_ins(assignment, n):
    now = timezone.now()
    return [make_submission(assignment=assignment, now=now - timedelta(days=n - at)) for at in range(n)]


def test_hand_ins_are_spread_by_what_each_has_already(assignment):
    first, second = helper(assignment.offering), helper(assignment.offering)
    other = make_assignment(offering=assignment.offering)
    for _ in range(2):
        make_submission(assignment=other, reviewer=first)
    work = hand_ins(assignment, 4)
    given = list(plan(assignment, first, second).values())
    assert (given.count(first), given.count(second)) == (1, 3)
    assert given[:2] == [second, second]
    assert len(work) == 4


def test_nobody_is_dealt_their_own_work(assignment):
    author = make_enrolment(offering=assignment.offering)
    make_enrolment(offering=assignment.offering, person=author.person, role=Enrolment.Role.HELPER)
    own = make_submission(enrolment=author, assignment=assignment)
    other = helper(assignment.offering)
    assert plan(assignment, author.person, other) == {own: other}
    assert plan(assignment, author.person) == {own: None}
    assert deal(assignment, {own: author.person}).dealt == 0


def test_a_learner_keeps_their_reviewer(assignment):
    mine, other = helper(assignment.offering), helper(assignment.offering)
    author = make_enrolment(offering=assignment.offering, reviewer=mine)
    own = make_submission(enrolment=author, assignment=assignment)
    assert plan(assignment, other) == {own: mine}


def test_only_what_nobody_has_begun_is_dealt_anew(assignment):
    first, second = helper(assignment.offering), helper(assignment.offering)
    begun, dealt, free = hand_ins(assignment, 3)
    deal(assignment, {begun: first, dealt: first})
    reviewing.save(begun, first, summary="Half", outcome="", marks={}, now=timezone.now())
    assert plan(assignment, second) == {free: second}
    assert plan(assignment, second, again=True) == {dealt: second, free: second}
    assert plan(assignment, first, second, again=True) == {dealt: second, free: first}


def test_a_deal_leaves_alone_what_changed_since_its_preview(assignment):
    first, second = helper(assignment.offering), helper(assignment.offering)
    taken, dealt, answered, free = hand_ins(assignment, 4)
    seen = {row.pk: (None, first.pk) for row in (taken, dealt, answered, free)}
    reviewing.take_next(second, assignment.offering, now=timezone.now())
    deal(assignment, {dealt: second})
    make_review(submission=answered)
    outcome = dealing.deal(assignment, seen, by=make_lead(offering=assignment.offering))
    assert outcome == dealing.Dealt(dealt=1, skipped=3)
    assert list(Submission.objects.filter(reviewer=first)) == [free]
    assert AuditEntry.objects.filter(action="reviews-dealt").count() == 2


def test_what_was_dealt_is_taken_back_and_what_was_begun_is_not(assignment):
    lead, someone = make_lead(offering=assignment.offering), helper(assignment.offering)
    begun, dealt = hand_ins(assignment, 2)
    deal(assignment, {begun: someone, dealt: someone})
    reviewing.take_next(someone, assignment.offering, now=timezone.now())
    assert dealing.take_back(assignment.offering, someone, by=lead, now=timezone.now()) == 1
    assert list(Submission.objects.visible_to(someone)) == [begun]


def test_a_lead_previews_changes_and_deals(client, assignment):
    lead, first = make_lead(offering=assignment.offering), helper(assignment.offering)
    work = hand_ins(assignment, 2)
    client.force_login(lead)
    url = reverse("nmep:review_deal", args=[assignment.offering.slug])
    assert "2 without a reviewer" in client.get(url).content.decode()
    page = client.get(url, {"hw": assignment.key, "with": first.pk}).content.decode()
    assert "the only one who may" in page
    assert not Submission.objects.filter(reviewer=first).exists()
    answer = client.post(
        url,
        {
            "hw": assignment.key,
            f"to-{work[0].pk}": first.pk,
            f"seen-{work[0].pk}": "",
            f"to-{work[1].pk}": "",
            f"seen-{work[1].pk}": "",
        },
        follow=True,
    ).content.decode()
    assert "1 dealt" in answer
    assert "1 without a reviewer" in answer
    back = client.post(
        reverse("nmep:review_take_back", args=[assignment.offering.slug]), {"reviewer": first.pk}, follow=True
    )
    assert "1 taken back" in back.content.decode()


@pytest.mark.parametrize("data", [{}, {"hw": "nothing"}, {"hw": "hw1", "to-x": "y", "to-9": "9999"}])
def test_a_deal_of_nonsense_deals_nothing(client, assignment, data):
    make_submission(assignment=assignment)
    client.force_login(make_lead(offering=assignment.offering))
    url = reverse("nmep:review_deal", args=[assignment.offering.slug])
    assert client.post(url, data).status_code == (302 if data.get("hw") == "hw1" else 404)
    back = client.post(reverse("nmep:review_take_back", args=[assignment.offering.slug]), follow=True)
    assert "Choose somebody who reviews here" in back.content.decode()
    assert not Submission.objects.exclude(reviewer=None).exists()


@pytest.mark.parametrize("who", ["helper", "learner"])
def test_only_leads_deal(client, who):
    offering = make_offering()
    person = helper(offering) if who == "helper" else make_enrolment(offering=offering).person
    client.force_login(person)
    assert client.get(reverse("nmep:review_deal", args=[offering.slug])).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_the_preview_costs_the_same_for_any_number(client, size, assignment, django_assert_max_num_queries):
    for _ in range(size):
        make_submission(assignment=assignment)
        helper(assignment.offering)
    client.force_login(make_lead(offering=assignment.offering))
    url = reverse("nmep:review_deal", args=[assignment.offering.slug]) + f"?hw={assignment.key}"
    client.get(url)
    with django_assert_max_num_queries(15) as captured:
        client.get(url)
    assert len(captured) == 14
