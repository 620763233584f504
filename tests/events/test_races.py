"""Two hundred real connections want twenty seats."""

import random
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events import afterwards, door, registrations
from events.models import Registration
from members.models import Notification
from mlclub.refusal import Refused
from tests.factories import make_event, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

PEOPLE, SEATS, MORE = 200, 20, 25


def all_at_once(jobs):
    """Run every job in a thread and a database connection of its own; they begin together."""
    barrier, wrong = threading.Barrier(len(jobs)), []

    def run(job):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=60)
            job()
        except Exception as problem:
            wrong.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert wrong == []


def test_two_hundred_people_get_exactly_the_seats_there_are():
    event = make_event(capacity=SEATS)
    people = [make_user() for _ in range(PEOPLE)]
    answers = {}

    def register(person):
        answers[person.pk] = registrations.register(event, person)

    all_at_once([lambda person=person: register(person) for person in people])
    going = [pk for pk, outcome in answers.items() if not outcome.line]
    assert len(going) == SEATS
    assert sorted(outcome.line for outcome in answers.values() if outcome.line) == list(
        range(1, PEOPLE - SEATS + 1)
    )
    # What each was told is what the order says afterwards: nobody was overtaken.
    order = list(Registration.objects.live().in_order().values_list("user_id", flat=True))
    assert set(order[:SEATS]) == set(going)


def test_seats_stay_exact_with_cancellations_double_clicks_and_a_change_of_capacity_midway():
    event = make_event(capacity=SEATS)
    people = [make_user() for _ in range(PEOPLE)]
    early = people[:40]
    first = {person.pk: registrations.register(event, person) for person in early}
    rng = random.Random(7)
    jobs = []
    for person in early[:15]:
        jobs.append(lambda row=first[person.pk].registration: registrations.cancel(row))
    for person in people[40:]:
        jobs.append(lambda person=person: registrations.register(event, person))
    for person in people[40:64]:
        jobs.append(lambda person=person: registrations.register(event, person))
    jobs.append(lambda: registrations.change_capacity(event, MORE))
    rng.shuffle(jobs)
    assert len(jobs) == 200
    all_at_once(jobs)

    event.refresh_from_db()
    order = list(Registration.objects.live().filter(event=event).in_order().values_list("user_id", flat=True))
    assert event.capacity == MORE
    assert len(order) == PEOPLE - 15
    assert len(set(order)) == len(order)
    seated = set(order[:MORE])
    confirmed = {person.pk for person in early[15:20]}
    promoted = set(Notification.objects.filter(kind="event-promoted").values_list("person", flat=True))
    assert confirmed <= seated, "whoever had a seat and did not leave still has it"
    # 15 left and 5 seats were added: exactly those who moved up were told, once each, and none too many.
    assert Notification.objects.filter(kind="event-promoted").count() == len(promoted)
    assert promoted == seated - confirmed


def test_without_the_lock_it_would_oversell():
    """The control: the same race, counted and inserted without holding the event's row, sells too many seats."""
    event = make_event(capacity=SEATS)
    people = [make_user() for _ in range(PEOPLE)]
    sold = []

    def register_unlocked(person):
        now = timezone.now()
        with transaction.atomic():
            taken = Registration.objects.live().filter(event=event).count()
            if taken < event.capacity:
                Registration.objects.create(event=event, user=person, created_at=now, updated_at=now)
                sold.append(person.pk)

    all_at_once([lambda person=person: register_unlocked(person) for person in people])
    assert len(sold) > SEATS


def test_one_person_in_twenty_tabs_is_one_person():
    event, person = make_event(capacity=5), make_user()
    answers = []
    all_at_once([lambda: answers.append(registrations.register(event, person)) for _ in range(20)])
    assert Registration.objects.count() == 1
    assert {outcome.registration.pk for outcome in answers} == {Registration.objects.get().pk}
    assert sorted(outcome.is_repeat for outcome in answers) == [False] + [True] * 19
    assert Notification.objects.filter(kind="event-registered").count() == 1


def test_one_person_checks_in_once_from_many_phones():
    event, person = make_event(starts_at=timezone.now()), make_user()
    answers = []
    all_at_once([lambda: answers.append(registrations.check_in(event, person)) for _ in range(20)])
    assert event.attendances.count() == 1
    assert sum(not outcome.is_repeat for outcome in answers) == 1


def test_one_tick_of_the_door_sent_over_twenty_connections_counts_once():
    host, person, now = make_user(), make_user(), timezone.now()
    event = make_event(starts_at=now, hosts=[host])
    tick = door.read({"key": str(uuid4()), "act": "in", "at": now.isoformat(), "who": f"u{person.pk}"}, now)
    answers = []
    all_at_once([lambda: answers.append(door.take(event, tick, by=host, now=now)) for _ in range(20)])
    assert {(each.attendance, each.sentence) for each in answers} == {(event.attendances.get().pk, "")}


def test_two_hosts_who_send_the_thank_you_at_once_thank_once():
    hosts, now = [make_user(), make_user()], timezone.now()
    event = make_event(starts_at=now - timedelta(hours=5), hosts=hosts)
    speaker = make_user()
    sent = []

    def send(host):
        try:
            sent.append(
                afterwards.keep_thanks(
                    event, sentence="Thank you.", people=[speaker], by=host, now=now, is_sent=True
                )
            )
        except Refused:
            sent.append("refused")

    all_at_once([lambda host=host: send(host) for host in hosts])
    assert sorted(sent, key=str) == [1, "refused"]
    assert Notification.objects.filter(kind="thanked").count() == 1
