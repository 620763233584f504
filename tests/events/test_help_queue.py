import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from events import helping
from events.models import Attendance, Event, HelperOffer, HelpTicket, Kind, Registration
from mlclub import gather
from mlclub.refusal import Refused
from tests.factories import make_event, make_member, make_new_member
from tests.factories.nmep import make_assignment, make_offering, make_session

pytestmark = pytest.mark.django_db


def make_party(**fields):
    fields = {"starts_at": timezone.now() - timedelta(minutes=20), "visibility": "members"} | fields
    return make_event(kind=Kind.HOMEWORK_PARTY, title="Homework party", **fields)


def make_guest(event, **fields):
    person = make_new_member(**fields)
    Attendance.objects.create(event=event, user=person)
    return person


def make_ticket(event, *, topic="HW3", exercise="2", minutes_ago=0, **fields):
    now = timezone.now() - timedelta(minutes=minutes_ago)
    return helping.ask(event, make_guest(event), topic=topic, exercise=exercise, now=now, **fields)[0]


def queue_of(event):
    return reverse("events:help_queue", args=[event.pk])


def test_help_is_asked_for_taken_and_done(client):
    party, helper = make_party(), make_member(name="Old Hand")
    learner = make_guest(party, name="Fresh Face")
    client.force_login(helper)
    client.post(reverse("events:help_offer", args=[party.pk]))

    client.force_login(learner)
    data = {"topic": "HW3", "exercise": "2", "text": "My loss is flat."}
    for _ in range(2):
        client.post(queue_of(party), data)
    ticket = HelpTicket.objects.get()

    client.force_login(helper)
    assert "My loss is flat." in client.get(queue_of(party)).content.decode()
    client.post(reverse("events:help_take", args=[party.pk]), {"ticket": [ticket.pk]})
    client.post(reverse("events:help_change", args=[party.pk, ticket.pk]), {"act": "done"})
    ticket.refresh_from_db()
    assert (ticket.state, ticket.helper, bool(ticket.ended_at)) == ("done", helper, True)
    assert "Nobody waits" in client.get(queue_of(party)).content.decode()


def test_people_on_the_same_exercise_meet_each_other_before_a_helper_comes():
    party = make_party()
    lone = make_ticket(party, topic="HW1", exercise="", minutes_ago=1)
    pair = [make_ticket(party, exercise=" 2 ", minutes_ago=5), make_ticket(party, minutes_ago=4)]
    now = timezone.now()

    first, second = helping.groups(party, now)
    assert ([row.pk for row in first.tickets], first.is_among_peers(now)) == ([lone.pk], False)
    assert ([row.pk for row in second.tickets], second.is_among_peers(now)) == (
        [row.pk for row in pair],
        True,
    )

    assert helping.want_helper(pair[0], now)
    assert not helping.groups(party, now)[0].is_among_peers(now), "they did not settle it among themselves"
    later = now + helping.AMONG_PEERS
    HelpTicket.objects.update(wants_helper_at=None)
    assert not any(group.is_among_peers(later) for group in helping.groups(party, later))


def test_names_in_the_queue_are_for_people_who_are_there(client):
    party = make_party()
    ticket = make_ticket(party, text="canary")
    client.force_login(make_member())
    page = client.get(queue_of(party)).content.decode()
    assert ("Check in with the code" in page, "canary" in page) == (True, False)
    refused = client.post(queue_of(party), {"topic": "HW3"})
    assert (refused.status_code, HelpTicket.objects.count()) == (422, 1)
    for act in ("done", "leave", "back"):
        assert (
            client.post(reverse("events:help_change", args=[party.pk, ticket.pk]), {"act": act}).status_code
            == 404
        )
    assert client.post(reverse("events:help_take", args=[party.pk]), {"ticket": ticket.pk}).status_code == 404
    meeting = make_event(kind=Kind.MEETING)
    assert client.get(queue_of(meeting)).status_code == 404


def test_a_new_member_is_not_asked_to_help_and_a_past_party_takes_no_offer(client):
    party, new = make_party(starts_at=timezone.now() + timedelta(days=2)), make_new_member()
    offer = reverse("events:help_offer", args=[party.pk])
    client.force_login(new)
    client.post(offer)
    assert not HelperOffer.objects.exists()
    old = make_member()
    client.force_login(old)
    for _ in range(2):
        client.post(offer)
    assert HelperOffer.objects.get().person == old
    assert Registration.objects.live().filter(event=party, user=old).exists(), "it is in their calendar"
    assert "I cannot help after all" in client.get(party.get_absolute_url()).content.decode()
    client.post(offer, {"withdraw": "1"})
    assert helping.helpers_of(party) == []
    client.post(offer)
    assert helping.helpers_of(party) == [old], "who changed their mind may change it again"
    with pytest.raises(Refused):
        helping.offer(party, make_member(), now=party.ends_at)


def test_before_the_party_nobody_asks_and_after_it_nobody_waits(client):
    party = make_party()
    ticket = make_ticket(party)
    assert helping.close_over(party.ends_at) == 0
    assert helping.close_over(party.ends_at + Event.CHECK_IN_AFTER + timedelta(seconds=1)) == 1
    ticket.refresh_from_db()
    assert ticket.state == "left"
    early = make_party(starts_at=timezone.now() + timedelta(days=1))
    with pytest.raises(Refused, match="while the party is on"):
        helping.ask(early, make_guest(early), topic="HW3", now=timezone.now())


def test_an_empty_wish_is_refused_beside_its_field(client):
    party = make_party()
    client.force_login(make_guest(party))
    answer = client.post(queue_of(party), {"topic": "", "exercise": "x" * 61})
    page = answer.content.decode()
    assert (answer.status_code, "This is needed." in page, "at most 60" in page) == (422, True, True)


def test_the_party_of_a_programme_offers_its_homework():
    offering = make_offering()
    session = make_session(offering=offering, kind="party")
    make_assignment(offering=offering, key="hw1")
    make_assignment(offering=offering, key="hw2", state="draft")
    make_assignment(key="hw7")
    assert gather.flat("help_topics", session.event) == ["HW1"]


def test_a_helper_who_must_go_puts_people_back_and_nobody_helps_themselves():
    party, helper = make_party(), make_member()
    ticket = make_ticket(party)
    assert helping.take([ticket], ticket.person, now=timezone.now()) == 0
    assert helping.take([ticket], helper, now=timezone.now()) == 1
    assert helping.put_back(ticket)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.helper, ticket.taken_at) == ("waiting", None, None)


@pytest.mark.parametrize("size", [1, 5])
def test_the_queue_costs_the_same_for_any_number_of_people(client, size, django_assert_max_num_queries):
    party = make_party()
    for n in range(size):
        make_ticket(party, exercise=str(n))
    client.force_login(make_guest(party))
    client.get(queue_of(party))
    with django_assert_max_num_queries(12):
        client.get(queue_of(party))


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_of_two_helpers_at_once_one_goes_and_of_two_clicks_one_stands_in_the_queue():
    party = make_party()
    learner, helpers = make_guest(party), [make_member(), make_member()]
    now = timezone.now()

    def at_once(*jobs):
        start, answers = threading.Barrier(len(jobs)), []

        def run(job):
            start.wait()
            try:
                answers.append(job())
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=[job]) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    asked = at_once(*[lambda: helping.ask(party, learner, topic="HW3", now=now)[1] for _ in range(4)])
    assert sorted(asked) == [False, False, False, True]
    ticket = HelpTicket.objects.get()
    taken = at_once(*[lambda helper=helper: helping.take([ticket], helper, now=now) for helper in helpers])
    assert sorted(taken) == [0, 1]
