from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import gathered, registrations
from events.models import Registration, SpeakerVisit
from mlclub.gather import Section
from tests.factories import (
    make_club,
    make_contact,
    make_event,
    make_material,
    make_member,
    make_officer,
    make_registration,
    make_talk,
    make_user,
    make_visit,
)
from tests.factories.finding import found as found_in
from tests.factories.slots import make_claim, make_slot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    return make_club()


@pytest.mark.parametrize("size", [1, 8])
def test_home_shows_the_next_events_with_their_button_in_two_queries_and_one_for_slots(
    size, django_assert_num_queries
):
    now, member = timezone.now(), make_member()
    for _ in range(size):
        registrations.register(make_event(visibility="members"), make_user())
    make_event(kind="lecture")
    make_event(state="cancelled")
    make_event(starts_at=now + timedelta(days=30))
    assert member.standing.is_active
    member.has_perm("events.view_event")
    with django_assert_num_queries(3):
        cards = gathered.home(member, now)
    assert len(cards) == size
    assert {card.section for card in cards} == {Section.NEXT}
    assert "1 going" in cards[0].meta


def test_the_desk_asks_for_places_hosts_and_recordings_of_officers_only():
    now, officer = timezone.now(), make_officer(slug="events")
    host = make_member()
    make_event(title="Nowhere", place="", hosts=[host])
    make_event(title="Nobody")
    make_event(title="Later", place="", starts_at=now + timedelta(days=20))
    missing = make_event(title="Filmed", starts_at=now - timedelta(days=9), hosts=[host])
    make_talk(event=missing, title="T", may_record=True)
    there = make_event(starts_at=now - timedelta(days=9), hosts=[host])
    make_talk(event=there, title="T", may_record=True)
    make_material(event=there, kind="recording")
    found = {item.title: (item.count, item.detail) for item in gathered.desk(officer, now)}
    assert found == {
        "Event in the next 7 days without a place": (1, "Nowhere"),
        "Event in the next 7 days without a host": (1, "Nobody"),
        "Recording missing for more than 7 days": (1, "Filmed"),
    }
    assert gathered.desk(make_member(), now) == []


def test_home_and_desk_say_whom_to_thank_who_is_silent_and_who_has_nobody_to_write_to_them(
    django_assert_num_queries,
):
    now, officer, host = timezone.now(), make_officer(slug="events"), make_member()
    to_thank = make_visit(host=host, state="spoke", contact=make_contact(name="Sol"))
    silent = make_visit(
        host=host, state="invited", since=now - timedelta(days=7), contact=make_contact(name="Noor")
    )
    make_visit(host=host, state="invited", since=now - timedelta(days=6))
    make_visit(host=host, state="confirmed")
    make_visit(host=host, state="thanked")
    lonely = [make_visit(contact=make_contact(name=name)) for name in ("Ilse", "Tomas")]
    SpeakerVisit.objects.filter(pk__in=[visit.pk for visit in lonely]).update(host=None)
    make_visit(host=make_member(), state="declined")
    assert host.standing.is_active
    assert officer.has_perm("events.change_event")
    host.has_perm("events.view_event")
    with django_assert_num_queries(3):
        cards = {
            card.title: card.action_url for card in gathered.home(host, now) if card.section == Section.DUE
        }
    assert cards == {
        "Thank Sol": reverse("events:speaker_thank", args=[to_thank.pk]),
        "Noor has not answered for a week": reverse("events:speaker_detail", args=[silent.pk]),
    }
    with django_assert_num_queries(3):
        items = gathered.desk(officer, now)
    assert {item.title: (item.count, item.detail, item.url) for item in items if "peaker" in item.title} == {
        "Speaker to thank": (1, "Sol", to_thank.get_absolute_url()),
        "Speaker who has not answered for a week": (1, "Noor", silent.get_absolute_url()),
        "Speaker without a host": (2, "Ilse, Tomas", reverse("events:speaker_list")),
    }
    assert not [card for card in gathered.home(officer, now) if card.section == Section.DUE]


