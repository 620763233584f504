"""What a check and its runs may say, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from nmep import handing_in
from nmep.models import Check, CheckResult, Enrolment, Run
from tests.factories import (
    make_assignment,
    make_check,
    make_enrolment,
    make_lead,
    make_member,
    make_offering,
    make_officer,
    make_run,
    make_submission,
)

pytestmark = pytest.mark.django_db

RESULTS = [("adds", True), ("adds negatives", False, True)]


def names(user, now):
    return sorted(CheckResult.objects.visible_to(user, now).values_list("name", flat=True))


@pytest.fixture
def run():
    now = timezone.now()
    assignment = make_assignment(due_at=now + timedelta(days=2))
    submission = make_submission(assignment=assignment)
    return make_run(check=make_check(assignment=assignment), submission=submission, results=RESULTS)


def author_of(run):
    return run.submission.authors.get().enrolment


def test_a_hidden_result_is_withheld_from_its_author_until_the_deadline(run):
    due, author = run.submission.assignment.due_at, author_of(run).person
    assert names(author, due - timedelta(seconds=1)) == ["adds"]
    assert names(author, due) == ["adds", "adds negatives"]


def test_the_leads_and_the_officer_for_education_see_hidden_results_at_once(run):
    lead, now = make_lead(offering=run.submission.assignment.offering), timezone.now()
    assert names(lead, now) == ["adds", "adds negatives"]
    assert names(make_officer(slug="education"), now) == ["adds", "adds negatives"]


def test_a_reviewer_sees_what_the_author_sees(run):
    helper = make_enrolment(offering=run.submission.assignment.offering, role=Enrolment.Role.HELPER)
    assert names(helper.person, timezone.now()) == []
    run.submission.reviewer = helper.person
    run.submission.save()
    assert names(helper.person, timezone.now()) == ["adds"]


def test_nobody_else_sees_a_run_or_a_result(run):
    offering = run.submission.assignment.offering
    for other in (
        make_member(),
        make_enrolment(offering=offering).person,
        make_lead(offering=make_offering()),
    ):
        assert names(other, timezone.now() + timedelta(days=99)) == []
        assert not Run.objects.visible_to(other).exists()
        assert not Check.objects.visible_to(other).exists()


def test_more_days_for_an_author_keep_hidden_results_back_for_as_long(run):
    author, due = author_of(run), run.submission.assignment.due_at
    handing_in.grant(
        author,
        run.submission.assignment,
        extra_days=3,
        is_without_penalty=True,
        reason="exams",
        by=make_lead(offering=author.offering),
        now=timezone.now(),
    )
    assert names(author.person, due + timedelta(days=3)) == ["adds"]
    assert names(author.person, due + timedelta(days=3, hours=1)) == ["adds", "adds negatives"]


def test_without_a_due_date_what_is_hidden_stays_hidden(run):
    type(run.submission.assignment).objects.update(due_at=None)
    assert names(author_of(run).person, timezone.now() + timedelta(days=999)) == ["adds"]


def test_a_check_for_after_the_deadline_shows_nothing_before(run):
    Check.objects.update(visible=Check.Visible.AFTER_DUE)
    author, due = author_of(run).person, run.submission.assignment.due_at
    assert names(author, due - timedelta(seconds=1)) == []
    assert Run.objects.visible_to(author).get() == run
    assert names(author, due) == ["adds", "adds negatives"]


def test_a_check_for_the_leads_shows_its_author_not_even_that_it_ran(run):
    Check.objects.update(visible=Check.Visible.STAFF)
    author = author_of(run).person
    assert names(author, timezone.now() + timedelta(days=99)) == []
    assert not Run.objects.visible_to(author).exists()


def test_a_learner_sees_no_check_for_it_holds_the_answers(run):
    assert not Check.objects.visible_to(author_of(run).person).exists()
    assert Check.objects.visible_to(make_lead(offering=run.submission.assignment.offering)).get()


def test_a_version_has_one_live_run_a_check(run):
    make_run(check=run.of_check, submission=run.submission, state=Run.State.QUEUED)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_run(check=run.of_check, submission=run.submission, state=Run.State.WAITING)


def test_a_running_run_has_a_lease(run):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_run(check=run.of_check, submission=run.submission, state=Run.State.RUNNING)


def test_two_checks_of_a_part_have_two_titles(run):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_check(part=run.of_check.part, title=run.of_check.title)


def test_a_run_finds_one_thing_of_a_name(run):
    with pytest.raises(IntegrityError), transaction.atomic():
        CheckResult.objects.create(run=run, name="adds", ok=True)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "Write at least one test function."),
        ({"source": "   "}, "Write at least one test function."),
        ({"source": "x = 1"}, "No test function was found"),
        ({"source": "def check_a(call):\nreturn"}, "Line 2: expected an indented block"),
        ({"source": "def check_a(call): 0\ndef check_a(call): 1"}, "the same name: check_a"),
        ({"source": "def check_a(call): 0", "seconds": 4000}, "seconds is a number between 5 and 120"),
        ({"source": "def check_a(call): 0", "memory_mb": True}, "memory_mb is a number"),
        ({"source": "#" * 50_001}, "at most 50000"),
        (["source"], "names with values"),
    ],
)
def test_function_tests_that_cannot_run_are_refused_with_the_reason(config, said):
    check = make_check()
    check.config = config
    with pytest.raises(ValidationError, match=said):
        check.full_clean()


def test_a_good_check_is_taken():
    make_check(source="@hidden\ndef check_a(call):\n    assert call('a') == 1\n").full_clean()
    assert make_submission().runs.count() == 0
