from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events.models import Talk
from members.models import Membership, Notification, Pairing
from nmep import attention, gathered, mentoring
from nmep.models import Capstone
from projects.models import Role
from tests.factories import make_member, make_new_member, make_term
from tests.factories.capstones import make_capstone, make_mentoring, make_topic
from tests.factories.nmep import make_lead, make_offering, make_session
from tests.factories.projects import make_initiative

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def make_expert(*topics, hours=None, **fields):
    person = make_member(**fields)
    person.expertise.set([make_topic(name) for name in topics])
    Membership.objects.filter(person=person).update(hours_a_week=hours)
    return person


def asked(capstone, person, lead=None):
    lead = lead or make_lead(offering=capstone.offering)
    mentoring.ask(capstone.offering, {capstone.pk: (person, "RL")}, by=lead, now=NOW)
    capstone.refresh_from_db()
    return capstone


def test_mentors_are_suggested_by_domain_load_and_time_with_the_reason():
    capstone = make_capstone(topics=["RL"])
    expert = make_expert("RL", name="Expert")
    past = make_initiative(name="Old one")
    past.topics.add(make_topic("RL"))
    Role.objects.create(
        initiative=past, person=expert, term=make_term(starts_on=make_term().starts_on - timedelta(weeks=26))
    )
    make_mentoring(capstone=make_capstone(offering=capstone.offering), mentor=expert)
    make_expert("Speech", name="Stranger")
    make_expert("RL", name="No time", hours=0)
    make_new_member(name="New one")
    [suggestion] = mentoring.suggest(capstone.offering, NOW)
    assert suggestion.pick == expert
    assert [(str(each.person), each.reason) for each in suggestion.candidates] == [
        ("Expert", "RL, 1 past RL project, 1 of 2 places used"),
        ("Stranger", "no topic in common, 0 of 2 places used"),
    ]


def test_who_teaches_this_week_or_declined_is_not_picked():
    capstone = make_capstone(topics=["RL"])
    teacher, decliner, other = (make_expert("RL", name=name) for name in ("Teacher", "Decliner", "Other"))
    session = make_session(offering=capstone.offering, starts_at=NOW + timedelta(days=2))
    Talk.objects.create(event=session.event).speakers.add(teacher)
    asked(capstone, decliner)
    mentoring.answer(capstone, decliner, accepts=False, now=NOW)
    [suggestion] = mentoring.suggest(capstone.offering, NOW)
    assert suggestion.pick == other
    assert [str(each.person) for each in suggestion.candidates] == ["Other", "Teacher"]
    assert suggestion.candidates[1].against.startswith("teaches on")


def test_nobody_gets_more_groups_than_they_have_places_for():
    offering = make_offering()
    for _ in range(3):
        make_capstone(offering=offering, topics=["RL"])
    make_expert("RL")
    picks = [suggestion.pick for suggestion in mentoring.suggest(offering, NOW)]
    assert sorted(pick is None for pick in picks) == [False, False, True]


def test_a_lead_publishes_and_the_mentor_accepts_from_the_mails_link(client):
    capstone = make_capstone(topics=["RL"], name="Grid worlds")
    mentor = make_expert("RL", email="mentor@club.example")
    client.force_login(make_lead(offering=capstone.offering))
    url = reverse("nmep:mentor_suggest", args=[capstone.offering.slug])
    assert "RL, 0 of 2 places used" in client.get(url).content.decode()
    assert not Pairing.objects.exists(), "a preview changes nothing"
    for _ in range(2):
        client.post(url, {f"c{capstone.pk}": mentor.pk})
    call_command("notify", "--once")
    [letter] = mail.outbox
    assert (letter.to, letter.subject) == (["mentor@club.example"], "Will you mentor Grid worlds?")
    link = reverse("nmep:mentor_answer", args=[capstone.offering.slug, capstone.initiative.slug])
    assert link in letter.body
    assert "RL" in letter.body
    client.force_login(mentor)
    assert client.get(link).status_code == 200
    assert mentoring.mentor_of(Capstone.objects.get(pk=capstone.pk)).answer == "asked", (
        "a GET changes nothing"
    )
    for _ in range(2):
        client.post(link, {"accept": "1"})
    assert mentoring.mentor_of(Capstone.objects.get(pk=capstone.pk)).answer == "accepted"
    assert Notification.objects.filter(kind="nmep-mentor-found").count() == 3
    assert Role.objects.get(initiative=capstone.initiative, person=mentor).kind == "mentor"


def test_a_no_goes_back_to_the_leads_alone(client):
    capstone = make_capstone()
    lead, mentor = make_lead(offering=capstone.offering), make_member()
    asked(capstone, mentor, lead)
    link = reverse("nmep:mentor_answer", args=[capstone.offering.slug, capstone.initiative.slug])
    client.force_login(mentor)
    client.post(link, {"decline": "1"})
    assert client.get(link).status_code == 404
    assert list(
        Notification.objects.filter(kind="nmep-mentor-declined").values_list("person", flat=True)
    ) == [lead.pk]
    assert [need.words for need in mentoring.needs([capstone.offering_id], NOW)] == ["has no mentor"]
    assert not Role.objects.filter(initiative=capstone.initiative, person=mentor).exists()


