from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import backups, gathered, presenting, rotas, schedule, slots, swaps, turns
from events.models import Backup, Claim, Presentation, SeriesFollow, Slot, SlotComment, Talk, Turn
from members.models import Notification
from mlclub.refusal import Refused
from tests.factories import (
    make_club,
    make_list,
    make_member,
    make_paper,
    make_rota,
    make_user,
    slots_of,
)
from wiki.models import Placement
from wiki.papers import Named

pytestmark = pytest.mark.django_db


def told(kind):
    return sorted(Notification.objects.filter(kind=kind).values_list("person__name", flat=True))


def claim(slot, person, now=None):
    return slots.claim(slot, person, now=now or timezone.now()).claim


# ── Slots with the dates ──


def test_a_series_gets_a_slot_at_each_date_and_at_those_that_come_later():
    rota = make_rota(times=3, slots_a_date=2)
    assert [slot.after_minutes for slot in slots_of(rota)] == [0, 30] * 3
    rota.series.count = 5
    rota.series.save()
    schedule.generate(rota.series)
    for _ in range(2):
        gathered.tick(timezone.now())
    assert rota.sheet.slots.count() == 10


def test_a_second_click_makes_no_second_rota():
    rota = make_rota()
    assert rotas.begin(rota.series, now=timezone.now()) == rota
    assert rota.sheet.slots.count() == 4


def test_more_chapters_than_dates_are_refused():
    with pytest.raises(Refused, match="more chapters than dates"):
        make_rota(times=2, titles=["One", "Two", "Three"])


def test_a_date_is_claimed_in_one_click_on_the_page_of_the_series_and_the_claimant_follows_it(client):
    make_club()
    rota, member = make_rota(), make_member(name="Ada Quill")
    client.force_login(member)
    first = slots_of(rota)[0]
    page = client.get(rota.series.get_absolute_url()).content.decode()
    assert reverse("events:slot_claim", args=[first.pk]) in page
    client.post(reverse("events:slot_claim", args=[first.pk]))
    assert SeriesFollow.objects.filter(series=rota.series, person=member).exists()
    assert "Ada Quill" in client.get(rota.series.get_absolute_url()).content.decode()
    assert "Ada Quill" in client.get(first.event.get_absolute_url()).content.decode()


def test_the_talk_on_the_events_page_follows_who_holds_the_slot():
    rota = make_rota()
    one, two, *_ = slots_of(rota)
    ada, bo = make_member(), make_member()
    mine, theirs = claim(one, ada), claim(two, bo)
    presenting.choose(one, Named(title="Diffusion"), by=ada, now=timezone.now())
    assert [(talk.title, list(talk.speakers.all())) for talk in Talk.objects.filter(event=one.event)] == [
        ("Diffusion", [ada])
    ]
    swap = swaps.ask(mine, other=theirs, now=timezone.now())
    swaps.answer(swap, accepts=True, now=timezone.now())
    assert [(talk.title, list(talk.speakers.all())) for talk in Talk.objects.filter(event=two.event)] == [
        ("Diffusion", [ada])
    ]
    for row in Claim.objects.held():
        slots.release(row, by=row.person, now=timezone.now())
    assert not Talk.objects.exists()


def test_a_public_series_tells_strangers_no_names(client):
    make_club()
    rota, member = make_rota(visibility="public"), make_member(name="Ada Quill")
    presenting.choose(
        claim(slots_of(rota)[0], member).slot, Named(title="A members' paper"), by=member, now=timezone.now()
    )
    for visitor in (None, make_user()):
        client.logout()
        if visitor:
            client.force_login(visitor)
        page = client.get(rota.series.get_absolute_url()).content.decode()
        assert "Turns taken" not in page
        assert reverse("events:slot_claim", args=[slots_of(rota)[1].pk]) not in page


def test_somebody_without_a_membership_claims_nothing(client):
    rota = make_rota(visibility="public")
    client.force_login(make_user())
    assert client.post(reverse("events:slot_claim", args=[slots_of(rota)[0].pk])).status_code == 403
    assert not Claim.objects.exists()


# ── Turns ──


