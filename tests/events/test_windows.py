from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from events import registrations, windows
from events.models import Registration
from events.registrations import Answer
from events.seats import seat_of
from members.models import AuditEntry, Office
from tests.factories import (
    make_alumnus,
    make_event,
    make_member,
    make_new_member,
    make_officer,
    make_registration,
    make_series,
    make_user,
    make_window,
)

pytestmark = pytest.mark.django_db


def opening(*, hours=24, **fields):
    """An event whose registration opens to everybody in so many hours."""
    return make_event(registration_opens_at=timezone.now() + timedelta(hours=hours), **fields)


@pytest.mark.parametrize(
    ("group", "early"),
    [
        ("new_members", ["new"]),
        ("members", ["new", "member", "officer"]),
        ("officers", ["officer"]),
        ("alumni", ["alumnus"]),
        ("people", ["account"]),
    ],
)
def test_registration_opens_earlier_for_the_group_and_for_nobody_else(group, early):
    people = {
        "new": make_new_member(),
        "member": make_member(),
        "officer": make_officer(),
        "alumnus": make_alumnus(),
        "account": make_user(),
    }
    event = opening()
    make_window(event=event, group=group, hours=25, people=[people["account"]] if group == "people" else [])
    answers = {name: registrations.register(event, person).answer for name, person in people.items()}
    assert [name for name, answer in answers.items() if answer == Answer.GOING] == early
    assert set(answers.values()) == {Answer.GOING, Answer.NOT_YET}


def test_a_window_may_be_for_one_office():
    president, other = make_officer(slug="president"), make_officer(slug="events")
    event = opening()
    make_window(event=event, group="office", office=Office.objects.get(slug="president"), hours=30)
    assert registrations.register(event, president).answer == Answer.GOING
    assert registrations.register(event, other).answer == Answer.NOT_YET


def test_an_events_own_windows_stand_for_those_of_its_series():
    series = make_series(times=2)
    first, second = series.events.order_by("starts_at")
    for event in (first, second):
        event.registration_opens_at = timezone.now() + timedelta(hours=2)
        event.save()
    member, newcomer = make_member(), make_new_member()
    make_window(series=series, group="members", hours=3)
    make_window(event=second, group="new_members", hours=3)
    assert registrations.register(first, member).answer == Answer.GOING
    assert registrations.register(second, member).answer == Answer.NOT_YET
    assert registrations.register(second, newcomer).answer == Answer.GOING


def test_the_longest_of_several_windows_counts_and_the_page_says_when():
    event, person = opening(hours=48), make_new_member()
    make_window(event=event, group="members", hours=12)
    make_window(event=event, group="new_members", hours=36)
    now = timezone.now()
    seat = seat_of(event, person, now)
    assert (seat.standing, seat.opens_at) == ("not_yet", event.registration_opens_at - timedelta(hours=36))
    assert (seat.is_early, seat.is_late) == (True, False)
    later = seat_of(event, person, now + timedelta(hours=13))
    assert later.standing == "open"


def test_an_event_without_an_hour_of_opening_costs_no_query_for_windows(django_assert_num_queries):
    event, person = make_event(), make_member()
    make_window(event=event, group="members")
    assert person.standing
    event = type(event).objects.with_counts().get(pk=event.pk)
    with django_assert_num_queries(0):
        assert windows.openings([event], person, timezone.now()) == {}


def test_the_database_refuses_windows_that_mean_nothing():
    event, series = make_event(), make_series()
    for fields, name in [
        ({"event": event, "series": series, "group": "members"}, "window_of_an_event_or_a_series"),
        ({"group": "members"}, "window_of_an_event_or_a_series"),
        ({"event": event, "group": "members", "hours": 0}, "window_opens_earlier"),
        ({"event": event, "group": "office"}, "window_of_an_office_names_it"),
    ]:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            make_window(**fields)


def test_a_series_opens_its_dates_some_days_before_except_where_somebody_signed_up():
    series, officer = make_series(times=3, first_on=timezone.localdate() + timedelta(days=20)), make_officer()
    taken, second, third = series.events.order_by("starts_at")
    make_registration(event=taken, user=make_user())
    now = timezone.now()
    assert windows.set_series_opening(series, timedelta(days=3), by=officer, now=now) == 2
    opens = dict(series.events.values_list("pk", "registration_opens_at"))
    assert opens == {
        taken.pk: None,
        second.pk: second.starts_at - timedelta(days=3),
        third.pk: third.starts_at - timedelta(days=3),
    }
    assert AuditEntry.objects.filter(action="series.opening").count() == 1


def test_whom_a_host_registers_is_bound_to_no_hour():
    event, host = opening(), make_user()
    assert registrations.register(event, make_user(), by=host).answer == Answer.GOING
    assert registrations.register(event, name="Bo", email="bo@post.example", by=host).answer == Answer.GOING
    assert Registration.objects.live().count() == 2
