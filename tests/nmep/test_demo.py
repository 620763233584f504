import random
from datetime import date, datetime, time, timedelta

import pytest

import events.demo
import members.demo
import nmep.demo
from members.models import Club, Pairing
from nmep import gathered, planning, rosters, stale_text, unpaired
from nmep.models import (
    Enrolment,
    Module,
    ModuleNeed,
    Offering,
    Part,
    Phrase,
    Review,
    SecondLook,
    Session,
    Submission,
    SubmissionAuthor,
)

pytestmark = pytest.mark.django_db


@pytest.mark.slow
@pytest.mark.parametrize("today", [date(2026, 10, 26), date(2026, 11, 1)])
def test_the_demo_club_adds_up(today):
    rng = random.Random(2022)
    _, terms, people = members.demo.seed(today, rng)
    now = datetime.combine(today, time(12), tzinfo=Club.current().zone)
    events.demo.seed(people, terms[:4], now, rng)
    nmep.demo.seed(people, terms[:4], now, rng)

    every = Offering.objects.filter(program__slug="programme").order_by("term__starts_on")
    programme = every.exclude(state=Offering.State.DRAFT)
    learners = Enrolment.objects.learners().filter(offering__in=programme)
    assert [learners.filter(offering=row).count() for row in programme] == [12, 16, 14, 15]
    completed = [learners.filter(offering=row, state="completed").count() for row in programme]
    assert completed == [10, 14, 13, 0]
    sessions = Session.objects.filter(offering__in=programme)
    assert (sessions.filter(kind="class").count(), sessions.filter(kind="party").count()) == (44, 36)
    first = SubmissionAuthor.objects.filter(n=1).exclude(submission__state="draft")
    assert first.count() == 235
    assert first.filter(late_by__gt=timedelta(0)).count() == 31
    assert Submission.objects.filter(n=2).count() == 6

    pairs = Pairing.objects.filter(kind="homework")
    assert (pairs.count(), pairs.filter(state="active").count()) == (124, 28)
    rounds = unpaired.with_counts(unpaired.open_rounds(now)).filter(unpaired__gt=0)
    assert [(made.assignment.key, made.unpaired) for made in rounds] == [("hw4", 1)]

    current = programme.last()
    table = rosters.table(current, now)
    assert (table.in_all, table.flagged) == (15, 1)
    old = Submission.objects.waiting().filter(handed_in_at__lt=now - timedelta(days=5))
    assert old.count() == 6
    held = Review.objects.held().filter(submission__assignment__offering=current)
    assert (
        sorted(held.values_list("submission__assignment__key", "submission__state"))
        == [("hw2", "in_review")] * 3
    )
    assert Phrase.objects.filter(offering=current).count() == 4
    assert SecondLook.objects.open().count() == 1
    assert Part.objects.filter(assignment__offering=current).exclude(skeleton="").count() == 5
    assert [session.week for session in gathered.unstaffed(now)] == [9]
    assert (Module.objects.count(), Module.objects.public().count(), ModuleNeed.objects.count()) == (
        12,
        7,
        18,
    )
    plan = planning.stands(planning.classes(current), now)
    assert ([len(plan.sessions), len(plan.blocking)], [str(row) for row in plan.notes]) == ([11, 0], [])
    cards = gathered.home(people.cast["new-member"], now)
    due = [card.action for card in cards if card.section == "due"]
    assert due == ["Read the review", "Continue HW4", "Pick one"]

    draft = every.get(state=Offering.State.DRAFT)
    hits = [hit.kind for finding in stale_text.findings(draft).findings for hit in finding.hits]
    assert (draft.cloned_from, hits) == (current, ["term", "date", "code"])
    assert draft.sessions.count() == current.sessions.count()
