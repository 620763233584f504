from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_member, make_page, make_user
from tests.factories.members import make_club, make_term
from wiki import editing, growth

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    make_club()
    return make_term()


def front(client):
    return client.get(reverse("wiki:page_front")).content.decode()


def test_what_an_elder_calls_the_wiki_is_one_click_away(client):
    client.force_login(make_member())
    body = front(client)
    for name in (
        "events:recording_list",
        "events:speaker_list",
        "members:person_list",
        "wiki:reading_list_list",
        "wiki:paper_list",
        "wiki:change_list",
        "wiki:page_wanted",
        "wiki:page_care",
    ):
        assert f'href="{reverse(name)}"' in body, name
    assert f'href="{reverse("members:person_list")}?who=alumni"' in body


def test_a_newcomer_begins_with_the_page_for_newcomers_then_with_what_others_build_on(client):
    make_page(path="Basics/Gradient descent", text="Downhill.\n")
    for number in range(3):
        make_page(path=f"Basics/Page {number}", text="See [[Gradient descent]].\n")
    make_page(path="Welcome", text="Read this first.\n")
    client.force_login(make_member())
    body = front(client)
    start = body[body.index("Start here") : body.index("Areas")]
    assert start.index("Welcome") < start.index("Gradient descent")
    assert "Page 1" not in start


def test_what_most_lead_to_is_remembered_and_hidden_pages_are_not_told(client):
    secret = make_page(path="Plans/Secret", text="Not yet.\n")
    make_page(path="Guides/Join", text="See [[Secret]].\n", is_public=True)
    assert growth.hubs() == [secret.pk]
    client.force_login(make_user())
    assert "Secret" not in front(client)
    client.force_login(make_member())
    assert "Secret" in front(client)
    editing.trash(secret, by=None, now=timezone.now())
    body = front(client)
    assert "Secret" not in body[: body.index("Areas")]


def test_growth_is_told_by_term_and_for_members_alone(client, club):
    now = timezone.now()
    make_page(path="A", author=make_member(), at=now - timedelta(hours=1))
    make_page(path="B", author=make_member(), at=now - timedelta(hours=1), is_public=True)
    [stage] = growth.by_term(timezone.localdate())
    assert (stage.term, stage.pages, stage.changes, stage.writers, stage.percent) == (club.name, 2, 2, 2, 100)
    client.force_login(make_member())
    assert "How it grows" in front(client)
    client.force_login(make_user())
    assert "How it grows" not in front(client)


def test_growth_is_counted_once_in_ten_minutes(django_assert_num_queries):
    growth.by_term(timezone.localdate())
    with django_assert_num_queries(0):
        growth.by_term(timezone.localdate())


@pytest.mark.parametrize("is_first", [True, False])
def test_the_front_takes_fifteen_questions_at_most_however_large_the_library(client, is_first):
    member = make_member()
    client.force_login(member)
    costs = []
    for size in (3, 30):
        for number in range(size):
            make_page(path=f"Area {size}/{number}", text="[[Red]] [[Other]]\n", author=member, owner=member)
        front(client)
        if is_first:
            cache.delete_many(["wiki:hubs", f"wiki:growth:{timezone.localdate()}"])
        with CaptureQueriesContext(connection) as captured:
            front(client)
        costs.append(len(captured))
    assert costs[0] == costs[1] <= 15
