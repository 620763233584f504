from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from events.models import Claim, Slot
from mlclub.refusal import Refused
from nmep import orals, sheets
from nmep.models import Enrolment, OfferingSheet, OralResult
from tests.factories import make_claim, make_member, make_officer
from tests.factories.nmep import make_enrolment, make_lead, make_offering

pytestmark = pytest.mark.django_db


def now():
    return timezone.now()


def examined(*, days=-1, begins=time(10), ends=time(12)):
    """An offering with a lead, an examiner, and two exams of an hour on a day."""
    offering = make_offering()
    offering.lead = make_lead(offering=offering)
    offering.examiner = make_enrolment(
        offering=offering, role=Enrolment.Role.HELPER, person=make_member()
    ).person
    add(offering, days=days, begins=begins, ends=ends)
    return offering


def add(offering, *, days, begins=time(10), ends=time(12)):
    on = now().astimezone(offering.zone).date() + timedelta(days=days)
    return sheets.add_orals(
        offering,
        by=offering.lead,
        on=on,
        begins=begins,
        ends=ends,
        minutes=60,
        examiners=[offering.examiner],
        place="Room 4",
    )


def slots_of(offering):
    return list(Slot.objects.filter(sheet__in=offering.sheets.values("sheet")).order_by("starts_at"))


def seen_by(client, person, address):
    client.force_login(person)
    answer = client.get(address)
    return answer.content.decode() if answer.status_code == 200 else answer.status_code


def oral_page(offering):
    return reverse("nmep:oral_list", args=[offering.slug])


def test_a_lead_adds_a_day_of_exams_and_a_second_click_adds_none(client):
    offering = examined(days=5)
    client.force_login(offering.lead)
    typed = {
        "on": (now() + timedelta(days=6)).date().isoformat(),
        "begins": "09:00",
        "ends": "11:30",
        "minutes": 45,
        "examiners": [offering.examiner.pk],
    }
    for _ in range(2):
        assert client.post(reverse("nmep:oral_create", args=[offering.slug]), typed).status_code == 302
    assert len(slots_of(offering)) == 2 + 3
    assert (
        client.post(
            reverse("nmep:oral_create", args=[offering.slug]), {**typed, "minutes": 90, "ends": "08:00"}
        ).status_code
        == 422
    )


def test_learners_see_that_a_time_is_taken_and_not_by_whom(client):
    offering = examined(days=5)
    taken, free = slots_of(offering)
    holder = make_enrolment(offering=offering, person=make_member(name="Ada Quill")).person
    other = make_enrolment(offering=offering).person
    make_claim(slot=taken, person=holder)
    for address in (oral_page(offering), taken.get_absolute_url()):
        shown = seen_by(client, other, address)
        assert "taken" in shown.lower()
        assert "Ada Quill" not in shown
        for insider in (offering.lead, offering.examiner):
            assert "Ada Quill" in seen_by(client, insider, address)
    client.force_login(other)
    client.post(reverse("events:slot_claim", args=[free.pk]))
    swap_page = seen_by(client, other, free.get_absolute_url())
    assert taken.label in swap_page
    assert "Ada Quill" not in swap_page
    client.post(reverse("events:slot_swap", args=[free.pk]), {"other": Claim.objects.get(person=holder).pk})
    call_command("notify", "--once")
    assert [letter.to for letter in mail.outbox] == [[holder.email]]
    assert other.display_name not in str(mail.outbox[0].message()) + mail.outbox[0].body
    assert other.display_name not in seen_by(
        client, holder, f"/events/swaps/{Claim.objects.get(person=other).swaps.get().pk}/"
    )


def sat(offering, **fields):
    learner = make_enrolment(offering=offering, **fields)
    return make_claim(slot=slots_of(offering)[0], person=learner.person)


def result_page(claim, offering):
    return reverse("nmep:oral_result", args=[offering.slug, claim.pk])


