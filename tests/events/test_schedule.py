from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from events import notifications, registrations, schedule
from events.models import Event
from events.schedule import Scope
from members.models import Break, Notification
from tests.factories import make_club, make_event, make_series, make_term, make_user

pytestmark = pytest.mark.django_db

MONDAY = date(2031, 3, 3)
NOW = datetime(2031, 3, 1, tzinfo=UTC)


def local(event, zone="America/Los_Angeles"):
    return event.starts_at.astimezone(ZoneInfo(zone))


@pytest.mark.parametrize(
    "zone",
    ["America/Los_Angeles", "America/New_York", "Europe/Berlin", "Australia/Sydney", "Asia/Kolkata", "UTC"],
)
def test_a_series_stays_at_its_hour_through_both_changes_of_the_clocks(zone):
    make_club(time_zone=zone)
    series = make_series(first_on=MONDAY, times=52, start_time=time(18))
    events = list(series.events.all())
    assert len(events) == 52
    assert {local(event, zone).time() for event in events} == {time(18)}
    assert {local(event, zone).weekday() for event in events} == {0}
    offsets = {local(event, zone).utcoffset() for event in events}
    assert len(offsets) == (1 if zone in {"Asia/Kolkata", "UTC"} else 2)


def test_breaks_are_left_out_and_do_not_use_up_the_count():
    make_club()
    term = make_term(starts_on=date(2031, 1, 20), weeks=18)
    Break.objects.create(term=term, name="Spring", starts_on=date(2031, 3, 10), ends_on=date(2031, 3, 16))
    series = make_series(first_on=MONDAY, times=3, generate=False)
    assert schedule.planned_days(series) == [MONDAY, date(2031, 3, 17), date(2031, 3, 24)]
    assert schedule.skipped_days(series) == [date(2031, 3, 10)]
    series.skips_breaks = False
    assert schedule.planned_days(series)[1] == date(2031, 3, 10)
    assert {event.term for event in schedule.generate(series)} == {term}


def test_making_the_dates_again_makes_nothing_and_keeps_what_somebody_changed():
    make_club()
    series = make_series(first_on=MONDAY, times=3)
    first, second, third = series.events.all()
    schedule.move(first, starts_at=first.starts_at + timedelta(days=1), now=NOW)
    schedule.cancel(second, "Exam week", now=NOW)
    third.title = "Guest evening"
    third.save()
    assert schedule.generate(series) == []
    series.count = 4
    series.save()
    assert len(schedule.generate(series)) == 1
    assert [event.title for event in series.events.all()][2] == "Guest evening"


def test_the_database_refuses_two_events_of_one_occurrence():
    make_club()
    series = make_series(first_on=MONDAY, times=1)
    event = series.events.get()
    with pytest.raises(IntegrityError, match="one_event_an_occurrence"), transaction.atomic():
        make_event(series=series, starts_at=event.starts_at, original_starts_at=event.starts_at)


def test_moving_one_event_tells_everybody_registered_once_and_raises_the_version():
    make_club()
    event = make_event(starts_at=NOW + timedelta(days=3), capacity=1)
    people = [make_user() for _ in range(2)]
    for person in people:
        registrations.register(event, person, now=NOW)
    change = schedule.move(event, starts_at=event.starts_at + timedelta(hours=1), place="Hall 9", now=NOW)
    assert (change.events, change.mails, event.schedule_version, event.place) == (1, 2, 1, "Hall 9")
    assert event.ends_at - event.starts_at == timedelta(hours=2)
    again = schedule.move(event, starts_at=event.starts_at, place="Hall 9", now=NOW)
    assert (again.events, again.mails, event.schedule_version) == (0, 0, 1)
    rows = Notification.objects.filter(kind=notifications.Moved.slug)
    assert [row.person for row in rows.order_by("pk")] == people
    assert rows[0].data["was_where"] == "Hall 3"


def test_this_and_later_ones_move_by_the_same_days_and_to_the_same_hour():
    make_club()
    series = make_series(first_on=MONDAY, times=5)
    _, second, _, fourth, fifth = series.events.all()
    schedule.move(fourth, starts_at=fourth.starts_at + timedelta(hours=2), now=NOW)  # an exception by hand
    schedule.cancel(fifth, "Holiday", now=NOW)
    change = schedule.move(
        second, starts_at=second.starts_at + timedelta(days=1, hours=1), scope=Scope.LATER, now=NOW
    )
    assert change.events == 2
    days = [(local(event).date(), local(event).hour, event.state) for event in series.events.all()]
    assert days == [
        (date(2031, 3, 3), 18, "scheduled"),
        (date(2031, 3, 11), 19, "scheduled"),  # clocks changed on 9 March
        (date(2031, 3, 18), 19, "scheduled"),
        (date(2031, 3, 24), 20, "scheduled"),
        (date(2031, 3, 31), 18, "cancelled"),
    ]
    series.refresh_from_db()
    assert schedule.generate(series) == [], "the rule moved along"
    series.count += 1
    series.save()
    assert [local(event).isoformat()[:16] for event in schedule.generate(series)] == ["2031-04-08T19:00"]


