from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members import erasure
from members.models import Notification, Term
from nmep import continuing
from nmep.models import Capstone
from projects import lineage
from projects.models import Initiative, InitiativeLink, Role
from tests.factories import make_member, make_officer
from tests.factories.capstones import make_capstone, make_past_capstone
from tests.factories.nmep import make_lead
from tests.factories.projects import make_initiative

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def next_page(capstone):
    return reverse("nmep:capstone_next", args=[capstone.offering.slug, capstone.initiative.slug])


def test_a_capstone_grows_into_a_study_group_with_those_who_go_on(client):
    capstone = make_past_capstone(name="Grid worlds", topics=["RL"])
    first, second, _third = (row.enrolment.person for row in capstone.team)
    client.force_login(second)
    assert 'value="study_group"' in client.get(next_page(capstone)).content.decode()
    data = {"kind": "study_group", "people": [first.pk, second.pk], "direction": "Language as a prior."}
    told = client.post(next_page(capstone), data)
    group = Initiative.objects.get(kind="study_group")
    assert told.url == group.get_absolute_url()
    assert (group.name, group.summary) == ("Grid worlds study group", "Language as a prior.")
    assert dict(group.roles.values_list("person", "kind")) == {second.pk: "lead", first.pk: "contributor"}
    assert [topic.name for topic in group.topics.all()] == ["RL"]
    link = InitiativeLink.objects.get()
    assert (link.earlier, link.later, link.kind) == (capstone.initiative, group, "grew_into")
    capstone.refresh_from_db()
    assert (capstone.successor, capstone.initiative.state) == (group, "done")
    assert list(Notification.objects.filter(kind="project-team-joined").values_list("person", flat=True)) == [
        first.pk
    ]
    again = client.post(next_page(capstone), data, follow=True)
    assert "decided already" in again.content.decode()
    assert Initiative.objects.filter(kind="study_group").count() == 1


def test_a_group_over_the_break_has_a_team_of_the_term_that_lasts_until_the_next():
    capstone = make_past_capstone()
    after = NOW + timedelta(weeks=14)
    people = [row.enrolment.person for row in capstone.team]
    group = continuing.decide(
        capstone,
        "study_group",
        by=people[0],
        people=people,
        direction="On.",
        name="Over the break",
        now=after,
    )
    term = Term.objects.get()
    assert group.started_on > term.ends_on
    assert set(group.roles.values_list("term", flat=True)) == {term.pk}


def test_two_capstones_merge_into_one_team_that_keeps_both_parents(client):
    one = make_past_capstone(name="Night buses")
    two = make_past_capstone(offering=one.offering, name="Graph gossip")
    client.force_login(one.team[0].enrolment.person)
    people = [row.enrolment.person_id for row in one.team]
    client.post(next_page(one), {"kind": "competition", "people": people, "name": "River relay"})
    relay = Initiative.objects.get(name="River relay")
    client.force_login(two.team[0].enrolment.person)
    people = [row.enrolment.person_id for row in two.team[:2]]
    client.post(next_page(two), {"kind": "joins", "people": people, "target": relay.pk})
    assert set(relay.links_back.values_list("earlier__name", "kind")) == {
        ("Night buses", "grew_into"),
        ("Graph gossip", "merged"),
    }
    assert relay.roles.count() == 5


def test_an_honest_end_keeps_its_reason(client):
    capstone = make_past_capstone()
    client.force_login(capstone.team[0].enrolment.person)
    client.post(next_page(capstone), {"kind": "archive", "direction": "The labels were wrong."})
    capstone.refresh_from_db()
    assert (capstone.state, capstone.successor) == ("archived", None)
    assert (capstone.initiative.state, capstone.initiative.outcome) == ("archived", "The labels were wrong.")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Choose one of these."),
        ({"kind": "research", "people": []}, "Tick at least one"),
        ({"kind": "research", "name": "TAKEN"}, "There is already a project called TAKEN"),
    ],
)
def test_what_is_missing_is_said_beside_the_field(client, data, words):
    make_initiative(name="Taken")
    capstone = make_past_capstone()
    client.force_login(capstone.team[0].enrolment.person)
    people = [row.enrolment.person_id for row in capstone.team]
    told = client.post(next_page(capstone), {"people": people, **data})
    assert told.status_code == 422
    assert words in told.content.decode()
    assert not InitiativeLink.objects.exists()


def test_only_the_group_and_the_leads_say_what_happens_next_and_only_after_presenting(client):
    capstone = make_past_capstone()
    client.force_login(make_member())
    assert client.get(next_page(capstone)).status_code == 404
    client.force_login(make_lead(offering=capstone.offering))
    assert client.get(next_page(capstone)).status_code == 200
    listed = client.get(reverse("nmep:capstone_list", args=[capstone.offering.slug])).content.decode()
    assert "has not said what happens next" in listed
    early = make_capstone()
    client.force_login(early.team[0].enrolment.person)
    assert client.get(next_page(early)).url == early.get_absolute_url()


def test_a_stranger_cannot_be_carried_along():
    capstone = make_past_capstone()
    stranger, member = make_member(), capstone.team[0].enrolment.person
    group = continuing.decide(
        capstone, "research", by=member, people=[member, stranger], direction="", name="On", now=NOW
    )
    assert list(group.roles.values_list("person", flat=True)) == [member.pk]


def test_erasing_a_person_keeps_the_chain():
    capstone = make_past_capstone()
    person = capstone.team[0].enrolment.person
    continuing.decide(capstone, "research", by=person, people=[person], direction="On.", name="On", now=NOW)
    erasure.erase(person, by=make_officer())
    assert InitiativeLink.objects.count() == 1
    assert Role.objects.filter(initiative__name="On", person=person).exists()
    assert Capstone.objects.get(pk=capstone.pk).members.count() == 3


def test_the_project_page_tells_how_it_came_about_in_a_drawing_and_in_words(client):
    capstone = make_past_capstone(name="Grid worlds")
    person = capstone.team[0].enrolment.person
    group = continuing.decide(
        capstone, "study_group", by=person, people=[person], direction="Language.", name="Prior", now=NOW
    )
    client.force_login(person)
    told = client.get(group.get_absolute_url()).content.decode()
    assert "How it came about" in told
    assert "<svg" in told
    assert "grew into Prior: Language." in told
    assert capstone.initiative.get_absolute_url() in told
    club = client.get(reverse("projects:lineage")).content.decode()
    assert "grew into Prior: Language." in club
    own = client.get(capstone.initiative.get_absolute_url()).content.decode()
    assert "Group, mentor and steps" in own


def test_what_is_private_is_a_private_project_to_others(client):
    shown = make_initiative(name="Shown", visibility="public")
    hidden = make_initiative(name="Canary name", visibility="team")
    lineage.connect(shown, hidden, "grew_into", note="canary-note")
    lineage.connect(hidden, make_initiative(name="Also hidden", visibility="team"), "continues")
    for address in (reverse("projects:lineage"), shown.get_absolute_url()):
        told = client.get(address).content.decode()
        assert "a private project" in told
        assert not any(word in told for word in ("Canary name", "canary-note", "canary-name", "Also hidden"))


@pytest.mark.parametrize("size", [1, 5])
def test_the_lineage_costs_the_same_for_any_number_of_links(client, size, django_assert_num_queries):
    for _n in range(size):
        lineage.connect(
            make_initiative(visibility="public"), make_initiative(visibility="public"), "inspired"
        )
    client.get(reverse("projects:lineage"))
    with django_assert_num_queries(5):
        client.get(reverse("projects:lineage"))
