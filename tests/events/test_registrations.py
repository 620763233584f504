from datetime import date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from events import line, notifications, registrations, seats
from events.models import Attendance, Registration
from events.registrations import Answer
from members.models import AuditEntry, Notification
from tests.factories import make_attendance, make_club, make_event, make_member, make_registration, make_user

pytestmark = pytest.mark.django_db


def told(kind):
    return [row.person or row.address for row in Notification.objects.filter(kind=kind.slug).order_by("pk")]


def full_event(*, seats=1, waiting=1, **fields):
    event = make_event(capacity=seats, **fields)
    people = [make_user() for _ in range(seats + waiting)]
    for person in people:
        registrations.register(event, person)
    Notification.objects.all().delete()
    return event, people


def test_somebody_gets_a_seat_and_is_told():
    event, person = make_event(capacity=20), make_user()
    outcome = registrations.register(event, person)
    assert (outcome.answer, outcome.line, outcome.is_repeat) == (Answer.GOING, 0, False)
    assert told(notifications.Registered) == [person]


def test_a_second_click_gets_the_first_answer_and_no_second_mail():
    event, person = make_event(capacity=1), make_user()
    first = registrations.register(event, person)
    second = registrations.register(event, person)
    assert (second.answer, second.is_repeat, second.registration) == (Answer.GOING, True, first.registration)
    assert Registration.objects.count() == 1
    assert told(notifications.Registered) == [person]


def test_a_second_click_of_somebody_who_waits_says_the_same_place_in_the_line():
    event, people = full_event(seats=1, waiting=3)
    again = registrations.register(event, people[2])
    assert (again.answer, again.line, again.is_repeat) == (Answer.WAITING, 2, True)


def test_the_database_itself_refuses_a_second_live_registration():
    event, person = make_event(), make_user()
    make_registration(event=event, user=person)
    with pytest.raises(IntegrityError, match="one_live_registration_a_person"), transaction.atomic():
        make_registration(event=event, user=person)
    make_registration(event=event, name="Ilse Quint", email="ilse@post.example")
    with pytest.raises(IntegrityError, match="one_live_registration_an_address"), transaction.atomic():
        make_registration(event=event, name="Ilse Q", email="ILSE@post.example")
    with pytest.raises(IntegrityError, match="registration_of_a_person_or_an_address"), transaction.atomic():
        make_registration(event=event, user=make_user(), name="Both", email="both@post.example")
    with pytest.raises(IntegrityError, match="registration_of_a_person_or_an_address"), transaction.atomic():
        make_registration(event=event)


def test_constraints_speak_to_people():
    event, person = make_event(), make_user()
    row = make_registration(event=event, user=person)
    with pytest.raises(ValidationError, match="already registered"):
        Registration(
            event=event, user=person, created_at=row.created_at, updated_at=row.created_at
        ).full_clean()
    event.ends_at = event.starts_at
    with pytest.raises(ValidationError, match="must end after it begins"):
        event.full_clean()


def test_whoever_leaves_lets_the_next_in_line_up_and_only_that_one_is_told():
    event, people = full_event(seats=1, waiting=2)
    outcome = registrations.cancel(Registration.objects.get(user=people[0]), reason="ill")
    assert outcome.answer == Answer.CANCELLED
    assert told(notifications.Promoted) == [people[1]]
    assert seats.seat_of(event, people[2], timezone.now()).line == 1
    again = registrations.cancel(Registration.objects.get(user=people[0]), reason="twice")
    assert (again.answer, again.is_repeat) == (Answer.CANCELLED, True)
    assert told(notifications.Promoted) == [people[1]]


def test_leaving_the_line_promotes_nobody():
    event, people = full_event(seats=1, waiting=2)
    registrations.cancel(Registration.objects.get(user=people[1]))
    assert told(notifications.Promoted) == []
    assert seats.seat_of(event, people[2], timezone.now()).line == 1


def test_whoever_left_may_come_back_at_the_end_of_the_line():
    event, people = full_event(seats=1, waiting=1)
    registrations.cancel(Registration.objects.get(user=people[0]))
    back = registrations.register(event, people[0])
    assert (back.answer, back.line) == (Answer.WAITING, 1)
    assert Registration.objects.filter(user=people[0]).count() == 2


