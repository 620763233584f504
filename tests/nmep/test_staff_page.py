"""The page of the leads: what needs them, each with the page that mends it, and every tool."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import HelperOffer, Talk
from nmep import attention, gathered, questions
from nmep.models import (
    Absence,
    CapstonePolicy,
    CourseApplication,
    Departure,
    ExtensionRequest,
    Milestone,
    OfferingSheet,
    Program,
    Review,
    SecondLook,
    Session,
)
from tests.factories import make_capstone, make_claim, make_sheet
from tests.factories.capstones import make_milestone, make_past_capstone
from tests.factories.members import make_member, make_officer, make_user
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
)

pytestmark = pytest.mark.django_db


def make_program(kind):
    return Program.objects.create(name=kind.upper(), slug=f"a-{kind}", kind=kind)


def found(offering, now=None):
    return {need.key: need for need in attention.of(offering, now or timezone.now())}


def counts(offering, now=None):
    return {key: need.count for key, need in found(offering, now).items()}


def everything(offering, n=1):
    """`n` of each thing that wants a lead."""
    now = timezone.now()
    lead = make_lead(offering=offering)
    CapstonePolicy.objects.get_or_create(offering=offering)
    sheet = make_sheet(slots=n, days=3, kind="paper")
    OfferingSheet.objects.create(offering=offering, sheet=sheet, kind="paper")
    OfferingSheet.objects.create(offering=offering, sheet=make_sheet(kind="oral"), kind="oral")
    old = make_assignment(offering=offering)
    for _ in range(n):
        session = make_session(offering=offering, starts_at=now + timedelta(days=4), title="Attention")
        Talk.objects.create(event=session.event)
        make_session(offering=offering, starts_at=now + timedelta(days=1), kind=Session.Kind.PARTY)
        learner = make_enrolment(offering=offering)
        make_submission(enrolment=learner, assignment=old, now=now - timedelta(days=6))
        Absence.objects.create(enrolment=learner, session=session, reason="ill", asked_at=now)
        ExtensionRequest.objects.create(enrolment=learner, assignment=old, days=2, reason="ill", asked_at=now)
        Departure.objects.create(enrolment=learner, reason="Time", is_own_wish=True)
        questions.ask(offering, learner.person, f"Why {learner.pk}?", now=now)
        make_capstone(offering=offering, size=1)
        CourseApplication.objects.create(
            offering=offering, user=make_user(), wants="learn", state="applied", created_at=now
        )
    return lead


def test_each_thing_that_needs_a_lead_is_a_line_with_its_number_and_its_page():
    offering = make_offering()
    everything(offering, 2)
    told = found(offering)
    assert {key: need.count for key, need in told.items() if key != "flagged"} == {
        "classes": 2,
        "parties": 2,
        "papers": 2,
        "reviews": 2,
        "requests": 4,
        "departures": 2,
        "orals": 4,
        "groups": 2,
        "mentors": 2,
        "questions": 2,
        "applications": 2,
    }
    assert told["classes"].detail.startswith("Week 1: Attention, Week 3")
    assert told["classes"].url == reverse("nmep:lecturer_list", args=[offering.slug])
    assert told["parties"].url.startswith("/events/")


def test_what_somebody_has_seen_to_is_no_line_any_more():
    offering = make_offering()
    everything(offering)
    now = timezone.now()
    Talk.objects.update(speaker_names="Wren")
    for session in Session.objects.filter(kind=Session.Kind.PARTY):
        HelperOffer.objects.create(event=session.event, person=make_member(), said_at=now)
    Absence.objects.update(state=Absence.State.EXCUSED, decided_at=now)
    ExtensionRequest.objects.update(state=ExtensionRequest.State.DECLINED, decided_at=now)
    Departure.objects.update(state=Departure.State.STAYS, settled_at=now)
    CourseApplication.objects.update(state="declined", decided_at=now)
    left = counts(offering)
    assert not {"classes", "parties", "requests", "departures", "applications"} & set(left)


def test_held_reviews_and_other_looks_are_told():
    assignment = make_assignment()
    lead = make_lead(offering=assignment.offering)
    held, posted = make_submission(assignment=assignment), make_submission(assignment=assignment)
    now = timezone.now()
    Review.objects.create(
        submission=held, reviewer=lead, state=Review.State.HELD, outcome=Review.Outcome.DONE, held_at=now
    )
    review = Review.objects.create(
        submission=posted,
        reviewer=lead,
        state=Review.State.POSTED,
        outcome=Review.Outcome.RETURN,
        posted_at=now,
    )
    author = posted.authors.get().enrolment.person
    comment = posted.comments.create(author=author, text="Look again?", created_at=now)
    SecondLook.objects.create(review=review, comment=comment, asked_at=now)
    told = found(assignment.offering)
    assert {key: need.count for key, need in told.items()} == {"held": 1, "looks": 1}
    assert told["held"].url == reverse("nmep:review_release", args=[assignment.offering.slug, "hw1"])
    assert told["looks"].url == f"{posted.get_absolute_url()}#thread"


def test_steps_are_overdue_by_the_wall_clock_and_only_for_groups_that_have_not_handed_in():
    offering = make_offering()
    now = timezone.now()
    make_milestone(offering=offering, due_at=now - timedelta(hours=1), title="Proposal")
    make_milestone(offering=offering, due_at=now + timedelta(hours=1), title="Checkpoint")
    group = make_capstone(offering=offering, name="Ants")
    assert found(offering)["steps"].detail == "Ants: Proposal"
    group.steps.create(milestone=Milestone.objects.get(title="Proposal"), state="handed_in")
    assert "steps" not in found(offering)


def test_a_presented_capstone_that_nobody_has_decided_about_is_told():
    capstone = make_past_capstone(name="Ants")
    assert found(capstone.offering)["undecided"].detail == "Ants"


def test_an_archived_offering_needs_nobody():
    offering = make_offering(state="archived")
    everything(offering) if False else make_session(
        offering=offering, starts_at=timezone.now() + timedelta(days=1)
    )
    assert attention.of(offering, timezone.now()) == []


def test_the_lead_finds_every_tool_and_a_learner_finds_nothing(client):
    offering = make_offering()
    lead, learner = make_lead(offering=offering), make_enrolment(offering=offering).person
    client.force_login(lead)
    page = client.get(reverse("nmep:staff", args=[offering.slug])).content.decode()
    for name in [
        "roster",
        "pair_list",
        "plan",
        "offering_state",
        "offering_clone",
        "completion_check",
        "oral_list",
    ]:
        assert f'href="{reverse(f"nmep:{name}", args=[offering.slug])}"' in page
    assert "Nothing" in page or "All is well" in page
    client.force_login(learner)
    assert client.get(reverse("nmep:staff", args=[offering.slug])).status_code == 404


def test_every_link_of_the_page_leads_somewhere(client):
    offering = make_offering()
    client.force_login(everything(offering))
    page = client.get(reverse("nmep:staff", args=[offering.slug])).content.decode()
    start = f"/nmep/{offering.slug}/"
    links = {part.partition('"')[0] for part in page.split('href="')[1:]}
    opened = {link: client.get(link).status_code for link in links if link.startswith(start)}
    assert len(opened) > 25
    assert {link: status for link, status in opened.items() if status != 200} == {}


@pytest.mark.parametrize("size", [1, 5])
def test_the_page_costs_the_same_for_any_number_of_things(client, size, django_assert_max_num_queries):
    offering = make_offering()
    client.force_login(everything(offering, size))
    address = reverse("nmep:staff", args=[offering.slug])
    client.get(address)
    with django_assert_max_num_queries(11):
        client.get(address)


@pytest.mark.parametrize("size", [1, 5])
def test_home_and_desk_tell_the_lead_and_the_officer_with_as_many_questions(
    size, django_assert_max_num_queries
):
    offering = make_offering()
    lead, officer, now = everything(offering, size), make_officer(slug="education"), timezone.now()
    officer.has_perm("nmep.view_submission")
    assert lead.standing.is_active
    offering.zone  # noqa: B018
    with django_assert_max_num_queries(3):
        cards = gathered.home(lead, now)
    assert "things need you" in " ".join(card.title for card in cards)
    with django_assert_max_num_queries(6):
        items = gathered.desk(officer, now)
    assert {item.title: item.count for item in items}[
        "Hand-in waits more than 5 days for a review"
        if size == 1
        else "Hand-ins wait more than 5 days for a review"
    ] == size


def test_no_name_of_a_learner_stands_in_what_is_told():
    offering = make_offering()
    everything(offering)
    names = [row.person.display_name for row in offering.enrolments.filter(role="learner")]
    words = " ".join(f"{need.title} {need.detail}" for need in attention.of(offering, timezone.now()))
    assert not any(name in words for name in names)


def test_a_roster_without_a_learner_is_empty_and_no_error(client):
    offering = make_offering(state="archived")
    make_session(offering=offering)
    client.force_login(make_lead(offering=offering))
    assert client.get(reverse("nmep:roster", args=[offering.slug])).status_code == 200


def test_the_numbers_of_a_term_tell_how_far_learners_came_and_whom_courses_reach():
    offering = make_offering(program=make_program("nmep"))
    work = make_assignment(offering=offering)
    first, _ = make_enrolment(offering=offering), make_enrolment(offering=offering, state="completed")
    make_submission(enrolment=first, assignment=work)
    sheet = make_sheet(slots=2, days=3, kind="paper")
    OfferingSheet.objects.create(offering=offering, sheet=sheet, kind="paper")
    early, _ = sheet.slots.all()
    make_claim(slot=early, person=first.person, claimed_at=timezone.now() - timedelta(days=20))
    course = make_offering(term=offering.term, program=make_program("course"))
    make_enrolment(offering=course, person=make_user())
    make_enrolment(offering=course, person=make_member(term=offering.term))
    figures = {row.name: (row.value, row.n) for row in gathered.numbers(offering.term)}
    assert figures["Slots filled 10 days ahead"] == (50.0, 2)
    assert figures["New-member programme: handed in a homework"] == (1, 2)
    assert figures["New-member programme: completed"] == (1, 2)
    assert figures["Course participants beyond the club"] == (1, 2)


def test_the_digest_asks_a_learner_without_a_talk_to_claim_one_and_says_no_mark():
    offering = make_offering()
    learner = make_enrolment(offering=offering).person
    sheet = make_sheet(slots=2, days=3, kind="paper")
    OfferingSheet.objects.create(offering=offering, sheet=sheet, kind="paper")
    now = timezone.now()
    lines = gathered.digest([learner], now, now + timedelta(days=7))[learner.pk]
    assert "Paper: you have not picked one; 2 slots left" in [line.text for line in lines]
    make_claim(slot=sheet.slots.first(), person=learner)
    lines = gathered.digest([learner], now, now + timedelta(days=7))[learner.pk]
    assert [line.text for line in lines if not line.is_filler] == []
