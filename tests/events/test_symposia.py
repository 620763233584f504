from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from events import registrations, symposia, symposium_guests, symposium_programme
from events.models import Abstract, AbstractReview, Attendance, ProgrammeSession, Registration, SymposiumGuest
from events.notifications import ABSTRACT, CO_HOST, SEAT
from events.symposia import Author
from members import magic_links
from members.ledger.sending import sweep
from members.models import Notification
from mlclub.refusal import Refused
from tests.events.test_races import all_at_once
from tests.factories import (
    make_abstract,
    make_abstract_review,
    make_co_host,
    make_member,
    make_officer,
    make_programme_session,
    make_symposium,
    make_symposium_guest,
    make_track,
)

pytestmark = pytest.mark.django_db
TYPED = {
    "title": "Tides from buoys",
    "text": "We measured the tide.",
    "wants": "talk",
    "email": "ada@other.example",
    "name_1": "Ada Wave",
    "address_1": "ada@other.example",
    "presents_1": "on",
}


def told(kind):
    return [row.to for row in Notification.objects.filter(kind=kind).order_by("pk")]


def page_of(purpose, about, **whose):
    link = symposia.link_to(purpose, about, about.symposium, timezone.now(), **whose)
    return magic_links.path_of(link)


def released(symposium):
    """The deadline is over and the decisions are out."""
    symposium.deadline = timezone.now() - timedelta(hours=1)
    symposium.save()
    symposia.release(symposium, by=make_officer(), now=timezone.now())
    symposium.refresh_from_db()


# ── The call ──


def test_an_abstract_without_an_account_counts_once_its_address_is_proven(client):
    symposium = make_symposium()
    client.post(reverse("events:symposium_submit", args=[symposium.slug]), TYPED)
    abstract = Abstract.objects.get()
    assert (abstract.state, list(Abstract.objects.live())) == ("unconfirmed", [])
    sweep(now=timezone.now())
    (sent,) = mail.outbox
    page = page_of(ABSTRACT, abstract, address="ada@other.example")
    assert page in sent.body

    client.get(page)
    assert Abstract.objects.get().state == "unconfirmed"
    client.post(page, {"step": "confirm"})
    assert Abstract.objects.get().state == "submitted"


def test_an_account_needs_no_second_proof(client):
    symposium, member = make_symposium(), make_member()
    client.force_login(member)
    client.post(reverse("events:symposium_submit", args=[symposium.slug]), TYPED)
    abstract = Abstract.objects.get()
    assert (abstract.state, abstract.email) == ("submitted", member.email)


def test_a_second_click_hands_in_once(client):
    symposium = make_symposium()
    for _ in range(2):
        client.post(reverse("events:symposium_submit", args=[symposium.slug]), TYPED)
    assert (Abstract.objects.count(), len(told("abstract-received"))) == (1, 1)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"text": "tide " * 151}, "An abstract has at most 150 words; this has 151."),
        ({"presents_1": ""}, "Say who presents."),
        ({"name_2": "Bo"}, "Give name and address of this author, or neither."),
        ({"name_2": "Bo", "address_2": "ADA@other.example"}, "Each author has an address of their own."),
        ({"title": ""}, "This is needed."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, wrong, sentence):
    symposium = make_symposium()
    response = client.post(reverse("events:symposium_submit", args=[symposium.slug]), {**TYPED, **wrong})
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert "Ada Wave" in page


def test_150_words_are_not_too_many(client):
    symposium = make_symposium()
    client.post(reverse("events:symposium_submit", args=[symposium.slug]), {**TYPED, "text": "tide " * 150})
    assert Abstract.objects.count() == 1


def test_nothing_is_handed_in_or_changed_after_the_deadline(client):
    symposium = make_symposium()
    abstract = make_abstract(symposium=symposium)
    late = symposium.deadline + timedelta(seconds=1)
    said = {
        "title": "Late",
        "text": "Words",
        "wants": "talk",
        "authors": [Author(name="Ada", email="a@x.example", presents=True)],
    }
    with pytest.raises(Refused, match="no longer taken"):
        symposia.submit(symposium, **said, email="a@x.example", now=late)
    with pytest.raises(Refused, match="deadline is over"):
        symposia.change(abstract, **said, now=late)


