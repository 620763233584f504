from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from nmep.models import Offering
from tests.factories.events import make_event
from tests.factories.members import make_club, make_member, make_term
from tests.factories.nmep import make_offering, make_session
from tests.factories.projects import make_initiative
from tests.factories.wiki import make_page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    make_club()
    return make_term()


def searched(client, query, **more):
    return client.get(reverse("portal:search"), {"q": query, **more}, follow=True).content.decode()


def test_a_member_finds_a_project_by_a_word_of_its_text(client):
    make_initiative(name="Gauges", description="We forecast estuaries.")
    client.force_login(make_member())
    page = searched(client, "estuary forecast")
    assert "Gauges" in page
    assert "<mark>" in page


def test_a_stranger_finds_only_what_is_public(client):
    make_initiative(name="Open estuary", visibility="public", description="estuary")
    make_initiative(name="Closed estuary", visibility="members", description="estuary")
    page = searched(client, "estuary")
    assert "Open estuary" in page
    assert "Closed estuary" not in page


@pytest.mark.parametrize("query", ["", "   ", "'", '"', "\x00", "a" * 5000, "%", "& | !", "<script>", "((("])
def test_odd_queries_are_answered_and_never_run(client, query):
    response = client.get(reverse("portal:search"), {"q": query})
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()


def test_a_headline_shows_hostile_text_as_text(client):
    make_initiative(
        name="Trap", visibility="public", description="estuary <img src=x onerror=alert(1)> estuary"
    )
    assert "<img src=x" not in searched(client, "estuary")


def test_a_slip_of_the_pen_is_forgiven_and_said(client):
    make_page(path="Basics/Backpropagation", text="The chain rule, backwards, layer by layer.")
    client.force_login(make_member())
    page = searched(client, "backpropogation")
    assert "Showing results for <em>backpropagation</em>" in page
    assert "?q=backpropogation&amp;exact=1" in page
    assert "Backpropagation" in page


def test_an_unknown_kind_shows_everything(client):
    make_initiative(name="Open estuary", visibility="public", description="estuary")
    assert "Open estuary" in searched(client, "estuary", kind="Nonsense")


def test_search_stays_within_fifteen_queries(client, django_assert_max_num_queries):
    for n in range(20):
        make_initiative(name=f"Estuary {n}", description="estuary")
    client.force_login(make_member())
    with django_assert_max_num_queries(15):
        searched(client, "estuary")


def test_a_class_is_shown_once_though_it_is_an_event_too(client):
    session = make_session(title="Estuaries", offering=make_offering())
    client.force_login(make_member())
    page = searched(client, "estuaries")
    assert page.count("Estuaries</a>") == 1
    assert f'{session.event.get_absolute_url()}"' not in page


def test_what_is_to_come_stands_above_what_is_over(client):
    now = timezone.now()
    for days in (-400, -30, 30):
        make_event(title="Estuary evening", summary=f"{days} days", starts_at=now + timedelta(days=days))
    page = searched(client, "estuary")
    assert page.index(">30 days") < page.index(">-30 days") < page.index(">-400 days")


def test_a_class_of_this_term_stands_above_the_same_of_an_earlier_one(client):
    old = make_offering(state=Offering.State.ARCHIVED, slug="long-ago")
    make_session(title="Estuaries", offering=old, starts_at=timezone.now() - timedelta(days=300))
    make_session(title="Estuaries", offering=make_offering(slug="this-term"))
    client.force_login(make_member())
    page = searched(client, "estuaries")
    assert page.index("this-term") < page.index("long-ago")
