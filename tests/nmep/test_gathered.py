from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone

from events.models import Talk
from nmep import gathered
from nmep.models import Enrolment, Offering
from tests.factories.finding import found as found_in
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


def test_home_leads_to_the_next_hand_in_and_reviewers_to_their_queue(django_assert_num_queries):
    now = timezone.now()
    assignment = make_assignment(due_at=now + timedelta(days=2))
    learner = make_enrolment(offering=assignment.offering)
    gathered.home(make_member(), now)  # the club is cached from here on
    assignment.offering.zone  # noqa: B018
    make_session(offering=assignment.offering, starts_at=now + timedelta(days=1), title="Attention")
    assert learner.person.standing.is_new  # a page knows this already
    with django_assert_num_queries(3):
        card, coming = gathered.home(learner.person, now)
    assert (coming.title, coming.section) == ("Class, week 1: Attention", "next")
    assert (card.title, card.action, card.is_primary) == ("HW1: Shells", "Submit", True)
    make_submission(assignment=assignment)
    needs, queue = gathered.home(make_lead(offering=assignment.offering), now)
    assert needs.url == reverse("nmep:staff", args=[assignment.offering.slug])
    assert (queue.title, queue.action, queue.post) == ("1 hand-in to review", "Start", True)
    assert gathered.home(make_member(), now) == []


def test_the_desk_shows_slow_reviews_missing_lecturers_and_flags():
    now = timezone.now()
    offering = make_offering()
    make_submission(assignment=make_assignment(offering=offering), now=now - timedelta(days=6))
    staffed = make_session(offering=offering, starts_at=now + timedelta(days=3))
    Talk.objects.create(event=staffed.event, speaker_names="Wren")
    bare = make_session(offering=offering, starts_at=now + timedelta(days=4), title="Attention")
    Talk.objects.create(event=bare.event)
    make_session(offering=offering, starts_at=now + timedelta(days=20))
    make_assignment(offering=offering, due_at=now - timedelta(days=9))
    make_enrolment(offering=offering)
    items = gathered.desk(make_officer(slug="education"), now)
    assert [(item.title, item.count, item.detail) for item in items] == [
        ("Class of the next 10 days without a lecturer", 1, "Week 2: Attention"),
        ("Hand-in waits more than 5 days for a review", 1, ""),
        ("Learners to look after", 2, ""),
    ]
    assert gathered.desk(make_officer(slug="events"), now) == []


def test_search_finds_work_and_weeks_for_those_who_may_read_them():
    offering = make_offering()
    make_assignment(offering=offering, title="Attention from scratch", text="Masks and softmax.")
    make_session(offering=offering, title="Attention")
    draft = make_offering(state=Offering.State.DRAFT)
    make_session(offering=draft, title="Attention in secret")
    titles = {hit.title for hit in found_in(gathered, "attention", make_member())}
    assert titles == {"HW1: Attention from scratch", "Week 1: Attention"}
    assert {hit.title for hit in found_in(gathered, "attention", AnonymousUser())} == {"Week 1: Attention"}
    assert {hit.kind for hit in found_in(gathered, "softmax", make_member())} == {"Assignment"}


def test_the_digest_asks_the_same_number_of_questions_for_any_number_of_people(django_assert_max_num_queries):
    now = timezone.now()
    offering = make_offering()
    assignment = make_assignment(offering=offering, due_at=now + timedelta(days=2))
    make_session(offering=offering, starts_at=now + timedelta(days=1), title="Attention")
    people = [make_enrolment(offering=offering).person for _ in range(6)]
    helper = make_enrolment(offering=offering, role=Enrolment.Role.HELPER).person
    make_submission(assignment=assignment)
    with django_assert_max_num_queries(11):
        found = gathered.digest([*people, helper], now, now + timedelta(days=7))
    assert [(item.text, item.detail) for item in found[people[0].pk]] == [
        ("HW1: Shells is due", ""),
        ("Class, week 1 of 1: Attention", "Hall 306"),
        ("Where you stand", ""),
    ]
    assert "Look" not in [item.action for items in found.values() for item in items]
    assert found[helper.pk][0].text.startswith("1 hand-in waits for whoever takes them")


