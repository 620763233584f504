import hashlib
from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from events import draws, registrations
from events.models import EventDraw, Registration
from events.registrations import Answer
from events.seats import seat_of, seated
from members.models import AuditEntry, Notification
from mlclub.refusal import Refused
from tests.events.test_races import all_at_once
from tests.factories import make_draw_event, make_event, make_missed, make_officer, make_rule, make_user

pytestmark = pytest.mark.django_db


def put_in(event, how_many):
    people = [make_user() for _ in range(how_many)]
    for person in people:
        assert registrations.register(event, person).answer == Answer.IN_DRAW
    return people


def drawn(event, **fields):
    event.refresh_from_db()
    return draws.draw(event, now=event.registration_closes_at, **fields)


def test_before_the_draw_nobody_has_a_seat_and_afterwards_as_many_as_there_are():
    event = make_draw_event(seats=2)
    people = put_in(event, 5)
    now = timezone.now()
    assert list(seated(event)) == []
    assert {seat_of(event, person, now).standing for person in people} == {"in_draw"}
    drawn(event)
    event.refresh_from_db()
    standings = [seat_of(event, person, now) for person in people]
    assert Counter(seat.standing for seat in standings) == {"going": 2, "waiting": 3}
    assert sorted(seat.line for seat in standings) == [0, 0, 1, 2, 3]


def test_anybody_can_do_the_draw_again_from_what_is_shown():
    event = make_draw_event(seats=2)
    put_in(event, 6)
    shown_before = event.draw.commitment
    made = drawn(event)
    assert hashlib.sha256(made.seed.encode()).hexdigest() == shown_before
    tickets = sorted(ticket for ticket, _ in made.result)
    entries = hashlib.sha256("\n".join(tickets).encode()).hexdigest()
    again = sorted(
        tickets, key=lambda ticket: hashlib.sha256(f"{made.seed}:{entries}:{ticket}".encode()).hexdigest()
    )
    assert [ticket for ticket, _ in made.result] == again
    order = Registration.objects.live().filter(event=event).in_order().values_list("ticket", flat=True)
    assert list(order) == again


def test_the_draw_is_fair():
    wins = Counter()
    for n in range(400):
        wins[draws.drawn_order(f"seed {n}", dict.fromkeys("abcd", 0))[0]] += 1
    assert min(wins.values()) > 70
    assert max(wins.values()) < 135


def test_each_is_told_once_what_came_of_it():
    event = make_draw_event(seats=1)
    people = put_in(event, 3)
    drawn(event)
    told = Notification.objects.filter(kind="event-drawn")
    assert sorted(told.values_list("person", flat=True)) == sorted(person.pk for person in people)


def test_the_clock_draws_when_registration_has_closed_and_not_before():
    event = make_draw_event()
    put_in(event, 3)
    assert draws.draw_due(event.registration_closes_at - timedelta(seconds=1)) == 0
    assert draws.draw_due(event.registration_closes_at) == 1
    assert draws.draw_due(event.registration_closes_at + timedelta(minutes=1)) == 0


def test_nobody_draws_early_twice_or_where_there_is_no_draw():
    event, officer = make_draw_event(), make_officer()
    put_in(event, 3)
    with pytest.raises(Refused, match="still put themselves in"):
        draws.draw(event, by=officer, now=timezone.now())
    drawn(event, by=officer)
    with pytest.raises(Refused, match="already"):
        drawn(event, by=officer)
    with pytest.raises(Refused, match="nothing to draw"):
        draws.draw(make_event(), by=officer, now=timezone.now())
    assert AuditEntry.objects.filter(action="seats.drawn", actor=officer).count() == 1


def test_who_leaves_before_the_draw_is_not_in_it_and_afterwards_the_next_drawn_moves_up():
    event = make_draw_event(seats=1)
    people = put_in(event, 3)
    registrations.cancel(Registration.objects.get(user=people[0]))
    made = drawn(event)
    assert len(made.result) == 2
    first, second = Registration.objects.live().filter(event=event).in_order()
    registrations.cancel(first)
    promoted = Notification.objects.get(kind="event-promoted")
    assert promoted.person == second.user


def test_guests_come_after_the_draw():
    event = make_draw_event(seats=3, guests_allowed=1)
    put_in(event, 1)
    mine = Registration.objects.get()
    guest = {"name": "Bo", "email": "bo@post.example", "guest_of": mine}
    assert registrations.register(event, **guest).answer == Answer.NO_SEAT


def test_how_seats_are_given_is_not_changed_once_somebody_has_signed_up():
    event = make_event(capacity=3, registration_closes_at=timezone.now() + timedelta(days=1))
    draws.switch(event, is_on=True, now=timezone.now())
    assert EventDraw.objects.get().event == event
    registrations.register(event, make_user())
    with pytest.raises(Refused, match="as it was promised"):
        draws.switch(event, is_on=False, now=timezone.now())


def test_a_draw_needs_a_number_of_seats_and_an_end():
    with pytest.raises(IntegrityError, match="event_with_a_draw"), transaction.atomic():
        make_event(uses_draw=True)
    event = make_draw_event()
    assert registrations.change_capacity(event, None).answer == Answer.TOO_SMALL


def test_whoever_goes_behind_is_drawn_after_the_others():
    make_rule(missed=1)
    event = make_draw_event(seats=1)
    people = put_in(event, 6)
    for person in people[:3]:
        make_missed(person)
    made = drawn(event)
    assert [turn for _, turn in made.result] == [0, 0, 0, 1, 1, 1]
    last = Registration.objects.live().filter(event=event).in_order().values_list("user", flat=True)[3:]
    assert set(last) == {person.pk for person in people[:3]}


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_officers_draw_at_once_and_one_draw_counts():
    event, officers = make_draw_event(seats=2), [make_officer() for _ in range(4)]
    put_in(event, 8)
    answers = []

    def try_it(officer):
        try:
            draws.draw(event, by=officer, now=event.registration_closes_at)
            answers.append("drawn")
        except Refused:
            answers.append("refused")

    all_at_once([lambda officer=officer: try_it(officer) for officer in officers])
    assert Counter(answers) == {"drawn": 1, "refused": 3}
    assert Notification.objects.filter(kind="event-drawn").count() == 8
