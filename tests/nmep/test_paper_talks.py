from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events.models import Claim, Material, Slot
from members.models import Notification
from mlclub import gather
from mlclub.refusal import Refused
from nmep import papers, sheets
from nmep.gathered import desk, digest, home, readings
from nmep.models import Offering, OfferingSheet, PaperTalk
from tests.factories import make_claim, make_member, make_officer, make_paper
from tests.factories.nmep import make_enrolment, make_lead, make_offering, make_session
from wiki.models import Paper

pytestmark = pytest.mark.django_db


def now():
    return timezone.now()


def taught(*, weeks=8, **fields):
    """An offering in week 5 of `weeks`, with a lead and its paper sheet from week 4."""
    offering = make_offering(**fields)
    for week in range(1, weeks + 1):
        make_session(
            offering=offering,
            week=week,
            starts_at=now().replace(microsecond=0) + timedelta(days=7 * (week - 5), hours=1),
        )
    offering.lead = make_lead(offering=offering)
    return offering


def with_sheet(**fields):
    offering = taught(**fields)
    sheets.create_papers(offering, by=offering.lead)
    return offering


def slot_of(offering, week):
    return Slot.objects.get(sheet__in=offering.sheets.values("sheet"), title=f"Week {week}")


def page(client, person, offering):
    client.force_login(person)
    return client.get(reverse("nmep:paper_list", args=[offering.slug]))


def test_a_lead_makes_the_sheet_from_the_classes_in_one_step(client):
    offering = taught()
    client.force_login(offering.lead)
    create = reverse("nmep:paper_create", args=[offering.slug])
    for _ in range(2):
        client.post(create, {"first_week": 4, "capacity": 2, "minutes": 30})
    own = offering.sheets.get()
    assert [slot.label for slot in own.sheet.slots.all()] == [f"Week {n}" for n in range(4, 9)]
    assert {slot.capacity for slot in own.sheet.slots.all()} == {2}
    make_session(offering=offering, week=9, starts_at=now() + timedelta(days=40))
    client.post(create)
    assert own.sheet.slots.count() == 6


def test_bad_numbers_for_the_sheet_are_refused_beside_the_field(client):
    offering = taught()
    client.force_login(offering.lead)
    answer = client.post(
        reverse("nmep:paper_create", args=[offering.slug]), {"first_week": 0, "capacity": 2, "minutes": 30}
    )
    assert answer.status_code == 422
    assert not OfferingSheet.objects.exists()


def test_a_learner_picks_a_week_in_two_clicks_from_home(client):
    offering = with_sheet()
    me = make_enrolment(offering=offering).person
    cards = [card for card in home(me, now()) if "picked a paper" in card.title]
    assert [(card.title, card.action_url) for card in cards] == [
        ("You have not picked a paper (8 slots left)", reverse("nmep:paper_list", args=[offering.slug]))
    ]
    client.force_login(me)
    shown = client.get(cards[0].action_url).content.decode()
    claim = reverse("events:slot_claim", args=[slot_of(offering, 6).pk])
    assert f'action="{claim}"' in shown
    client.post(claim)
    assert Claim.objects.held().get().slot == slot_of(offering, 6)
    told = [card.title for card in home(fresh(me), now()) if card.icon == "document-text"]
    assert told == ["Choose the paper you present: Week 6"]


def fresh(person):
    return type(person).objects.get(pk=person.pk)


def test_the_second_on_the_last_place_reads_what_is_free(client):
    offering = with_sheet(weeks=7)
    make_claim(slot=slot_of(offering, 6))
    make_claim(slot=slot_of(offering, 6))
    client.force_login(make_enrolment(offering=offering).person)
    answer = client.post(reverse("events:slot_claim", args=[slot_of(offering, 6).pk]), follow=True)
    assert "Week 6 was just taken. Week 5 and Week 7 are free." in answer.content.decode()


def test_nobody_outside_the_offering_knows_of_the_sheet_and_staff_do_not_claim(client):
    offering = with_sheet()
    slot = slot_of(offering, 6)
    client.force_login(make_member())
    for address in (reverse("nmep:paper_list", args=[offering.slug]), slot.get_absolute_url()):
        assert client.get(address).status_code == 404
    assert client.post(reverse("events:slot_claim", args=[slot.pk])).status_code == 404
    client.force_login(offering.lead)
    assert client.post(reverse("events:slot_claim", args=[slot.pk])).status_code == 403
    withdrawn = make_enrolment(offering=offering, state="withdrew").person
    client.force_login(withdrawn)
    assert client.post(reverse("events:slot_claim", args=[slot.pk])).status_code == 403


# ── The paper ──


def choose(client, offering, slot, **typed):
    return client.post(reverse("nmep:paper_choose", args=[offering.slug, slot.pk]), typed)


def presenting(client, week=6):
    offering = with_sheet()
    slot = slot_of(offering, week)
    me = make_enrolment(offering=offering).person
    make_claim(slot=slot, person=me)
    client.force_login(me)
    return offering, slot, me


