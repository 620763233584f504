import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from members.models import Notification
from nmep import reviewing
from nmep.models import Comment, Enrolment, MarkChange, Review, Submission
from tests.factories.members import make_member, make_officer
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_submission,
    notebook,
)
from tests.factories.reviewing import make_phrase

pytestmark = pytest.mark.django_db


def review_data(assignment, *, outcome="return", **more):
    criterion = assignment.criteria.get()
    return {f"criterion-{criterion.pk}": "close", "summary": "Shrink eps.", "outcome": outcome, **more}


def post(submission, reviewer, **values):
    return reviewing.post(
        submission,
        reviewer,
        summary=values.get("summary", "Good."),
        outcome=values.get("outcome", "done"),
        marks={},
        now=values.get("now") or timezone.now(),
    )


def test_save_and_next_posts_tells_without_marks_and_opens_the_next(client):
    assignment = make_assignment()
    helper = make_enrolment(offering=assignment.offering, role=Enrolment.Role.HELPER).person
    now = timezone.now()
    first = make_submission(assignment=assignment, now=now - timedelta(days=3))
    second = make_submission(assignment=assignment, now=now - timedelta(days=1))
    client.force_login(helper)

    queue = client.get(reverse("nmep:review_queue", args=[assignment.offering.slug])).content.decode()
    assert "2 for you" in queue
    opened = client.post(reverse("nmep:review_next", args=[assignment.offering.slug]))
    assert opened["Location"] == first.get_absolute_url()
    page = client.get(opened["Location"]).content.decode()
    assert "Save and next" in page
    answer = client.post(
        reverse("nmep:submission_review", args=[assignment.offering.slug, first.pk]), review_data(assignment)
    )
    assert answer["Location"] == second.get_absolute_url()

    first.refresh_from_db()
    author = first.authors.get().enrolment
    assert (first.state, first.reviewer) == ("returned", helper)
    assert [(entry.kind, entry.by) for entry in MarkChange.objects.filter(enrolment=author)] == [
        ("not_yet", helper)
    ]
    row = Notification.objects.get(kind="nmep-review-posted")
    assert row.person == author.person
    assert row.data == {}


def test_comments_on_cells_wait_for_the_review_and_survive_a_new_version(client):
    assignment = make_assignment()
    learner = make_enrolment(offering=assignment.offering)
    lead = make_lead(offering=assignment.offering)
    submission = make_submission(
        enrolment=learner, assignment=assignment, content=notebook("eps = 1e-2", "check(eps)")
    )
    piece = submission.pieces.get()
    url = reverse("nmep:comment_create", args=[assignment.offering.slug, submission.pk])
    client.force_login(lead)
    client.post(
        url,
        {
            "text": "Which ruler?",
            "piece": piece.pk,
            "cell_key": "k",
            "cell_index": 1,
            "asks_for_change": "on",
        },
    )
    comment = Comment.objects.get()
    client.force_login(learner.person)
    assert "Which ruler?" not in client.get(submission.get_absolute_url()).content.decode()

    post(submission, lead, outcome="return")
    assert "Which ruler?" in client.get(submission.get_absolute_url()).content.decode()
    client.post(url, {"text": "The second one.", "parent": comment.pk})
    client.post(reverse("nmep:comment_settle", args=[comment.pk]), {"state": "addressed"})
    comment.refresh_from_db()
    assert comment.state == "addressed"
    second = make_submission(
        enrolment=learner, assignment=assignment, content=notebook("x = 0", "eps = 1e-5", "check(eps)")
    )
    page = client.get(second.get_absolute_url()).content.decode()
    assert "Which ruler?" in page.split('id="c3"')[1]
    assert "on version 1" in page
    changes = client.get(
        reverse("nmep:submission_changes", args=[assignment.offering.slug, second.pk])
    ).content.decode()
    assert "<ins>+ eps = 1e-5</ins>" in changes


