from datetime import UTC, datetime, time, timedelta

import pytest

from events import schedule
from members.models import Notification
from nmep import deadlines
from nmep.models import Assignment, Offering
from tests.factories.members import make_club
from tests.factories.nmep import make_assignment, make_enrolment, make_offering, make_session

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)


@pytest.fixture
def ruled():
    """An assignment due with a class on Monday 26 October at 20:00 in California."""
    make_club()
    offering = make_offering()
    session = make_session(offering=offering, starts_at=datetime(2026, 10, 27, 3, tzinfo=UTC))
    assignment = make_assignment(offering=offering, due_session=session, due_days=7, due_time=time(20))
    deadlines.reconcile(NOW)
    assignment.refresh_from_db()
    return assignment


def move(assignment, **by):
    event = assignment.due_session.event
    event.refresh_from_db()
    schedule.move(event, starts_at=event.starts_at + timedelta(**by), now=NOW)
    deadlines.reconcile(NOW)
    assignment.refresh_from_db()


def test_a_due_date_keeps_its_hour_on_the_wall_across_the_change_of_clocks(ruled):
    local = ruled.due_at.astimezone(ruled.offering.zone)
    assert (local.strftime("%d %b %H:%M %Z"), ruled.due_at) == (
        "02 Nov 20:00 PST",
        datetime(2026, 11, 3, 4, tzinfo=UTC),
    )


def test_a_due_date_follows_its_class_and_is_told_once(ruled):
    make_enrolment(offering=ruled.offering)
    before = ruled.due_at
    move(ruled, days=2)
    deadlines.reconcile(NOW)
    assert ruled.due_at == before + timedelta(days=2)
    assert Notification.objects.filter(kind="nmep-due-moved").count() == 1


def test_a_due_date_never_gets_earlier_than_promised(ruled):
    make_enrolment(offering=ruled.offering)
    before = ruled.due_at
    move(ruled, days=-3)
    assert ruled.due_at == before
    assert not Notification.objects.filter(kind="nmep-due-moved").exists()
    shift = deadlines.preview(ruled.due_session.event, ruled.due_session.event.starts_at)[0]
    assert shift.is_held


def test_what_nobody_was_shown_may_get_earlier(ruled):
    Assignment.objects.filter(pk=ruled.pk).update(state="draft", promised_at=None)
    move(ruled, days=-3)
    assert ruled.due_at.astimezone(ruled.offering.zone).strftime("%d %b %H:%M") == "30 Oct 20:00"


def test_a_look_ahead_saves_nothing(ruled):
    event = ruled.due_session.event
    shift = deadlines.preview(event, event.starts_at + timedelta(days=1))[0]
    assert shift.after == ruled.due_at + timedelta(days=1)
    ruled.refresh_from_db()
    assert ruled.due_at == shift.before


def test_moving_a_class_never_makes_work_late_that_was_on_time(ruled):
    from tests.factories.nmep import make_submission

    submission = make_submission(
        enrolment=make_enrolment(offering=ruled.offering), assignment=ruled, now=ruled.due_at
    )
    move(ruled, days=-5)
    assert submission.authors.get().late_by == timedelta(0)


def test_archived_offerings_stay_as_they_are(ruled):
    Offering.objects.update(state="archived")
    before = ruled.due_at
    move(ruled, days=2)
    assert ruled.due_at == before


def test_a_quiet_tick_asks_once(ruled, django_assert_num_queries):
    for _ in range(4):
        make_assignment(offering=ruled.offering)
    deadlines.reconcile(NOW)
    with django_assert_num_queries(1):
        deadlines.reconcile(NOW)
