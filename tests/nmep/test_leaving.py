import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events.models import Claim
from members.models import AuditEntry, Notification, Pairing
from mlclub.refusal import Refused
from nmep import leaving, teams
from nmep.models import CapstoneMember, Departure, Enrolment, OfferingSheet, Submission, TeamPlace
from tests.factories.capstones import make_capstone
from tests.factories.members import make_new_member
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering, make_submission
from tests.factories.partners import make_round
from tests.factories.slots import make_claim, make_sheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def lives():
    """Bo, with a pair, a hand-in of their own, a slot and a capstone; Ada, Cy and two leads beside them."""
    offering = make_offering()
    ada, bo, cy = (
        make_enrolment(offering=offering, person=make_new_member(term=offering.term, name=name))
        for name in ("Ada", "Bo", "Cy")
    )
    leads = [make_lead(offering=offering) for _ in range(2)]
    past = make_assignment(offering=offering, partners="required", each_submits=True)
    make_round((bo, cy), assignment=past)
    make_submission(enrolment=bo, assignment=past)
    make_round((ada, bo), assignment=make_assignment(offering=offering, partners="required"))
    sheet = make_sheet(slots=2)
    OfferingSheet.objects.create(offering=offering, sheet=sheet, kind="paper")
    make_claim(slot=sheet.slots.first(), person=bo.person)
    make_capstone(people=[ada, bo, cy])
    return offering, ada, bo, cy, leads


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def told(kind):
    return sorted(Notification.objects.filter(kind=kind).values_list("person__name", flat=True))


def test_a_leaver_leaves_no_hole_in_their_pair_slots_and_capstone(lives):
    offering, ada, bo, _, (lead, other) = lives
    now = timezone.now()
    departure = leaving.withdraw(bo, by=lead, reason="Moves away.", now=now)
    bo.refresh_from_db()
    assert bo.state == Enrolment.State.WITHDREW
    assert sorted(TeamPlace.objects.values_list("round__assignment__key", "enrolment__person__name")) == [
        ("hw1", "Bo"),
        ("hw1", "Cy"),
    ]
    assert not teams.team_of(ada, offering.assignments.get(key="hw2"))
    assert Claim.objects.get().state == Claim.State.RELEASED
    assert sorted(CapstoneMember.objects.live().values_list("enrolment__person__name", flat=True)) == [
        "Ada",
        "Cy",
    ]
    assert Submission.objects.handed_in().count() == 1
    assert [line.split(":")[0] for line in departure.freed[:1]] == ["HW2"]
    assert len(departure.freed) == 3
    assert told("nmep-no-partner") == ["Ada"]
    assert told("nmep-learner-left") == [other.name]
    assert told("nmep-leave-settled") == ["Bo"]
    assert Pairing.objects.filter(state="ended").count() == 1


def test_leaving_twice_changes_and_tells_nothing_more(lives):
    *_, bo, _, (lead, other) = lives
    leaving.withdraw(bo, by=lead, reason="Moves away.", now=timezone.now())
    written = Notification.objects.count()
    with pytest.raises(Refused, match="not learning here any more"):
        leaving.withdraw(bo, by=other, reason="Moves away.", now=timezone.now())
    assert Notification.objects.count() == written
    assert Departure.objects.count() == 1
    assert AuditEntry.objects.filter(action="learner-left").count() == 1


def test_a_leaver_gets_no_more_reminders_and_a_mail_names_no_leaver(lives):
    offering, _, bo, _, (lead, _) = lives
    homework = offering.assignments.get(key="hw2")
    type(homework).objects.filter(pk=homework.pk).update(due_at=timezone.now() + timedelta(hours=20))
    leaving.withdraw(bo, by=lead, reason="canary-why", now=timezone.now())
    call_command("notify", "--once")
    to_bo = [letter.subject for letter in mail.outbox if letter.to == [bo.person.email]]
    assert f"You have left {offering}" in to_bo
    assert not any("due" in subject for subject in to_bo)
    for letter in mail.outbox:
        assert "canary-why" not in letter.body
        assert letter.to == [bo.person.email] or "Bo" not in letter.subject + letter.body


