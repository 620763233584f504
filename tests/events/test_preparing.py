from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events import preparing, registrations, schedule
from events.models import Preparation, Registration, SetupAnswer
from events.notifications import WorkshopSetup
from events.notifications.groups import steps_of
from members.models import Notification
from mlclub.refusal import Refused
from tests.factories import make_club, make_event, make_member, make_registration

pytestmark = pytest.mark.django_db

STEPS = "- [ ] Install Python 3.12\n- [ ] Clone the repository\n"
NOON = datetime(2026, 10, 14, 19, tzinfo=ZoneInfo("UTC"))


def make_workshop(*, starts_at=None, setup=STEPS, **fields):
    event = make_event(
        title="Your first fine-tune",
        kind="workshop",
        starts_at=starts_at or NOON + timedelta(hours=24),
        **fields,
    )
    Preparation.objects.create(
        event=event,
        prerequisites="Read [gradient descent](/wiki/Basics/).",
        setup=setup,
        repo_url="https://code.club.example/tune",
    )
    return event


def due(now):
    return sorted((row.person, row.address) for row in WorkshopSetup().due(now))


def test_the_steps_go_a_day_before_to_those_with_a_seat_and_to_nobody_in_line():
    event = make_workshop(capacity=1)
    seated, waiting = make_member(), make_member()
    for minutes, person in enumerate((seated, waiting)):
        make_registration(event=event, user=person, created_at=NOON - timedelta(days=3, minutes=-minutes))
    assert due(NOON - timedelta(minutes=1)) == []
    assert due(NOON) == [(seated.pk, "")]
    assert due(event.starts_at) == []


def test_people_without_an_account_get_the_steps_too():
    event = make_workshop()
    make_registration(
        event=event, name="Guest", email="guest@post.example", created_at=NOON - timedelta(days=3)
    )
    assert due(NOON) == [(None, "guest@post.example")]


def test_the_mail_lists_the_steps_in_plain_words(mailoutbox):
    make_club()
    event, person = make_workshop(), make_member()
    make_registration(event=event, user=person, created_at=NOON - timedelta(days=3))
    with time_machine.travel(NOON + timedelta(hours=1)):
        call_command("notify", "--once")
    # It comes in one mail with the reminder of the same hour.
    sent = [mail for mail in mailoutbox if "Set up before Your first fine-tune" in mail.subject + mail.body]
    assert [mail.to for mail in sent] == [[person.email]]
    assert "- Install Python 3.12\n- Clone the repository\n" in sent[0].body
    assert "https://code.club.example/tune" in sent[0].body
    with time_machine.travel(NOON + timedelta(hours=2)):
        call_command("notify", "--once")
    assert len([mail for mail in mailoutbox if "Set up before" in mail.subject + mail.body]) == 1


def test_whoever_says_that_it_works_or_cancels_is_not_mailed_and_a_moved_workshop_mails_anew():
    event = make_workshop()
    works, leaves, stays = make_member(), make_member(), make_member()
    for person in (works, leaves, stays):
        make_registration(event=event, user=person, created_at=NOON - timedelta(days=3))
    rows = {row.person: row for row in WorkshopSetup().due(NOON)}
    kept = {
        person.pk: Notification.objects.create(
            person=person,
            kind="workshop-setup",
            about=f"events.event:{event.pk}",
            slot=rows[person.pk].slot,
            due_at=NOON,
            try_at=NOON,
            created_at=NOON,
        )
        for person in (works, leaves, stays)
    }
    preparing.answer(event, works, works=True, note="", now=NOON)
    Registration.objects.filter(user=leaves).update(state="cancelled", cancelled_at=NOON)
    wanted = [WorkshopSetup().still_wanted(kept[each.pk], NOON) for each in (works, leaves, stays)]
    assert wanted == ["it works already", "not going", True]
    schedule.move(event, starts_at=event.starts_at + timedelta(hours=1), now=NOON)
    assert WorkshopSetup().still_wanted(kept[stays.pk], NOON) == "it moved"


def test_a_workshop_without_steps_mails_nobody():
    event = make_workshop(setup="")
    make_registration(event=event, user=make_member(), created_at=NOON - timedelta(days=3))
    assert due(NOON) == []


def test_a_checklist_is_read_line_by_line():
    assert steps_of("1. Install it\n\n* [x] Done before\nPlain words") == [
        "Install it",
        "Done before",
        "Plain words",
    ]


def test_somebody_says_that_they_are_stuck_and_hosts_alone_see_who(client):
    make_club()
    host, stuck, fine = make_member(), make_member(name="Ada Quill"), make_member(name="Bo Marsh")
    event = make_workshop(starts_at=timezone.now() + timedelta(days=2), hosts=[host])
    for person in (stuck, fine):
        registrations.register(event, person, now=timezone.now())
    url = reverse("events:setup_answer", args=[event.pk])
    client.force_login(stuck)
    client.post(url, {"works": "no", "note": "The driver is missing."})
    assert "You need help" in client.get(event.get_absolute_url()).content.decode()
    client.force_login(fine)
    client.post(url, {"works": "yes"})
    assert "The driver is missing." not in client.get(event.get_absolute_url()).content.decode()
    client.force_login(host)
    body = client.get(event.get_absolute_url()).content.decode()
    assert "1 works" in body
    assert "1 needs help" in body
    assert "The driver is missing." in body
    assert "It works for Bo Marsh." in body


def test_the_last_word_counts_and_clears_the_note():
    event, person = make_workshop(), make_member()
    make_registration(event=event, user=person)
    preparing.answer(event, person, works=False, note="Stuck", now=NOON)
    preparing.answer(event, person, works=True, note="ignored", now=NOON)
    assert list(SetupAnswer.objects.values_list("works", "note")) == [(True, "")]


def test_only_whoever_is_going_answers_and_not_when_it_is_over(client):
    event, person = make_workshop(), make_member()
    with pytest.raises(Refused, match="going"):
        preparing.answer(event, person, works=True, note="", now=NOON)
    make_registration(event=event, user=person)
    with pytest.raises(Refused, match="over"):
        preparing.answer(event, person, works=True, note="", now=event.ends_at)
    client.force_login(person)
    assert client.post(reverse("events:setup_answer", args=[event.pk]), {"works": "maybe"}).status_code == 302
    assert not SetupAnswer.objects.exists()


def test_hosts_write_the_steps(client):
    host = make_member()
    event = make_event(kind="workshop", hosts=[host])
    client.force_login(host)
    url = reverse("events:preparation_edit", args=[event.pk])
    assert client.post(url, {"setup": STEPS, "repo_url": "nonsense"}).status_code == 422
    client.post(url, {"setup": STEPS, "repo_url": "https://code.club.example/x"})
    assert "Clone the repository" in client.get(event.get_absolute_url()).content.decode()
    client.force_login(make_member())
    assert client.get(url).status_code == 403