def test_an_abstract_is_edited_and_taken_back_by_its_link(client):
    symposium = make_symposium()
    abstract = make_abstract(symposium=symposium, email="ada@other.example")
    page = page_of(ABSTRACT, abstract, address="ada@other.example")
    client.post(page, {**TYPED, "step": "change", "title": "Tides, again"})
    abstract.refresh_from_db()
    assert (abstract.title, abstract.authors.get().name) == ("Tides, again", "Ada Wave")
    client.post(page, {"step": "withdraw"})
    abstract.refresh_from_db()
    assert abstract.state == "withdrawn"


def test_what_nobody_confirms_is_forgotten_after_a_month():
    symposium = make_symposium()
    make_abstract(symposium=symposium, state="unconfirmed")
    make_symposium_guest(symposium=symposium)
    make_abstract(symposium=symposium)
    now = timezone.now()
    assert symposia.forget_unproven(now + timedelta(days=29)) == 0
    symposia.forget_unproven(now + timedelta(days=31))
    assert (Abstract.objects.count(), SymposiumGuest.objects.count()) == (1, 0)


# ── The review ──


def test_reviews_are_dealt_evenly_and_never_to_an_author():
    symposium = make_symposium()
    people = [make_member() for _ in range(3)]
    own = make_abstract(symposium=symposium, authors=["a@x.example", people[0].email])
    for _ in range(5):
        make_abstract(symposium=symposium)

    assert symposia.deal(symposium, people) == 12
    assert symposia.deal(symposium, people) == 0

    load = [AbstractReview.objects.filter(reviewer=person).count() for person in people]
    assert sorted(load) == [4, 4, 4]
    assert set(own.reviews.values_list("reviewer", flat=True)) == {people[1].pk, people[2].pk}
    with pytest.raises(Refused, match="is an author of it"):
        symposia.assign(own, people[0])


def test_a_reviewer_reads_no_names_and_sees_only_what_was_dealt_to_them(client):
    symposium, reviewer = make_symposium(), make_member()
    mine = make_abstract_review(
        abstract=make_abstract(symposium=symposium, authors=["ada@other.example"]), reviewer=reviewer
    )
    theirs = make_abstract_review(abstract=make_abstract(symposium=symposium), reviewer=make_member())
    client.force_login(reviewer)
    url = reverse("events:abstract_review", args=[mine.pk])
    page = client.get(url).content.decode()
    assert "Ada" not in page
    assert client.post(url, {"comment": "No score"}).status_code == 422
    client.post(url, {"score": "4", "comment": "Clear."})
    mine.refresh_from_db()
    assert (mine.score, mine.comment, mine.done_at is not None) == (4, "Clear.", True)
    assert client.get(reverse("events:abstract_review", args=[theirs.pk])).status_code == 404


def test_decisions_are_told_once_at_the_release_and_carry_no_score():
    symposium = make_symposium()
    talk = make_abstract(symposium=symposium, decision="talk")
    posters = [make_abstract(symposium=symposium, decision="poster") for _ in range(2)]
    declined = make_abstract(symposium=symposium, decision="declined")
    make_abstract_review(abstract=declined, reviewer=make_member(), score=1, comment="canary-comment")
    officer, now = make_officer(), timezone.now()
    with pytest.raises(Refused, match="deadline is still to come"):
        symposia.release(symposium, by=officer, now=now)
    later = symposium.deadline + timedelta(hours=1)
    for abstract in Abstract.objects.all():
        symposia.link_to(ABSTRACT, abstract, symposium, now, address=abstract.email)

    assert symposia.release(symposium, by=officer, now=later) == 4
    assert symposia.release(symposium, by=officer, now=later) == 0
    sweep(now=later)

    told = [m for m in mail.outbox if "your abstract" in m.subject]  # on some Mondays a digest goes as well
    assert sorted(m.to[0] for m in told) == sorted(each.email for each in (talk, *posters, declined))
    assert not any("canary-comment" in m.body for m in mail.outbox)
    assert [Abstract.objects.get(pk=row.pk).poster_number for row in posters] == [1, 2]
    with pytest.raises(Refused, match="decisions are out"):
        symposia.decide(talk, "declined")


def test_nothing_is_released_while_something_is_undecided():
    symposium = make_symposium(deadline=timezone.now() - timedelta(hours=1))
    make_abstract(symposium=symposium)
    with pytest.raises(Refused, match="1 is not decided yet"):
        symposia.release(symposium, by=make_officer(), now=timezone.now())


# ── The programme ──