def test_due_dates_are_in_the_calendar_of_learners_alone():
    now = timezone.now()
    assignment = make_assignment(due_at=now + timedelta(days=2))
    learner = make_enrolment(offering=assignment.offering)
    span = (now, now + timedelta(days=7))
    assert [row.title for row in gathered.calendar(learner.person, *span)] == ["HW1 is due"]
    assert gathered.calendar(make_member(), *span) == []


def test_an_event_names_the_week_it_belongs_to_and_teaching_is_a_contribution():
    session = make_session(starts_at=timezone.now() - timedelta(days=1))
    teacher = make_member()
    Talk.objects.create(event=session.event).speakers.add(teacher)
    [panel] = gathered.panels(session.event, make_member())
    assert panel.context["session"] == session
    assert [row.verb for row in gathered.contributions(teacher, teacher)] == ["taught"]


def test_a_copy_of_ones_data_holds_ones_work():
    submission = make_submission()
    data = gathered.personal_data(submission.authors.get().enrolment.person)
    assert [row["n"] for row in data["submissions"]] == [1]
    assert gathered.personal_data(make_user())["submissions"] == []


@pytest.mark.parametrize("size", [1, 5])
def test_the_syllabus_is_public_and_costs_the_same_for_any_number_of_weeks(
    client, size, django_assert_max_num_queries
):
    offering = make_offering()
    for _ in range(size):
        session = make_session(offering=offering)
        make_assignment(offering=offering, open_session=session, due_session=session)
        Talk.objects.create(event=session.event, speaker_names="Wren").speakers.add(make_member())
    url = reverse("nmep:syllabus", args=[offering.slug])
    client.get(url)
    with django_assert_max_num_queries(10) as captured:
        shown = client.get(url).content.decode()
    assert len(captured) == 8
    assert "Wren" in shown
    client.force_login(make_enrolment(offering=offering).person)
    with django_assert_max_num_queries(15):
        client.get(url)
    assert client.get(reverse("nmep:week_detail", args=[offering.slug, 1])).status_code == 200
    assert client.get(reverse("nmep:week_detail", args=[offering.slug, 77])).status_code == 404


def test_materials_are_shown_by_the_flag_and_to_people_in_it(client):
    session = make_session(starts_at=timezone.now() - timedelta(days=2))
    session.event.materials.create(kind="slides", title="Deck of the week", url="https://slides.example/1")
    url = reverse("nmep:syllabus", args=[session.offering.slug])
    assert "Deck of the week" not in client.get(url).content.decode()
    Offering.objects.update(shows_materials=True)
    assert "Deck of the week" in client.get(url).content.decode()
    Offering.objects.update(shows_materials=False)
    client.force_login(make_enrolment(offering=session.offering, person=make_user()).person)
    assert "Deck of the week" in client.get(url).content.decode()


def test_a_draft_is_a_404_for_all_but_its_leads_and_officers(client):
    offering = make_offering(state=Offering.State.DRAFT)
    url = reverse("nmep:syllabus", args=[offering.slug])
    assert client.get(url).status_code == 404
    client.force_login(make_member())
    assert client.get(url).status_code == 404
    client.force_login(make_lead(offering=offering))
    assert client.get(url).status_code == 200


def test_the_door_of_the_programme_leads_to_ones_own_offering(client):
    offering = make_offering()
    assert offering.program.name in client.get(reverse("nmep:current")).content.decode()
    client.force_login(make_enrolment(offering=offering).person)
    assert client.get(reverse("nmep:current"))["Location"] == offering.get_absolute_url()


def test_a_deck_that_was_uploaded_is_linked(client):
    session = make_session(starts_at=timezone.now() - timedelta(days=2))
    material = session.event.materials.create(kind="slides", title="Deck", file="materials/deck.pdf")
    client.force_login(make_member())
    shown = client.get(reverse("nmep:syllabus", args=[session.offering.slug])).content.decode()
    assert reverse("events:material_file", args=[material.pk]) in shown