def test_a_presenter_picks_a_suggested_paper(client):
    offering, slot, me = presenting(client)
    paper = make_paper(title="Attention")
    offering.sheets.get().suggestions.add(paper)
    assert choose(client, offering, slot, suggestion=paper.pk).status_code == 302
    talk = PaperTalk.objects.get()
    assert (talk.paper, talk.slot, talk.session.week, talk.chosen_by) == (paper, slot, 6, me)


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ("1706.03762", "arxiv_id", "1706.03762"),
        ("https://arxiv.org/pdf/1706.03762v5.pdf", "arxiv_id", "1706.03762"),
        ("arXiv:hep-th/9901001", "arxiv_id", "hep-th/9901001"),
        ("https://doi.org/10.1000/182", "doi", "10.1000/182"),
        ("https://papers.example/one", "url", "https://papers.example/one"),
    ],
)
def test_a_presenter_names_a_paper_by_what_it_is_known_by_and_it_is_kept_once(client, typed, field, value):
    offering, slot, _ = presenting(client)
    choose(client, offering, slot, reference=typed, title="Attention", authors="Ada Quill and Bo Marsh")
    paper = Paper.objects.get()
    assert (getattr(paper, field), paper.title, paper.authors) == (
        value,
        "Attention",
        ["Ada Quill", "Bo Marsh"],
    )
    choose(client, offering, slot, reference=typed)
    assert Paper.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Say which paper."),
        ({"reference": "somewhere"}, "no arXiv number, no DOI and no address"),
        ({"reference": "javascript:alert(1)"}, "no arXiv number"),
        ({"reference": "1706.03762"}, "give its title too"),
    ],
)
def test_a_paper_that_says_nothing_is_refused_with_a_sentence_and_kept_as_typed(client, typed, sentence):
    offering, slot, _ = presenting(client)
    answer = choose(client, offering, slot, authors="Ada Quill", **typed)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert sentence in text
    assert "Ada Quill" in text
    assert not PaperTalk.objects.exists()


def test_only_presenters_and_leads_choose_the_paper(client):
    offering, slot, me = presenting(client)
    client.force_login(make_enrolment(offering=offering).person)
    assert choose(client, offering, slot, title="Mine").status_code == 404
    client.force_login(offering.lead)
    assert choose(client, offering, slot, title="The lead’s").status_code == 302
    with pytest.raises(Refused):
        papers.choose(slot, make_paper(), by=me, now=slot.begins_at)


def test_slides_stay_at_the_class_and_on_the_papers_page_with_who_presented_it(client):
    offering, slot, me = presenting(client)
    talk = papers.choose(slot, make_paper(title="Attention"), by=me, now=now())
    slides = reverse("nmep:paper_slides", args=[offering.slug, slot.pk])
    assert client.post(slides, {"title": "Slides", "url": ""}).status_code == 422
    client.post(slides, {"title": "Our slides", "url": "https://files.example/slides"})
    Material.objects.create(
        event=slot.event, kind="recording", title="The recording", url="https://files.example/film"
    )
    Material.objects.create(
        event=slot.event, kind="slides", title="The lecturer’s", url="https://files.example/x"
    )
    shown = client.get(talk.paper.get_absolute_url()).content.decode()
    assert "Our slides" in shown
    assert "The recording" in shown
    assert "The lecturer" not in shown
    assert me.display_name in shown
    assert Material.objects.get(title="Our slides").event == slot.event


def test_a_presented_paper_is_among_those_we_have_read_together_with_its_own_slides(
    client, django_assert_num_queries
):
    offering = with_sheet()
    past, coming = slot_of(offering, 4), slot_of(offering, 6)
    me, other = (make_enrolment(offering=offering).person for _ in range(2))
    make_claim(slot=past, person=me)
    make_claim(slot=coming, person=other)
    paper, later = make_paper(title="Denoising diffusion"), make_paper(title="Still to come")
    talk = papers.choose(past, paper, by=offering.lead, now=now())
    papers.choose(coming, later, by=offering.lead, now=now())
    file = "https://files.club.example/"
    papers.add_material(talk, Material(event=past.event, kind="slides", title="Ours", url=f"{file}ours"))
    for kind, title in (("slides", "The lecturer"), ("recording", "Film")):
        Material.objects.create(event=past.event, kind=kind, title=title, url=f"{file}{title}")
    client.force_login(make_member())
    body = client.get(reverse("wiki:paper_list")).content.decode()
    assert "Denoising diffusion" in body
    assert "Still to come" not in body
    assert str(offering) in body
    assert me.display_name in body
    assert f"{file}ours" in body
    assert f"{file}Film" in body
    assert f"{file}The lecturer" not in body
    assert readings([paper, later], AnonymousUser()) == [], "a class of members is nothing to a stranger"
    member = make_member()
    assert member.standing.is_active
    assert not member.has_perm("events.view_event")
    with django_assert_num_queries(2):
        readings([paper, later], member)
    assert [(row.paper, row.is_over, row.presenters) for row in readings([paper, later], member)] == [
        (paper.pk, True, (me.name,)),
        (later.pk, False, (other.name,)),
    ]
    Offering.objects.update(state="draft")
    assert readings([paper], member) == []