def test_only_who_was_asked_meets_the_question(client):
    capstone = asked(make_capstone(), make_member())
    client.force_login(make_member())
    link = reverse("nmep:mentor_answer", args=[capstone.offering.slug, capstone.initiative.slug])
    assert (client.get(link).status_code, client.post(link, {"accept": "1"}).status_code) == (404, 404)


def test_a_lead_takes_the_question_back_and_the_mail_is_not_sent(client):
    capstone = make_capstone()
    lead = make_lead(offering=capstone.offering)
    asked(capstone, make_member(), lead)
    client.force_login(lead)
    client.post(reverse("nmep:mentor_end", args=[capstone.offering.slug, capstone.initiative.slug]))
    call_command("notify", "--once")
    assert [letter.subject for letter in mail.outbox] == []


def test_who_was_not_met_for_three_weeks_or_asks_for_help_is_told_to_the_lead_and_the_desk():
    offering = make_offering()
    lead = make_lead(offering=offering)
    long_ago = NOW - timedelta(weeks=4)
    silent, met, lost = (
        make_capstone(offering=offering, name=name, mentor=make_member(), now=long_ago)
        for name in ("Silent", "Met", "Lost")
    )
    mentoring.check_in(met, met.team[0].enrolment.person, "met", now=NOW - timedelta(days=3))
    mentoring.check_in(lost, lost.team[0].enrolment.person, "met", now=NOW - timedelta(days=3))
    mentoring.check_in(lost, lost.team[0].enrolment.person, "help", now=NOW - timedelta(days=1))
    assert [(str(need.capstone), need.words) for need in mentoring.needs([offering.pk], NOW)] == [
        ("Lost", "asks for help"),
        ("Silent", "has not met its mentor for three weeks"),
    ]
    [card] = gathered.home(lead, NOW)
    assert card.meta == ("2 capstones have no mentor, have not met it for three weeks, or ask for help",)
    [need] = attention.of(offering, NOW)
    assert (need.count, need.detail) == (2, "Lost, Silent")
    told = gathered.digest(
        [silent.mentoring.members.get(part="mentor").person, lead], NOW, NOW + timedelta(days=7)
    )
    assert sorted(item.text for items in told.values() for item in items) == [
        f"{offering.program}: 2 capstones have no mentor, have not met it for three weeks, or ask for help",
        "You have not met Silent for three weeks",
    ]
    mentoring.check_in(lost, lost.team[0].enrolment.person, "met", now=NOW)
    assert str(silent) in [str(need.capstone) for need in mentoring.needs([offering.pk], NOW)]
    assert len(mentoring.needs([offering.pk], NOW)) == 1


def test_a_check_in_is_one_tap_of_the_group_or_its_mentor_and_of_nobody_else(client):
    capstone = make_capstone()
    mentor = make_mentoring(capstone=capstone)
    capstone.refresh_from_db()
    url = reverse("nmep:mentor_check_in", args=[capstone.offering.slug, capstone.initiative.slug])
    for person in (mentor, mentor, capstone.offering.enrolments.first().person):
        client.force_login(person)
        assert client.post(url, {"said": "met"}).status_code == 302
    assert capstone.mentoring.check_ins.count() == 2
    client.force_login(make_member())
    assert client.post(url, {"said": "met"}).status_code == 404
    client.force_login(mentor)
    assert client.post(url, {"said": "nonsense"}).status_code == 404


def test_home_asks_a_mentor_and_tells_of_work_that_waits():
    from nmep import capstone_steps
    from tests.factories.capstones import make_milestone

    capstone = make_capstone(name="Grid worlds")
    mentor = make_member()
    asked(capstone, mentor)
    assert [card.title for card in gathered.home(mentor, NOW)] == ["Will you mentor Grid worlds?"]
    mentoring.answer(capstone, mentor, accepts=True, now=NOW)
    capstone_steps.hand_in(
        Capstone.objects.get(pk=capstone.pk),
        make_milestone(offering=capstone.offering),
        by=capstone.offering.enrolments.first().person,
        text="Plan",
        now=NOW,
    )
    mentor.__dict__.pop("_nmep_current")
    assert [card.title for card in gathered.home(mentor, NOW)] == [
        "Grid worlds: Proposal waits for your answer"
    ]


@pytest.mark.parametrize("size", [1, 5])
def test_suggestions_cost_the_same_for_any_number_of_groups(client, size, django_assert_max_num_queries):
    offering = make_offering()
    for _ in range(size):
        make_capstone(offering=offering, topics=["RL"])
        make_expert("RL")
    client.force_login(make_lead(offering=offering))
    with django_assert_max_num_queries(15):
        client.get(reverse("nmep:mentor_suggest", args=[offering.slug]))
