from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Notification
from mlclub.refusal import Refused
from nmep import handing_in
from nmep.models import Deviation, Offering, Submission, SubmissionAuthor
from tests.factories.nmep import (
    given,
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_submission,
    notebook,
)

pytestmark = pytest.mark.django_db


def test_a_hand_in_records_the_specification_the_fingerprint_and_tells_its_author():
    now = timezone.now()
    assignment = make_assignment(parts=("notebook", "text"), now=now)
    enrolment = make_enrolment(offering=assignment.offering)

    submission = handing_in.hand_in(enrolment, assignment, given(assignment), n=1, now=now).submission

    assert (submission.state, submission.n, submission.handed_in_by) == ("handed_in", 1, enrolment.person)
    assert submission.spec == assignment.specs.get(n=1)
    first, second = submission.pieces.all()
    assert first.sha256 == handing_in.Given(file=first.file).fingerprint()[0]
    assert second.text == "Two paragraphs."
    receipts = Notification.objects.filter(kind="nmep-receipt", person=enrolment.person)
    assert [(row.slot, row.about) for row in receipts] == [("version 1", f"nmep.submission:{submission.pk}")]


def test_the_same_click_twice_gives_the_first_answer():
    now = timezone.now()
    assignment = make_assignment()
    enrolment = make_enrolment(offering=assignment.offering)
    first = handing_in.hand_in(enrolment, assignment, given(assignment), n=1, now=now)
    second = handing_in.hand_in(enrolment, assignment, given(assignment), n=1, now=now)

    assert (first.is_new, second.is_new) == (True, False)
    assert second.submission == first.submission
    assert Submission.objects.count() == 1
    assert Notification.objects.filter(kind="nmep-receipt").count() == 1


def test_other_contents_as_the_same_version_are_refused_with_a_sentence():
    assignment = make_assignment()
    enrolment = make_enrolment(offering=assignment.offering)
    make_submission(enrolment=enrolment, assignment=assignment)
    with pytest.raises(handing_in.HandedInMeanwhile, match="hand it in as version 2"):
        handing_in.hand_in(
            enrolment, assignment, given(assignment, notebook("print('other')")), n=1, now=timezone.now()
        )


def test_a_second_version_keeps_what_was_not_given_again():
    assignment = make_assignment(parts=("notebook", "text"))
    enrolment = make_enrolment(offering=assignment.offering)
    first = make_submission(enrolment=enrolment, assignment=assignment)
    text = assignment.parts.get(kind="text")

    second = handing_in.hand_in(
        enrolment,
        assignment,
        {text.pk: handing_in.Given(text="Shorter.")},
        n=2,
        now=timezone.now(),
    ).submission

    assert [
        piece.sha256 == old.sha256 for piece, old in zip(second.pieces.all(), first.pieces.all(), strict=True)
    ] == [
        True,
        False,
    ]
    assert first.pieces.get(part=text).text == "Two paragraphs."


def test_lateness_is_each_authors_own():
    now = timezone.now()
    assignment = make_assignment(due_at=now - timedelta(days=1))
    late = make_enrolment(offering=assignment.offering)
    excused = make_enrolment(offering=assignment.offering)
    Deviation.objects.create(enrolment=excused, assignment=assignment, extra_days=2)

    submission = handing_in.hand_in(
        late, assignment, given(assignment), n=1, now=now, co_authors=[excused]
    ).submission

    lateness = dict(
        SubmissionAuthor.objects.filter(submission=submission).values_list("enrolment", "late_by")
    )
    assert lateness == {late.pk: timedelta(days=1), excused.pk: timedelta(0)}


def test_after_the_window_a_sentence_says_when_it_closed_and_whom_to_ask():
    now = timezone.now()
    assignment = make_assignment(due_at=now - timedelta(days=5))
    enrolment = make_enrolment(offering=assignment.offering)
    lead = make_lead(offering=assignment.offering)
    with pytest.raises(handing_in.Closed, match=f"closed on .* Ask {lead.display_name}"):
        handing_in.hand_in(enrolment, assignment, given(assignment), n=1, now=now)


def test_work_that_was_returned_may_be_mended_after_the_window_and_is_not_late_for_it():
    now = timezone.now()
    assignment = make_assignment(due_at=now - timedelta(days=9))
    enrolment = make_enrolment(offering=assignment.offering)
    make_submission(
        enrolment=enrolment,
        assignment=assignment,
        now=now - timedelta(days=10),
        state=Submission.State.RETURNED,
    )
    second = handing_in.hand_in(
        enrolment, assignment, given(assignment, notebook("mended = 1")), n=2, now=now
    ).submission
    assert second.authors.get().late_by == timedelta(0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"state": "withdrew"}, "not learning"),
        ({"offering_state": Offering.State.ARCHIVED}, "archived"),
        ({"done": True}, "done"),
        ({"assignment_state": "draft"}, "not open"),
    ],
)
def test_work_is_refused_where_none_is_wanted(change, sentence):
    offering = make_offering(state=change.get("offering_state", Offering.State.RUNNING))
    assignment = make_assignment(offering=offering)
    enrolment = make_enrolment(offering=offering)
    if "done" in change:
        make_submission(enrolment=enrolment, assignment=assignment, state=Submission.State.DONE)
    enrolment.state = change.get("state", "active")
    enrolment.save()
    assignment.state = change.get("assignment_state", "published")
    assignment.save()
    with pytest.raises(Refused, match=sentence):
        handing_in.hand_in(enrolment, assignment, given(assignment, notebook("x")), n=2, now=timezone.now())


def test_a_draft_is_kept_and_becomes_the_version_that_is_handed_in():
    now = timezone.now()
    assignment = make_assignment(parts=("notebook", "text"))
    enrolment = make_enrolment(offering=assignment.offering)
    text = assignment.parts.get(kind="text")
    draft = handing_in.save_draft(enrolment, assignment, {text.pk: handing_in.Given(text="Half.")}, now=now)
    values = given(assignment)
    del values[text.pk]

    submission = handing_in.hand_in(enrolment, assignment, values, n=1, now=now).submission

    assert submission.pk == draft.pk
    assert submission.pieces.get(part=text).text == "Half."
