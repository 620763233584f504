import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from events import mail_about, registrations, schedule
from members.ledger import kinds, stopping
from members.ledger.sending import sweep
from tests.factories import make_club, make_event, make_member, make_registration

pytestmark = pytest.mark.django_db


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_whoever_registered_late_reads_why_no_reminder_came(client):
    make_club()
    now = timezone.now()
    late, early, waits, muted = (make_member() for _ in range(4))
    event = make_event(starts_at=now + timedelta(hours=5), capacity=3)
    make_registration(event=event, user=early, created_at=now - timedelta(days=3))
    make_registration(event=event, user=muted, created_at=now - timedelta(days=3))
    make_registration(event=event, user=late, created_at=now - timedelta(hours=1))
    make_registration(event=event, user=waits, created_at=now - timedelta(minutes=5))
    stopping.choose(kinds.find("event-reminder"), person=muted, is_wanted=False, now=now)
    why = {person: mail_about.why_no_reminder(event, person, now) for person in (late, early, waits, muted)}
    assert "you registered later" in why[late]
    assert "about to be written" in why[early]
    assert "in the line" in why[waits]
    assert "switched reminders" in why[muted]
    assert "not registered" in mail_about.why_no_reminder(event, make_member(), now)
    sweep(now)
    assert mail_about.why_no_reminder(event, early, now) == ""
    client.force_login(late)
    assert "you registered later" in words(client.get(reverse("events:event_mail", args=[event.pk])))


def test_hosts_see_every_outcome_and_members_their_own_alone(client, django_assert_max_num_queries):
    make_club()
    host, goes, other = make_member(), make_member(name="Gail Goes"), make_member(name="Otto Other")
    event = make_event(hosts=[host])
    registrations.register(event, goes)
    registrations.register(event, other)
    sweep(timezone.now() + timedelta(seconds=5))
    url = reverse("events:event_mail", args=[event.pk])
    client.force_login(host)
    with django_assert_max_num_queries(15):
        page = words(client.get(url))
    assert "Gail Goes" in page
    assert "Otto Other" in page
    assert "Otto Other" not in words(client.get(url, {"q": "gail"}))
    client.force_login(goes)
    mine = words(client.get(url))
    assert "To you" in mine
    assert "Otto Other" not in mine
    assert "To everybody" not in mine


def test_an_event_called_off_twice_before_anybody_was_told_is_told_once():
    make_club()
    now = timezone.now()
    goes = make_member()
    event = make_event()
    make_registration(event=event, user=goes, created_at=now - timedelta(days=1))
    schedule.cancel(event, "Storm", now=now)
    schedule.reinstate(event, now=now)
    schedule.cancel(event, "Storm again", now=now)
    sweep(now + timedelta(seconds=5))
    assert [message.to for message in mail.outbox] == [[goes.email]]
    assert "Storm again" in mail.outbox[0].body