def test_slides_may_be_a_file(client):
    offering, slot, me = presenting(client)
    papers.choose(slot, make_paper(), by=me, now=now())
    client.post(
        reverse("nmep:paper_slides", args=[offering.slug, slot.pk]),
        {"title": "Ours", "file": ContentFile(b"%PDF-1.4 tiny", name="slides.pdf")},
    )
    assert Material.objects.get().file.name.endswith(".pdf")


def test_slides_are_asked_for_on_home_after_the_class_until_they_are_there(client):
    offering = with_sheet()
    slot = slot_of(offering, 4)
    me = make_enrolment(offering=offering).person
    make_claim(slot=slot, person=me)
    talk = papers.choose(slot, make_paper(), by=offering.lead, now=now())

    def asked():
        return [card.title for card in home(fresh(me), now()) if "Slides" in card.title]

    assert asked() == ["Slides of your paper talk are missing"]
    papers.add_material(
        talk, Material(event=slot.event, kind="slides", title="Ours", url="https://x.example/")
    )
    assert asked() == []


# ── Questions ──


def test_a_classmate_asks_one_question_that_presenters_and_leads_read_and_others_do_not(client):
    offering, slot, me = presenting(client)
    asker, other = (make_enrolment(offering=offering).person for _ in range(2))
    client.force_login(asker)
    ask = reverse("events:slot_ask", args=[slot.pk])
    assert client.post(ask, {"text": ""}).status_code == 422
    client.post(ask, {"text": "Why heads?"})
    client.post(ask, {"text": "Why eight heads?"})
    for person, reads in ((me, True), (offering.lead, True), (asker, True), (other, False)):
        client.force_login(person)
        assert ("Why eight heads?" in client.get(slot.get_absolute_url()).content.decode()) is reads


# ── What leads hear ──


def test_slots_with_room_in_the_next_ten_days_are_on_the_desk_and_in_the_leads_digest():
    offering = with_sheet()
    make_claim(slot=slot_of(offering, 5))
    officer = make_officer(slug="education")
    item = next(item for item in desk(officer, now()) if "Paper slots" in item.title)
    assert (item.count, item.detail) == (2, "Week 5, Week 6")
    lines = digest([offering.lead], now(), now() + timedelta(days=7))[offering.lead.pk]
    assert any("2 paper slots of the next 10 days with room" in line.text for line in lines)
    assert gather.flat("desk", make_officer(slug="events"), now()) == [] or all(
        "Paper" not in item.title for item in gather.flat("desk", make_officer(slug="library"), now())
    )


def test_a_lead_puts_somebody_down_and_they_are_told(client):
    offering = with_sheet()
    learner = make_enrolment(offering=offering).person
    client.force_login(offering.lead)
    slot = slot_of(offering, 6)
    assign = reverse("events:slot_assign", args=[slot.pk])
    assert client.post(assign, {"person": make_member().pk}).status_code == 422
    client.post(assign, {"person": learner.pk})
    assert Claim.objects.held().get().assigned_by == offering.lead
    assert Notification.objects.get(kind="slot-assigned").person == learner


def test_a_lead_writes_down_who_was_missing(client):
    offering = with_sheet()
    claim = make_claim(slot=slot_of(offering, 4), person=make_enrolment(offering=offering).person)
    assert claim.was_given(now())
    client.force_login(offering.lead)
    mark = reverse("events:slot_mark", args=[claim.slot_id])
    client.post(mark, {"claim": claim.pk, "state": "missed"})
    claim.refresh_from_db()
    assert not claim.was_given(now())
    client.post(mark, {"claim": claim.pk, "state": "held"})
    claim.refresh_from_db()
    assert claim.was_given(now())


@pytest.mark.parametrize("size", [1, 5])
def test_the_sheet_costs_the_same_for_any_number_of_people(client, size, django_assert_max_num_queries):
    offering = with_sheet()
    for slot in list(Slot.objects.all())[:size]:
        make_claim(slot=slot, person=make_enrolment(offering=offering).person)
        papers.choose(slot, make_paper(title=slot.label), by=offering.lead, now=now())
    client.force_login(make_enrolment(offering=offering).person)
    with django_assert_max_num_queries(15):
        client.get(reverse("nmep:paper_list", args=[offering.slug]))
    with django_assert_max_num_queries(15):
        client.get(slot_of(offering, 7).get_absolute_url())


def test_home_asks_no_more_queries_for_papers():
    counts = []
    for offering in (taught(), taught(), with_sheet()):
        me = make_enrolment(offering=offering).person
        assert me.standing.is_new  # a page knows this already
        with CaptureQueriesContext(connection) as asked:
            home(me, now())
        counts.append(len(asked))
    # The first asks for the club too.
    assert counts[2] == counts[1]
