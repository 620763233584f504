from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import check_in, registrations
from events.models import Attendance
from tests.factories import make_club, make_event, make_member, make_officer, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    return make_club()


@pytest.fixture
def event():
    return make_event(starts_at=timezone.now(), visibility="members", title="Papers")


def page_of(event, now=None):
    return reverse("events:code_check_in", args=[check_in.code_of(event, now or timezone.now())])


def test_a_code_counts_in_its_minute_and_the_next_one(event):
    now = timezone.now().replace(second=0)
    code = check_in.code_of(event, now)
    assert check_in.code_of(event, now + timedelta(seconds=59)) == code
    assert check_in.code_of(event, now + timedelta(minutes=1)) != code
    assert check_in.event_of(code.lower(), now + timedelta(seconds=119)) == event
    assert check_in.event_of(code, now + timedelta(minutes=2)) is None
    assert check_in.event_of(code, now - timedelta(minutes=1)) is None
    assert check_in.event_of("", now) is None


def test_codes_of_two_events_differ_and_closed_events_have_none(event):
    now = timezone.now()
    other = make_event(starts_at=now)
    assert check_in.code_of(other, now) != check_in.code_of(event, now)
    over = make_event(starts_at=now - timedelta(days=1))
    assert check_in.event_of(check_in.code_of(over, now), now) is None


def test_scanning_and_one_tap_checks_a_member_in(client, event):
    member = make_member()
    client.force_login(member)
    page = client.get(page_of(event)).content.decode()
    assert "I’m here" in page
    assert Attendance.objects.count() == 0, "opening the page changes nothing"
    assert "is checked in to Papers" in client.post(page_of(event)).content.decode()
    assert Attendance.objects.get().user == member
    assert "You are checked in" in client.get(page_of(event)).content.decode()
    assert client.post(page_of(event)).status_code == 200
    assert Attendance.objects.count() == 1


def test_a_walk_in_gives_name_and_address(client, event):
    bad = client.post(page_of(event), {"name": "", "email": "w@post.example"})
    assert bad.status_code == 422
    assert 'value="w@post.example"' in bad.content.decode()
    client.post(page_of(event), {"name": "Wilma", "email": "w@post.example"})
    row = Attendance.objects.get()
    assert (row.user, row.name, row.email, row.source) == (None, "Wilma", "w@post.example", "walk_in")
    client.post(page_of(event), {"name": "Wilma again", "email": "W@post.example"})
    assert Attendance.objects.count() == 1


def test_the_code_survives_signing_in(client, event):
    """Signing in may take longer than a code lives."""
    old = page_of(event, timezone.now() - timedelta(seconds=50))
    client.get(old)
    member = make_member()
    session = client.session
    session["check_in_pass"] = [event.pk, (timezone.now() - timedelta(minutes=15)).timestamp()]
    session.save()
    client.force_login(member)
    stale = reverse("events:code_check_in", args=["ZZZZZZ"])
    assert client.post(stale).status_code == 200
    assert Attendance.objects.get().user == member


def test_an_old_code_is_refused_in_words(client, event):
    old = page_of(event, timezone.now() - timedelta(minutes=5))
    for answer in (client.get(old), client.post(old)):
        assert answer.status_code == 404
        assert "Codes change each minute" in answer.content.decode()
    session = client.session
    session["check_in_pass"] = [event.pk, (timezone.now() - timedelta(minutes=21)).timestamp()]
    session.save()
    assert client.post(old).status_code == 404


def test_a_code_can_be_typed(client, event):
    code = check_in.code_of(event, timezone.now())
    assert client.get(reverse("events:code_entry")).status_code == 200
    assert client.get(reverse("events:code_entry"), {"code": code}).url == f"/c/{code}/"


def test_the_screen_shows_qr_code_and_count(client, event):
    officer = make_officer()
    registrations.register(make_event(), officer)
    registrations.check_in(event, make_user())
    client.force_login(officer)
    screen = reverse("events:event_screen", args=[event.pk])
    page = client.get(screen).content.decode()
    assert check_in.code_of(event, timezone.now()) in page
    assert '<svg class="qr"' in page
    assert "style=" not in page
    assert "<b>1</b> is here" in page
    part = client.get(screen, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part


def test_the_screen_is_for_hosts_and_officers(client, event):
    client.force_login(make_member())
    assert client.get(reverse("events:event_screen", args=[event.pk])).status_code == 403


def test_the_door_checks_in_undoes_and_finds_stragglers(client):
    host = make_member()
    event = make_event(starts_at=timezone.now(), hosts=[host], capacity=5)
    expected, straggler = make_member(name="Ada Quill"), make_member(name="Bo Marsh")
    row = registrations.register(make_event(), expected).registration
    door = reverse("events:event_door", args=[event.pk])
    client.force_login(host)
    assert client.post(door, {"registration": row.pk}).status_code == 404, "a registration of another event"
    page = client.get(door, {"q": "mar"}).content.decode()
    assert "Bo Marsh" in page
    client.post(door, {"user": straggler.pk})
    arrival = Attendance.objects.get(user=straggler)
    assert (arrival.source, arrival.by) == ("door", host)
    assert "Bo Marsh" in client.get(door).content.decode()
    client.post(reverse("events:door_undo", args=[event.pk]), {"attendance": arrival.pk})
    assert not Attendance.objects.exists()
    bad = client.post(door, {"walk_in": "1", "walk_in-name": "Wil", "walk_in-email": "nothing"})
    assert bad.status_code == 422
    client.post(door, {"walk_in": "1", "walk_in-name": "Wil", "walk_in-email": "wil@post.example"})
    assert Attendance.objects.get().name == "Wil"
    assert client.post(door, {"user": "nobody"}).status_code == 404


def test_the_door_lets_nobody_in_a_day_early(client):
    host, guest = make_member(), make_member()
    event = make_event(starts_at=timezone.now() + timedelta(days=1), hosts=[host])
    client.force_login(host)
    page = client.post(reverse("events:event_door", args=[event.pk]), {"user": guest.pk}, follow=True)
    assert "Check-in opens an hour before" in page.content.decode()
    assert not Attendance.objects.exists()


@pytest.mark.parametrize("typed", [" a/b", "..", "%2F", "<b>"])
def test_a_code_with_odd_signs_is_no_error(client, typed):
    response = client.get(reverse("events:code_entry"), {"code": typed}, follow=True)
    assert response.status_code in {200, 404}
