import pytest
from django.utils import timezone

from members.models import Notification
from nmep import absences, acts, extensions, mastery, offers
from nmep.models import Absence, Deviation, ExtensionRequest, HelpOffer, MarkChange, SkillMark
from tests.factories.mastery import make_absence, make_request, make_skill
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering
from tests.nmep.test_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def test_two_leads_who_grant_at_once_give_the_time_once():
    wanted = make_request()
    leads = [make_lead(offering=wanted.enrolment.offering) for _ in range(4)]
    now = timezone.now()
    answers = at_once(
        *[lambda lead=lead: extensions.answer(wanted, is_granted=True, by=lead, now=now) for lead in leads]
    )
    assert sum(isinstance(answer, ExtensionRequest) for answer in answers) == 1
    assert sum(isinstance(answer, extensions.AlreadyAnswered) for answer in answers) == 3
    assert (Deviation.objects.count(), MarkChange.objects.count()) == (1, 1)
    assert Notification.objects.filter(kind="nmep-request-answered").count() == 1


def test_two_leads_who_answer_an_absence_at_once_make_one_answer():
    asked = make_absence()
    seen = [
        Absence.objects.select_related("enrolment__offering", "enrolment__person").get() for _ in range(2)
    ]
    leads = [make_lead(offering=asked.enrolment.offering) for _ in range(2)]
    now = timezone.now()
    answers = at_once(
        lambda: absences.answer(seen[0], is_excused=True, by=leads[0], now=now),
        lambda: absences.answer(seen[1], is_excused=False, by=leads[1], now=now),
    )
    winner = next(answer for answer in answers if isinstance(answer, Absence))
    assert sum(isinstance(answer, absences.AlreadyAnswered) for answer in answers) == 1
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == (winner.state, winner.decided_by)


def test_late_days_clicked_eight_times_at_once_are_spent_once():
    offering = make_offering(slip_days=3)
    assignment, learner = make_assignment(offering=offering), make_enrolment(offering=offering)
    now = timezone.now()
    answers = at_once(
        *[
            lambda: extensions.spend(learner, assignment, days=1, seen_due=assignment.due_at, now=now)
            for _ in range(8)
        ]
    )
    assert sorted(answers) == [False] * 7 + [True]
    assert [row.spent_days for row in Deviation.objects.all()] == [1]


def test_help_offered_by_two_leads_at_once_is_told_once():
    learner = make_enrolment()
    helper = make_lead(offering=learner.offering)
    now = timezone.now()
    answers = at_once(*[lambda: offers.offer(learner, helper, by=helper, now=now)[1] for _ in range(4)])
    assert sorted(answers) == [False] * 3 + [True]
    assert HelpOffer.objects.count() == 1
    assert Notification.objects.filter(kind="nmep-help-offered").count() == 2


def test_marks_and_skills_clicked_twice_at_once_are_written_once():
    learner = make_enrolment()
    lead, assignment = make_lead(offering=learner.offering), make_assignment(offering=learner.offering)
    skill, now = make_skill(program=learner.offering.program), timezone.now()
    at_once(
        *[lambda: acts.mark(learner, assignment, "exempt", why="Once.", by=lead, now=now) for _ in range(3)],
        *[lambda: mastery.see(learner, skill, "got_it", by=lead, now=now) for _ in range(3)],
    )
    assert (MarkChange.objects.count(), SkillMark.objects.count()) == (1, 1)
