import csv
import io
import json
import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events import door, notifications, registrations
from events.models import Attendance, DoorTick, HeadCount, Registration
from members.models import AuditEntry
from mlclub.refusal import Refused
from tests.factories import make_club, make_event, make_member, make_officer, make_registration, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    return make_club()


@pytest.fixture
def host(client):
    host = make_member(name="Hedy Host")
    client.force_login(host)
    return host


@pytest.fixture
def event(host):
    return make_event(starts_at=timezone.now() - timedelta(minutes=20), hosts=[host], title="Papers")


def tick(act="in", *, minutes=0, key=None, **more):
    at = timezone.now() - timedelta(minutes=minutes)
    return {"key": str(key or uuid.uuid4()), "act": act, "at": at.isoformat(), **more}


def send(client, event, *ticks):
    address = reverse("events:door_ticks", args=[event.pk])
    return client.post(address, json.dumps(ticks), content_type="application/json")


def test_a_tick_counts_once_however_often_it_is_sent_and_at_the_moment_of_the_tap(client, event):
    row = make_registration(event=event, user=make_member())
    one = tick(who=f"r{row.pk}", minutes=12)
    first, second = send(client, event, one).json(), send(client, event, one, one).json()
    attendance = Attendance.objects.get()
    assert (attendance.user, attendance.at.isoformat()) == (row.user, one["at"])
    assert first["ticks"] == [{"key": one["key"], "attendance": attendance.pk, "sentence": ""}]
    assert second["ticks"] == first["ticks"] * 2


def test_a_tick_sent_again_after_it_was_taken_back_brings_nobody_back(client, event):
    one = tick(who=f"u{make_member().pk}")
    send(client, event, one)
    send(client, event, tick("undo", of=one["key"]))
    assert not Attendance.objects.exists()
    send(client, event, one)
    assert not Attendance.objects.exists()
    assert AuditEntry.objects.filter(action="attendance.taken-back").count() == 1


def test_taking_back_an_old_tick_leaves_a_newer_one(client, event):
    """One browser was away when it took somebody back; meanwhile they were checked in again elsewhere."""
    person = make_member()
    old = send(client, event, tick(who=f"u{person.pk}")).json()["ticks"][0]["attendance"]
    registrations.undo_check_in(event, old)
    send(client, event, tick(who=f"u{person.pk}"))
    send(client, event, tick("undo", attendance=old, minutes=3))
    assert Attendance.objects.get().user == person


def test_what_is_impossible_is_refused_with_a_sentence_and_stays_refused(client, event):
    early = tick(who=f"u{make_member().pk}", minutes=120)
    gone = tick(who="r999999")
    nameless = tick(name="", email="wil@post.example")
    wrong = tick(name="Wil", email="nothing")
    answers = send(client, event, early, gone, nameless, wrong).json()["ticks"]
    assert [each["sentence"] for each in answers] == [
        "Check-in opens an hour before the event begins.",
        "This registration is not there any more.",
        "A walk-in needs a name.",
        "Wil needs a mail address, such as ada@post.example.",
    ]
    assert send(client, event, early).json()["ticks"] == answers[:1]
    assert not Attendance.objects.exists()


def test_a_fast_clock_brings_nobody_from_the_future(client, event):
    send(client, event, tick(who=f"u{make_member().pk}", minutes=-600))
    assert Attendance.objects.get().at <= timezone.now()


@pytest.mark.parametrize(
    "body", ["", "{", "{}", "[1]", '[{"key": "x"}]', '[{"key": "1", "act": "in"}]', "[" * 3000, "[null]"]
)
def test_nonsense_is_no_tick(client, event, body):
    address = reverse("events:door_ticks", args=[event.pk])
    assert client.post(address, body, content_type="application/json").status_code == 422
    assert not DoorTick.objects.exists()


def test_a_registration_of_another_event_is_none_here(client, event):
    other = make_registration(event=make_event(), user=make_member())
    answer = send(client, event, tick(who=f"r{other.pk}")).json()["ticks"][0]
    assert answer["sentence"] == "This registration is not there any more."


def test_the_list_is_for_hosts_and_officers(client, event):
    addresses = [reverse(f"events:door_{page}", args=[event.pk]) for page in ("roster", "ticks")]
    client.force_login(make_member())
    assert client.get(addresses[0]).status_code == 403
    assert client.post(addresses[1], "[]", content_type="application/json").status_code == 403
    client.force_login(make_officer(slug="events"))
    assert client.get(addresses[0]).status_code == 200


