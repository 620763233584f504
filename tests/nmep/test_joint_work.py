from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Notification
from nmep import handing_in, joint, progress, reviewing
from nmep.models import Enrolment, Submission, SubmissionAuthor
from tests.factories.nmep import given, make_assignment, make_enrolment, make_lead, make_offering, notebook
from tests.factories.partners import make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def a_pair(*, n=2, due_in=timedelta(days=1), **fields):
    """Partners of a published round, and the homework."""
    offering = make_offering()
    fields.setdefault("partners", "required")
    assignment = make_assignment(offering=offering, due_at=timezone.now() + due_in, **fields)
    people = [make_enrolment(offering=offering) for _ in range(n)]
    make_round(people, assignment=assignment)
    return (*people, assignment)


def hand_in(who, assignment, now, *, n=1, content=None):
    return handing_in.hand_in(
        who, assignment, given(assignment, content), n=n, now=now, jointly=True
    ).submission


def states(assignment, now, *people):
    return [progress.of(who, now).work[0].state for who in people]


def words(who, assignment, now):
    held = handing_in.standing(who, assignment)
    return [share.words for share in joint.shares(who, assignment, held, now)]


def test_one_hands_in_and_both_are_authors_and_get_the_receipt(now):
    ada, bo, assignment = a_pair()
    submission = hand_in(ada, assignment, now)
    assert set(submission.authors.values_list("enrolment", "n")) == {(ada.pk, 1), (bo.pk, 1)}
    told = Notification.objects.filter(kind="nmep-receipt")
    assert set(told.values_list("person", flat=True)) == {ada.person_id, bo.person_id}
    assert states(assignment, now, ada, bo) == ["review", "review"]


def test_a_review_of_joint_work_is_the_review_of_both_and_the_other_hands_in_the_next_version(now):
    ada, bo, assignment = a_pair()
    submission = hand_in(ada, assignment, now)
    lead = make_lead(offering=assignment.offering)
    reviewing.post(submission, lead, summary="Say why.", outcome="return", marks={}, now=now)
    assert states(assignment, now, ada, bo) == ["returned", "returned"]
    again = hand_in(bo, assignment, now + timedelta(days=9), n=2, content=notebook("print('why')"))
    assert {author.enrolment_id: author.late_by for author in again.authors.all()} == {
        ada.pk: timedelta(0),
        bo.pk: timedelta(0),
    }


def test_each_is_late_by_their_own_dates_and_is_shown_so_before(now):
    ada, bo, assignment = a_pair(due_in=timedelta(days=-2))
    lead = make_lead(offering=assignment.offering)
    handing_in.grant(
        ada, assignment, extra_days=3, is_without_penalty=True, reason="illness", by=lead, now=now
    )
    held = handing_in.standing(ada, assignment)
    at = assignment.due_at + timedelta(days=1, hours=20)
    assert joint.own_share(ada, held, at).words == "on time"
    assert words(ada, assignment, at) == ["2 days late"]
    assert words(bo, assignment, at) == ["on time"]
    submission = hand_in(ada, assignment, at)
    late = {author.enrolment_id: author.late_by for author in submission.authors.all()}
    assert late == {ada.pk: timedelta(0), bo.pk: timedelta(days=1, hours=20)}


def test_joint_work_after_the_window_of_one_is_the_work_of_the_other_alone(now):
    ada, bo, assignment = a_pair(due_in=timedelta(days=-6))
    lead = make_lead(offering=assignment.offering)
    handing_in.grant(
        ada, assignment, extra_days=9, is_without_penalty=True, reason="illness", by=lead, now=now
    )
    assert words(ada, assignment, now) == ["closed, so it would not count; a lead can give more time"]
    submission = hand_in(ada, assignment, now)
    assert [author.enrolment_id for author in submission.authors.all()] == [ada.pk]
    with pytest.raises(handing_in.Closed):
        hand_in(bo, assignment, now)


def test_where_each_hands_in_their_own_a_partner_is_no_author(now):
    ada, bo, assignment = a_pair(each_submits=True)
    for who in (ada, bo):
        submission = hand_in(who, assignment, now)
        assert [author.enrolment_id for author in submission.authors.all()] == [who.pk]
    assert Submission.objects.count() == 2


def test_who_handed_in_alone_is_not_made_an_author_of_something_else(now):
    ada, bo, assignment = a_pair(partners="optional")
    handing_in.hand_in(ada, assignment, given(assignment), n=1, now=now)
    assert words(bo, assignment, now) == ["handed in without you, so this is not theirs"]
    submission = hand_in(bo, assignment, now, content=notebook("print('mine')"))
    assert [author.enrolment_id for author in submission.authors.all()] == [bo.pk]


def test_what_a_partner_had_begun_stays_their_draft_of_the_next_version(now):
    ada, bo, assignment = a_pair()
    handing_in.save_draft(bo, assignment, given(assignment, notebook("print('half')")), now=now)
    hand_in(ada, assignment, now)
    held = handing_in.standing(bo, assignment)
    assert (held.latest.n, held.draft.n, held.next_n) == (1, 2, 2)
    assert SubmissionAuthor.objects.get(submission=held.draft).n == 2
    submission = hand_in(bo, assignment, now, n=2, content=notebook("print('whole')"))
    assert (submission.pk, submission.n) == (held.draft.pk, 2)
    assert SubmissionAuthor.objects.filter(submission=submission).count() == 2


def test_after_a_partner_withdrew_the_rest_hands_in_alone(now):
    ada, bo, cy, assignment = a_pair(n=3)
    Enrolment.objects.filter(pk=bo.pk).update(state=Enrolment.State.WITHDREW)
    submission = hand_in(ada, assignment, now)
    assert {author.enrolment_id for author in submission.authors.all()} == {ada.pk, cy.pk}
    Enrolment.objects.filter(pk=cy.pk).update(state=Enrolment.State.WITHDREW)
    alone = hand_in(ada, assignment, now, n=2, content=notebook("print('alone')"))
    assert [author.enrolment_id for author in alone.authors.all()] == [ada.pk]


def test_unpublished_partners_are_no_partners(now):
    offering = make_offering()
    assignment = make_assignment(offering=offering, partners="required")
    ada, bo = (make_enrolment(offering=offering) for _ in range(2))
    make_round((ada, bo), assignment=assignment, state="proposed")
    assert hand_in(ada, assignment, now).authors.count() == 1


def test_the_second_of_two_partners_is_told_who_handed_in(now):
    ada, bo, assignment = a_pair()
    hand_in(ada, assignment, now)
    same = handing_in.hand_in(bo, assignment, given(assignment), n=1, now=now, jointly=True)
    assert not same.is_new
    with pytest.raises(handing_in.HandedInMeanwhile, match=f"handed in by {ada.person.display_name} at"):
        hand_in(bo, assignment, now, content=notebook("print('other')"))
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("late_by", "said"),
    [
        (timedelta(0), "on time"),
        (timedelta(minutes=1), "1 hour late"),
        (timedelta(hours=23, minutes=30), "24 hours late"),
        (timedelta(days=1), "24 hours late"),
        (timedelta(days=1, seconds=1), "2 days late"),
    ],
)
def test_lateness_in_words(late_by, said):
    assert joint.lateness(late_by) == said