def test_the_digest_tells_each_person_only_what_they_may_see():
    now = timezone.now()
    member, account, speaker = make_member(), make_user(), make_member()
    inner = make_event(title="Inner", visibility="members")
    make_event(title="Closed", visibility="invited", invited=[account])
    make_event(title="Open")
    make_talk(event=inner, title="T", speakers=[speaker])
    registrations.register(inner, member)
    told = gathered.digest([member, account, speaker], now, now + timedelta(days=7))

    def texts(person):
        return sorted((item.section, item.text.split(",")[0], item.is_filler) for item in told[person.pk])

    assert texts(member) == [("This week", "Inner", False), ("This week", "Open", True)]
    assert texts(account) == [("This week", "Closed", True), ("This week", "Open", True)]
    assert ("For you", "You speak at Inner", False) in texts(speaker)


def test_who_presents_at_an_event_by_a_slot_reads_of_it_once():
    now = timezone.now()
    speaker = make_member()
    event = make_event(title="Inner", visibility="members")
    make_talk(event=event, title="T", speakers=[speaker])
    make_claim(slot=make_slot(event=event), person=speaker)

    told = gathered.digest([speaker], now, now + timedelta(days=7))[speaker.pk]

    assert [item.text.split(":")[0] for item in told if item.section == "For you"] == ["Your slot"]


def test_search_finds_what_one_may_see():
    make_event(title="Kernel evening", description="About feature maps.")
    make_event(title="Kernel secrets", visibility="members")
    assert [hit.title for hit in found_in(gathered, "kernel", make_user())] == ["Kernel evening"]
    assert len(found_in(gathered, "kernels", make_member())) == 2
    (hit,) = found_in(gathered, "feature maps", make_user())
    assert "<mark>" in hit.headline


def test_the_front_page_shows_public_events_to_come():
    make_event(title="Open")
    make_event(title="Inner", visibility="members")
    make_event(title="Over", starts_at=timezone.now() - timedelta(days=3))
    assert [item.title for item in gathered.front(timezone.now())] == ["Open"]


def test_contributions_name_talks_and_hosting_as_far_as_the_viewer_sees_them():
    past, person = timezone.now() - timedelta(days=3), make_member()
    make_talk(event=make_event(starts_at=past), title="On kernels", speakers=[person])
    make_event(title="Inner", starts_at=past, visibility="members", hosts=[person])
    make_event(title="Not yet", hosts=[person])
    assert [each.title for each in gathered.contributions(person, make_user())] == ["On kernels"]
    assert [each.title for each in gathered.contributions(person, make_member())] == ["On kernels", "Inner"]


def test_personal_data_holds_everything_about_a_person():
    person, event = make_user(), make_event(starts_at=timezone.now())
    make_registration(event=event, user=person, note="vegan")
    registrations.check_in(event, person)
    data = gathered.personal_data(person)
    assert data["event registrations"][0]["note"] == "vegan"
    assert data["event attendance"][0]["event"] == event.title


def test_the_clock_expires_offers_and_forgets_notes():
    now = timezone.now()
    old = make_event(starts_at=now - timedelta(days=20))
    make_registration(event=old, user=make_user(), note="vegan")
    event = make_event(capacity=1)
    make_registration(
        event=event,
        user=make_user(),
        offered_at=now - timedelta(days=1),
        offer_expires_at=now - timedelta(hours=1),
    )
    gathered.tick(now)
    assert Registration.objects.get(event=event).state == "lapsed"
    assert Registration.objects.get(event=old).note == ""


def test_numbers_of_a_term():
    member = make_member()
    term = member.standing.term
    event = make_event(starts_at=timezone.now() - timedelta(hours=3), term=term)
    make_registration(event=event, user=member)
    registrations.check_in(event, member, by=make_user())
    figures = {figure.name: figure.value for figure in gathered.numbers(term)}
    assert figures == {"events": 1, "people at a general meeting": 1, "show rate": 1}