def test_who_presents_is_never_in_two_rooms_at_once():
    symposium = make_symposium()
    here, there = make_track(symposium=symposium), make_track(symposium=symposium, name="Room B")
    first = make_programme_session(track=here)
    beside = make_programme_session(track=there, begins=0.5, title="Buoys")
    later = make_programme_session(track=there, begins=2)
    one = make_abstract(symposium=symposium, authors=["ada@x.example"], decision="talk")
    two = make_abstract(symposium=symposium, authors=["ada@x.example"], decision="talk")
    third = make_abstract(symposium=symposium, authors=["bo@x.example", "ada@x.example"], decision="talk")

    symposium_programme.place(one, beside)
    with pytest.raises(Refused, match=r"Ada is in “Buoys” \(Room B\) at the same time"):
        symposium_programme.place(two, first)
    symposium_programme.place(third, first)  # Ada is an author of it, and does not present.
    symposium_programme.place(two, later)
    symposium_programme.place(one, first)  # Moving it is no clash with itself.
    assert Abstract.objects.get(pk=one.pk).session == first


def test_who_chairs_is_never_in_two_rooms_at_once():
    symposium = make_symposium()
    here, there = make_track(symposium=symposium), make_track(symposium=symposium)
    make_programme_session(track=here, title="Tides", chair_name="Cy", chair_email="cy@x.example")
    speaks = make_programme_session(track=there)
    with pytest.raises(Refused, match="Cy is in “Tides”"):
        symposium_programme.place(
            make_abstract(symposium=symposium, authors=["CY@x.example"], decision="talk"), speaks
        )
    speaks.chair_name, speaks.chair_email = "Cy", "Cy@x.example"
    with pytest.raises(Refused, match="at the same time"):
        symposium_programme.save_session(speaks)


def test_a_session_that_moves_onto_a_presenter_is_refused():
    symposium = make_symposium()
    here, there = make_track(symposium=symposium), make_track(symposium=symposium)
    first, second = make_programme_session(track=here), make_programme_session(track=there, begins=3)
    for session in (first, second):
        symposium_programme.place(
            make_abstract(symposium=symposium, authors=["ada@x.example"], decision="talk"), session
        )
    second.starts_at, second.ends_at = first.starts_at, first.ends_at
    with pytest.raises(Refused, match="at the same time"):
        symposium_programme.save_session(second)
    assert ProgrammeSession.objects.get(pk=second.pk).starts_at > first.ends_at


def test_a_track_has_one_session_at_a_time():
    track = make_track(symposium=make_symposium())
    make_programme_session(track=track)
    clashing = ProgrammeSession(
        track=track,
        title="B",
        starts_at=track.symposium.event.starts_at,
        ends_at=track.symposium.event.starts_at + timedelta(minutes=5),
    )
    with pytest.raises(Refused, match="has a session at that time"):
        symposium_programme.save_session(clashing)
    with pytest.raises(IntegrityError), transaction.atomic():
        clashing.save()
    make_programme_session(track=track, begins=1)  # One after the other is fine.


def test_a_session_or_track_is_deleted_when_empty_and_otherwise_says_what_is_in_it(client):
    symposium = make_symposium()
    track = make_track(symposium=symposium, name="Atrium")
    session = make_programme_session(track=track, title="Morning")
    talk = make_abstract(symposium=symposium, decision="talk")
    symposium_programme.place(talk, session)
    client.force_login(make_officer(slug="events"))
    url = reverse("events:symposium_plan", args=[symposium.slug])
    drop_session = {"step": "drop-session", "session_pk": session.pk}
    drop_track = {"step": "drop-track", "track_pk": track.pk}
    page = client.get(url).content.decode()
    assert 'value="drop-session"' not in page
    assert "Take them off" in client.post(url, drop_session, follow=True).content.decode()
    assert "Delete those first" in client.post(url, drop_track, follow=True).content.decode()
    assert ProgrammeSession.objects.exists()
    symposium_programme.place(talk, None)
    assert 'value="drop-session"' in client.get(url).content.decode()
    client.post(url, drop_session)
    assert 'value="drop-track"' in client.get(url).content.decode()
    client.post(url, drop_track)
    assert not symposium.tracks.exists()
    assert client.post(url, drop_track).status_code == 404
    other = make_track(symposium=make_symposium())
    assert client.post(url, {"step": "drop-track", "track_pk": other.pk}).status_code == 404