def test_a_browser_that_has_the_list_gets_it_again_only_when_it_changed(client, event):
    make_registration(event=event, user=make_member(name="Ada Quill"))
    straggler = make_member(name="Bo Marsh")
    address = reverse("events:door_roster", args=[event.pk])
    first = client.get(address)
    assert [each["name"] for each in first.json()["people"]] == ["Ada Quill"]
    assert {"id": f"u{straggler.pk}", "name": "Bo Marsh"} in first.json()["others"]
    again = {"If-None-Match": first["ETag"]}
    assert client.get(address, headers=again).status_code == 304
    registrations.check_in(event, straggler)
    changed = client.get(address, headers=again)
    assert [each["name"] for each in changed.json()["people"] if each.get("attendance")] == ["Bo Marsh"]
    assert "@" not in first.content.decode(), "no address leaves with the list"


@pytest.mark.parametrize("size", [1, 5])
def test_the_door_costs_the_same_for_any_number_of_people(client, event, size, django_assert_max_num_queries):
    for _ in range(size):
        make_registration(event=event, user=make_member())
        registrations.check_in(event, make_member())
    for page in ("event_door", "door_roster", "event_people"):
        with django_assert_max_num_queries(15):
            assert client.get(reverse(f"events:{page}", args=[event.pk])).status_code == 200


def test_who_was_there_can_be_put_right_for_two_weeks_with_a_line_in_the_trail(client, event, host):
    straggler = make_member()
    event.starts_at, event.ends_at = (timezone.now() - timedelta(days=3, hours=n) for n in (2, 0))
    event.save()
    address = reverse("events:event_door", args=[event.pk])
    client.post(address, {"user": straggler.pk})
    row = Attendance.objects.get()
    assert AuditEntry.objects.filter(action="attendance.added", actor=host).count() == 1
    late = event.ends_at + door.EDITS_FOR
    with pytest.raises(Refused):
        door.take_back(event, row.pk, by=host, now=late)
    with pytest.raises(Refused):
        door.let_in(event, user=make_member(), by=host, at=late, now=late)


def test_a_counted_room_says_how_many_of_it_were_caught(client, event):
    registrations.check_in(event, make_member())
    address = reverse("events:head_count", args=[event.pk])
    assert client.post(address, {"people": "-3"}).status_code == 422
    client.post(address, {"people": "5"})
    client.post(address, {"people": "4"})
    assert HeadCount.objects.get().people == 4
    page = client.get(reverse("events:event_people", args=[event.pk])).content.decode()
    assert "25 %" in page


def test_the_export_has_no_formulas_and_addresses_only_for_officers(client, event):
    make_registration(event=event, name="=cmd()", email="f@post.example")
    address = reverse("events:people_export", args=[event.pk])
    table = client.post(address).content.decode()
    assert "'=cmd()" in table
    assert "f@post.example" not in table
    officer = make_officer(slug="events")
    client.force_login(officer)
    assert "f@post.example" in client.post(address).content.decode()
    assert AuditEntry.objects.filter(action="registrations.exported").count() == 2


def test_one_file_holds_who_signed_up_who_was_there_and_who_left(client, event):
    ada, gus = make_member(name="Ada"), make_member(name="Gus")
    make_registration(event=event, user=ada)
    registrations.check_in(event, ada)
    row = make_registration(event=event, user=gus)
    registrations.cancel(row, reason="ill", by=gus)
    registrations.check_in(event, name="Wil", email="wil@post.example", source=Attendance.Source.WALK_IN)
    text = client.post(reverse("events:people_export", args=[event.pk])).content.decode()
    rows = [
        (row["name"], row["state"], row["there"], row["why"]) for row in csv.DictReader(io.StringIO(text))
    ]
    assert rows == [
        ("Ada", "seat", "yes", ""),
        ("Wil", "not registered", "yes", ""),
        ("Gus", "Cancelled", "", "ill"),
    ]


def test_five_hundred_on_the_list_make_no_heavy_page(client, event, django_assert_max_num_queries):
    now = timezone.now()
    Registration.objects.bulk_create(
        Registration(
            event=event, name=f"Guest {n:03}", email=f"guest{n}@post.example", created_at=now, updated_at=now
        )
        for n in range(500)
    )
    people, door_page = (
        reverse(f"events:{name}", args=[event.pk]) for name in ("event_people", "event_door")
    )
    for address in (people, door_page):
        with django_assert_max_num_queries(15):
            page = client.get(address)
        assert len(page.content) < 60_000
        assert b"Guest 000" in page.content
        assert b"Guest 499" not in page.content
        assert b"Guest 499" in client.get(address, {"q": "t 499"}).content
    assert "500 people" in client.get(people).content.decode()
    roster = client.get(reverse("events:door_roster", args=[event.pk]))
    assert len(roster.json()["people"]) == 500
    assert len(roster.content) < 40_000