def test_a_result_is_read_by_its_learner_its_examiner_the_leads_and_the_officer_and_by_nobody_else(client):
    offering = examined()
    claim = sat(offering)
    client.force_login(offering.examiner)
    client.post(
        result_page(claim, offering),
        {"outcome": "passed", "notes": "canary-notes", "private_notes": "canary-private"},
    )
    result = OralResult.objects.get()
    claim.refresh_from_db()
    assert (result.outcome, result.examiner, claim.state) == ("passed", offering.examiner, "done")
    mine = seen_by(client, claim.person, oral_page(offering))
    assert "canary-notes" in mine
    assert "canary-private" not in mine
    classmate = make_enrolment(offering=offering).person
    helper = make_enrolment(offering=offering, role=Enrolment.Role.HELPER).person
    for stranger in (classmate, helper):
        assert "canary" not in seen_by(client, stranger, oral_page(offering))
        assert seen_by(client, stranger, result_page(claim, offering)) == 404
    for reader in (offering.examiner, offering.lead, make_officer(slug="education")):
        assert "canary-private" in seen_by(client, reader, result_page(claim, offering))
    visible = {person.pk for person in (claim.person, offering.examiner, offering.lead)}
    for person in (claim.person, offering.examiner, offering.lead, classmate, helper):
        assert OralResult.objects.visible_to(person).exists() is (person.pk in visible)


def test_the_mail_says_that_a_result_is_there_and_not_which():
    offering = examined()
    claim = sat(offering)
    orals.record(claim, offering.examiner, outcome="again", notes="canary-notes", now=now())
    orals.record(claim, offering.examiner, outcome="passed", notes="canary-notes", now=now())
    call_command("notify", "--once")
    letter = next(iter(mail.outbox))
    assert [each.to for each in mail.outbox] == [[claim.person.email]]
    whole = str(letter.message()) + letter.body
    assert "canary" not in whole
    assert "assed" not in letter.body
    assert "nce more" not in letter.body


def test_a_corrected_result_keeps_what_it_was_in_its_history():
    offering = examined()
    claim = sat(offering)
    orals.record(claim, offering.examiner, outcome="again", now=now())
    orals.record(claim, offering.lead, outcome="passed", now=now())
    assert list(OralResult.history.order_by("history_id").values_list("outcome", flat=True)) == [
        "again",
        "passed",
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        OralResult.objects.create(
            enrolment=OralResult.objects.get().enrolment, claim=claim, examiner=offering.lead, outcome="again"
        )


def test_a_result_waits_for_the_exam_and_nobody_writes_their_own():
    offering = examined(days=3)
    claim = sat(offering)
    with pytest.raises(Refused, match="not begun"):
        orals.record(claim, offering.examiner, outcome="passed", now=now())
    with pytest.raises(Refused, match="their own"):
        orals.record(claim, claim.person, outcome="passed", now=now())


def test_once_more_means_another_slot_and_passed_means_none(client):
    offering = examined()
    add(offering, days=4)
    claim = sat(offering)
    later = slots_of(offering)[-1]
    orals.record(claim, offering.examiner, outcome="passed", now=now())
    client.force_login(claim.person)
    address = reverse("events:slot_claim", args=[later.pk])
    assert client.post(address).status_code == 403
    assert "You have passed your oral exam." in client.get(oral_page(offering)).content.decode()
    orals.record(claim, offering.examiner, outcome="again", now=now())
    assert client.post(address).status_code == 302
    assert Claim.objects.held().get().slot == later


def test_leads_see_who_has_no_slot_yet(client):
    offering = examined(days=3)
    claim = sat(offering)
    without = make_enrolment(offering=offering)
    words = {row.enrolment.person: row.word for row in orals.standings(offering, OralResult.objects.all())}
    assert words == {claim.person: "Has a slot", without.person: "No slot yet"}
    assert "No slot yet" in seen_by(client, offering.lead, oral_page(offering))
    assert OfferingSheet.objects.count() == 1


@pytest.mark.parametrize("size", [1, 4])
def test_the_page_of_the_exams_costs_the_same_for_any_number(client, size, django_assert_max_num_queries):
    offering = examined(ends=time(18))
    for slot in slots_of(offering)[:size]:
        claim = make_claim(slot=slot, person=make_enrolment(offering=offering).person)
        if slot.has_begun(now()):
            orals.record(claim, offering.examiner, outcome="passed", now=now())
    for person, most in ((offering.lead, 17), (offering.examiner, 15), (claim.person, 15)):
        client.force_login(person)
        with django_assert_max_num_queries(most):
            client.get(oral_page(offering))