@pytest.mark.parametrize(
    "who", ["author", "other learner", "member", "officer for events", "helper of nothing dealt"]
)
def test_only_reviewers_get_the_rubric_and_strangers_a_404(client, who):
    submission = make_submission()
    offering = submission.assignment.offering
    people = {
        "author": lambda: submission.authors.get().enrolment.person,
        "other learner": lambda: make_enrolment(offering=offering).person,
        "member": make_member,
        "officer for events": lambda: make_officer(slug="events"),
        "helper of nothing dealt": lambda: (
            make_enrolment(offering=offering, role=Enrolment.Role.HELPER).person
        ),
    }
    client.force_login(people[who]())
    answer = client.get(submission.get_absolute_url())
    assert answer.status_code == (200 if who == "author" else 404)
    assert "Save and next" not in answer.content.decode()
    piece = submission.pieces.get()
    expected = 200 if who == "author" else 404
    assert client.get(reverse("nmep:piece_download", args=[piece.pk])).status_code == expected
    url = reverse("nmep:submission_review", args=[offering.slug, submission.pk])
    assert client.post(url, review_data(submission.assignment)).status_code == 404
    assert not Review.objects.exists()


def test_the_officer_for_education_and_a_dealt_reviewer_see_the_work(client):
    submission = make_submission()
    offering = submission.assignment.offering
    mentor = make_enrolment(offering=offering, role=Enrolment.Role.MENTOR).person
    author = submission.authors.get().enrolment
    author.reviewer = mentor
    author.save()
    for person in (make_officer(slug="education"), mentor):
        client.force_login(person)
        assert "Save and next" in client.get(submission.get_absolute_url()).content.decode()


def test_a_review_without_an_outcome_is_sent_back_with_what_was_typed(client):
    submission = make_submission()
    client.force_login(make_lead(offering=submission.assignment.offering))
    url = reverse("nmep:submission_review", args=[submission.assignment.offering.slug, submission.pk])
    answer = client.post(url, {"summary": "Shrink eps.", "outcome": ""})
    assert answer.status_code == 422
    assert "Shrink eps." in answer.content.decode()
    assert submission.reviews.count() == 0


def test_a_draft_review_is_seen_by_its_writer_alone(client):
    submission = make_submission()
    lead = make_lead(offering=submission.assignment.offering)
    url = reverse("nmep:submission_review", args=[submission.assignment.offering.slug, submission.pk])
    client.force_login(lead)
    client.post(url, review_data(submission.assignment, summary="A secret draft", draft="1"))
    assert "A secret draft" in client.get(submission.get_absolute_url()).content.decode()
    for person in (
        submission.authors.get().enrolment.person,
        make_lead(offering=submission.assignment.offering),
    ):
        client.force_login(person)
        assert "A secret draft" not in client.get(submission.get_absolute_url()).content.decode()


def test_reviews_posted_in_the_same_hour_make_one_mail():
    offering = make_offering()
    learner, lead = make_enrolment(offering=offering), make_lead(offering=offering)
    now = timezone.now().replace(minute=10)
    for n in range(2):
        submission = make_submission(enrolment=learner, assignment=make_assignment(offering=offering))
        post(submission, lead, now=now + timedelta(minutes=n))
    assert Notification.objects.filter(kind="nmep-review-posted", person=learner.person).count() == 1


def test_a_review_after_the_mail_of_the_hour_is_told_in_the_next():
    offering = make_offering()
    learner, lead = make_enrolment(offering=offering), make_lead(offering=offering)
    now = timezone.now().replace(minute=10, second=0, microsecond=0)
    post(make_submission(enrolment=learner, assignment=make_assignment(offering=offering)), lead, now=now)
    Notification.objects.filter(kind="nmep-review-posted").update(status="sent", sent_at=now)
    post(make_submission(enrolment=learner, assignment=make_assignment(offering=offering)), lead, now=now)
    waiting = Notification.objects.get(kind="nmep-review-posted", status="pending")
    assert waiting.due_at == now.replace(minute=0) + timedelta(hours=1)