def test_an_earlier_clock_does_not_jump_the_line():
    """The clock of a request is read before its turn comes."""
    event = make_event(capacity=1)
    now = timezone.now()
    first, second = make_user(), make_user()
    registrations.register(event, first, now=now)
    outcome = registrations.register(event, second, now=now - timedelta(seconds=5))
    assert outcome.answer == Answer.WAITING
    assert seats.seat_of(event, first, now).standing == seats.Standing.GOING


def test_more_seats_let_people_up_and_fewer_take_nobodys_seat():
    event, people = full_event(seats=2, waiting=3)
    assert registrations.change_capacity(event, 4).answer == Answer.CHANGED
    assert told(notifications.Promoted) == people[2:4]
    refused = registrations.change_capacity(event, 3)
    assert (refused.answer, refused.seated) == (Answer.TOO_SMALL, 4)
    registrations.change_capacity(event, None)
    assert told(notifications.Promoted) == people[2:5]


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"registration_opens_at": timedelta(hours=1)}, Answer.NOT_YET),
        ({"registration_closes_at": timedelta(hours=-1)}, Answer.CLOSED),
        ({"starts_at": timedelta(hours=-1)}, Answer.CLOSED),
        ({"state": "cancelled"}, Answer.EVENT_CANCELLED),
    ],
)
def test_registration_is_refused_outside_its_time(fields, answer):
    now = timezone.now()
    given = {name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    assert registrations.register(make_event(**given), make_user(), now=now).answer == answer
    assert Registration.objects.count() == 0


def test_after_the_deadline_a_seat_is_given_back_only_by_a_host():
    now = timezone.now()
    event, people = full_event(seats=1, waiting=1)
    event.cancel_until = now - timedelta(minutes=1)
    event.save()
    seat, place = (Registration.objects.get(user=person) for person in people)
    assert registrations.cancel(seat, now=now).answer == Answer.TOO_LATE
    assert registrations.cancel(seat, by=make_user(), now=now).answer == Answer.CANCELLED
    assert told(notifications.Promoted) == []
    assert told(notifications.Offer) == [people[1]], "so late, nobody is moved up without being asked"
    assert registrations.cancel(place, now=now).answer == Answer.CANCELLED, "an offer may always be declined"


def test_an_offer_is_taken():
    event, people = full_event(seats=1, waiting=2, uses_offers=True)
    registrations.cancel(Registration.objects.get(user=people[0]))
    now = timezone.now()
    assert seats.seat_of(event, people[1], now).standing == seats.Standing.OFFERED
    row = Registration.objects.get(user=people[1])
    assert registrations.accept_offer(row).answer == Answer.GOING
    assert registrations.accept_offer(row).is_repeat
    assert seats.seat_of(event, people[1], now).standing == seats.Standing.GOING
    assert told(notifications.Registered) == [people[1]]


def test_an_offer_that_nobody_answers_goes_to_the_next():
    make_club()
    _, people = full_event(seats=1, waiting=2, uses_offers=True)
    registrations.cancel(Registration.objects.get(user=people[0]))
    row = Registration.objects.get(user=people[1])
    late = row.offer_expires_at + timedelta(seconds=1)
    assert line.expire_offers(late) == 1
    assert line.expire_offers(late) == 0
    assert told(notifications.Offer) == people[1:3]
    assert registrations.accept_offer(row, now=late).answer == Answer.LAPSED


#: The hour of the offer and of the start in the club's zone, and until when the offer then holds.
OFFERS = [
    ("Wed 12:00", "Wed 20:00", "Wed 14:00"),  # a quarter of the time that is left
    ("Wed 12:00", "Wed 13:20", "Wed 12:20"),  # never later than an hour before the start
    ("Mon 12:00", "Fri 12:00", "Tue 12:00"),  # at most a day
    ("Wed 12:00", "Wed 13:40", "Wed 12:30"),  # at least half an hour
    ("Wed 20:00", "Thu 16:00", "Thu 09:30"),  # it does not end at night
    ("Wed 21:50", "Thu 23:00", "Thu 09:30"),
    ("Wed 21:50", "Thu 10:15", "Thu 09:15"),
    ("Wed 23:30", "Thu 20:00", "Thu 09:30"),  # nor does it leave only the night to answer in
    ("Wed 21:45", "Wed 23:00", "Wed 22:00"),
]


@pytest.mark.parametrize(("made", "starts", "until"), OFFERS)
def test_an_offer_shrinks_towards_the_start_and_sleeps_at_night(made, starts, until):
    zone = make_club().zone

    def moment(text):
        day, _, hour = text.partition(" ")
        on = date(2026, 6, 1 + ["Mon", "Tue", "Wed", "Thu", "Fri"].index(day))
        return datetime.combine(on, time.fromisoformat(hour), tzinfo=zone)

    event = make_event(starts_at=moment(starts))
    assert line.offer_until(event, moment(made)) == moment(until)


def test_in_the_last_hour_nothing_is_offered_and_the_next_in_line_has_the_seat():
    make_club()
    event, people = full_event(seats=1, waiting=2, uses_offers=True)
    now = event.starts_at - timedelta(minutes=59)
    registrations.cancel(Registration.objects.get(user=people[0]), now=now)
    assert told(notifications.Offer) == []
    assert told(notifications.Promoted) == [people[1]]
    assert seats.seat_of(event, people[1], now).standing == "going"


def test_a_guest_goes_with_the_offer_that_nobody_answered():
    make_club()
    event, people = full_event(seats=2, waiting=0, uses_offers=True, guests_allowed=1)
    late = make_user()
    mine = registrations.register(event, late).registration
    registrations.register(event, name="Bo", email="bo@post.example", guest_of=mine)
    for person in people:
        registrations.cancel(Registration.objects.get(user=person))
    assert (told(notifications.Offer), told(notifications.Promoted)) == ([late], ["bo@post.example"])
    mine.refresh_from_db()
    line.expire_offers(mine.offer_expires_at)
    assert set(event.registrations.filter(pk__gte=mine.pk).values_list("state", flat=True)) == {"lapsed"}


def test_a_host_moves_somebody_to_the_head_of_the_line_and_nobody_loses_a_seat():
    event, people = full_event(seats=2, waiting=4)
    host, last = make_user(), Registration.objects.get(user=people[5])
    outcome = registrations.move_up(last, reason="Gives the talk", by=host)
    assert (outcome.answer, outcome.line) == (Answer.WAITING, 1)
    assert registrations.move_up(last, reason="again", by=host).is_repeat
    order = Registration.objects.live().in_order().values_list("user", flat=True)
    assert list(order) == [people[n].pk for n in (0, 1, 5, 2, 3, 4)]
    assert registrations.register(event, make_user()).line == 5
    registrations.cancel(Registration.objects.get(user=people[0]))
    assert told(notifications.Promoted) == [people[5]]
    entry = AuditEntry.objects.get(action="registration.moved_up")
    assert (entry.actor, entry.after["reason"]) == (host, "Gives the talk")


def test_who_cannot_come_any_more_tells_the_hosts_and_the_seat_stays_until_they_act():
    host, now = make_user(), timezone.now()
    _, (person, _) = full_event(seats=1, waiting=1, hosts=[host], cancel_until=now - timedelta(hours=1))
    mine = Registration.objects.get(user=person)
    assert registrations.cancel(mine).answer == Answer.TOO_LATE
    assert registrations.say_no(mine, reason="ill").answer == Answer.TOLD
    assert registrations.say_no(mine, reason="still ill").is_repeat
    mine.refresh_from_db()
    assert (mine.state, mine.reason) == ("going", "still ill")
    assert told(notifications.CannotCome) == [host]


def test_hosts_can_see_who_cancelled_and_when():
    event, (first, second) = full_event(seats=2, waiting=0)
    host, now = make_user(), timezone.now()
    registrations.cancel(Registration.objects.get(user=first), reason="ill", now=now)
    registrations.cancel(Registration.objects.get(user=second), by=host, now=now)
    rows = event.registrations.order_by("pk").values_list("cancelled_by", "cancelled_at", "reason")
    assert list(rows) == [(first.pk, now, "ill"), (host.pk, now, "")]


def test_a_guest_takes_a_seat_and_leaves_with_the_host():
    event = make_event(capacity=3, guests_allowed=1)
    host, other = make_user(), make_user()
    mine = registrations.register(event, host).registration
    guest = registrations.register(event, name="Ottla Brandt", email="Ottla@post.example", guest_of=mine)
    assert (guest.answer, guest.registration.email) == (Answer.GOING, "ottla@post.example")
    more = registrations.register(event, name="One more", email="more@post.example", guest_of=mine)
    assert more.answer == Answer.TOO_MANY_GUESTS
    registrations.register(event, other)
    registrations.cancel(mine)
    assert [row.who for row in Registration.objects.live()] == [other.name]


def test_checking_in_twice_is_once_and_needs_no_registration():
    now = timezone.now()
    event, person = make_event(starts_at=now), make_user()
    first = registrations.check_in(event, person, now=now)
    second = registrations.check_in(event, person, now=now)
    assert (first.answer, second.is_repeat, second.attendance) == (Answer.CHECKED_IN, True, first.attendance)


def test_check_in_is_open_from_an_hour_before_to_an_hour_after_and_longer_at_the_door():
    now = timezone.now()
    event, person, host = make_event(starts_at=now, hours=2), make_user(), make_user()
    for at in (now - timedelta(minutes=61), now + timedelta(minutes=181)):
        assert registrations.check_in(event, person, now=at).answer == Answer.NOT_NOW
    later = registrations.check_in(event, person, by=host, now=now + timedelta(days=1))
    assert later.answer == Answer.CHECKED_IN


def test_a_walk_in_who_signs_in_later_is_the_same_person():
    now = timezone.now()
    event, person = make_event(starts_at=now), make_user(email="wilma@post.example")
    registrations.check_in(event, name="Wilma", email="Wilma@post.example", now=now)
    assert registrations.check_in(event, person, now=now).is_repeat
    row = Attendance.objects.get()
    assert (row.user, row.name, row.email) == (person, "", "")


def test_rows_under_an_address_join_the_account_when_it_is_verified_and_the_earlier_one_stays():
    now = timezone.now()
    event, other, full = make_event(starts_at=now), make_event(starts_at=now), make_event(capacity=1)
    person, next_one = make_user(), make_user()
    address = "walk@post.example"
    make_attendance(event=event, name="Walk In", email=address, at=now - timedelta(minutes=5))
    make_attendance(event=other, name="Walk In", email=address, at=now)
    earlier = make_attendance(event=other, user=person, at=now - timedelta(minutes=5))
    seat = make_registration(event=full, name="Walk In", email=address, created_at=now - timedelta(days=1))
    twice = make_registration(event=full, user=person, created_at=now)
    waiting = make_registration(event=full, user=next_one, created_at=now)
    registrations.merge_into_account(person, "Walk@post.example")
    assert set(Attendance.objects.filter(user=person).values_list("event", flat=True)) == {event.pk, other.pk}
    assert Attendance.objects.get(event=other) == earlier
    for row in (seat, twice, waiting):
        row.refresh_from_db()
    assert (seat.user, seat.state, twice.state) == (person, "going", "cancelled")
    assert not Registration.objects.filter(user=None).exists()
    assert told(notifications.Promoted) == [], "one person's two rows became one: the seat stays taken"


def test_notes_are_erased_fourteen_days_after_the_event():
    now = timezone.now()
    old = make_event(starts_at=now - timedelta(days=15))
    new = make_event(starts_at=now - timedelta(days=13))
    for event in (old, new):
        make_registration(event=event, user=make_user(), note="no nuts")
    assert registrations.erase_notes(now) == 1
    assert list(Registration.objects.exclude(note="").values_list("event", flat=True)) == [new.pk]


def test_positions_are_found_for_many_events_in_one_query(django_assert_num_queries):
    person = make_member()
    events = [make_event(capacity=1) for _ in range(5)]
    for event in events:
        registrations.register(event, make_user())
        registrations.register(event, person)
    with django_assert_num_queries(2):
        found = seats.seats_of(events, person, timezone.now())
    assert [seat.line for seat in found.values()] == [1] * 5
