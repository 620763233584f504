import re

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Notification
from nmep import partnering
from nmep.models import Enrolment, PairingRound, PartnerTeam
from tests.factories.members import make_new_member
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering
from tests.factories.partners import make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def offering():
    return make_offering()


@pytest.fixture
def lead(offering, client):
    person = make_lead(offering=offering)
    client.force_login(person)
    return person


def learners(offering, *names):
    return [
        make_enrolment(offering=offering, person=make_new_member(term=offering.term, name=name))
        for name in names
    ]


def address(assignment, verb=""):
    name = f"nmep:pair_{verb or 'detail'}"
    return reverse(name, args=[assignment.offering.slug, assignment.key])


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_lead_matches_looks_keeps_moves_and_publishes(client, offering, lead):
    people = learners(offering, "Ada", "Bo", "Cy", "Di")
    assignment = make_assignment(offering=offering, partners="required")
    assert "Make pairs" in text(client.get(reverse("nmep:pair_list", args=[offering.slug])))
    client.post(
        address(assignment, "match"), {"avoid_repeats": "on", "keep_requests": "on", "experience": "any"}
    )
    page = text(client.get(address(assignment)))
    assert "never worked together" in page
    assert "nobody has been told" in page
    team = PartnerTeam.objects.get(places__enrolment=people[0])
    client.post(address(assignment, "lock"), {"team": team.pk, "verb": "lock"})
    client.post(address(assignment, "match"), {"avoid_repeats": "on", "experience": "similar"})
    assert PartnerTeam.objects.get(places__enrolment=people[0]).is_locked
    mates = set(
        PartnerTeam.objects.get(places__enrolment=people[0]).places.values_list("enrolment", flat=True)
    )
    other = next(row for row in people if row.pk not in mates)
    client.post(address(assignment, "move"), {"person": people[0].pk, "to": f"with-{other.pk}"})
    assert set(
        PartnerTeam.objects.get(places__enrolment=other).places.values_list("enrolment", flat=True)
    ) == {people[0].pk, other.pk}
    assert not Notification.objects.filter(kind="nmep-partners").exists()
    answer = client.post(address(assignment, "publish"), follow=True)
    assert "Published. 2 teams will read it in their mail." in text(answer)
    assert Notification.objects.filter(kind="nmep-partners").count() == 4
    again = client.post(address(assignment, "publish"), follow=True)
    assert f"{lead.display_name} published these pairs on" in text(again)


def test_a_round_is_not_kept_by_looking_at_it(client, offering, lead):
    assignment = make_assignment(offering=offering, partners="required")
    assert "No pairs yet" in text(client.get(address(assignment)))
    assert not PairingRound.objects.exists()
    for verb in ("publish", "repair", "lock"):
        assert client.post(address(assignment, verb), {"team": "1"}).status_code == 302
    assert client.post(address(assignment, "move"), {"person": "1", "to": "alone"}).status_code == 422


def test_what_was_chosen_wrongly_is_said_beside_the_field(client, offering, lead):
    ada, bo, *_ = learners(offering, "Ada", "Bo")
    assignment = make_assignment(offering=offering, partners="required")
    make_round((ada, bo), assignment=assignment, state="proposed")
    answer = client.post(address(assignment, "move"), {"person": ada.pk, "to": f"with-{ada.pk}"})
    assert answer.status_code == 422
    assert "Choose somebody else than who is moved." in text(answer)
    wrong = client.post(address(assignment, "match"), {"experience": "by height"})
    assert wrong.status_code == 422
    assert PairingRound.objects.get().criteria == {}


def test_whoever_withdraws_leaves_somebody_without_a_partner_and_one_click_mends_it(client, offering, lead):
    ada, bo, cy, di, _ = learners(offering, "Ada", "Bo", "Cy", "Di", "Eve")
    assignment = make_assignment(offering=offering, partners="required")
    made = make_round((ada, bo), (cy, di), assignment=assignment)
    Enrolment.objects.filter(pk=bo.pk).update(state=Enrolment.State.WITHDREW)
    page = client.get(address(assignment))
    assert "2 without a partner Ada and Eve" in text(page)
    assert "Ada and Eve a new pair, never worked together" in text(page)
    mark = re.search(r'name="mark" value="(\w+)"', page.content.decode()).group(1)
    done = client.post(address(assignment, "repair"), {"mark": mark}, follow=True)
    assert "1 team was changed and told." in text(done)
    assert "without a partner" not in text(done)
    again = client.post(address(assignment, "repair"), {"mark": mark}, follow=True)
    assert "nothing was changed" in text(again)
    told = Notification.objects.filter(kind="nmep-partners").values_list("person__name", flat=True)
    assert sorted(told) == ["Ada", "Eve"]
    assert made.teams.filter(places__isnull=False).distinct().count() == 2


def test_what_partners_said_and_wished_is_read_by_the_leads(client, offering, lead):
    ada, bo = learners(offering, "Ada", "Bo")
    made = make_round((ada, bo))
    partnering.note(made.teams.get(), ada, split="more", again="no", now=timezone.now())
    partnering.wish(bo, "rather_not", ada, now=timezone.now())
    assert "Ada: I did more. Again? Rather not." in text(client.get(address(made.assignment)))
    listed = text(client.get(reverse("nmep:pair_list", args=[offering.slug])))
    assert "Bo would rather not work with Ada" in listed


@pytest.mark.parametrize("who", ["learner", "helper", "lead of another"])
def test_pairs_are_made_by_leads_alone(client, offering, who):
    assignment = make_assignment(offering=offering, partners="required")
    elsewhere = make_offering()
    person = {
        "learner": lambda: make_enrolment(offering=offering).person,
        "helper": lambda: make_enrolment(offering=offering, role="helper").person,
        "lead of another": lambda: make_lead(offering=elsewhere),
    }[who]()
    client.force_login(person)
    assert client.get(address(assignment)).status_code == 404
    assert client.post(address(assignment, "match")).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_the_page_costs_the_same_for_any_number_of_pairs(
    client, offering, lead, size, django_assert_max_num_queries
):
    names = [f"Learner {at}" for at in range(2 * size + 1)]
    people = learners(offering, *names)
    pairs = [people[at : at + 2] for at in range(0, 2 * size, 2)]
    made = make_round(*pairs, assignment=make_assignment(offering=offering, partners="required"))
    partnering.note(made.teams.first(), people[0], split="even", again="yes", now=timezone.now())
    with django_assert_max_num_queries(15):
        client.get(address(made.assignment))
    with django_assert_max_num_queries(15):
        client.get(reverse("nmep:pair_list", args=[offering.slug]))
