import pytest
from django.utils import timezone

from events import feedback
from events.models import FeedbackAnswer, FeedbackGiven
from members.models import Notification
from nmep import capstone_steps, capstones, continuing, mentoring
from nmep.models import Capstone, StepVersion
from projects.models import InitiativeLink
from tests.factories import make_member
from tests.factories.capstones import make_capstone, make_milestone, make_past_capstone, make_showcase
from tests.factories.nmep import make_enrolment, make_lead
from tests.nmep.test_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def test_two_joins_on_the_last_place_leave_one_and_tell_the_other_where_there_is_room():
    offering = make_capstone(size=3, name="Almost full").offering
    make_capstone(offering=offering, size=1, name="With room")
    full = Capstone.objects.get(initiative__name="Almost full")
    first, second = make_enrolment(offering=offering), make_enrolment(offering=offering)
    answers = at_once(
        lambda: capstones.join(full, first, now=timezone.now()),
        lambda: capstones.join(full, second, now=timezone.now()),
    )
    [refused] = [answer for answer in answers if answer is not True]
    assert isinstance(refused, capstones.Full)
    assert str(refused) == "The last place was just taken. There is room in With room."
    assert full.members.live().count() == 4


def test_two_leads_who_publish_mentors_at_once_ask_one():
    capstone = make_capstone()
    leads = [make_lead(offering=capstone.offering) for _ in range(2)]
    mentors_ = [make_member() for _ in range(2)]
    answers = at_once(
        *[
            lambda lead=lead, person=person: mentoring.ask(
                capstone.offering, {capstone.pk: (person, "Speech")}, by=lead, now=timezone.now()
            )
            for lead, person in zip(leads, mentors_, strict=True)
        ]
    )
    assert sorted(asked for asked, _ in answers) == [0, 1]
    assert Notification.objects.filter(kind="nmep-mentor-asked").count() == 1


def test_two_members_who_hand_in_the_same_step_at_once_hand_in_once():
    capstone = make_capstone()
    milestone = make_milestone(offering=capstone.offering)
    people_ = [row.enrolment.person for row in capstone.team[:2]]
    answers = at_once(
        *[
            lambda person=person: capstone_steps.hand_in(
                capstone, milestone, by=person, now=timezone.now(), text="Our plan."
            )[1]
            for person in people_
        ]
    )
    assert sorted(answers) == [False, True]
    assert StepVersion.objects.count() == 1


def test_two_of_a_group_who_say_at_once_what_happens_next_make_one_successor():
    capstone = make_past_capstone()
    people_ = [row.enrolment.person for row in capstone.team]
    answers = at_once(
        *[
            lambda name=name: continuing.decide(
                capstone,
                "study_group",
                by=people_[0],
                people=people_,
                name=name,
                direction="Further.",
                now=timezone.now(),
            )
            for name in ("One way", "Another way")
        ]
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyDecided", "Initiative"]
    assert InitiativeLink.objects.count() == 1


def test_a_person_who_sends_feedback_eight_times_at_once_is_counted_once():
    capstone = make_capstone()
    make_showcase(offering=capstone.offering)
    form, person = capstone.talk.form, make_member()
    ratings = {"clarity": 4, "idea": 3, "result": 2}
    answers = at_once(
        *[
            lambda: feedback.give(form, ratings=ratings, texts={}, now=timezone.now(), person=person)
            for _ in range(8)
        ]
    )
    assert answers.count(True) == 1
    assert (FeedbackAnswer.objects.count(), FeedbackGiven.objects.count()) == (1, 1)