def test_turns_are_shown_by_name_with_presented_has_a_slot_and_not_yet():
    names = ["Cy", "ada", "Bo"]
    cy, ada, bo = (make_member(name=name) for name in names)
    rota = make_rota(followers=[cy, ada, bo])
    one, two, *_ = slots_of(rota)
    claim(one, cy)
    claim(two, ada)
    later = one.event.ends_at + timedelta(hours=1)
    assert [(taker.person.name, taker.word) for taker in turns.takers(rota, later)] == [
        ("ada", "has a slot"),
        ("Bo", "not yet"),
        ("Cy", "presented"),
    ]


def test_the_next_empty_slot_waits_for_those_who_have_not_presented_and_then_for_nobody():
    make_club()
    ada, bo = make_member(name="Ada"), make_member(name="Bo")
    rota = make_rota(followers=[ada, bo])
    one, two, three, _ = slots_of(rota)
    claim(one, ada)
    now = timezone.now()
    assert turns.offer_next(now) == 1
    assert turns.offer_next(now) == 0
    assert told("slot-open-to-you-first") == ["Bo"]
    with pytest.raises(Refused, match=r"waits until .* for those who have not presented yet"):
        claim(two, ada, now)
    assert claim(three, ada, now)
    assert claim(two, ada, Turn.objects.get().ends_at)
    assert rota.turn_days == 3


def test_the_slot_waits_also_before_the_clock_has_noticed():
    make_club()
    ada, bo = make_member(), make_member()
    rota = make_rota(followers=[ada, bo])
    one, two, *_ = slots_of(rota)
    claim(one, ada)
    with pytest.raises(Refused):
        claim(two, ada)
    assert claim(two, bo)


def test_whoever_has_not_presented_takes_it_at_once():
    make_club()
    ada, bo = make_member(), make_member()
    rota = make_rota(followers=[ada, bo])
    claim(slots_of(rota)[0], ada)
    turns.offer_next(timezone.now())
    assert claim(slots_of(rota)[1], bo)


def test_a_slot_that_is_near_waits_for_nobody():
    ada, bo = make_member(), make_member()
    rota = make_rota(followers=[ada, bo], first_on=date.today() + timedelta(days=2))
    claim(slots_of(rota)[1], ada)
    assert turns.offer_next(timezone.now()) == 0
    assert claim(slots_of(rota)[0], ada)


def test_with_no_days_for_others_a_slot_is_free_to_all():
    ada, bo = make_member(), make_member()
    rota = make_rota(followers=[ada, bo], turn_days=0)
    claim(slots_of(rota)[0], ada)
    assert turns.offer_next(timezone.now()) == 0
    assert claim(slots_of(rota)[1], ada)


def test_whoever_left_the_club_is_not_asked():
    make_club()
    ada, left = make_member(), make_user(name="Left")
    rota = make_rota(followers=[ada, left])
    claim(slots_of(rota)[0], ada)
    turns.offer_next(timezone.now())
    assert told("slot-open-to-you-first") == []


# ── Stepping in ──


def late(slot):
    return slot.event.starts_at - timedelta(days=2)


def test_the_backup_steps_in_when_the_slot_is_given_back_late_and_is_told_at_once():
    host, ada, bo = make_member(name="Host"), make_member(name="Ada"), make_member(name="Bo")
    rota = make_rota(hosts=[host])
    slot = slots_of(rota)[0]
    mine = claim(slot, ada)
    presenting.choose(slot, Named(title="Diffusion"), by=ada, now=timezone.now())
    backups.offer(slot, bo, now=timezone.now())
    slots.release(mine, by=ada, now=late(slot))
    assert [row.person for row in Claim.objects.held()] == [bo]
    assert told("backup-steps-in") == ["Bo"]
    assert told("slot-released") == ["Host"]
    assert Presentation.objects.get().paper.title == "Diffusion"
    assert [talk.speakers.get() for talk in Talk.objects.all()] == [bo]


def test_given_back_early_the_slot_is_free_for_everybody_and_the_backup_stays():
    ada, bo = make_member(), make_member()
    slot = slots_of(make_rota())[0]
    mine = claim(slot, ada)
    backups.offer(slot, bo, now=timezone.now())
    slots.release(mine, by=ada, now=timezone.now())
    assert not Claim.objects.held().exists()
    assert Backup.objects.get().state == Backup.State.READY