def test_below_the_code_a_part_of_a_name_checks_in_whoever_alone_is_meant(client, event):
    ada = make_member(name="Ada Quill")
    make_registration(event=event, user=make_member(name="Bo Marsh"))
    make_registration(event=event, name="Bo Reed", email="bo@post.example")
    address, screen = (reverse(f"events:{name}", args=[event.pk]) for name in ("event_door", "event_screen"))
    assert "without a phone" in client.get(screen).content.decode()
    assert client.post(address, {"straggler": "uil"}).url == screen
    assert event.attendances.get().user == ada
    assert client.post(address, {"straggler": "bo"}).url == f"{address}?q=bo", "two are meant"
    assert client.post(address, {"straggler": "bo r"}).url == screen
    assert client.post(address, {"straggler": "bo"}).url == screen, "only one of them is not here yet"
    assert event.attendances.count() == 3
    for typed in ("", "nobody"):
        assert client.post(address, {"straggler": typed}).url.startswith(f"{address}?q=")


# ── Walk-ins ──


def walk_in(event, email="wil@post.example", name="Wil"):
    return registrations.check_in(event, name=name, email=email, source=Attendance.Source.WALK_IN)


def letters(now=None):
    mail.outbox.clear()
    call_command("notify", "--once", *(["--now", now.isoformat()] if now else []))
    return mail.outbox


def address_in(letter):
    return (
        next(line for line in letter.body.split() if "/was-me/" in line).partition("//")[2].partition("/")[2]
    )


def test_a_walk_in_gets_one_mail_when_it_is_over_with_the_next_public_dates(client, event):
    make_event(title="Open evening", starts_at=event.ends_at + timedelta(days=7))
    make_event(title="Secret evening", visibility="members", starts_at=event.ends_at + timedelta(days=6))
    walk_in(event)
    assert letters() == []
    (letter,) = letters(event.ends_at + timedelta(minutes=1))
    assert (letter.to, letter.subject) == (["wil@post.example"], "Glad you came: Papers")
    assert "Open evening" in letter.body
    assert "Secret evening" not in letter.body
    walk_in(make_event(starts_at=timezone.now()))
    assert letters(event.ends_at + timedelta(hours=5)) == []


def test_the_link_changes_nothing_until_somebody_presses(client, event):
    walk_in(event)
    (letter,) = letters(event.ends_at + timedelta(minutes=1))
    client.logout()
    address = "/" + address_in(letter)
    page = client.get(address)
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert Attendance.objects.get().confirmed_at is None
    assert "Thank you" in client.post(address, {"me": "1"}).content.decode()
    assert Attendance.objects.get().confirmed_at is not None
    assert "It was confirmed before" in client.post(address, {"not_me": "1"}).content.decode()
    assert client.get(address[:-3] + "xx/").status_code == 404


def test_an_address_that_somebody_else_gave_is_erased_at_its_owners_wish(client, event):
    attendance = walk_in(event).attendance
    client.logout()
    address = reverse("events:walk_in_confirm", args=[notifications.token_of(attendance)])
    assert "Your address is erased" in client.post(address, {"not_me": "1"}).content.decode()
    assert not Attendance.objects.exists()
    assert client.get(address).status_code == 404


def test_a_walk_in_whose_address_has_an_account_joins_it_by_the_link_and_the_page_says_nothing(client, event):
    owner = make_user(email="owner@post.example")
    client.logout()
    code = reverse("events:code_check_in", args=[door_code(event)])
    pages = []
    for email in ("owner@post.example", "nobody@post.example"):
        page = client.post(code, {"name": "Wil", "email": email}).content.decode()
        pages.append(page)
    assert pages[0] == pages[1]
    row = Attendance.objects.get(email="owner@post.example")
    assert row.user is None, "whoever types an address does not speak for its owner"
    assert (
        "It stands on your account"
        in client.post(
            reverse("events:walk_in_confirm", args=[notifications.token_of(row)]), {"me": "1"}
        ).content.decode()
    )
    row.refresh_from_db()
    assert (row.user, row.name, row.email) == (owner, "", "")


def door_code(event):
    from events import check_in

    return check_in.code_of(event, timezone.now())


def test_whoever_is_here_with_an_account_and_gives_its_address_is_one_person(event):
    owner = make_user(email="owner@post.example")
    registrations.check_in(event, owner)
    outcome = walk_in(event, email="Owner@post.example")
    assert outcome.is_repeat
    assert Attendance.objects.get().user == owner


def test_signing_up_later_with_the_address_brings_what_was_there(event):
    walk_in(event)
    person = make_user(email="wil@post.example")
    registrations.merge_into_account(person, "wil@post.example")
    assert Attendance.objects.get().user == person
    assert letters(event.ends_at + timedelta(minutes=1)) == [], "who has an account by then is not asked"


def test_wrong_codes_are_tried_only_so_often(client, event):
    client.logout()
    wrong = reverse("events:code_check_in", args=["ZZZZZZ"])
    answers = [client.get(wrong).status_code for _ in range(61)]
    assert (answers[0], answers[-1]) == (404, 429)
