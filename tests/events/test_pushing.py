"""Chapters of a meeting that does not take place."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from events import pushing, schedule, slots
from events.models import Talk
from members.ledger.sending import sweep
from members.models import Notification
from mlclub.refusal import Refused
from tests.factories import make_club, make_member, make_rota, slots_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    return make_club()


def make_book(chapters=("One", "Two", "Three"), *, times=3, **fields):
    host = make_member()
    rota = make_rota(times=times, titles=list(chapters), hosts=[host], kind="study_group", **fields)
    rota.host = host
    return rota


def dates(rota):
    """At which date of the series, from 0, each chapter is."""
    events = list(rota.series.events.order_by("starts_at"))
    return [events.index(slot.event) for slot in slots_of(rota)]


def call_off(rota, at=0):
    event = rota.series.events.order_by("starts_at")[at]
    schedule.cancel(event, "No room.")
    event.refresh_from_db()
    return event


def test_cancelling_leads_the_host_to_what_would_move_and_one_click_moves_it(client):
    rota, ada = make_book(), make_member(name="Ada Quill")
    slots.claim(slots_of(rota)[0], ada, now=timezone.now())
    first = slots_of(rota)[0].event
    client.force_login(rota.host)
    answer = client.post(
        reverse("events:event_cancel", args=[first.pk]), {"reason": "No room.", "scope": "this"}, follow=True
    )
    assert answer.redirect_chain[-1][0] == reverse("events:chapter_push", args=[first.pk])
    page = answer.content.decode()
    assert "Ada Quill" in page
    assert "Move 3 chapters on" in page
    assert "a new date" in page
    assert dates(rota) == [0, 1, 2], "nothing moves by itself"
    client.post(answer.redirect_chain[-1][0], {"known": answer.context["plan"].key})
    assert dates(rota) == [1, 2, 3]
    last = rota.series.events.order_by("starts_at").last()
    assert last.starts_at - first.starts_at >= timedelta(days=21) - timedelta(hours=1)


def test_whoever_holds_a_chapter_is_told_once_and_the_talk_goes_along():
    rota, ada = make_book(), make_member(name="Ada Quill")
    slots.claim(slots_of(rota)[0], ada, now=timezone.now())
    event, now = call_off(rota), timezone.now()
    found = pushing.push(event, known=pushing.plan(event, now).key, now=now)
    assert Talk.objects.get(speakers=ada).event == found.steps[0].to
    sweep(now + timedelta(seconds=5))
    moved = [message for message in mail.outbox if "moved to" in message.subject]
    assert [message.to for message in moved] == [[ada.email]]
    assert "One of" in moved[0].subject
    assert Notification.objects.filter(kind="slot-moved").count() == 1


def test_a_free_meeting_stops_the_chain_and_several_chapters_of_a_date_stay_together():
    rota = make_book(["One", "Two", "Three", "Four"], times=3, slots_a_date=2)
    assert dates(rota) == [0, 0, 1, 1]
    event, now = call_off(rota), timezone.now()
    pushing.push(event, known=pushing.plan(event, now).key, now=now)
    assert dates(rota) == [1, 1, 2, 2]
    assert rota.series.events.count() == 3


def test_what_is_done_is_what_was_shown_and_only_once():
    rota = make_book()
    event, now = call_off(rota), timezone.now()
    shown = pushing.plan(event, now).key
    call_off(rota, at=2)
    with pytest.raises(Refused, match="Look again"):
        pushing.push(event, known=shown, now=now)
    pushing.push(event, known=pushing.plan(event, now).key, now=now)
    with pytest.raises(Refused, match="nothing to move"):
        pushing.push(event, known=shown, now=now)


def test_nothing_is_offered_where_the_series_ends_or_the_meeting_takes_place(client):
    rota = make_book()
    first = slots_of(rota)[0].event
    assert pushing.plan(first, timezone.now()) is None
    schedule.cancel(first, "Over.", scope=schedule.Scope.LATER)
    first.refresh_from_db()
    assert pushing.plan(first, timezone.now()) is None
    client.force_login(rota.host)
    assert client.get(reverse("events:chapter_push", args=[first.pk])).status_code == 302
    assert client.post(reverse("events:chapter_push", args=[first.pk]), {"known": "1>2"}).status_code == 302
    assert dates(rota) == [0, 1, 2]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_hosts_at_once_one_moves_them():
    rota = make_book()
    event, now = call_off(rota), timezone.now()
    known, said = pushing.plan(event, now).key, []

    def act():
        try:
            pushing.push(event, known=known, now=now)
            said.append("moved")
        except Refused:
            said.append("refused")
        finally:
            connection.close()

    both = [threading.Thread(target=act) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(said) == ["moved", "refused"]
    assert dates(rota) == [1, 2, 3]
