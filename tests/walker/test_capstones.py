"""Capstones on the demo club, within the steps that we promise (product tasks 10 and 12)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from members.models import PairingMember
from nmep.models import Capstone
from projects.models import Initiative, InitiativeLink
from tests.walker.test_tasks import demo_club, finish, in_the_demo, person, walker_as

__all__ = ["demo_club", "in_the_demo"]

pytestmark = pytest.mark.slow


def current():
    return Capstone.objects.filter(offering__state="running").with_people()


def test_10_a_lead_finds_mentors_for_the_capstones():
    # All of them without one, as on the evening of the kickoff.
    Capstone.objects.filter(offering__state="running").update(mentoring=None)
    wanted = current().count()
    walker = walker_as("lead")
    walker.follow("need you in")
    walker.follow("Mentors")
    other = next(
        control.options[2][1]
        for form in walker.page.forms
        for control in form.controls
        if control.tag == "select"
    )
    walker.pick("", other)
    walker.press("Publish")
    finish(walker, "10. mentors for the capstones", steps=6)
    asked = PairingMember.objects.filter(part="mentor", answer="asked", pairing__kind="capstone_mentor")
    assert asked.count() == wanted == 4


def test_12_a_capstone_becomes_a_study_group_and_the_roster_is_carried():
    capstone = current().of_member(person("new-member")).get()
    Capstone.objects.filter(pk=capstone.pk).update(state="presented", presented_at=timezone.now())
    walker = walker_as("new-member")
    walker.follow(to="/next/")
    walker.pick("kind", "study_group")
    walker.press("Save")
    finish(walker, "12. capstone to study group", steps=3)
    group = Initiative.objects.get(name=f"{capstone} study group")
    assert set(group.roles.values_list("person", flat=True)) == {
        row.enrolment.person_id for row in capstone.team
    }
    assert InitiativeLink.objects.get(later=group).earlier_id == capstone.initiative_id
