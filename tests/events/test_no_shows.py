from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from events import confirming, line, no_shows, registrations
from events.models import NoShowRule, Registration
from events.registrations import Answer
from events.seats import seat_of
from members.models import AuditEntry, Notification
from mlclub.refusal import Refused
from tests.factories import (
    make_attendance,
    make_club,
    make_event,
    make_missed,
    make_registration,
    make_rule,
    make_series,
    make_user,
)

pytestmark = pytest.mark.django_db


def applies(person, event=None):
    return no_shows.held_at(event or make_event(capacity=3), person, timezone.now())


def test_nothing_follows_while_the_club_has_no_rule_in_force():
    person = make_user()
    for _ in range(5):
        make_missed(person)
    make_rule(is_on=False)
    assert applies(person) is None


def test_two_empty_seats_in_eight_weeks_count_and_one_does_not():
    make_rule(missed=2, weeks=8)
    once, twice, long_ago = make_user(), make_user(), make_user()
    make_missed(once)
    older, newer = make_missed(twice, days_ago=20), make_missed(twice, days_ago=6)
    make_missed(long_ago, days_ago=60)
    make_missed(long_ago, days_ago=6)
    assert applies(once) is None
    assert applies(long_ago) is None
    found = applies(twice)
    assert found.missed == [newer, older]
    assert found.until == older.ends_at + timedelta(weeks=8), "it ends when the older one is eight weeks past"


def test_who_was_there_gave_the_seat_back_or_was_excused_is_not_missing():
    make_rule(missed=1)
    came, gave_back, excused, waited = (make_user() for _ in range(4))
    make_attendance(event=make_missed(came), user=came)
    make_missed(gave_back)
    Registration.objects.filter(user=gave_back).update(state="cancelled", cancelled_at=timezone.now())
    make_missed(excused)
    officer = make_user()
    assert no_shows.excuse(Registration.objects.get(user=excused), by=officer, now=timezone.now())
    assert not no_shows.excuse(Registration.objects.get(user=excused), by=officer, now=timezone.now())
    full = make_missed(make_user(), capacity=1)
    make_registration(event=full, user=waited, created_at=full.starts_at - timedelta(hours=9))
    assert [applies(person) for person in (came, gave_back, excused, waited)] == [None] * 4
    assert AuditEntry.objects.filter(action="registration.excused").count() == 1


def test_nobody_is_blamed_without_a_door_list_or_for_a_seat_of_the_last_minute():
    make_rule(missed=1)
    unlisted, moved_up = make_user(), make_user()
    make_missed(unlisted, has_door_list=False)
    event = make_missed(moved_up)
    Registration.objects.filter(user=moved_up).update(moved_up_at=event.starts_at - timedelta(hours=3))
    assert applies(unlisted) is None
    assert applies(moved_up) is None


def test_what_was_missed_before_the_rule_does_not_count():
    person = make_user()
    make_missed(person)
    make_rule(missed=1, since=timezone.now() - timedelta(days=1))
    assert applies(person) is None


def test_a_rule_of_a_series_counts_its_own_dates_and_stands_for_the_clubs():
    series = make_series(times=1)
    make_rule(missed=1)
    make_rule(missed=2, series=series)
    person = make_user()
    make_missed(person)
    assert applies(person, make_event(series=series)) is None
    assert applies(person, make_event()) is not None
    with pytest.raises(ValidationError, match="a rule already"):
        NoShowRule().full_clean()


def test_whoever_goes_behind_signs_up_a_day_later_where_seats_are_few():
    make_rule(missed=1)
    person, other = make_user(), make_user()
    make_missed(person)
    event = make_event(capacity=5)
    assert registrations.register(event, other).answer == Answer.GOING
    assert registrations.register(event, person).answer == Answer.NOT_YET
    seat = seat_of(event, person, timezone.now())
    assert (seat.standing, seat.is_late) == ("not_yet", True)
    tomorrow = timezone.now() + timedelta(hours=25)
    assert registrations.register(event, person, now=tomorrow).answer == Answer.GOING
    assert registrations.register(make_event(), person).answer == Answer.GOING, (
        "with room for all nothing follows"
    )


def test_who_is_asked_to_confirm_keeps_the_seat_by_saying_yes():
    make_club()
    make_rule(missed=1, consequence="confirm")
    person, waits = make_user(), make_user()
    make_missed(person)
    now = timezone.now().replace(hour=20, minute=0)
    event = make_event(capacity=1, starts_at=now + timedelta(hours=23))
    registrations.register(event, person, now=now - timedelta(days=3))
    registrations.register(event, waits, now=now - timedelta(days=3))
    assert [confirming.ask_to_confirm(now) for _ in range(2)] == [1, 0]
    assert seat_of(event, person, now).standing == "offered"
    assert Notification.objects.get(kind="event-confirm").person == person
    registrations.accept_offer(Registration.objects.get(user=person, event=event), now=now)
    line.expire_offers(event.starts_at - timedelta(minutes=30))
    assert seat_of(event, person, now).standing == "going"


def test_without_an_answer_the_seat_goes_to_the_next_and_nobody_is_asked_where_nobody_waits():
    make_club()
    make_rule(missed=1, consequence="confirm")
    person, waits = make_user(), make_user()
    make_missed(person)
    now = timezone.now().replace(hour=20, minute=0)
    alone = make_event(capacity=1, starts_at=now + timedelta(hours=23))
    registrations.register(alone, person, now=now - timedelta(days=3))
    assert confirming.ask_to_confirm(now) == 0
    registrations.register(alone, waits, now=now)
    assert confirming.ask_to_confirm(now) == 1
    line.expire_offers(alone.starts_at - timedelta(minutes=59))
    assert Registration.objects.get(user=person, event=alone).state == "lapsed"
    assert seat_of(alone, waits, now).standing == "going"


def test_a_door_list_is_closed_after_the_event_by_a_host_and_not_without_anybody_on_it():
    now, host = timezone.now(), make_user()
    with pytest.raises(Refused, match="once the event is over"):
        no_shows.set_door_list(make_event(), is_complete=True, by=host, now=now)
    event = make_event(starts_at=now - timedelta(days=1))
    with pytest.raises(Refused, match="Nobody is on the list"):
        no_shows.set_door_list(event, is_complete=True, by=host, now=now)
    make_attendance(event=event, user=make_user())
    for is_complete in (True, True, False):
        no_shows.set_door_list(event, is_complete=is_complete, by=host, now=now)
    assert AuditEntry.objects.filter(action="event.door_list").count() == 2
