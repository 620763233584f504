from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from members.models import Membership, Notification
from mlclub.refusal import Refused
from nmep import capstone_matching, capstones, gathered
from nmep.models import Capstone, CapstoneMember, CapstonePolicy, Enrolment, Offering
from projects.models import Role
from tests.factories import make_member, make_user
from tests.factories.capstones import make_capstone, make_mentoring, make_milestone, make_topic
from tests.factories.nmep import make_enrolment, make_lead, make_offering

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def page(client, person, offering, *more):
    client.force_login(person)
    return client.get(reverse("nmep:capstone_list", args=[offering.slug]))


def test_a_learner_proposes_an_idea_and_others_join_until_the_group_is_full(client):
    offering = make_offering()
    people = [make_enrolment(offering=offering) for _ in range(5)]
    topic = make_topic("Robotics")
    client.force_login(people[0].person)
    asked = client.post(
        reverse("nmep:capstone_propose", args=[offering.slug]),
        {"name": "RL for grid worlds", "summary": "Find the door.", "topics": [topic.pk]},
    )
    capstone = Capstone.objects.get()
    assert asked.url == capstone.get_absolute_url()
    assert list(capstone.initiative.topics.all()) == [topic]
    for enrolment in people[1:4]:
        client.force_login(enrolment.person)
        client.post(reverse("nmep:capstone_join", args=[offering.slug, "rl-for-grid-worlds"]))
    client.force_login(people[4].person)
    refused = client.post(
        reverse("nmep:capstone_join", args=[offering.slug, "rl-for-grid-worlds"]), follow=True
    )
    assert "The last place was just taken" in refused.content.decode()
    assert capstone.members.live().count() == 4
    team = Role.objects.filter(initiative=capstone.initiative).values_list("person", "kind")
    assert dict(team) == {
        people[0].person_id: "lead",
        **{row.person_id: "contributor" for row in people[1:4]},
    }


