"""The drills of seats, in short: what they look for is looked for here too."""

import random

import pytest
from django.db import IntegrityError, InternalError, connection
from django.utils import timezone

from bench.drills import offers, seats_http
from events.models import Registration
from tests.factories import make_event, make_registration, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def trigger(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute(offers.TRIGGER)
    yield
    with connection.cursor() as cursor:
        cursor.execute(offers.AWAY)


def test_offers_never_hold_more_seats_than_there_are_at_any_commit(trigger):
    people = [make_user() for _ in range(offers.SEATS + offers.PEOPLE)]
    wrong = []
    made = offers.one_round(1, people, random.Random(2), wrong)
    assert wrong == []
    assert made > 0


def test_the_trigger_of_the_drill_sees_a_seat_too_many(trigger):
    event, now = make_event(capacity=1), timezone.now()
    make_registration(event=event, user=make_user(), moved_up_at=now)
    with pytest.raises((IntegrityError, InternalError), match="2 seats held of 1"):
        make_registration(event=event, user=make_user(), moved_up_at=now)


def test_without_the_lock_more_people_get_a_seat_than_there_are():
    event = make_event(capacity=seats_http.SEATS)
    people = [make_user().pk for _ in range(40)]
    assert seats_http.without_the_lock(people, event) > seats_http.SEATS
    assert Registration.objects.count() > seats_http.SEATS