def test_whoever_is_asked_answers_on_the_page_and_steps_in_only_after_a_yes(client):
    ada, bo = make_member(name="Ada"), make_member(name="Bo")
    slot = slots_of(make_rota())[0]
    mine = claim(slot, ada)
    client.force_login(ada)
    client.post(reverse("events:backup_ask", args=[slot.pk]), {"person": "Bo"})
    assert told("backup-asked") == ["Bo"]
    client.force_login(bo)
    assert "Yes, I step in" in client.get(slot.get_absolute_url()).content.decode()
    client.post(reverse("events:backup_offer", args=[slot.pk]))
    assert Backup.objects.get().state == Backup.State.READY
    slots.release(mine, by=ada, now=late(slot))
    assert Claim.objects.held().get().person == bo


def test_a_no_leaves_room_for_another(client):
    ada, bo, cy = make_member(), make_member(), make_member()
    slot = slots_of(make_rota())[0]
    mine = claim(slot, ada)
    backups.ask(slot, bo, by=ada, now=timezone.now())
    with pytest.raises(Refused, match="steps in already"):
        backups.offer(slot, cy, now=timezone.now())
    client.force_login(bo)
    client.post(reverse("events:backup_end", args=[slot.pk]))
    assert backups.offer(slot, cy, now=timezone.now()).state == Backup.State.READY
    slots.release(mine, by=ada, now=late(slot))
    assert Claim.objects.held().get().person == cy


def test_nobody_steps_in_for_themselves(client):
    ada = make_member(name="Ada")
    slot = slots_of(make_rota())[0]
    claim(slot, ada)
    client.force_login(ada)
    answer = client.post(reverse("events:backup_ask", args=[slot.pk]), {"person": "Ada"})
    assert answer.status_code == 422
    assert "Ada presents this already." in answer.content.decode()


# ── Papers, and the list that grows ──


def test_a_pasted_paper_stands_in_the_reading_list_and_says_when_it_is_read(client):
    reading_list = make_list(title="Tuesday papers")
    rota, ada = make_rota(reading_list=reading_list), make_member(name="Ada Quill")
    slot = slots_of(rota)[0]
    claim(slot, ada)
    client.force_login(ada)
    paper = make_paper(title="Denoising diffusion", arxiv_id="2006.11239")
    client.post(
        reverse("events:presentation_edit", args=[slot.pk]),
        {"reference": "https://arxiv.org/pdf/2006.11239v2.pdf"},
    )
    assert Placement.objects.get().paper == paper
    body = client.get(reading_list.get_absolute_url()).content.decode()
    assert "to be read together on" in body
    assert "with Ada Quill" in body
    assert "to be read together on" in client.get(paper.get_absolute_url()).content.decode()


def test_notes_and_recording_are_linked_from_the_papers_row_once_it_is_over(client):
    from tests.factories import make_material

    reading_list = make_list()
    rota, ada = make_rota(reading_list=reading_list), make_member()
    slot = slots_of(rota)[0]
    claim(slot, ada)
    presenting.choose(slot, make_paper(title="Denoising diffusion"), by=ada, now=timezone.now())
    back = timedelta(days=20)
    type(slot.event).objects.filter(pk=slot.event_id).update(
        starts_at=slot.event.starts_at - back, ends_at=slot.event.ends_at - back
    )
    make_material(event=slot.event, kind="notes", title="Session notes", url="https://files.club.example/n")
    make_material(event=slot.event, kind="recording", title="Recording", url="https://files.club.example/r")
    client.force_login(make_member())
    body = client.get(reading_list.get_absolute_url()).content.decode()
    assert "read together on" in body
    assert "https://files.club.example/n" in body
    assert "https://files.club.example/r" in body
    found = client.get(reverse("wiki:paper_list"), {"q": "denoising"}).content.decode()
    assert "Denoising diffusion" in found
    assert "https://files.club.example/r" in found


def test_what_nobody_has_presented_yet_is_not_among_the_papers_we_have_read(client):
    rota, ada = make_rota(), make_member()
    slot = slots_of(rota)[0]
    claim(slot, ada)
    presenting.choose(slot, make_paper(title="Still to come"), by=ada, now=timezone.now())
    make_paper(title="Only cited")
    client.force_login(ada)
    body = client.get(reverse("wiki:paper_list")).content.decode()
    assert "Still to come" not in body
    assert "Only cited" not in body


