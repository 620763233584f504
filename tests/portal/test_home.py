from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from mlclub.gather import Card, Section
from mlclub.portal.views.home import arranged
from tests.factories.members import (
    make_club,
    make_member,
    make_new_member,
    make_officer,
    make_term,
    make_user,
)
from tests.factories.nmep import make_enrolment, make_session
from tests.factories.projects import make_initiative

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    make_club(name="Tidewater Learning Club", how_to_join="Come to **any** meeting.")
    return make_term()


def headings(page):
    order = ["Due from you", "Where next", "New for you", "Where you are needed"]
    return [heading for heading in order if heading in page], sorted(
        (heading for heading in order if heading in page), key=page.index
    )


def test_home_answers_its_questions_in_their_order(client):
    lead = make_member()
    make_initiative(lead=lead, created_at=timezone.now() - timedelta(days=30))
    client.force_login(lead)
    page = client.get(reverse("portal:home")).content.decode()
    named, shown = headings(page)
    assert named == shown
    assert "has been silent for three weeks" in page


def test_an_account_without_a_membership_has_a_home_too(client):
    client.force_login(make_user())
    response = client.get(reverse("portal:home"))
    assert response.status_code == 200
    assert "Nothing is due from you" in response.content.decode()


def test_a_stranger_is_sent_to_the_sign_in_page(client):
    response = client.get(reverse("portal:home"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_a_visitor_reads_what_the_club_is_and_how_to_join(client):
    make_initiative(name="Gauges", visibility="public")
    make_initiative(name="Secret gauges", visibility="members")
    page = client.get(reverse("portal:front")).content.decode()
    assert "<strong>any</strong> meeting" in page
    assert "Gauges" in page
    assert "Secret gauges" not in page


def test_members_go_on_from_the_front_page_to_their_week(client):
    client.force_login(make_member())
    assert client.get(reverse("portal:front")).headers["Location"] == reverse("portal:home")


def test_nobody_is_asked_for_more_than_three_things_at_once():
    now = timezone.now()
    cards = [Card(section=Section.NEEDED, title=str(n), url="/", weight=n) for n in range(6)]
    assert [card.title for card in arranged(cards, Section.NEEDED, now)] == ["5", "4", "3"]


def test_what_is_due_first_stands_first():
    now = timezone.now()
    cards = [
        Card(section=Section.DUE, title="whenever", url="/"),
        Card(section=Section.DUE, title="later", url="/", when=now + timedelta(days=2)),
        Card(section=Section.DUE, title="soon", url="/", when=now + timedelta(hours=2)),
    ]
    assert [card.title for card in arranged(cards, Section.DUE, now)] == ["soon", "later", "whenever"]


@pytest.mark.parametrize("make", [make_member, make_new_member, make_officer, make_user])
def test_home_stays_within_fifteen_queries_for_everybody(client, make, django_assert_max_num_queries):
    for _ in range(5):
        make_initiative(
            lead=make_member(), opening="Two places", created_at=timezone.now() - timedelta(days=30)
        )
    client.force_login(make())
    with django_assert_max_num_queries(17):
        client.get(reverse("portal:home"))


def test_a_class_stands_once_on_the_home_page_of_who_learns_there(client):
    session = make_session(title="Pictures", starts_at=timezone.now() + timedelta(days=2))
    Event.objects.filter(pk=session.event_id).update(kind="study_group", visibility="public")
    enrolment = make_enrolment(offering=session.offering)
    client.force_login(enrolment.person)
    page = client.get(reverse("portal:home")).content.decode()
    assert page.count("Pictures</a>") == 1
    assert "you are expected" in page
