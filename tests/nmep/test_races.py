import threading
from datetime import date

import pytest
from django.db import connection
from django.utils import timezone

from members.models import AuditEntry, Notification
from nmep import cloning, handing_in, reviewing
from nmep.models import Offering, Submission
from tests.factories.members import make_officer, make_term
from tests.factories.nmep import (
    given,
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def at_once(*jobs):
    """Run the jobs on connections of their own, all from the same moment."""
    start, answers = threading.Barrier(len(jobs)), []

    def run(job):
        try:
            start.wait()
            answers.append(job())
        except Exception as problem:
            answers.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_eight_clicks_at_once_hand_in_one_version():
    assignment = make_assignment()
    enrolment = make_enrolment(offering=assignment.offering)
    now = timezone.now()
    answers = at_once(
        *[
            lambda: handing_in.hand_in(enrolment, assignment, given(assignment), n=1, now=now)
            for _ in range(8)
        ]
    )
    assert sorted(answer.is_new for answer in answers) == [False] * 7 + [True]
    assert Submission.objects.count() == 1
    assert Notification.objects.filter(kind="nmep-receipt").count() == 1


def test_two_reviewers_who_start_at_once_get_different_hand_ins():
    assignment = make_assignment()
    work = {make_submission(assignment=assignment).pk for _ in range(2)}
    leads = [make_lead(offering=assignment.offering) for _ in range(2)]
    taken = at_once(
        *[
            lambda lead=lead: reviewing.take_next(lead, assignment.offering, now=timezone.now()).pk
            for lead in leads
        ]
    )
    assert set(taken) == work


def test_two_officers_and_two_clicks_make_one_draft():
    offering = make_offering()
    make_session(offering=offering)
    other = make_offering(program=offering.program, term=make_term(starts_on=date(2025, 1, 13)))
    make_session(offering=other)
    later = make_term(starts_on=date(2027, 1, 18))
    officers = [make_officer(slug="education"), make_officer()]
    plans = [cloning.plan(source, cloning.Wish(later, later.starts_on)) for source in (offering, other)]
    answers = at_once(
        *[
            lambda plan=plan, officer=officer: cloning.clone(plan, by=officer, now=timezone.now())
            for plan in plans
            for officer in officers
            for _ in range(2)
        ]
    )
    made = Offering.objects.get(program=offering.program, term=later)
    refused = [answer for answer in answers if isinstance(answer, cloning.Refused)]
    drafts = [answer for answer in answers if isinstance(answer, cloning.Outcome)]
    assert (len(refused), len(drafts), sum(draft.is_new for draft in drafts)) == (4, 4, 1)
    assert {draft.offering for draft in drafts} == {made}
    assert made.sessions.count() == 1
    assert AuditEntry.objects.filter(action="offering-cloned").count() == 1