def test_a_session_has_no_more_talks_than_time_and_takes_what_is_accepted():
    symposium = make_symposium(talk_minutes=30)
    track = make_track(symposium=symposium)
    talks = make_programme_session(track=track, title="Hour")
    for _ in range(2):
        symposium_programme.place(make_abstract(symposium=symposium, decision="talk"), talks)
    with pytest.raises(Refused, match="“Hour” is full: there is time for 2 talks"):
        symposium_programme.place(make_abstract(symposium=symposium, decision="talk"), talks)
    with pytest.raises(Refused, match="Only what is accepted"):
        symposium_programme.place(make_abstract(symposium=symposium), talks)
    with pytest.raises(Refused, match="posters into sessions of posters"):
        symposium_programme.place(make_abstract(symposium=symposium, decision="poster"), talks)


def test_talks_go_up_and_down_and_their_minutes_with_them():
    symposium = make_symposium(talk_minutes=20)
    session = make_programme_session(track=make_track(symposium=symposium))
    rows = [make_abstract(symposium=symposium, decision="talk") for _ in range(3)]
    for row in rows:
        symposium_programme.place(row, session)
    assert symposium_programme.move_within(rows[2], up=True)
    assert not symposium_programme.move_within(rows[0], up=True)
    order = list(Abstract.objects.filter(session=session).order_by("position"))
    assert order == [rows[0], rows[2], rows[1]]
    slots = symposium_programme.slots_of(session, symposium, order)
    assert [slot.starts_at - session.starts_at for slot in slots] == [
        timedelta(minutes=m) for m in (0, 20, 40)
    ]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_officers_who_place_one_presenter_in_two_rooms_at_once_one_is_refused():
    symposium = make_symposium()
    sessions = [make_programme_session(track=make_track(symposium=symposium)) for _ in range(6)]
    rows = [make_abstract(symposium=symposium, authors=["ada@x.example"], decision="talk") for _ in sessions]
    answers = []

    def put(row, session):
        try:
            symposium_programme.place(row, session)
            answers.append("placed")
        except Refused:
            answers.append("refused")

    all_at_once([lambda pair=pair: put(*pair) for pair in zip(rows, sessions, strict=True)])
    assert sorted(answers) == ["placed"] + ["refused"] * 5
    assert Abstract.objects.exclude(session=None).count() == 1


def test_the_programme_is_planned_on_its_page_and_public_once_it_is_shown(client):
    host = make_member()
    symposium = make_symposium(hosts=[host])
    abstract = make_abstract(symposium=symposium, decision="talk", title="Tides from buoys")
    url = reverse("events:symposium_plan", args=[symposium.slug])
    program = reverse("events:symposium_program", args=[symposium.slug])
    client.force_login(host)
    client.post(url, {"step": "track", "name": "Hall", "place": "Room 1"})
    start = timezone.localtime(symposium.event.starts_at)
    session = {
        "step": "session",
        "track": symposium.tracks.get().pk,
        "kind": "talks",
        "title": "Morning",
        "starts_at": f"{start:%Y-%m-%dT%H:%M}",
        "ends_at": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}",
    }
    client.post(url, session)
    refused = client.post(url, {**session, "title": "Twice"})
    assert refused.status_code == 422
    assert "This track has a session at that time already." in refused.content.decode()
    client.post(url, {"step": "place", "abstract": abstract.pk, "to": ProgrammeSession.objects.get().pk})
    client.logout()
    assert client.get(program).status_code == 404

    client.force_login(host)
    client.post(url, {"step": "publish", "public": "yes"})
    client.logout()
    page = client.get(program).content.decode()
    assert "Tides from buoys" in page
    assert "Morning" in page
    calendar = client.get(reverse("events:symposium_calendar", args=[symposium.slug])).content
    assert calendar.count(b"BEGIN:VEVENT") == 1


@pytest.mark.parametrize("size", [1, 5])
def test_the_programme_costs_the_same_for_any_number_of_talks(client, size, django_assert_max_num_queries):
    symposium = make_symposium(published_at=timezone.now())
    for _ in range(size):
        track = make_track(symposium=symposium)
        for begins in range(size):
            session = make_programme_session(track=track, begins=begins)
            make_abstract(symposium=symposium, decision="talk", session=session)
    with django_assert_max_num_queries(9):
        client.get(reverse("events:symposium_program", args=[symposium.slug]))
    client.force_login(make_officer())
    for name in ("symposium_run", "symposium_plan", "symposium_detail"):
        with django_assert_max_num_queries(17):
            client.get(reverse(f"events:{name}", args=[symposium.slug]))


