import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from nmep import handing_in, partnering
from nmep.models import PartnerNote, PartnerWish, Submission
from tests.factories.members import make_new_member
from tests.factories.nmep import given, make_assignment, make_enrolment, make_lead, make_offering
from tests.factories.partners import make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    offering = make_offering()
    ada, bo = (
        make_enrolment(offering=offering, person=make_new_member(term=offering.term, name=name))
        for name in ("Ada", "Bo")
    )
    assignment = make_assignment(
        offering=offering, partners="required", parts=("text",), due_at=timezone.now() + timedelta(hours=30)
    )
    make_round((ada, bo), assignment=assignment)
    return ada, bo, assignment


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def typed(assignment, words="Ours.", **more):
    return {"n": 1, f"part-{assignment.parts.get().pk}": words, **more}


def test_the_hand_in_page_names_the_partner_and_how_late_it_is_for_each(client, pair):
    ada, _, assignment = pair
    type(assignment).objects.filter(pk=assignment.pk).update(due_at=timezone.now() - timedelta(hours=30))
    assignment.refresh_from_db()
    lead = make_lead(offering=assignment.offering)
    handing_in.grant(
        ada, assignment, extra_days=3, is_without_penalty=True, reason="illness", by=lead, now=timezone.now()
    )
    client.force_login(ada.person)
    page = text(client.get(assignment.get_absolute_url()))
    assert "Your partner" in page
    assert "For you on time" in page
    assert "For Bo 2 days late" in page
    client.force_login(lead)
    assert "2 days late" not in text(client.get(assignment.get_absolute_url()))


def test_one_hands_in_on_the_page_and_the_other_reads_that_it_is_in(client, pair):
    ada, bo, assignment = pair
    client.force_login(ada.person)
    client.post(assignment.get_absolute_url(), typed(assignment))
    assert Submission.objects.get().authors.count() == 2
    client.force_login(bo.person)
    page = text(client.get(assignment.get_absolute_url()))
    assert "by Ada, on time" in page
    same = client.post(assignment.get_absolute_url(), typed(assignment), follow=True)
    assert "Ada handed in version 1 already, for you as well." in text(same)
    other = client.post(assignment.get_absolute_url(), typed(assignment, "Mine."))
    assert other.status_code == 422
    assert "was handed in by Ada at" in text(other)
    assert "Mine." in other.content.decode()
    assert Submission.objects.handed_in().count() == 1


def test_where_a_partner_is_optional_one_may_hand_in_alone(client, pair):
    ada, _, assignment = pair
    type(assignment).objects.filter(pk=assignment.pk).update(partners="optional")
    client.force_login(ada.person)
    assert "This is the work of Bo as well" in text(client.get(assignment.get_absolute_url()))
    client.post(assignment.get_absolute_url(), typed(assignment))
    assert Submission.objects.get().authors.count() == 1
    client.post(assignment.get_absolute_url(), typed(assignment, "Together.") | {"n": 2, "jointly": "on"})
    assert Submission.objects.get(n=2).authors.count() == 2


def test_the_partner_note_is_asked_after_the_hand_in_and_read_by_nobody_but_leads(client, pair):
    ada, bo, assignment = pair
    note = reverse("nmep:partner_note", args=[assignment.offering.slug, assignment.key])
    client.force_login(ada.person)
    assert "How did the work split?" not in text(client.get(assignment.get_absolute_url()))
    client.post(assignment.get_absolute_url(), typed(assignment))
    assert "How did the work split?" in text(client.get(assignment.get_absolute_url()))
    assert "Answer both questions" in text(client.post(note, {"split": "more"}, follow=True))
    client.post(note, {"split": "more", "again": "no"})
    assert PartnerNote.objects.get().again == "no"
    assert "How did the work split?" not in text(client.get(assignment.get_absolute_url()))
    client.force_login(bo.person)
    pages = [assignment.get_absolute_url(), reverse("nmep:partner_list", args=[assignment.offering.slug])]
    assert not any("I did more</" in client.get(page).content.decode() for page in pages[1:])
    client.force_login(make_enrolment(offering=assignment.offering).person)
    assert client.post(note, {"split": "even", "again": "yes"}).status_code == 404


def test_wishes_are_kept_taken_back_and_unknown_to_whom_they_are_about(client, pair):
    ada, bo, assignment = pair
    page = reverse("nmep:partner_list", args=[assignment.offering.slug])
    client.force_login(ada.person)
    assert client.post(page, {"kind": "rather_not"}).status_code == 422
    assert client.post(page, {"kind": "rather_not", "about": ada.pk}).status_code == 422
    client.post(page, {"kind": "rather_not", "about": bo.pk})
    client.post(page, {"kind": "alone", "about": bo.pk})
    wish = PartnerWish.objects.get(kind="rather_not")
    assert "I would rather not work with Bo" in text(client.get(page))
    client.force_login(bo.person)
    assert PartnerWish.objects.filter(about=None).count() == 1
    assert "Ada : " not in text(client.get(page))
    remove = reverse("nmep:wish_remove", args=[assignment.offering.slug, wish.pk])
    assert client.post(remove).status_code == 404
    client.force_login(ada.person)
    client.post(remove)
    assert not PartnerWish.objects.filter(kind="rather_not").exists()


def test_a_letter_to_a_partner_goes_without_addresses_and_not_without_end(client, pair):
    ada, bo, assignment = pair
    write = reverse("nmep:partner_write", args=[assignment.offering.slug, assignment.key])
    client.force_login(ada.person)
    assert client.get(write).status_code == 200
    assert client.post(write, {"text": ""}).status_code == 422
    client.post(write, {"text": "Tuesday at six, in the library?"})
    call_command("notify", "--once")
    letter = next(each for each in mail.outbox if "wrote" in each.subject)
    assert (letter.to, letter.subject) == ([bo.person.email], "HW1: Ada wrote to you")
    assert "Tuesday at six" in letter.body
    assert ada.person.email not in str(letter.message())
    for at in range(partnering.LETTERS_A_DAY - 1):
        assert client.post(write, {"text": f"And {at}"}).status_code == 302
    assert client.post(write, {"text": "One more"}).status_code == 422
    client.force_login(make_enrolment(offering=assignment.offering).person)
    assert client.get(write).status_code == 404


@pytest.mark.parametrize("size", [1, 2])
def test_the_hand_in_page_costs_the_same_with_one_partner_or_two(client, size, django_assert_max_num_queries):
    offering = make_offering()
    people = [make_enrolment(offering=offering) for _ in range(size + 1)]
    assignment = make_assignment(offering=offering, partners="required")
    make_round(people, assignment=assignment)
    handing_in.hand_in(people[0], assignment, given(assignment), n=1, now=timezone.now(), jointly=True)
    client.force_login(people[0].person)
    client.get(assignment.get_absolute_url())
    with django_assert_max_num_queries(15):
        client.get(assignment.get_absolute_url())