def test_the_journal_refuses_to_be_changed():
    submission = make_submission()
    post(submission, make_lead(offering=submission.assignment.offering))
    entry = MarkChange.objects.get()
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        MarkChange.objects.filter(pk=entry.pk).update(kind="not_yet")
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        entry.delete()


def test_the_database_refuses_a_second_posted_review():
    submission = make_submission()
    offering = submission.assignment.offering
    post(submission, make_lead(offering=offering))
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(
            submission=submission,
            reviewer=make_lead(offering=offering),
            state="posted",
            outcome="done",
            posted_at=timezone.now(),
        )


def test_an_authors_own_work_never_comes_up_for_them():
    submission = make_submission()
    author = submission.authors.get().enrolment
    make_enrolment(offering=author.offering, person=author.person, role=Enrolment.Role.HELPER)
    assert reviewing.take_next(author.person, author.offering, now=timezone.now()) is None


def test_only_the_newest_version_waits():
    assignment = make_assignment()
    learner = make_enrolment(offering=assignment.offering)
    make_submission(enrolment=learner, assignment=assignment)
    second = make_submission(enrolment=learner, assignment=assignment, content=notebook("two"))
    assert list(Submission.objects.waiting()) == [second]


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_reviewers_who_post_at_once_leave_one_review_and_one_sentence():
    submission = make_submission()
    reviewers = [make_lead(offering=submission.assignment.offering) for _ in range(2)]
    start, answers = threading.Barrier(2), []

    def run(reviewer):
        try:
            start.wait()
            post(submission, reviewer)
            answers.append("posted")
        except reviewing.AlreadyReviewed as refused:
            answers.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[reviewer]) for reviewer in reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers)[1] == "posted"
    assert "has posted a review of this version meanwhile" in sorted(answers)[0]
    assert Review.objects.filter(state="posted").count() == 1
    assert Notification.objects.filter(kind="nmep-review-posted").count() == 1


@pytest.mark.parametrize("size", [1, 5])
def test_the_queue_costs_the_same_for_any_number_of_hand_ins(client, size, django_assert_max_num_queries):
    assignment = make_assignment()
    for _ in range(size):
        make_submission(assignment=assignment)
    client.force_login(make_lead(offering=assignment.offering))
    url = reverse("nmep:review_queue", args=[assignment.offering.slug])
    client.get(url)
    with django_assert_max_num_queries(14) as captured:
        client.get(url)
    assert len(captured) == 13


@pytest.mark.parametrize("size", [1, 8])
def test_the_review_page_costs_the_same_for_any_number_of_comments(
    client, size, django_assert_max_num_queries
):
    submission = make_submission()
    lead = make_lead(offering=submission.assignment.offering)
    for n in range(size):
        reviewing.comment(
            submission, make_lead(offering=submission.assignment.offering), f"No {n}", now=timezone.now()
        )
    client.force_login(lead)
    client.get(submission.get_absolute_url())
    criterion = submission.assignment.criteria.get()
    reviewing.save(
        submission, lead, summary="Half", outcome="", marks={criterion.pk: "close"}, now=timezone.now()
    )
    make_phrase(owner=lead)
    with django_assert_max_num_queries(15) as captured:
        client.get(submission.get_absolute_url())
    assert len(captured) == 12


def test_whoever_was_dealt_only_the_second_version_sees_what_changed_since_the_first(client):
    assignment = make_assignment()
    learner = make_enrolment(offering=assignment.offering)
    make_submission(enrolment=learner, assignment=assignment, content=notebook("eps = 1e-2"))
    second = make_submission(enrolment=learner, assignment=assignment, content=notebook("eps = 1e-5"))
    helper = make_enrolment(offering=assignment.offering, role=Enrolment.Role.HELPER).person
    second.reviewer = helper
    second.save(update_fields=["reviewer"])
    client.force_login(helper)
    url = reverse("nmep:submission_changes", args=[assignment.offering.slug, second.pk])
    assert "<ins>+ eps = 1e-5</ins>" in client.get(url).content.decode()
