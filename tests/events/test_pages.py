"""Each page: whom it is for, whom it is not for, bad input, and the edge."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events import registrations
from events.models import Event, Registration
from members.models import Club
from tests.factories import (
    make_alumnus,
    make_club,
    make_event,
    make_material,
    make_member,
    make_officer,
    make_series,
    make_talk,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    return make_club()


def address(name, event, *more):
    return reverse(f"events:{name}", args=[event.pk, *more])


# ── The list ──


def test_the_list_shows_a_stranger_what_is_open_to_everyone_and_nothing_else(client):
    make_event(title="Open evening", visibility="public")
    make_event(title="Among ourselves", visibility="members")
    make_event(title="A few of us", visibility="invited")
    page = client.get(reverse("events:event_list")).content.decode()
    assert "Open evening" in page
    assert "Among ourselves" not in page
    assert "A few of us" not in page


def test_members_and_alumni_see_the_members_events_and_who_is_invited_sees_the_rest(client):
    member, alumnus, account = make_member(), make_alumnus(), make_user()
    make_event(title="Among ourselves", visibility="members")
    make_event(title="A few of us", visibility="invited", invited=[account])
    for person, seen in [(member, [True, False]), (alumnus, [True, False]), (account, [False, True])]:
        client.force_login(person)
        page = client.get(reverse("events:event_list")).content.decode()
        assert [title in page for title in ("Among ourselves", "A few of us")] == seen


def test_one_click_in_the_list_signs_up(client):
    event, member = make_event(title="Soup"), make_member()
    client.force_login(member)
    page = client.get(reverse("events:event_list")).content.decode()
    assert f'action="{address("event_register", event)}"' in page
    answer = client.post(address("event_register", event), {"next": "/events/"}, follow=True)
    assert answer.redirect_chain == [("/events/", 302)]
    assert "You are going to Soup." in answer.content.decode()
    assert Registration.objects.get().user == member


def test_with_htmx_the_answer_is_the_button_alone(client):
    event, member = make_event(capacity=1), make_member()
    registrations.register(event, make_user())
    client.force_login(member)
    answer = client.post(address("event_register", event), headers={"HX-Request": "true"}).content.decode()
    assert "Waiting, 1st" in answer
    assert "<html" not in answer


def test_the_list_never_sends_anybody_to_another_site(client):
    client.force_login(make_member())
    answer = client.post(address("event_register", make_event()), {"next": "https://elsewhere.example/"})
    assert answer.url.startswith("/events/")


def test_filters_and_other_weeks(client):
    member = make_member()
    mine = make_event(title="Mine", kind="workshop")
    make_event(title="Not mine", kind="social")
    make_event(title="Far away", starts_at=timezone.now() + timedelta(days=60))
    registrations.register(mine, member)
    client.force_login(member)

    def titles(query):
        page = client.get(reverse("events:event_list") + query).content.decode()
        return [title for title in ("Mine<", "Not mine", "Far away") if title in page]

    assert titles("") == ["Mine<", "Not mine"]
    assert titles("?kind=social") == ["Not mine"]
    assert titles("?whom=mine") == ["Mine<"]
    assert titles("?kind=nonsense&from=never") == ["Mine<", "Not mine"]
    later = (timezone.now() + timedelta(days=60)).date().isoformat()
    assert titles(f"?from={later}") == ["Far away"]


def test_a_busy_list_ends_after_a_whole_week_and_goes_on_on_the_next_page(client):
    monday = timezone.localtime(timezone.now()).replace(hour=12) + timedelta(days=70)
    monday -= timedelta(days=monday.weekday())
    for n in range(20):
        make_event(title=f"First {n}", starts_at=monday + timedelta(hours=n))
        make_event(title=f"Second {n}", starts_at=monday + timedelta(days=8, hours=n))
    page = client.get(reverse("events:event_list"), {"from": monday.date().isoformat()}).content.decode()
    assert "First 19" in page
    assert "Second " not in page
    following = (monday + timedelta(days=7)).date().isoformat()
    assert f"from={following}" in page
    later = client.get(reverse("events:event_list"), {"from": following}).content.decode()
    assert "First " not in later
    assert "Second 19" in later


def test_the_month_shows_each_event_on_its_day(client):
    event = make_event(title="In the month")
    month = timezone.localtime(event.starts_at).strftime("%Y-%m")
    page = client.get(reverse("events:event_list") + f"?view=month&month={month}").content.decode()
    assert page.count("In the month") == 1
    assert client.get(reverse("events:event_list") + "?view=month&month=99-99").status_code == 200


# ── One event ──


def test_a_members_event_is_a_404_to_a_stranger_that_offers_to_sign_in(client):
    event = make_event(visibility="members")
    answer = client.get(event.get_absolute_url())
    assert answer.status_code == 404
    assert f"/accounts/login/?next={event.get_absolute_url()}" in answer.content.decode()


def test_the_meeting_link_is_shown_to_who_is_going_and_to_hosts_and_officers(client):
    host, going, waiting, member, officer = (
        make_member(),
        make_member(),
        make_member(),
        make_member(),
        make_officer(),
    )
    event = make_event(online_url="https://meet.example/xyz", hosts=[host], capacity=1)
    registrations.register(event, going)
    registrations.register(event, waiting)
    sees = []
    for person in (host, going, waiting, member, officer):
        client.force_login(person)
        sees.append("https://meet.example/xyz" in client.get(event.get_absolute_url()).content.decode())
    assert sees == [True, True, False, False, True]


def test_names_are_shown_to_members_as_far_as_people_agree_and_to_hosts_all(client):
    open_one, shy, host = make_member(name="Ona Fair"), make_member(name="Tam Hush"), make_member()
    shy.shows_registrations = False
    shy.save()
    event = make_event(hosts=[host])
    registrations.register(event, open_one)
    registrations.register(event, shy)

    def names(person):
        client.logout()
        if person:
            client.force_login(person)
        page = client.get(event.get_absolute_url()).content.decode()
        return [name for name in ("Ona Fair", "Tam Hush") if name in page]

    assert names(None) == []
    assert names(make_user()) == []
    assert names(make_member()) == ["Ona Fair"]
    assert names(host) == ["Ona Fair", "Tam Hush"]


def test_leaving_asks_why_and_the_button_comes_back(client):
    event, member = make_event(), make_member()
    registrations.register(event, member)
    client.force_login(member)
    page = client.post(
        address("event_leave", event), {"reason": "exam", "part": "seat"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "Are you coming?" in page
    assert Registration.objects.get().reason == "exam"
    assert client.post(address("event_leave", event), follow=True).status_code == 200


def test_whoever_signs_up_on_the_page_stands_at_once_among_those_who_go(client):
    event = make_event(visibility="members")
    client.force_login(make_member())
    said = {"part": "seat"}

    answer = client.post(address("event_register", event), said, headers={"HX-Request": "true"})
    assert 'id="going"' in answer.content.decode()
    assert "hx-swap-oob" in answer.content.decode()
    assert ">1</span>" in answer.content.decode()

    answer = client.post(address("event_leave", event), said, headers={"HX-Request": "true"})
    assert "Nobody yet." in answer.content.decode()
    assert "hx-swap-oob" not in client.get(event.get_absolute_url()).content.decode()


def test_an_offer_is_answered_on_the_page(client):
    event, member, other = make_event(capacity=1, uses_offers=True), make_member(), make_user()
    first = registrations.register(event, other).registration
    registrations.register(event, member)
    registrations.cancel(first)
    client.force_login(member)
    assert "A seat is yours if you want it" in client.get(event.get_absolute_url()).content.decode()
    assert "You are going" in client.post(address("event_accept", event), follow=True).content.decode()


def test_guests_need_a_name_and_an_address(client):
    event, member = make_event(guests_allowed=1), make_member()
    registrations.register(event, member)
    client.force_login(member)
    bad = client.post(address("guest_register", event), {"name": "Gus", "email": "nothing"})
    assert bad.status_code == 422
    assert 'value="Gus"' in bad.content.decode()
    client.post(address("guest_register", event), {"name": "Gus", "email": "gus@post.example"})
    assert Registration.objects.filter(guest_of__user=member, name="Gus").exists()


def test_every_state_of_the_seat_is_drawn(client):
    now, member = timezone.now(), make_member()
    client.force_login(member)
    states = [
        (make_event(state="cancelled", cancelled_reason="The hall is flooded"), "The hall is flooded"),
        (make_event(starts_at=now - timedelta(days=2)), "It is over"),
        (make_event(registration_opens_at=now + timedelta(days=1)), "Sign-up opens"),
        (make_event(registration_closes_at=now - timedelta(hours=1)), "Sign-up is closed"),
        (make_event(capacity=2), "0 of 2 seats are taken"),
        (make_event(place=""), "No place yet"),
    ]
    for event, words in states:
        assert words in client.get(event.get_absolute_url()).content.decode()
        assert client.get(reverse("events:event_list")).status_code == 200


def test_the_address_is_mended_when_the_title_changed(client):
    event = make_event(title="New name")
    answer = client.get(reverse("events:event_detail", args=[event.pk, "old-name"]))
    assert answer.url == event.get_absolute_url()


def test_markup_in_a_title_or_description_is_harmless(client):
    event = make_event(
        title="<script>alert(1)</script>", description="<script>alert(2)</script>", summary="<b>x</b>"
    )
    for url in (event.get_absolute_url(), reverse("events:event_list")):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page


# ── Materials ──


def test_materials_show_when_released_and_to_whom_they_are_for(client):
    now, host, member, account = timezone.now(), make_member(), make_member(), make_user()
    event = make_event(starts_at=now - timedelta(days=1), hosts=[host])
    make_material(event=event, title="For all", visibility="public")
    make_material(event=event, title="For members")
    make_material(event=event, title="For later", visible_from=now + timedelta(days=1))

    def seen(person):
        client.logout()
        if person:
            client.force_login(person)
        page = client.get(event.get_absolute_url()).content.decode()
        return [title for title in ("For all", "For members", "For later") if title in page]

    assert seen(None) == ["For all"]
    assert seen(account) == ["For all"]
    registrations.check_in(event, account, by=host)
    assert seen(account) == ["For all", "For members"]
    assert seen(member) == ["For all", "For members"]
    assert seen(host) == ["For all", "For members", "For later"]


def test_a_host_adds_slides_as_a_file_which_only_members_can_fetch(client):
    from django.core.files.uploadedfile import SimpleUploadedFile

    host, event = make_member(), None
    event = make_event(starts_at=timezone.now() - timedelta(days=1), hosts=[host])
    client.force_login(host)
    empty = client.post(
        address("material_create", event), {"kind": "slides", "title": "Deck", "visibility": "members"}
    )
    assert empty.status_code == 422
    file = SimpleUploadedFile("deck.pdf", b"%PDF-1.7 slides", content_type="application/pdf")
    client.post(
        address("material_create", event),
        {"kind": "slides", "title": "Deck", "visibility": "members", "file": file},
    )
    fetch = reverse("events:material_file", args=[event.materials.get().pk])
    assert b"".join(client.get(fetch).streaming_content) == b"%PDF-1.7 slides"
    client.logout()
    assert client.get(fetch).status_code == 404


def test_a_recording_is_refused_when_the_speaker_said_no(client):
    host = make_member()
    event = make_event(hosts=[host])
    make_talk(event=event, title="Quietly", may_record=False)
    client.force_login(host)
    answer = client.post(
        address("material_create", event),
        {
            "kind": "recording",
            "title": "Film",
            "visibility": "members",
            "url": "https://files.club.example/film",
        },
    )
    assert answer.status_code == 422
    assert "said no to being recorded" in answer.content.decode()


def test_slides_and_recordings_have_a_page(client):
    event = make_event(starts_at=timezone.now() - timedelta(days=1), visibility="public")
    make_material(event=event, title="Open deck", kind="slides", visibility="public")
    make_material(event=event, title="Inner deck", kind="slides")
    page = client.get(reverse("events:recording_list")).content.decode()
    assert "Open deck" in page
    assert "Inner deck" not in page
    assert client.get(reverse("events:recording_list") + "?kind=nonsense").status_code == 422


# ── Who may run what ──

RUNNERS = [
    "event_people",
    "event_screen",
    "event_door",
    "event_edit",
    "event_move",
    "event_cancel",
    "talk_create",
    "material_create",
]


@pytest.mark.parametrize("name", RUNNERS)
def test_only_hosts_and_officers_run_an_event(client, name):
    host, officer, member, account = make_member(), make_officer(slug="library"), make_member(), make_user()
    event = make_event(visibility="members", hosts=[host])
    registrations.register(event, member)
    answers = []
    for person in (host, officer, member, account, None):
        client.logout()
        if person:
            client.force_login(person)
        answers.append(client.get(address(name, event)).status_code)
    assert answers == [200, 200, 403, 404, 302]


@pytest.mark.parametrize("name", ["event_create", "series_create"])
def test_only_officers_make_events(client, name):
    answers = []
    for person in (make_officer(), make_member(), None):
        client.logout()
        if person:
            client.force_login(person)
        answers.append(client.get(reverse(f"events:{name}")).status_code)
    assert answers == [200, 403, 302]


def test_an_officer_makes_an_event(client):
    officer = make_officer()
    client.force_login(officer)
    data = {
        "title": "Open lab",
        "kind": "workshop",
        "starts_at": "2031-03-04T18:00",
        "ends_at": "2031-03-04T20:00",
        "visibility": "members",
        "guests_allowed": "0",
        "hosts": officer.handle,
    }
    bad = client.post(
        reverse("events:event_create"), {**data, "ends_at": "2031-03-04T17:00", "hosts": "nobody at all"}
    )
    assert bad.status_code == 422
    assert "It must end after it begins." in bad.content.decode()
    assert "Nobody here is called" in bad.content.decode()
    client.post(reverse("events:event_create"), data)
    event = Event.objects.get()
    assert (event.title, event.starts_at.isoformat(), list(event.hosts.all())) == (
        "Open lab",
        "2031-03-05T02:00:00+00:00",
        [officer],
    )


def test_editing_keeps_what_is_typed_and_takes_nobodys_seat(client):
    host = make_member()
    event = make_event(hosts=[host], capacity=3)
    for _ in range(3):
        registrations.register(event, make_user())
    client.force_login(host)
    data = {
        "title": "Renamed",
        "kind": "social",
        "visibility": "public",
        "guests_allowed": "0",
        "hosts": host.handle,
    }
    refused = client.post(address("event_edit", event), {**data, "capacity": "2"})
    assert refused.status_code == 422
    assert "3 people have a seat" in refused.content.decode()
    assert 'value="Renamed"' in refused.content.decode()
    client.post(address("event_edit", event), {**data, "capacity": "5"})
    event.refresh_from_db()
    assert (event.title, event.capacity) == ("Renamed", 5)


def test_moving_and_cancelling_say_how_many_mails_go(client):
    host = make_member()
    event = make_event(hosts=[host])
    for _ in range(4):
        registrations.register(event, make_user())
    client.force_login(host)
    assert "Cancel the event, mail 4" in client.get(address("event_cancel", event)).content.decode()
    assert "Move the event, mail 4" in client.get(address("event_move", event)).content.decode()
    refused = client.post(address("event_cancel", event), {"reason": "", "scope": "this"})
    assert refused.status_code == 422
    done = client.post(address("event_cancel", event), {"reason": "Storm", "scope": "this"}, follow=True)
    assert "4 mails go out" in done.content.decode()
    assert "Storm" in done.content.decode()
    assert client.get(address("event_cancel", event)).status_code == 302


def test_a_weekly_series_of_twelve_takes_three_steps(client):
    officer = make_officer()
    client.force_login(officer)
    page = client.get(reverse("events:event_list")).content.decode()
    assert reverse("events:series_create") in page
    form = client.get(reverse("events:series_create")).context["form"]
    data = {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False)}
    data |= {"name": "Tuesday papers", "hosts": officer.handle, "first_on": "2031-03-04"}
    preview = client.post(
        reverse("events:series_create"), {**data, "preview": "1"}, headers={"HX-Request": "true"}
    )
    assert "12 dates" in preview.content.decode()
    assert Event.objects.count() == 0
    client.post(reverse("events:series_create"), data)
    assert Event.objects.count() == 12
    bad = client.post(reverse("events:series_create"), {**data, "count": "", "last_on": ""})
    assert bad.status_code == 422
    assert "Say how many times" in bad.content.decode()


def test_the_page_of_a_series_and_its_edit(client):
    host = make_member()
    series = make_series(name="Tuesday papers", hosts=[host], times=3)
    page = client.get(series.get_absolute_url()).content.decode()
    assert page.count("Tuesday papers</a></h3>") == 3
    client.force_login(host)
    edit = reverse("events:series_edit", args=[series.slug])
    data = {
        "name": "Papers",
        "kind": "reading_group",
        "count": "5",
        "visibility": "public",
        "hosts": host.handle,
    }
    client.post(edit, data)
    assert series.events.count() == 5
    client.force_login(make_member())
    assert client.get(edit).status_code == 403


def test_only_hosts_read_the_notes_on_food(client):
    host, officer = make_member(), make_officer()
    event = make_event(hosts=[host], asks_note=True)
    registrations.register(event, make_user(name="Vera Green"), note="vegan, step-free")
    seen = []
    for person in (host, officer):
        client.force_login(person)
        page = client.get(address("event_people", event)).content.decode()
        seen.append(("Vera Green" in page, "vegan, step-free" in page))
    assert seen == [(True, True), (True, False)]


def test_a_host_takes_somebody_off_the_list(client):
    host = make_member()
    event = make_event(hosts=[host])
    row = registrations.register(event, make_user()).registration
    client.force_login(host)
    client.post(address("people_cancel", event, row.pk))
    row.refresh_from_db()
    assert row.state == "cancelled"
    assert client.post(address("people_cancel", make_event(hosts=[host]), row.pk)).status_code == 404


# ── Queries ──


def test_pages_cost_the_same_for_any_number_of_rows(client):
    member, host, series = make_member(), make_member(), None
    costs = {}
    for size in (1, 5, 10):
        Event.objects.all().delete()
        series = make_series(times=size, hosts=[host], slug=f"weekly-{size}")
        event = make_event(hosts=[host], capacity=100)
        for other in series.events.all():
            registrations.register(other, member)
            make_talk(event=other, title="T", speakers=[make_user()])
            make_material(event=other, kind="slides")
        for _ in range(size):
            registrations.register(event, make_member())
            make_talk(event=event, title="T", speakers=[make_user()])
            make_material(event=event)
        over = make_event(starts_at=timezone.now() - timedelta(days=2), series=series)
        make_material(event=over, kind="slides")
        urls = {
            member: {
                "list": reverse("events:event_list"),
                "month": reverse("events:event_list") + "?view=month",
                "event": event.get_absolute_url(),
                "series": series.get_absolute_url(),
                "recordings": reverse("events:recording_list"),
                "calendar": reverse("events:calendar_settings"),
            },
            host: {name: address(name, event) for name in ("event_people", "event_door", "event_screen")},
        }
        for person, pages in urls.items():
            client.force_login(person)
            for name, url in pages.items():
                client.get(url)
                with CaptureQueriesContext(connection) as queries:
                    assert client.get(url).status_code == 200
                costs.setdefault(name, []).append(len(queries))
    assert {name: found for name, found in costs.items() if len(set(found)) > 1} == {}
    assert {name: found for name, found in costs.items() if found[0] > 15} == {}


def test_a_stranger_who_wants_to_come_is_led_through_the_sign_in_to_the_event(client):
    event = make_event(title="Soup")
    page = client.get(reverse("events:event_list")).content.decode()
    assert f'{reverse("account_login")}?next={event.get_absolute_url()}"' in page
    assert reverse("events:event_register", args=[event.pk]) not in page
    assert "For whom" not in page


def test_the_list_says_when_sign_up_opens(client):
    opens_at = timezone.now() + timedelta(days=1)
    make_event(title="Soup", registration_opens_at=opens_at)
    client.force_login(make_member())
    page = client.get(reverse("events:event_list")).content.decode()
    said = timezone.localtime(opens_at, Club.current().zone)
    assert f"sign-up opens {said:%a} {said.day}" in page


def test_a_guest_is_taken_off_by_the_one_who_meant_to_bring_them(client):
    event, member = make_event(guests_allowed=1), make_member()
    mine = registrations.register(event, member).registration
    guest = registrations.register(event, guest_of=mine, name="Bo", email="bo@guest.example").registration
    client.force_login(make_member())
    registrations.register(event, make_member())
    stranger = client.post(reverse("events:event_leave", args=[event.pk]), {"guest": guest.pk})
    assert stranger.status_code == 302
    assert Registration.objects.live().filter(pk=guest.pk).exists()
    client.force_login(member)
    client.post(reverse("events:event_leave", args=[event.pk]), {"guest": guest.pk})
    assert list(Registration.objects.live().filter(pk__in=[mine.pk, guest.pk])) == [mine]
    assert client.post(reverse("events:event_leave", args=[event.pk]), {"guest": mine.pk}).status_code == 404


def test_what_somebody_cannot_eat_can_be_changed_and_taken_back(client):
    event, member = make_event(asks_note=True), make_member()
    registrations.register(event, member, note="no nuts")
    client.force_login(member)
    assert "no nuts" in client.get(event.get_absolute_url()).content.decode()
    for note in ("no fish", ""):
        client.post(reverse("events:event_register", args=[event.pk]), {"note": note, "change_note": "1"})
        assert Registration.objects.get(user=member).note == note


def test_before_check_in_opens_the_door_only_shows_who_is_expected(client):
    event = make_event(starts_at=timezone.now() + timedelta(hours=3))
    registrations.register(event, make_member(name="Ada Quill"))
    client.force_login(make_officer())
    page = client.get(reverse("events:event_door", args=[event.pk])).content.decode()
    assert "Ada Quill" in page
    assert "Check-in opens" in page
    # The script's own pattern of a row does not count.
    assert "Check in<" not in page.partition("<template")[0]