def test_a_learner_asks_and_the_leads_are_told_once_and_may_talk_them_into_staying(client, lives):
    offering, _, bo, _, leads = lives
    page = reverse("nmep:leave_mine", args=[offering.slug])
    client.force_login(bo.person)
    seen = text(client.get(page))
    assert "Ada goes on without you" in seen
    assert "1 stays as they are" in seen
    assert (
        reverse("nmep:leave_mine", args=[offering.slug])
        in client.get(reverse("nmep:progress_mine", args=[offering.slug])).content.decode()
    )
    client.post(page, {"reason": "Too much at once"})
    client.post(page, {"reason": "Again"})
    assert told("nmep-leave-asked") == sorted(lead.name for lead in leads)
    bo.refresh_from_db()
    assert bo.is_learning
    client.post(page, {"stay": "1"})
    assert Departure.objects.get().state == Departure.State.STAYS
    call_command("notify", "--once")
    skipped = Notification.objects.filter(kind="nmep-leave-asked")
    assert set(skipped.values_list("reason", flat=True)) == {"answered meanwhile"}


def test_a_lead_sees_what_it_does_takes_out_and_takes_it_back(client, lives):
    offering, _, bo, _, (lead, _) = lives
    leaving.ask(bo, reason="Too much at once", now=timezone.now())
    page = reverse("nmep:leave_detail", args=[offering.slug, bo.pk])
    client.force_login(lead)
    seen = text(client.get(page))
    assert "They wrote: Too much at once" in seen
    assert "Ada goes on without them" in seen
    assert client.post(page, {"reason": ""}).status_code == 422
    done = text(client.post(page, {"reason": "Talked about it"}, follow=True))
    assert "Bo has left." in done
    assert "HW2: a place in a pair" in done
    assert Departure.objects.get().is_own_wish
    back = text(client.post(page, {"resume": "1"}, follow=True))
    assert "Bo learns here again." in back
    bo.refresh_from_db()
    assert bo.is_learning
    assert told("nmep-leave-settled") == ["Bo", "Bo"]
    assert not leaving.resume(bo, by=lead, now=timezone.now())


def test_a_leaver_is_missing_from_the_pairs_page_and_whoever_is_left_is_there_at_once(client, lives):
    offering, _, bo, _, (lead, _) = lives
    leaving.withdraw(bo, by=lead, reason="Moves away.", now=timezone.now())
    client.force_login(lead)
    page = text(client.get(reverse("nmep:pair_detail", args=[offering.slug, "hw2"])))
    assert "2 without a partner Ada and Cy" in page


@pytest.mark.parametrize("who", ["learner", "helper", "lead of another"])
def test_taking_somebody_out_is_the_leads_alone(client, lives, who):
    offering, ada, bo, *_ = lives
    person = {
        "learner": lambda: ada.person,
        "helper": lambda: make_enrolment(offering=offering, role="helper").person,
        "lead of another": lambda: make_lead(offering=make_offering()),
    }[who]()
    client.force_login(person)
    page = reverse("nmep:leave_detail", args=[offering.slug, bo.pk])
    assert client.get(page).status_code == 404
    assert client.post(page, {"reason": "x"}).status_code == 404


def test_in_an_archived_offering_nobody_leaves_any_more(lives):
    offering, _, bo, _, (lead, _) = lives
    type(offering).objects.filter(pk=offering.pk).update(state="archived")
    with pytest.raises(Refused, match="archived"):
        leaving.withdraw(bo, by=lead, reason="x", now=timezone.now())


def test_the_home_of_a_lead_shows_who_asks_to_leave_and_who_has_no_partner(client, lives):
    _, _, bo, _, (lead, _) = lives
    leaving.ask(bo, reason="", now=timezone.now())
    client.force_login(lead)
    assert "1 learner asked to leave" in text(client.get(reverse("portal:home")))
    staff = reverse("nmep:staff", args=[bo.offering.slug])
    assert "Learners without a partner" in text(client.get(staff))
    leaving.withdraw(bo, by=lead, reason="x", now=timezone.now())
    page = text(client.get(staff))
    assert "asked to leave" not in page
    assert "Learners without a partner" in page
    client.force_login(bo.person)
    assert "without a partner" not in text(client.get(reverse("portal:home")))
