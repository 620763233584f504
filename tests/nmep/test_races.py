import threading
from datetime import date

import pytest
from django.db import connection
from django.utils import timezone

from members.models import AuditEntry, Notification
from mlclub.refusal import Refused
from nmep import cloning, handing_in, partnering, reviewing
from nmep.models import Offering, Submission
from nmep.partner_facts import Criteria
from tests.factories.members import make_officer, make_term
from tests.factories.nmep import (
    given,
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
    notebook,
)
from tests.factories.partners import make_round

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


def test_reviewers_who_start_at_once_get_different_hand_ins():
    assignment = make_assignment()
    work = {make_submission(assignment=assignment).pk for _ in range(4)}
    leads = [make_lead(offering=assignment.offering) for _ in range(4)]
    for _ in range(20):  # it takes luck to look just before another commits, and to lock just after
        taken = at_once(
            *[
                lambda lead=lead: reviewing.take_next(lead, assignment.offering, now=timezone.now()).pk
                for lead in leads
            ]
        )
        assert set(taken) == work
        Submission.objects.update(reviewer=None, taken_at=None, state=Submission.State.HANDED_IN)


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
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    drafts = [answer for answer in answers if isinstance(answer, cloning.Outcome)]
    assert (len(refused), len(drafts), sum(draft.is_new for draft in drafts)) == (4, 4, 1)
    assert {draft.offering for draft in drafts} == {made}
    assert made.sessions.count() == 1
    assert AuditEntry.objects.filter(action="offering-cloned").count() == 1


def test_two_partners_who_press_at_once_hand_in_one_version_and_one_is_told_who_did():
    offering = make_offering()
    assignment = make_assignment(offering=offering, partners="required")
    ada, bo = (make_enrolment(offering=offering) for _ in range(2))
    make_round((ada, bo), assignment=assignment)
    now = timezone.now()
    answers = at_once(
        *[
            lambda who=who: handing_in.hand_in(
                who,
                assignment,
                given(assignment, notebook(f"print({who.pk})")),
                n=1,
                now=now,
                jointly=True,
            )
            for who in (ada, bo)
        ]
    )
    handed_in = Submission.objects.get()
    assert handed_in.authors.count() == 2
    refused = next(answer for answer in answers if isinstance(answer, handing_in.HandedInMeanwhile))
    assert handed_in.handed_in_by.display_name in str(refused)
    assert Notification.objects.filter(kind="nmep-receipt").count() == 2


def test_two_leads_who_publish_at_once_tell_everybody_once():
    offering = make_offering()
    assignment = make_assignment(offering=offering, partners="required")
    for _ in range(6):
        make_enrolment(offering=offering)
    leads = [make_lead(offering=offering) for _ in range(2)]
    made = partnering.round_of(assignment, timezone.now())
    partnering.propose(made, Criteria(), now=timezone.now())
    answers = at_once(
        *[lambda lead=lead: partnering.publish(made, by=lead, now=timezone.now()) for lead in leads]
    )
    assert [type(answer) for answer in sorted(answers, key=str)].count(partnering.PublishedMeanwhile) == 1
    assert 3 in answers
    assert Notification.objects.filter(kind="nmep-partners").count() == 6


def test_a_learner_who_is_moved_while_they_hand_in_hands_in_with_one_team_or_the_other():
    offering = make_offering()
    assignment = make_assignment(offering=offering, partners="required")
    people = [make_enrolment(offering=offering) for _ in range(4)]
    made = make_round(people[:2], people[2:], assignment=assignment)
    lead, now = make_lead(offering=offering), timezone.now()
    at_once(
        lambda: handing_in.hand_in(people[0], assignment, given(assignment), n=1, now=now, jointly=True),
        lambda: partnering.put_together(made, people[0].pk, people[2].pk, by=lead, now=now),
    )
    authors = {
        row.enrolment_id for submission in Submission.objects.all() for row in submission.authors.all()
    }
    if authors:
        team = made.teams.get(places__enrolment=people[0])
        assert authors == set(team.places.values_list("enrolment", flat=True))
