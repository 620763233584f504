"""A review is never published by an accident: a batch is held, looked at, and released at once."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEntry, Notification
from mlclub.refusal import Refused
from nmep import handing_in, holding, progress, review_times, reviewing
from nmep.models import Comment, MarkChange, Review, Submission
from tests.factories.nmep import (
    given,
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_submission,
)
from tests.factories.reviewing import make_held_review, make_review
from tests.nmep.test_races import at_once

pytestmark = pytest.mark.django_db


def told():
    return list(Notification.objects.filter(kind="nmep-review-posted").values_list("person", flat=True))


def test_a_held_review_leaves_no_trace_for_its_learner_and_waits_for_nobody():
    review = make_held_review(outcome="return")
    submission, author = review.submission, review.submission.authors.get().enrolment

    assert (review.state, review.posted_at) == ("held", None)
    submission.refresh_from_db()
    assert submission.state == Submission.State.IN_REVIEW
    assert not MarkChange.objects.exists()
    assert told() == []
    assert [work.state for work in progress.of(author, timezone.now()).work] == ["review"]
    assert not Submission.objects.waiting().exists()
    assert reviewing.take_next(review.reviewer, author.offering, now=timezone.now()) is None


def test_a_release_posts_the_whole_batch_once_and_tells_each_learner():
    assignment = make_assignment()
    lead = make_lead(offering=assignment.offering)
    reviews = [make_held_review(submission=make_submission(assignment=assignment)) for _ in range(3)]
    reviewing.comment(reviews[0].submission, reviews[0].reviewer, "Which ruler?", now=timezone.now())

    assert holding.release(assignment, by=lead, now=timezone.now()) == 3
    assert holding.release(assignment, by=lead, now=timezone.now()) == 0

    assert Review.objects.posted().count() == 3
    assert sorted(told()) == sorted(review.submission.authors.get().enrolment.person_id for review in reviews)
    assert {entry.by for entry in MarkChange.objects.all()} == {review.reviewer for review in reviews}
    assert not Comment.objects.filter(posted_at=None).exists()
    entry = AuditEntry.objects.get(action="reviews-released")
    assert (entry.actor, len(entry.after["reviews"])) == (lead, 3)


def test_after_a_release_later_reviews_go_out_at_once_unless_the_lead_goes_on_holding():
    first = make_held_review()
    assignment = first.submission.assignment
    lead = make_lead(offering=assignment.offering)
    holding.release(assignment, by=lead, now=timezone.now(), keep_holding=True)
    held = make_review(submission=make_submission(assignment=assignment))
    assert held.state == "held"
    holding.release(assignment, by=lead, now=timezone.now())
    assert make_review(submission=make_submission(assignment=assignment)).state == "posted"


def test_a_reviewer_takes_a_held_review_back_and_nobody_else_does():
    review = make_held_review()
    assert not holding.take_back(review, by=make_lead(offering=review.submission.assignment.offering))
    assert holding.take_back(review, by=review.reviewer)
    assert not holding.take_back(review, by=review.reviewer)
    assert holding.release(review.submission.assignment, by=review.reviewer, now=timezone.now()) == 0
    assert list(reviewing.mine(review.reviewer, review.submission.assignment.offering)) == [review.submission]


def test_a_held_review_is_changed_only_after_it_was_taken_back():
    review = make_held_review()
    with pytest.raises(Refused, match="Take it back"):
        make_review(submission=review.submission, reviewer=review.reviewer, summary="Another")
    with pytest.raises(reviewing.AlreadyReviewed, match="has finished a review"):
        make_review(submission=review.submission)
    with pytest.raises(reviewing.AlreadyReviewed):
        reviewing.assign(review.submission, None, by=review.reviewer, now=timezone.now())


def test_a_new_version_may_come_while_the_review_of_the_last_is_held():
    review = make_held_review(outcome="return")
    author = review.submission.authors.get().enrolment
    assignment = review.submission.assignment
    second = handing_in.hand_in(
        author, assignment, given(assignment, text="Again"), n=2, now=timezone.now()
    ).submission
    assert list(Submission.objects.waiting()) == [second]
    assert holding.release(assignment, by=review.reviewer, now=timezone.now()) == 1
    assert list(Submission.objects.waiting()) == [second]


def test_the_batches_say_how_many_are_held_with_which_outcome_and_how_many_are_still_to_come():
    assignment = make_assignment()
    make_held_review(submission=make_submission(assignment=assignment), outcome="return")
    make_held_review(submission=make_submission(assignment=assignment))
    make_held_review(submission=make_submission(assignment=assignment))
    make_submission(assignment=assignment)
    make_assignment(offering=assignment.offering)
    [batch] = holding.batches(review_times.of(assignment.offering, timezone.now()).assignments)
    assert (batch.assignment, batch.done, batch.returned, batch.count, batch.unreviewed) == (
        assignment,
        2,
        1,
        3,
        1,
    )


@pytest.mark.parametrize(
    "values",
    [
        {"state": "held"},
        {"state": "held", "held_at": timezone.now()},
        {"state": "posted", "outcome": "done"},
        {"state": "draft", "held_at": timezone.now()},
        {"state": "held", "outcome": "done", "held_at": timezone.now(), "posted_at": timezone.now()},
    ],
)
def test_the_database_refuses_a_review_that_is_half_finished(values):
    submission = make_submission()
    reviewer = make_lead(offering=submission.assignment.offering)
    with pytest.raises(IntegrityError, match="finished_review_has_outcome"), transaction.atomic():
        Review.objects.create(submission=submission, reviewer=reviewer, **values)


def test_the_database_refuses_a_second_finished_review_of_a_version():
    review = make_held_review()
    other = make_lead(offering=review.submission.assignment.offering)
    with pytest.raises(IntegrityError, match="one_finished_review"), transaction.atomic():
        Review.objects.create(
            submission=review.submission,
            reviewer=other,
            state="posted",
            outcome="done",
            posted_at=timezone.now(),
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_leads_who_release_at_once_release_once():
    assignment = make_assignment()
    leads = [make_lead(offering=assignment.offering) for _ in range(2)]
    for _ in range(3):
        make_held_review(submission=make_submission(assignment=assignment), reviewer=leads[0])
    now = timezone.now()
    answers = at_once(*[lambda lead=lead: holding.release(assignment, by=lead, now=now) for lead in leads])
    assert sorted(answers) == [0, 3]
    assert len(told()) == 3
    assert MarkChange.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_a_review_that_is_taken_back_while_the_batch_is_released_is_either_posted_or_a_draft():
    review = make_held_review()
    lead = make_lead(offering=review.submission.assignment.offering)
    back, released = at_once(
        lambda: ("back", holding.take_back(review, by=review.reviewer)),
        lambda: ("released", holding.release(review.submission.assignment, by=lead, now=timezone.now())),
    )
    answers = dict([back, released])
    review.refresh_from_db()
    assert answers in ({"back": True, "released": 0}, {"back": False, "released": 1})
    assert review.state == ("draft" if answers["back"] else "posted")


def address(name, assignment):
    return reverse(f"nmep:{name}", args=[assignment.offering.slug, assignment.key])


def test_a_lead_holds_looks_at_the_list_and_releases(client):
    assignment = make_assignment()
    lead = make_lead(offering=assignment.offering)
    client.force_login(lead)
    answer = client.post(address("review_hold", assignment), {"hold": "yes"}, follow=True)
    assert "are held from now on" in answer.content.decode()
    make_review(submission=make_submission(assignment=assignment), reviewer=lead, outcome="return")
    queue = client.get(reverse("nmep:review_queue", args=[assignment.offering.slug])).content.decode()
    assert "1 finished review held" in queue

    url = address("review_release", assignment)
    page = client.get(url).content.decode()
    assert "1 to mend" in page
    assert "Release 1 review" in page
    assert Review.objects.held().count() == 1
    done = client.post(url, {"keep_holding": "on"}, follow=True).content.decode()
    assert "1 review released" in done
    assert "Nothing was held any more" in client.post(url, follow=True).content.decode()
    assignment.refresh_from_db()
    assert not assignment.holds_reviews
    assert (
        "go out as they are finished"
        in client.post(address("review_hold", assignment), {"hold": "no"}, follow=True).content.decode()
    )


def test_a_reviewer_who_finishes_a_held_review_is_told_so_and_can_take_it_back(client):
    assignment = make_assignment(holds_reviews=True)
    submission = make_submission(assignment=assignment)
    lead = make_lead(offering=assignment.offering)
    client.force_login(lead)
    work = [assignment.offering.slug, submission.pk]
    data = {"summary": "Shrink eps.", "outcome": "return"}
    answer = client.post(reverse("nmep:submission_review", args=work), data, follow=True).content.decode()
    assert "Finished and held" in answer
    page = client.get(submission.get_absolute_url()).content.decode()
    assert "Take it back to change it" in page
    assert "Save and next" not in page
    back = client.post(reverse("nmep:review_withdraw", args=work), follow=True).content.decode()
    assert "Shrink eps." in back
    assert "Save and next" in back
    assert client.post(reverse("nmep:review_withdraw", args=work)).status_code == 404


@pytest.mark.parametrize("who", ["author", "helper", "lead of another"])
def test_only_leads_hold_and_release(client, who):
    review = make_held_review()
    assignment = review.submission.assignment
    client.force_login(
        {
            "author": lambda: review.submission.authors.get().enrolment.person,
            "helper": lambda: make_enrolment(offering=assignment.offering, role="helper").person,
            "lead of another": lambda: make_lead(offering=make_offering()),
        }[who]()
    )
    assert client.get(address("review_release", assignment)).status_code == 404
    assert client.post(address("review_release", assignment)).status_code == 404
    assert client.post(address("review_hold", assignment), {"hold": "no"}).status_code == 404
    assert Review.objects.held().count() == 1


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_of_what_is_held_costs_the_same_for_any_number(client, size, django_assert_max_num_queries):
    assignment = make_assignment()
    for _ in range(size):
        make_held_review(submission=make_submission(assignment=assignment))
    client.force_login(make_lead(offering=assignment.offering))
    client.get(address("review_release", assignment))
    with django_assert_max_num_queries(15) as captured:
        client.get(address("review_release", assignment))
    assert len(captured) == 11
