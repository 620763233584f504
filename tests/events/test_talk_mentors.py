from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events import mentoring, slots, swaps
from events.gathered import home
from events.models import Claim, TalkMentoring
from members.models import Membership, Pairing, PairingMember, Topic
from mlclub.refusal import Refused
from tests.factories import make_claim, make_member, make_sheet, make_slot, make_term

pytestmark = pytest.mark.django_db


def now():
    return timezone.now()


def who_mentors():
    person = make_member()
    topic, _ = Topic.objects.get_or_create(name="Presentation mentoring", slug="presentation-mentoring")
    Membership.objects.get(person=person).give.add(topic)
    return person


def asked(*, days=20, slots_in_all=1):
    """A talk whose speaker ticked "I'd like a mentor", and one member who gives that."""
    make_term()
    mentor = who_mentors()
    sheet = make_sheet(slots=slots_in_all, days=days, offers_mentor=True, title="Papers")
    claim = slots.claim(sheet.slots.first(), make_member(), wants_mentor=True, now=now()).claim
    return claim, mentor


def test_those_who_give_presentation_mentoring_get_one_ask():
    claim, mentor = asked()
    make_member()
    mentoring.ask(claim, now=now())
    call_command("notify", "--once")
    assert [letter.to for letter in mail.outbox] == [[mentor.email]]
    assert reverse("events:mentor_offer", args=[claim.pk]) in mail.outbox[0].body


def test_without_the_tick_nobody_is_asked_and_one_may_ask_later(client):
    mentor = who_mentors()
    slot = make_slot(sheet=make_sheet(offers_mentor=True), days=20)
    person = make_member()
    slots.claim(slot, person, now=now())
    call_command("notify", "--once")
    assert mail.outbox == []
    client.force_login(person)
    client.post(reverse("events:slot_mentor", args=[slot.pk]))
    call_command("notify", "--once")
    assert [letter.to for letter in mail.outbox] == [[mentor.email]]


def test_the_first_who_helps_makes_a_pairing_until_the_talk_and_the_speaker_is_told(client):
    claim, mentor = asked()
    page = reverse("events:mentor_offer", args=[claim.pk])
    client.force_login(mentor)
    assert "I’ll help" in client.get(page).content.decode()
    assert not Pairing.objects.exists()
    for _ in range(2):
        client.post(page)
    pairing = Pairing.objects.get()
    assert (pairing.kind, pairing.state) == ("presentation_mentor", "active")
    assert pairing.ends_on == timezone.localdate(claim.slot.begins_at)
    parts = dict(PairingMember.objects.values_list("person", "part"))
    assert parts == {mentor.pk: "mentor", claim.person_id: "mentee"}
    with pytest.raises(Refused, match="already"):
        mentoring.help_with(claim, who_mentors(), now=now())
    call_command("notify", "--once")
    assert [letter.subject for letter in mail.outbox if letter.to == [claim.person.email]] == [
        f"{mentor.display_name} helps you with your talk"
    ]


@time_machine.travel("2031-03-05 12:00+00:00")
def test_both_see_the_plan_tick_it_off_and_are_reminded_of_what_is_not_done(client):
    claim, mentor = asked(days=20)
    row = mentoring.help_with(claim, mentor, now=now())
    page = row.get_absolute_url()
    with pytest.raises(Refused, match="outline"):
        mentoring.tick(row, "dry_run", now=now())
    for person in (mentor, claim.person):
        client.force_login(person)
        shown = client.get(page).content.decode()
        assert [word in shown for word in ("Outline", "Dry run", "The talk")] == [True] * 3
    client.post(page, {"step": "outline"})
    row.refresh_from_db()
    assert row.outline_at is not None
    call_command("notify", "--once")
    mail.outbox.clear()
    start = claim.slot.begins_at
    for days in (9, 2.9):
        call_command("notify", "--once", "--now", (start - timedelta(days=days)).isoformat())
    # Whoever presents is reminded of the meeting at the same time, in the same mail.
    told = [
        letter.to[0] for letter in mail.outbox if "Dry run: Papers, Week 1" in letter.subject + letter.body
    ]
    assert sorted(told) == sorted(person.email for person in (mentor, claim.person))
    assert not [letter for letter in mail.outbox if "Outline: Papers" in letter.subject + letter.body]


def test_somebody_who_does_not_belong_to_it_sees_no_plan(client):
    claim, mentor = asked()
    row = mentoring.help_with(claim, mentor, now=now())
    client.force_login(make_member())
    shown = client.get(row.get_absolute_url()).content.decode()
    assert "Somebody helps already" in shown
    assert "Dry run" not in shown


def test_a_talk_given_back_ends_the_pairing_and_tells_the_mentor():
    claim, mentor = asked()
    mentoring.help_with(claim, mentor, now=now())
    slots.release(claim, by=claim.person, now=now())
    assert Pairing.objects.get().state == "ended"
    call_command("notify", "--once")
    assert f"{claim.person.display_name} does not give the talk" in [letter.subject for letter in mail.outbox]


def test_the_mentor_goes_along_when_somebody_swaps():
    claim, mentor = asked(slots_in_all=2)
    mentoring.help_with(claim, mentor, now=now())
    other = make_claim(slot=claim.slot.sheet.slots.last())
    swaps.answer(swaps.ask(claim, other=other, now=now()), accepts=True, now=now())
    assert TalkMentoring.objects.get().claim == Claim.objects.held().get(person=claim.person)
    assert Pairing.objects.get().state == "active"


# ── What home says of slots ──


def test_an_empty_slot_of_the_next_ten_days_pushes_itself_on_home_and_is_claimed_there(client):
    sheet = make_sheet(title="Chapters")
    slot = make_slot(sheet=sheet, days=5)
    make_slot(sheet=sheet, days=30)
    me = make_member()
    cards = [card for card in home(me, now()) if "Chapters" in card.title]
    assert [(card.title, card.action, card.post) for card in cards] == [
        ("Chapters: Week 1 is free", "Claim", True)
    ]
    client.force_login(me)
    client.post(cards[0].action_url)
    cards = [card for card in home(type(me).objects.get(pk=me.pk), now()) if "Chapters" in card.title]
    assert [(card.title, card.meta) for card in cards] == [("Chapters: Week 1", ("your slot",))]
    assert slot.claims.held().get().person == me
