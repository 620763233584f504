import threading

import pytest
from django.db import connection
from django.utils import timezone

from members.models import Notification
from nmep import handing_in, reviewing
from nmep.models import Submission
from tests.factories.nmep import given, make_assignment, make_enrolment, make_lead, make_submission

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
