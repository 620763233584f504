import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members import own_data
from nmep import gathered
from nmep.models import Departure, PartnerNote, PartnerWish, TeamPlace
from tests.factories import make_member
from tests.factories.nmep import make_enrolment, make_lead, make_offering
from tests.factories.partners import add_team, make_round

pytestmark = pytest.mark.django_db


def class_of(n):
    offering = make_offering()
    return [make_enrolment(offering=offering) for _ in range(n)]


def test_a_learner_has_one_team_in_a_round():
    ada, bo, cy, di = class_of(4)
    made = make_round((ada, bo), (cy, di))
    with pytest.raises(IntegrityError, match="one_team_a_learner_and_round"), transaction.atomic():
        add_team(made, ada, di)
    assert TeamPlace.objects.count() == 4


def test_a_wish_is_about_one_classmate_once_and_never_about_oneself():
    ada, bo = class_of(2)
    PartnerWish.objects.create(asking=ada, about=bo, kind="rather_not")
    for about, kind, constraint in [
        (bo, "request", "one_wish_about_a_classmate"),
        (ada, "request", "wish_is_not_about_oneself"),
        (None, "request", "wish_is_about_somebody_or_nobody"),
        (bo, "alone", "wish_is_about_somebody_or_nobody"),
    ]:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            PartnerWish.objects.create(asking=ada, about=about, kind=kind)
    PartnerWish.objects.create(asking=ada, kind="alone")
    with pytest.raises(IntegrityError, match="one_wish_about_a_classmate"), transaction.atomic():
        PartnerWish.objects.create(asking=ada, kind="alone")


def test_rather_not_is_known_to_its_author_and_the_leads_and_in_nobody_elses_copy():
    ada, bo = class_of(2)
    wish = PartnerWish.objects.create(asking=ada, about=bo, kind="rather_not")
    lead = make_lead(offering=ada.offering)
    seen = [list(PartnerWish.objects.visible_to(who)) for who in (ada.person, lead, bo.person, make_member())]
    assert seen == [[wish], [wish], [], []]
    assert "rather_not" in str(gathered.personal_data(ada.person))
    assert "rather_not" not in str(gathered.personal_data(bo.person))
    assert own_data.policy_of(PartnerWish).owners == ("asking__person",)


def test_a_partner_answers_once_and_asks_to_leave_once_at_a_time():
    ada, bo = class_of(2)
    team = make_round((ada, bo)).teams.get()
    PartnerNote.objects.create(team=team, enrolment=ada, split="even", again="yes")
    with pytest.raises(IntegrityError, match="one_note_a_partner"), transaction.atomic():
        PartnerNote.objects.create(team=team, enrolment=ada, split="more", again="no")
    asked = Departure.objects.create(enrolment=ada)
    with pytest.raises(IntegrityError, match="one_open_departure"), transaction.atomic():
        Departure.objects.create(enrolment=ada)
    now = timezone.now()
    assert (asked.settle("stays", by=None, now=now), asked.settle("done", by=None, now=now)) == (True, False)
    Departure.objects.create(enrolment=ada)