def test_another_paper_takes_the_place_of_the_first_and_only_those_who_prepare_for_it_hear_of_it():
    reading_list = make_list()
    rota, ada, bo, cy = (
        make_rota(reading_list=reading_list),
        make_member(),
        make_member(name="Bo"),
        make_member(name="Cy"),
    )
    make_member(name="Nobody asked")
    slot, now = slots_of(rota)[0], timezone.now()
    claim(slot, ada)
    presenting.choose(slot, Named(title="First"), by=ada, now=now)
    backups.offer(slot, bo, now=now)
    slots.ask(slot, cy, "Why noise?", now=now)
    presenting.choose(slot, Named(title="First"), by=ada, now=now)
    assert told("paper-changed") == []
    presenting.choose(slot, Named(title="Second"), by=ada, now=now)
    assert told("paper-changed") == ["Bo", "Cy"]
    assert [row.paper.title for row in reading_list.placements.select_related("paper")] == ["Second"]


def test_a_paper_of_a_members_series_is_in_no_strangers_list(client):
    reading_list = make_list(visibility="public")
    rota, ada = make_rota(reading_list=reading_list, visibility="members"), make_member()
    slot = slots_of(rota)[0]
    claim(slot, ada)
    presenting.choose(slot, Named(title="Inner paper"), by=ada, now=timezone.now())
    assert "Inner paper" not in client.get(reading_list.get_absolute_url()).content.decode()


def test_only_those_who_present_choose_the_paper(client):
    rota, ada = make_rota(), make_member()
    slot = slots_of(rota)[0]
    claim(slot, ada)
    client.force_login(make_member())
    url = reverse("events:presentation_edit", args=[slot.pk])
    assert client.post(url, {"title": "Mine"}).status_code == 403
    client.force_login(ada)
    answer = client.post(url, {"reference": "nonsense", "title": "Kept words"})
    assert answer.status_code == 422
    assert "Kept words" in answer.content.decode()


# ── Research meetings ──


def meeting(**more):
    return make_rota(kind="research", visibility="members", **more)


def test_a_member_claims_fifteen_minutes_and_says_what_they_want_to_hear(client):
    make_club()
    rota, ada = meeting(minutes=15, slots_a_date=3), make_member()
    slot = slots_of(rota)[0]
    client.force_login(ada)
    client.post(reverse("events:slot_claim", args=[slot.pk]))
    client.post(reverse("events:presentation_edit", args=[slot.pk]), {"ask": "Is the baseline fair?"})
    other = make_member()
    client.force_login(other)
    assert "Is the baseline fair?" in client.get(slot.event.get_absolute_url()).content.decode()
    comment = reverse("events:comment_create", args=[slot.pk])
    answer = client.post(comment, {"text": "Yes, but tell its seed."})
    assert answer.status_code == 422
    assert "It has not begun yet" in answer.content.decode()
    assert "Yes, but tell its seed." in answer.content.decode()
    presenting.comment(slot, other, "Yes, but tell its seed.", now=slot.event.starts_at + timedelta(hours=1))
    assert "Yes, but tell its seed." in _after(client, slot)


def _after(client, slot):
    back = timedelta(days=30)
    type(slot.event).objects.filter(pk=slot.event_id).update(
        starts_at=slot.event.starts_at - back, ends_at=slot.event.ends_at - back
    )
    return client.get(slot.get_absolute_url()).content.decode()


def test_words_are_taken_back_by_whoever_wrote_them_alone(client):
    slot, author = slots_of(meeting())[0], make_member()
    claim(slot, make_member())
    row = presenting.comment(slot, author, "Hm.", now=slot.event.ends_at)
    url = reverse("events:comment_remove", args=[slot.pk, row.pk])
    client.force_login(make_member())
    assert client.post(url).status_code == 404
    client.force_login(author)
    client.post(url)
    assert not SlotComment.objects.exists()


