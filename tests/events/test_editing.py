"""Changing what events of a series say, and keeping what somebody gave one date by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from events import editing, helping, registrations, schedule
from events.models import Event, HelperOffer
from events.schedule import Scope
from members.forms import save_topics
from members.ledger.sending import sweep
from members.models import Notification
from tests.factories import (
    make_club,
    make_event,
    make_member,
    make_new_member,
    make_officer,
    make_series,
    make_user,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 3, 1, 12, tzinfo=UTC)
MONDAY = date(2031, 3, 3)


def titles(series):
    return [event.title for event in series.events.all()]


def test_a_change_is_for_this_one_or_this_and_later_ones_or_all_to_come():
    make_club()
    series = make_series(name="Papers", first_on=MONDAY, times=4)
    _, second, third, _ = series.events.all()
    now = datetime(2031, 3, 5, tzinfo=UTC)  # the first is over
    editing.change(third, {"title": "Guest"}, now=now)
    assert titles(series) == ["Papers", "Papers", "Guest", "Papers"]
    outcome = editing.change(second, {"title": "Papers and tea"}, scope=Scope.LATER, now=now)
    assert titles(series) == ["Papers", "Papers and tea", "Guest", "Papers and tea"]
    assert [event.title for event in outcome.kept] == ["Guest"]
    second.refresh_from_db()
    editing.change(second, {"title": "Books"}, scope=Scope.ALL, overwrites=True, now=now)
    assert titles(series) == ["Papers", "Books", "Books", "Books"]


def test_dates_made_later_say_what_the_change_said():
    make_club()
    series = make_series(name="Papers", first_on=MONDAY, times=2)
    host = make_member()
    editing.change(
        series.events.first(),
        {"title": "Books", "capacity": 9, "hosts": [host], "asks_note": True, "summary": "One a week."},
        scope=Scope.ALL,
        now=NOW,
    )
    series.refresh_from_db()
    series.count = 3
    series.save()
    (made,) = schedule.generate(series)
    assert (made.title, made.capacity, made.asks_note, made.summary) == ("Books", 9, True, "One a week.")
    assert list(made.hosts.all()) == [host]


def test_nobody_loses_a_seat_on_any_date():
    make_club()
    series = make_series(first_on=MONDAY, times=3, capacity=10)
    first, second, _ = series.events.all()
    for _ in range(4):
        registrations.register(second, make_user(), now=NOW)
    outcome = editing.change(first, {"capacity": 3}, scope=Scope.ALL, now=NOW)
    assert [event.capacity for event in series.events.all()] == [3, 10, 3]
    assert outcome.too_small == {second.pk: 4}


def test_hours_of_registration_follow_the_wall_clock_of_each_date():
    make_club()
    series = make_series(first_on=MONDAY, times=2)  # clocks change on 9 March
    first, _ = series.events.all()
    closes = first.starts_at - timedelta(days=1)
    editing.change(first, {"registration_closes_at": closes}, scope=Scope.ALL, now=NOW)
    assert [event.registration_closes_at.isoformat() for event in series.events.all()] == [
        "2031-03-03T02:00:00+00:00",
        "2031-03-10T01:00:00+00:00",
    ]


def test_the_same_again_changes_nothing_and_a_change_reaches_calendars():
    make_club()
    event = make_event(title="Papers", starts_at=NOW + timedelta(days=2))
    before = event.updated_at
    assert editing.change(event, {"title": "Papers", "hosts": []}, now=NOW).changed == []
    event.refresh_from_db()
    assert event.updated_at == before
    editing.change(event, {"hosts": [make_member()]}, now=NOW)
    event.refresh_from_db()
    assert event.updated_at > before


def test_the_page_asks_for_whom_and_says_what_stayed(client):
    make_club()
    host = make_member()
    series = make_series(name="Papers", times=3, hosts=[host])
    first, second, _ = series.events.all()
    editing.change(second, {"title": "Guest"}, now=NOW)
    client.force_login(host)
    url = reverse("events:event_edit", args=[first.pk])
    assert "This and later ones" in client.get(url).content.decode()
    data = {
        "title": "Books",
        "kind": "meeting",
        "visibility": "public",
        "guests_allowed": "0",
        "hosts": host.handle,
        "scope": "all",
    }
    page = client.post(url, data, follow=True).content.decode()
    assert "Saved: 2 dates." in page
    assert "by hand stayed" in page
    assert titles(series) == ["Books", "Guest", "Books"]
    assert client.post(url, {**data, "scope": "everything"}).status_code == 422
    assert (
        "This and later ones"
        not in client.get(reverse("events:event_edit", args=[make_event(hosts=[host]).pk])).content.decode()
    ), "an event of its own has no series to change"


def test_the_page_of_a_series_changes_its_dates_to_come(client):
    make_club()
    host = make_member()
    series = make_series(name="Papers", times=3, hosts=[host], description="Old")
    first, *_ = series.events.all()
    editing.change(first, {"description": "By hand"}, now=NOW)
    client.force_login(host)
    client.post(
        reverse("events:series_edit", args=[series.slug]),
        {
            "name": "Books",
            "kind": "reading_group",
            "count": "4",
            "visibility": "public",
            "hosts": host.handle,
            "description": "New",
        },
    )
    assert [(event.title, event.description) for event in series.events.all()] == [
        ("Books", "By hand"),
        ("Books", "New"),
        ("Books", "New"),
        ("Books", "New"),
    ]
    assert {event.kind for event in series.events.all()} == {"reading_group"}


# ── It takes place after all ──


def test_a_cancelled_event_takes_place_after_all_and_everybody_is_told_once():
    make_club()
    event = make_event(starts_at=NOW + timedelta(days=3))
    people = [make_user() for _ in range(2)]
    for person in people:
        registrations.register(event, person, now=NOW)
    schedule.cancel(event, "Storm", now=NOW)
    assert schedule.reinstate(event, now=NOW) == schedule.Change(events=1, mails=2)
    assert schedule.reinstate(event, now=NOW) == schedule.Change()
    assert (event.state, event.cancelled_reason, event.cancelled_at, event.schedule_version) == (
        "scheduled",
        "",
        None,
        2,
    )
    rows = Notification.objects.filter(kind="event-reinstated")
    assert {row.person for row in rows} == set(people)
    schedule.cancel(event, "Storm again", now=NOW)
    assert Notification.objects.filter(kind="event-cancelled").count() == 4, "a second storm is news"


def test_the_dates_called_off_together_come_back_together():
    make_club()
    series = make_series(first_on=MONDAY, times=4)
    first, second, _, _ = series.events.all()
    schedule.cancel(first, "Ill", now=NOW)
    schedule.cancel(second, "Too few", scope=Scope.LATER, now=NOW + timedelta(hours=1))
    second.refresh_from_db()
    schedule.reinstate(second, with_others=True, now=NOW + timedelta(hours=2))
    assert [event.state for event in series.events.all()] == [
        "cancelled",
        "scheduled",
        "scheduled",
        "scheduled",
    ]
    series.refresh_from_db()
    assert series.ended_at is None


def test_the_page_brings_it_back_and_refuses_what_would_be_over(client):
    make_club()
    host = make_member()
    event = make_event(hosts=[host])
    registrations.register(event, make_user())
    schedule.cancel(event, "Storm")
    client.force_login(host)
    url = reverse("events:event_reinstate", args=[event.pk])
    assert url in client.get(event.get_absolute_url()).content.decode()
    assert "It takes place, mail 1" in client.get(url).content.decode()
    assert "1 mail goes out" in client.post(url, follow=True).content.decode()
    assert client.get(url).status_code == 302
    over = make_event(hosts=[host], starts_at=datetime(2020, 1, 1, tzinfo=UTC))
    schedule.cancel(over, "Storm")
    client.post(reverse("events:event_reinstate", args=[over.pk]))
    over.refresh_from_db()
    assert over.is_cancelled


# ── Helpers ──


def test_an_event_that_wants_helpers_asks_members_for_a_hand(client):
    make_club()
    newcomer = make_new_member()
    event, plain = make_event(helpers_wanted=2, visibility="members"), make_event()
    client.force_login(newcomer)
    page = client.get(event.get_absolute_url()).content.decode()
    assert "Nobody has said yet that they can help." in page
    assert "I can help" not in client.get(plain.get_absolute_url()).content.decode()
    client.post(reverse("events:help_offer", args=[event.pk]))
    assert HelperOffer.objects.get().person == newcomer
    assert "More are wanted." in client.get(event.get_absolute_url()).content.decode()
    assert client.post(reverse("events:help_offer", args=[plain.pk])).status_code == 404


def test_officers_edit_without_being_host(client):
    make_club()
    client.force_login(make_officer())
    event = make_event()
    assert client.get(reverse("events:event_edit", args=[event.pk])).status_code == 200
    assert Event.objects.count() == 1


def typed_for(event, **fields):
    return {
        "title": event.title,
        "kind": event.kind,
        "visibility": event.visibility,
        "guests_allowed": 0,
        "scope": "this",
        **fields,
    }


def test_topics_are_typed_on_the_form_and_follow_in_the_series(client):
    make_club()
    officer = make_officer()
    series = make_series(name="Papers", times=2, visibility="members")
    first, second = series.events.all()
    second.topics.set(save_topics(["Optics"]))
    client.force_login(officer)
    url = reverse("events:event_edit", args=[first.pk])
    assert client.post(url, typed_for(first, topics="Diffusion, optics", scope="all")).status_code == 302
    assert sorted(topic.name for topic in first.topics.all()) == ["Diffusion", "Optics"]
    assert [topic.name for topic in second.topics.all()] == ["Optics"], "given by hand"
    assert 'value="Diffusion, Optics"' in client.get(url).content.decode()
    refused = client.post(url, typed_for(first, topics="!!!"))
    assert refused.status_code == 422
    assert "has no letters" in refused.content.decode()


def test_a_host_names_helpers_who_are_told_once_and_see_what_helpers_see(client):
    make_club()
    host, ada, zoe = make_member(), make_member(name="Ada"), make_member(name="Zoe")
    event = make_event(kind="homework_party", visibility="members", hosts=[host])
    url = reverse("events:event_edit", args=[event.pk])
    client.force_login(host)
    for _ in range(2):
        client.post(url, typed_for(event, hosts=host.handle, helpers="Ada"))
    assert [helper.name for helper in helping.helpers_of(event)] == ["Ada"]
    assert [row.person for row in Notification.objects.filter(kind="event-helper")] == [ada]
    assert not Notification.objects.filter(kind="event-registered").exists(), "one mail is enough"
    assert event.registrations.live().get().user == ada
    assert helping.gives_help(ada, event)
    sweep(timezone.now() + timedelta(seconds=5))
    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([ada.email], f"You are down as a helper of {event.title}")
    ]
    # Zoe offers while the host has the form open with Ada in it: only Ada is taken off.
    helping.offer(event, zoe, now=timezone.now())
    client.post(url, typed_for(event, hosts=host.handle, helpers="", **{"initial-helpers": "Ada"}))
    assert [helper.name for helper in helping.helpers_of(event)] == ["Zoe"]
    client.force_login(ada)
    assert not helping.gives_help(ada, event)


def test_who_cannot_help_or_does_not_see_the_event_is_not_named(client):
    make_club()
    host, new = make_member(), make_new_member(name="New")
    make_member(name="Outside")
    event = make_event(kind="homework_party", visibility="invited", hosts=[host], invited=[new])
    url = reverse("events:event_edit", args=[event.pk])
    client.force_login(host)
    page = client.post(url, typed_for(event, hosts=host.handle, invited=new.handle, helpers="New, Outside"))
    assert page.status_code == 422
    assert "New cannot help here" in page.content.decode()
    assert "Outside is not invited" in page.content.decode()
    assert not HelperOffer.objects.exists()


def test_who_was_named_where_nobody_is_wanted_says_that_they_cannot(client):
    make_club()
    helper = make_member()
    event = make_event(visibility="members")
    helping.name(event, helper, by=make_member(), now=timezone.now())
    client.force_login(helper)
    assert "I cannot help after all" in client.get(event.get_absolute_url()).content.decode()
    client.post(reverse("events:help_offer", args=[event.pk]), {"withdraw": "1"})
    assert helping.helpers_of(event) == []
    assert "I can help" not in client.get(event.get_absolute_url()).content.decode()
