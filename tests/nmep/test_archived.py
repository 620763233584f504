"""An archived offering changes by no click: only by an officer's act, with a reason."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Claim
from members.models import AuditEntry
from mlclub.refusal import Refused
from nmep import (
    acts,
    completion,
    concept_checks,
    holding,
    leaving,
    mastery,
    orals,
    partnering,
    questions,
    reviewing,
    second_looks,
    showcases,
)
from nmep.models import (
    Check,
    Comment,
    ConceptCheck,
    CourseGroup,
    MarkChange,
    Offering,
    OfferingSheet,
    Question,
    Review,
)
from tests.factories.boards import make_board
from tests.factories.courses import make_course
from tests.factories.mastery import make_skill
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_session, make_submission
from tests.factories.partners import make_round
from tests.factories.reviewing import make_held_review, make_review
from tests.factories.slots import make_claim, make_sheet, make_slot

pytestmark = pytest.mark.django_db


def archive(offering):
    Offering.objects.filter(pk=offering.pk).update(state="archived")
    offering.refresh_from_db()
    return offering


def test_no_review_is_written_dealt_released_or_asked_for_again(client):
    waiting, returned = make_submission(), make_review(outcome="return").submission
    held = make_held_review().submission
    now = timezone.now()
    for submission in (waiting, returned, held):
        archive(submission.assignment.offering)
    lead = make_lead(offering=waiting.assignment.offering)
    fields = {"summary": "Late.", "outcome": "done", "marks": {}, "now": now}
    with pytest.raises(Refused, match="archived"):
        reviewing.post(waiting, lead, **fields)
    with pytest.raises(Refused, match="archived"):
        reviewing.assign(waiting, lead, by=lead, now=now)
    assert reviewing.take_next(lead, waiting.assignment.offering, now=now) is None
    with pytest.raises(Refused, match="archived"):
        holding.release(held.assignment, by=lead, now=now)
    with pytest.raises(Refused, match="archived"):
        holding.set_holding(waiting.assignment, holds=True, by=lead)
    author = returned.authors.get().enrolment.person
    with pytest.raises(Refused, match="archived"):
        second_looks.ask(returned.reviews.get(), author, "Again, please.", now=now)
    client.force_login(author)
    address = reverse("nmep:comment_create", args=[returned.assignment.offering.slug, returned.pk])
    answer = client.post(address, {"text": "One more thing."})
    assert answer.status_code == 422
    assert "archived" in answer.content.decode()
    assert not Comment.objects.exists()
    assert Review.objects.posted().count() == 1


def test_no_oral_is_graded_and_no_question_settled_or_asked(client):
    learner = make_enrolment()
    offering = learner.offering
    sheet = make_sheet(audience="owner")
    OfferingSheet.objects.create(offering=offering, sheet=sheet, kind="oral")
    claim = make_claim(slot=make_slot(sheet=sheet, days=-1), person=learner.person, state=Claim.State.HELD)
    session = make_session(offering=offering)
    asked = ConceptCheck.objects.create(session=session, question="Which?", options=["a", "b"], right=0)
    question = Question.objects.create(offering=offering, author=learner.person, text="Why?", week=1)
    archive(offering)
    lead, now = make_lead(offering=offering), timezone.now()
    with pytest.raises(Refused, match="archived"):
        orals.record(claim, lead, outcome="passed", now=now)
    asked.session.offering = offering
    with pytest.raises(Refused, match="archived"):
        concept_checks.advance(asked, "first")
    question.offering = offering
    with pytest.raises(Refused, match="archived"):
        questions.settle(question, None, by=learner.person, now=now)
    with pytest.raises(Refused, match="archived"):
        leaving.ask(learner, reason="", now=now)
    session.offering = offering
    with pytest.raises(Refused, match="archived"):
        showcases.save_order(session, {}, minutes=10, by=lead)


def test_no_partner_is_matched_judged_or_written_to():
    first = make_enrolment()
    second = make_enrolment(offering=first.offering)
    made = make_round((first, second))
    archive(first.offering)
    team, now = made.teams.get(), timezone.now()
    with pytest.raises(Refused, match="archived"):
        partnering.locked(made)
    with pytest.raises(Refused, match="archived"):
        partnering.note(team, first, split="even", again="yes", now=now)
    with pytest.raises(Refused, match="archived"):
        partnering.write(team, first, "Hello.", now=now)
    with pytest.raises(Refused, match="archived"):
        partnering.wish(first, "with", second, now=now)


def test_no_check_course_or_group_is_changed(client):
    check = make_board()
    offering = archive(check.part.assignment.offering)
    client.force_login(make_lead(offering=offering))
    address = reverse("nmep:check_at_once_edit", args=[offering.slug, check.part.assignment.key, check.pk])
    form = {"part": check.part_id, "title": "Other", "metric": "accuracy", "percent": 50, "visible": "always"}
    assert client.post(address, form).status_code == 302
    assert Check.objects.get().title == "Test set"

    policy = make_course()
    archive(policy.offering)
    client.force_login(make_lead(offering=policy.offering))
    client.post(reverse("nmep:course_settings", args=[policy.offering.slug]), {"door": "open"})
    client.post(reverse("nmep:group_list", args=[policy.offering.slug]), {"name": "Reef", "meets": ""})
    policy.refresh_from_db()
    assert policy.door == "application"
    assert not CourseGroup.objects.exists()


def test_whoever_leads_and_learns_decides_nothing_about_themselves():
    learner = make_enrolment()
    make_lead(offering=learner.offering, person=learner.person)
    assignment, skill, now = make_assignment(offering=learner.offering), make_skill(), timezone.now()
    me = learner.person
    with pytest.raises(Refused, match="yourself"):
        acts.mark(learner, assignment, MarkChange.Kind.DONE, why="I did it", by=me, now=now)
    with pytest.raises(Refused, match="yourself"):
        acts.give_time(learner, assignment, days=9, reason="other", by=me, now=now)
    with pytest.raises(Refused, match="yourself"):
        mastery.see(learner, skill, "got_it", by=me, now=now)
    with pytest.raises(Refused, match="yourself"):
        completion.override(learner, "completes", reason="I am good", by=me, now=now)
    assert not MarkChange.objects.exists()


def test_a_lead_who_also_learns_does_not_read_the_held_review_of_their_own_work(client):
    review = make_held_review(summary="Shrink eps in one place.")
    author = review.submission.authors.get().enrolment
    make_lead(offering=author.offering, person=author.person)
    client.force_login(author.person)
    address = reverse("nmep:review_release", args=[author.offering.slug, review.submission.assignment.key])
    page = client.get(address).content.decode()
    assert "Shrink eps" not in page
    assert "A review of your own work is held too" in page


def test_what_a_note_says_and_who_was_excused_is_not_in_the_trail_that_other_officers_read(client):
    from nmep import absences

    learner = make_enrolment()
    session = make_session(offering=learner.offering, starts_at=timezone.now() - timedelta(days=1))
    lead = make_lead(offering=learner.offering)
    absences.set_attendance(session, {learner: "excused"}, by=lead, now=timezone.now())
    entry = AuditEntry.objects.get(action="attendance-set")
    assert entry.after == {"people": [learner.person_id]}