# ── Co-hosts and guests ──


def test_a_club_is_added_and_its_lead_gets_the_link_to_their_page(client):
    officer = make_officer(slug="events")
    symposium = make_symposium()
    client.force_login(officer)
    client.post(
        reverse("events:symposium_run", args=[symposium.slug]),
        {
            "step": "club",
            "organization": "Harbour AI",
            "lead_name": "Lin",
            "lead_email": "lin@harbour.example",
        },
    )
    club = symposium.co_hosts.get()
    assert (club.organization.kind, told("co-host-invited")) == ("campus_club", ["lin@harbour.example"])

    client.logout()
    page = page_of(CO_HOST, club, contact=club.lead)
    client.post(page, {**TYPED, "club_1": club.organization_id})
    assert told("abstract-received") == ["ada@other.example"]
    assert "Tides from buoys" in client.get(page).content.decode()


def test_a_club_sees_its_own_guests_and_abstracts_alone(client):
    symposium = make_symposium()
    ours, theirs = make_co_host(symposium=symposium), make_co_host(symposium=symposium)
    for club in (ours, theirs):
        guest = make_symposium_guest(
            symposium=symposium, organization=club.organization, name=f"From {club.organization}"
        )
        symposium_guests.take_seat(guest, now=timezone.now())
    page = client.get(page_of(CO_HOST, ours, contact=ours.lead)).content.decode()
    assert f"From {ours.organization}" in page
    assert f"From {theirs.organization}" not in page


def test_a_guest_has_a_seat_once_their_address_is_proven(client):
    symposium = make_symposium()
    symposium.event.capacity = 1
    symposium.event.save()
    club = make_co_host(symposium=symposium)
    url = reverse("events:symposium_seat", args=[symposium.slug])
    for name in ("ada", "bo"):
        client.post(
            url, {"name": name.title(), "email": f"{name}@other.example", "club": club.organization_id}
        )
    assert Registration.objects.count() == 0
    pages = [page_of(SEAT, guest, address=guest.email) for guest in SymposiumGuest.objects.order_by("pk")]
    for page in pages:
        client.post(page, {"step": "take"})
        client.post(page, {"step": "take"})
    assert Registration.objects.count() == 2
    assert "You have a seat" in client.get(pages[0]).content.decode()
    assert "You wait in line" in client.get(pages[1]).content.decode()

    client.post(pages[0], {"step": "leave"})
    assert "You have a seat" in client.get(pages[1]).content.decode()


def test_each_club_is_counted_by_who_signed_up_who_came_and_what_it_showed():
    symposium = make_symposium()
    club = make_co_host(symposium=symposium)
    now = timezone.now()
    guests = [make_symposium_guest(symposium=symposium, organization=club.organization) for _ in range(3)]
    for guest in guests:
        symposium_guests.take_seat(guest, now=now)
    registrations.register(symposium.event, make_member(), now=now)
    Attendance.objects.create(event=symposium.event, name=guests[0].name, email=guests[0].email)
    for decision in ("talk", "declined"):
        abstract = make_abstract(symposium=symposium, decision=decision)
        abstract.authors.update(organization=club.organization)
    make_abstract(symposium=symposium, decision="poster")

    theirs, rest = symposium_guests.counts_of(symposium)
    assert (theirs.registered, theirs.came, theirs.handed_in, theirs.accepted) == (3, 1, 2, 1)
    assert (rest.registered, rest.came, rest.handed_in, rest.accepted) == (1, 0, 1, 1)


def test_after_the_day_what_was_shown_stands_with_its_slides(client):
    symposium = make_symposium(deadline=timezone.now() - timedelta(days=20), published_at=timezone.now())
    abstract = make_abstract(symposium=symposium, decision="poster", email="ada@other.example")
    released(symposium)
    page = page_of(ABSTRACT, abstract, address="ada@other.example")
    client.post(page, {"step": "link", "link": "https://files.example/poster"})
    event = symposium.event
    event.starts_at, event.ends_at = timezone.now() - timedelta(hours=9), timezone.now() - timedelta(hours=1)
    event.save()
    shown = client.get(symposium.get_absolute_url()).content.decode()
    assert "https://files.example/poster" in shown
    assert "Poster 1" in shown