def test_the_same_click_twice_is_one_place_and_nobody_is_in_two_groups():
    capstone = make_capstone(size=2)
    other = make_capstone(offering=capstone.offering, size=1)
    member = capstone.team[1].enrolment
    assert capstones.join(capstone, member, now=NOW) is False
    with pytest.raises(Refused, match="Leave it first"):
        capstones.join(other, member, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        CapstoneMember.objects.create(capstone=other, enrolment=member)


def test_whoever_leaves_can_join_another_group_and_the_next_one_leads():
    capstone = make_capstone(size=2)
    first, second = (row.enrolment for row in sorted(capstone.team, key=lambda row: row.pk))
    other = make_capstone(offering=capstone.offering, size=1)
    assert capstones.leave(first, now=NOW) == capstone
    assert capstones.join(other, first, now=NOW) is True
    assert list(Role.objects.filter(initiative=capstone.initiative).values_list("person", "kind")) == [
        (second.person_id, "lead")
    ]
    assert capstones.leave(first, now=NOW) == other
    assert capstones.leave(first, now=NOW) is None


def test_closed_groups_change_by_a_lead_alone():
    capstone = make_capstone(size=3)
    lead, loner = make_lead(offering=capstone.offering), make_enrolment(offering=capstone.offering)
    capstones.set_policy(capstone.offering, min_size=3, max_size=4, is_closed=True, by=lead, now=NOW)
    with pytest.raises(Refused, match="closed"):
        capstones.join(capstone, loner, now=NOW)
    with pytest.raises(Refused, match="closed"):
        capstones.leave(capstone.team[0].enrolment, now=NOW)
    capstones.move(loner, capstone, by=lead, now=NOW)
    assert capstones.of_learner(loner) == capstone
    assert Notification.objects.filter(kind="nmep-capstone-placed", person=loner.person).count() == 1
    capstones.move(loner, None, by=lead, now=NOW)
    assert capstones.of_learner(loner) is None


def test_an_archived_offering_takes_no_group():
    capstone = make_capstone(size=1)
    loner = make_enrolment(offering=capstone.offering)
    Offering.objects.update(state=Offering.State.ARCHIVED)
    capstone.offering.refresh_from_db()
    with pytest.raises(Refused, match="archived"):
        capstones.join(capstone, loner, now=NOW)


def test_sizes_are_checked_by_the_form_and_by_the_database(client):
    offering = make_offering()
    client.force_login(make_lead(offering=offering))
    wrong = client.post(reverse("nmep:capstone_policy", args=[offering.slug]), {"min_size": 5, "max_size": 4})
    assert wrong.status_code == 422
    assert "no more at least than at most" in wrong.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        CapstonePolicy.objects.create(offering=offering, min_size=5, max_size=4)


def test_whoever_withdraws_is_out_of_the_group_and_of_its_mentoring_by_the_next_tick():
    capstone = make_capstone(size=3)
    make_mentoring(capstone=capstone)
    gone = capstone.team[0].enrolment
    Enrolment.objects.filter(pk=gone.pk).update(state=Enrolment.State.WITHDREW)
    capstones.tidy(NOW)
    capstones.tidy(NOW)
    assert capstone.members.live().count() == 2
    assert not Role.objects.filter(initiative=capstone.initiative, person=gone.person).exists()


def test_the_matcher_groups_by_common_interest_and_says_what_it_could_not_have():
    offering = make_offering()
    robotics, speech = make_topic("Robotics"), make_topic("Speech")
    people = [make_enrolment(offering=offering) for _ in range(6)]
    for at, row in enumerate(people):
        Membership.objects.get(person=row.person).learn.add(robotics if at % 2 else speech)
    proposal = capstone_matching.match(offering)
    teams = [{row.pk for row in group.people} for group in proposal.groups]
    assert sorted(map(sorted, teams)) == sorted([[p.pk for p in people[::2]], [p.pk for p in people[1::2]]])
    assert {group.why for group in proposal.groups} == {"Robotics (3 of 3)", "Speech (3 of 3)"}
    for row in people[2:]:
        Enrolment.objects.filter(pk=row.pk).update(state=Enrolment.State.WITHDREW)
    alone = capstone_matching.match(offering)
    assert "2 people cannot be split into groups of 3 to 4." in alone.unmet
    assert any("No group has a place" in words for words in alone.unmet)


def test_a_lead_previews_adjusts_and_publishes_and_everybody_placed_is_told_once(client):
    offering = make_offering()
    group = make_capstone(offering=offering, size=3)
    rest = [make_enrolment(offering=offering) for _ in range(4)]
    client.force_login(make_lead(offering=offering))
    url = reverse("nmep:capstone_match", args=[offering.slug])
    assert client.get(url).status_code == 200
    assert CapstoneMember.objects.live().count() == 3, "a preview changes nothing"
    data = {f"p{rest[0].pk}": str(group.pk)} | {f"p{row.pk}": "new-1" for row in rest[1:]}
    client.post(url, data)
    client.post(url, data)
    assert {str(row.capstone) for row in CapstoneMember.objects.filter(enrolment__in=rest)} == {
        str(group),
        f"Group 1, {offering.term}",
    }
    assert Notification.objects.filter(kind="nmep-capstone-placed").count() == 4


def test_the_list_shows_the_lead_who_has_no_group_and_others_do_not_see_it(client):
    capstone = make_capstone(size=3, name="Grid worlds")
    loner = make_enrolment(offering=capstone.offering)
    told = page(client, make_lead(offering=capstone.offering), capstone.offering).content.decode()
    assert all(words in told for words in ("Without a group", str(loner.person), "has no mentor"))
    seen = page(client, make_member(), capstone.offering).content.decode()
    assert ("Grid worlds" in seen, "Without a group" in seen) == (True, False)
    assert page(client, make_user(), capstone.offering).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_costs_its_lead_the_same_for_any_number_of_groups(
    client, size, django_assert_max_num_queries
):
    offering = make_offering()
    make_milestone(offering=offering, due_at=NOW - timedelta(days=1))
    for _ in range(size):
        make_mentoring(capstone=make_capstone(offering=offering, size=3, topics=["Speech"]))
    client.force_login(make_lead(offering=offering))
    with django_assert_max_num_queries(15):
        client.get(reverse("nmep:capstone_list", args=[offering.slug]))


def test_home_tells_a_learner_without_a_group_once_groups_form():
    capstone = make_capstone(size=1)
    loner = make_enrolment(offering=capstone.offering)
    titles = [card.title for card in gathered.home(loner.person, NOW)]
    assert "You are in no capstone group yet" in titles
    capstones.join(capstone, loner, now=NOW)
    loner.person.__dict__.pop("_nmep_current")
    assert gathered.home(loner.person, NOW + timedelta(minutes=1)) == []