def test_all_that_are_still_to_come_move_and_the_past_stays():
    make_club()
    series = make_series(first_on=MONDAY, times=3)
    now = datetime(2031, 3, 5, tzinfo=UTC)
    _, second, _ = series.events.all()
    schedule.move(second, starts_at=second.starts_at - timedelta(days=2), scope=Scope.ALL, now=now)
    assert [local(event).date().day for event in series.events.all()] == [3, 8, 15]
    series.refresh_from_db()
    assert schedule.generate(series) == []


def test_a_whole_series_may_move_onto_its_own_next_dates():
    make_club()
    series = make_series(first_on=MONDAY, times=4)
    first = series.events.first()
    schedule.move(first, starts_at=first.starts_at + timedelta(days=7), scope=Scope.ALL, now=NOW)
    assert [local(event).date().day for event in series.events.all()] == [10, 17, 24, 31]


def test_cancelling_tells_once_and_a_second_time_changes_nothing():
    make_club()
    event = make_event(starts_at=NOW + timedelta(days=3))
    registrations.register(event, make_user(), now=NOW)
    assert schedule.cancel(event, "Storm", now=NOW) == schedule.Change(events=1, mails=1)
    assert schedule.cancel(event, "Storm", now=NOW) == schedule.Change()
    assert (event.state, event.cancelled_reason, event.schedule_version) == ("cancelled", "Storm", 1)
    assert registrations.register(event, make_user(), now=NOW).answer == "event_cancelled"


def test_this_and_later_ones_are_cancelled_also_those_moved_by_hand():
    make_club()
    series = make_series(first_on=MONDAY, times=4)
    events = list(series.events.all())
    schedule.move(events[3], starts_at=events[3].starts_at + timedelta(hours=1), now=NOW)
    schedule.cancel(events[1], "Nobody reads", scope=Scope.LATER, now=NOW)
    assert [event.state for event in series.events.all()] == ["scheduled"] + ["cancelled"] * 3
    series.refresh_from_db()
    assert series.ended_at == NOW


def test_deadlines_of_registration_move_along():
    make_club()
    start = NOW + timedelta(days=3)
    event = make_event(starts_at=start, cancel_until=start - timedelta(days=1))
    schedule.move(event, starts_at=start + timedelta(days=2), now=NOW)
    assert event.cancel_until == start + timedelta(days=1)


def test_times_past_midnight_are_one_evening():
    from events.forms import SeriesForm

    make_club()
    form = SeriesForm(
        {
            "name": "Film night",
            "kind": "social",
            "first_on": "2031-03-07",
            "start_time": "21:00",
            "end_time": "00:30",
            "count": "2",
            "interval_weeks": "2",
            "visibility": "members",
        }
    )
    assert form.is_valid(), form.errors
    events = schedule.generate(form.save())
    assert [event.ends_at - event.starts_at for event in events] == [timedelta(hours=3, minutes=30)] * 2
    assert (local(events[1]).date() - local(events[0]).date()).days == 14
    assert Event.objects.count() == 2


@pytest.mark.parametrize("hour", [time(1, 30), time(2, 30), time(18), time(23, 30)])
def test_a_series_keeps_its_hour_through_both_changes_of_the_clocks(hour):
    make_club()  # Los Angeles: clocks go on at 2:00 on 9 March and back at 2:00 on 2 November
    series = make_series(first_on=date(2031, 2, 23), times=40, start_time=hour)
    events = list(series.events.all())
    odd = [local(event) for event in events if local(event).time() != hour]
    if hour == time(2, 30):
        assert [moment.isoformat()[:16] for moment in odd] == ["2031-03-09T03:30"], "the wall leaves 2:30 out"
    else:
        assert odd == []
    assert len({event.starts_at for event in events}) == 40
    assert all(event.ends_at - event.starts_at >= timedelta(hours=1) for event in events)
    assert not any(event.is_exception for event in events)
    assert schedule.generate(series) == []
    later = hour.replace(minute=45)
    moved = local(events[0]).replace(minute=45)
    schedule.move(events[0], starts_at=moved, scope=Scope.ALL, now=datetime(2031, 2, 20, tzinfo=UTC))
    odd = [local(event).time() for event in series.events.all() if local(event).time() != later]
    assert odd == ([time(3, 45)] if hour == time(2, 30) else [])
    series.refresh_from_db()
    assert schedule.generate(series) == []
