from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from members.models import Pairing, PairingMember
from tests.factories import make_member, make_officer
from tests.factories.pairings import make_pairing

pytestmark = pytest.mark.django_db


def test_a_proposed_pair_is_unknown_to_its_people_until_it_is_published_or_they_are_asked():
    ada, bo, mentor, officer = make_member(), make_member(), make_member(), make_officer(slug="education")
    pair = make_pairing(ada, bo, mentor=mentor, state=Pairing.State.PROPOSED)
    pair.members.filter(person=mentor).update(answer=PairingMember.Answer.ASKED)
    assert [list(Pairing.objects.visible_to(who)) for who in (ada, mentor, officer, make_member())] == [
        [],
        [pair],
        [pair],
        [],
    ]
    assert (pair.publish(timezone.now()), pair.publish(timezone.now())) == (True, False)
    assert list(Pairing.objects.visible_to(ada)) == [pair]
    assert list(Pairing.objects.active().of(bo)) == [pair]


def test_whoever_leaves_a_pairing_stays_in_its_history():
    ada, bo = make_member(), make_member()
    pair = make_pairing(ada, bo)
    member = pair.members.get(person=bo)
    now = timezone.now()
    assert (member.leave(now), member.leave(now + timedelta(hours=1))) == (True, False)
    assert list(Pairing.objects.active().of(bo)) == []
    assert [each.person for each in Pairing.objects.with_people().get().present] == [ada]
    assert list(Pairing.objects.visible_to(bo)) == [pair]
    assert (pair.end(now, why="The term is over."), pair.end(now)) == (True, False)


def test_an_answer_is_given_once():
    mentor = make_member()
    member = make_pairing(mentor=mentor, state=Pairing.State.PROPOSED).members.get()
    now = timezone.now()
    assert not member.settle("accepted", now)
    PairingMember.objects.update(answer=PairingMember.Answer.ASKED)
    assert (member.settle("declined", now), member.settle("accepted", now)) == (True, False)
    assert list(PairingMember.objects.present()) == []


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "active", "published_at": None}, "active_pairing_is_published"),
        ({"state": "ended", "ended_at": None}, "ended_pairing_has_an_end"),
        ({"starts_on": "2026-02-02", "ends_on": "2026-02-01"}, "pairing_ends_after_it_starts"),
    ],
)
def test_the_database_refuses_a_pairing_that_makes_no_sense(changes, constraint):
    pair = make_pairing(make_member(), make_member())
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Pairing.objects.filter(pk=pair.pk).update(**changes)


def test_nobody_is_twice_in_a_pairing_and_an_answer_has_a_time():
    ada = make_member()
    pair = make_pairing(ada)
    with pytest.raises(IntegrityError, match="one_place_in_a_pairing"), transaction.atomic():
        PairingMember.objects.create(pairing=pair, person=ada)
    with pytest.raises(IntegrityError, match="answered_pairing_has_a_time"), transaction.atomic():
        pair.members.update(answer="accepted")


def test_the_officer_for_education_reads_and_mends_pairings_in_the_admin(client):
    pair = make_pairing(make_member(name="Ada"), make_member(name="Bo"), reason="never worked together")
    client.force_login(make_officer(slug="education"))
    listed = client.get(reverse("admin:members_pairing_changelist")).content.decode()
    assert "Ada, Bo" in listed
    assert client.get(reverse("admin:members_pairing_change", args=[pair.pk])).status_code == 200