def test_a_stranger_learns_of_a_research_meeting_nowhere(client):
    make_club()
    reading_list = make_list(visibility="public")
    rota, ada = meeting(reading_list=reading_list), make_member(name="Ada Quill", handle="ada")
    rota.series.name = "Secret tides"
    rota.series.save()
    slot = slots_of(rota)[0]
    slot.event.title = "Secret tides"
    slot.event.save()
    claim(slot, ada)
    row = presenting.choose(slot, Named(title="Secret paper"), by=ada, now=timezone.now())
    presenting.ask(slot, "Secret ask?", by=ada, now=timezone.now())
    presenting.comment(slot, ada, "Secret words", now=slot.event.ends_at)
    _after(client, slot)
    hidden = [
        slot.event.get_absolute_url(),
        rota.series.get_absolute_url(),
        reverse("events:event_file", args=[slot.event_id]),
    ]
    shown = [
        reverse("events:event_list"),
        reverse("events:recording_list"),
        reverse("events:public_feed"),
        reverse("wiki:reading_list_list"),
        reading_list.get_absolute_url(),
        f"{reverse('portal:search')}?q=secret",
        reverse("portal:front"),
    ]
    behind_sign_in = [slot.get_absolute_url(), row.paper.get_absolute_url(), reverse("wiki:paper_list")]
    for visitor in (None, make_user()):
        client.logout()
        if visitor:
            client.force_login(visitor)
        for url in hidden:
            answer = client.get(url)
            assert (url, answer.status_code) == (url, 404)
            assert b"Secret" not in answer.content
        for url in shown:
            answer = client.get(url)
            assert (url, b"Secret" in answer.content) == (url, False)
        for url in behind_sign_in:
            answer = client.get(url)
            assert (url, answer.status_code) == (url, 404 if visitor else 302)
            assert b"Secret" not in answer.content
        for url in ("backup_offer", "comment_create", "presentation_edit"):
            answer = client.post(reverse(f"events:{url}", args=[slot.pk]))
            assert answer.status_code == (404 if visitor else 302)


# ── Pages ──


@pytest.mark.parametrize("size", [1, 5])
def test_the_pages_cost_the_same_for_any_number_of_slots(client, size, django_assert_max_num_queries):
    make_club()
    rota = make_rota(times=size, reading_list=make_list(), followers=[make_member() for _ in range(size)])
    for slot in slots_of(rota):
        person = make_member()
        Claim.objects.create(slot=slot, person=person)
        presenting.choose(slot, Named(title=f"Paper {slot.pk}"), by=person, now=timezone.now())
        backups.offer(slot, make_member(), now=timezone.now())
    member = make_member()
    client.force_login(member)
    slot = slots_of(rota)[0]
    for url in (
        rota.series.get_absolute_url(),
        slot.event.get_absolute_url(),
        slot.get_absolute_url(),
        rota.reading_list.get_absolute_url(),
    ):
        client.get(url)
        with django_assert_max_num_queries(15, info=url):
            client.get(url)


def test_an_empty_slot_of_a_series_that_one_follows_stands_on_home_with_its_button():
    make_club()
    ada = make_member()
    rota = make_rota(followers=[ada], first_on=date.today() + timedelta(days=5))
    titles = [card.action_url for card in gathered.home(ada, timezone.now())]
    assert reverse("events:slot_claim", args=[slots_of(rota)[0].pk]) in titles
    stranger = [card.action_url for card in gathered.home(make_member(), timezone.now())]
    assert reverse("events:slot_claim", args=[slots_of(rota)[0].pk]) not in stranger


def test_a_host_makes_slots_for_a_series_and_a_reading_list_with_it(client):
    from tests.factories import make_series

    host = make_member()
    series = make_series(hosts=[host], visibility="members")
    client.force_login(host)
    url = reverse("events:rota_edit", args=[series.slug])
    said = {"slots_a_date": "1", "minutes": "45", "turn_days": "3", "new_list": "on"}
    assert client.post(url, {**said, "minutes": "0"}).status_code == 422
    client.post(url, said)
    client.post(url, {"minutes": "45", "turn_days": "5", "reading_list": series.rota.reading_list_id})
    series.rota.refresh_from_db()
    assert (series.rota.turn_days, series.rota.reading_list.title) == (5, series.name)
    assert Slot.objects.filter(sheet=series.rota.sheet, minutes=45).count() == 4
    client.force_login(make_member())
    assert client.get(url).status_code == 403
