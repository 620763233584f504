from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from nmep.models import Piece, Submission
from tests.factories.members import make_alumnus, make_member, make_officer, make_user
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_offering,
    make_submission,
    notebook,
)

pytestmark = pytest.mark.django_db


def page(assignment):
    return reverse("nmep:assignment_detail", args=[assignment.offering.slug, assignment.key])


def upload(content=None, name="shells.ipynb"):
    return SimpleUploadedFile(name, content if content is not None else notebook())


def test_a_learner_reads_the_task_and_hands_in_on_the_same_page(client):
    assignment = make_assignment(text="Make it **overfit** with $x^2$.")
    enrolment = make_enrolment(offering=assignment.offering)
    client.force_login(enrolment.person)
    part = assignment.parts.get()

    shown = client.get(page(assignment)).content.decode()
    assert "<strong>overfit</strong>" in shown
    assert "<math" in shown
    assert "Hand in version 1" in shown

    answer = client.post(page(assignment), {"n": 1, f"part-{part.pk}": upload()}, follow=True)
    shown = answer.content.decode()
    piece = Piece.objects.get()
    assert "Version 1 is in." in shown
    assert f"sha256 {piece.sha256}" in shown
    assert "Hand in version 2" in shown


@pytest.mark.parametrize("visitor", ["participant of nothing", "learner of another offering"])
def test_a_stranger_meets_a_404(client, visitor):
    assignment = make_assignment()
    person = make_user() if visitor == "participant of nothing" else None
    if person is None:
        person = make_enrolment(person=make_user()).person
    client.force_login(person)
    assert client.get(page(assignment)).status_code == 404


def test_anonymous_visitors_are_asked_to_sign_in(client):
    assert "/accounts/login/" in client.get(page(make_assignment()))["Location"]


@pytest.mark.parametrize("make", [make_member, make_alumnus])
def test_members_read_the_task_and_hand_in_nothing(client, make):
    assignment = make_assignment()
    client.force_login(make())
    shown = client.get(page(assignment))
    assert shown.status_code == 200
    assert "Hand in version" not in shown.content.decode()
    client.post(page(assignment), {"n": 1, f"part-{assignment.parts.get().pk}": upload()})
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (("notes.txt", b"words"), "is not a notebook"),
        (("shells.ipynb", b"not json"), "not a Jupyter notebook"),
        (("shells.ipynb", b"{}"), "it has no cells"),
        (("shells.ipynb", b" " * (6 * 1024 * 1024)), "at most 5 MB"),
        (("shells.ipynb", b""), "empty"),
    ],
)
def test_a_wrong_file_is_refused_beside_its_field_and_the_text_is_kept(client, file, sentence):
    assignment = make_assignment(parts=("notebook", "text"))
    enrolment = make_enrolment(offering=assignment.offering)
    client.force_login(enrolment.person)
    first, second = assignment.parts.all()
    answer = client.post(
        page(assignment),
        {"n": 1, f"part-{first.pk}": upload(file[1], file[0]), f"part-{second.pk}": "I would stop early."},
    )
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert sentence in shown
    assert "I would stop early." in shown
    assert not Submission.objects.handed_in().exists()


def test_a_good_file_is_kept_when_something_else_is_wrong(client):
    assignment = make_assignment(parts=("notebook", "link"))
    enrolment = make_enrolment(offering=assignment.offering)
    client.force_login(enrolment.person)
    first, second = assignment.parts.all()
    answer = client.post(
        page(assignment), {"n": 1, f"part-{first.pk}": upload(), f"part-{second.pk}": "no link"}
    )
    assert answer.status_code == 422
    assert "Now: shells.ipynb. Leave empty to keep it." in answer.content.decode()
    answer = client.post(
        page(assignment), {"n": 1, f"part-{second.pk}": "https://code.example/x"}, follow=True
    )
    assert "Version 1 is in." in answer.content.decode()
    assert Submission.objects.get().pieces.count() == 2


def test_a_double_click_hands_in_once(client):
    assignment = make_assignment()
    enrolment = make_enrolment(offering=assignment.offering)
    client.force_login(enrolment.person)
    part = assignment.parts.get()
    for _ in range(2):
        answer = client.post(page(assignment), {"n": 1, f"part-{part.pk}": upload()}, follow=True)
    assert "nothing was handed in twice" in answer.content.decode()
    assert Submission.objects.count() == 1


def test_a_closed_assignment_says_when_it_closed(client):
    assignment = make_assignment(due_at=timezone.now() - timedelta(days=9))
    client.force_login(make_enrolment(offering=assignment.offering).person)
    shown = client.get(page(assignment)).content.decode()
    assert "This closed on" in shown
    assert "Hand in version" not in shown


def test_a_closed_assignment_with_a_version_in_review_says_what_comes_next(client):
    assignment = make_assignment(due_at=timezone.now() - timedelta(days=9))
    enrolment = make_enrolment(offering=assignment.offering)
    make_submission(assignment=assignment, enrolment=enrolment, now=timezone.now() - timedelta(days=10))
    client.force_login(enrolment.person)
    shown = client.get(page(assignment)).content.decode()
    assert "Version 1 waits for its review; if it is returned, you can mend it here." in shown
    assert "if you need more time" not in shown


def test_work_that_is_not_released_is_a_404_for_learners_and_open_to_the_officer(client):
    assignment = make_assignment(opens_at=timezone.now() + timedelta(days=1))
    client.force_login(make_enrolment(offering=assignment.offering).person)
    assert client.get(page(assignment)).status_code == 404
    client.force_login(make_officer(slug="education"))
    assert client.get(page(assignment)).status_code == 200


def test_a_draft_is_saved_and_seen_by_nobody_else(client):
    assignment = make_assignment(parts=("notebook", "text"))
    enrolment = make_enrolment(offering=assignment.offering)
    client.force_login(enrolment.person)
    text = assignment.parts.get(kind="text")
    client.post(page(assignment), {"n": 1, f"part-{text.pk}": "Half a thought", "draft": "1"})
    assert "Half a thought" in client.get(page(assignment)).content.decode()
    draft = Submission.objects.get()
    assert draft.state == "draft"
    officer = make_officer(slug="education")
    assert draft not in Submission.objects.visible_to(officer)
    assert draft in Submission.objects.visible_to(enrolment.person)


def test_the_page_costs_the_same_however_many_learners_and_versions_there_are(
    client, django_assert_max_num_queries
):
    counts = []
    for size in (1, 5):
        assignment = make_assignment(offering=make_offering())
        mine = make_enrolment(offering=assignment.offering)
        for n in range(size):
            make_submission(enrolment=mine, assignment=assignment, content=notebook(f"version = {n}"))
            make_submission(assignment=assignment)
        client.force_login(mine.person)
        client.get(page(assignment))
        with django_assert_max_num_queries(15) as captured:
            client.get(page(assignment))
        counts.append(len(captured))
    assert counts[0] == counts[1]
