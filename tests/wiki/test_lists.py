import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_member, make_officer, make_page, make_revision, make_user
from wiki import editing

pytestmark = pytest.mark.django_db

LISTS = ["wiki:page_front", "wiki:change_list", "wiki:page_care", "wiki:page_wanted"]


def fill(size):
    for number in range(size):
        page = make_page(path=f"Area {number}/Page", text=f"[[Red {number}]]\n", author=make_member())
        make_revision(page=page, text=f"[[Red {number}]] [[Other]]\n", author=make_member())


def test_the_front_of_an_empty_library_says_how_to_begin(client):
    client.force_login(make_member())
    assert b"Write the first page" in client.get(reverse("wiki:page_front")).content


def test_a_stranger_sees_only_areas_with_public_pages(client):
    make_page(path="Secret/Plan")
    assert client.get(reverse("wiki:page_front")).status_code == 302
    make_page(path="Guides/Join", is_public=True)

    body = client.get(reverse("wiki:page_front")).content.decode()

    assert "Guides" in body
    assert "Secret" not in body


@pytest.mark.parametrize("name", LISTS[1:])
def test_the_lists_are_for_members(client, name):
    assert client.get(reverse(name)).status_code == 302
    client.force_login(make_user())
    assert client.get(reverse(name)).status_code == 404


def test_the_trash_is_for_librarians(client):
    client.force_login(make_member())
    assert client.get(reverse("wiki:page_trash_list")).status_code == 403


@pytest.mark.parametrize("name", LISTS)
def test_the_lists_stand_empty(client, name):
    client.force_login(make_member())
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_for_any_number_of_pages(client, name, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    costs = []
    member = make_member()
    client.force_login(member)
    for size in (1, 5, 50):
        editing.Page.objects.update(trashed_at=timezone.now())
        for number in range(size):
            make_page(
                path=f"S{size} {number}/P", text=f"[[Red {number}]] [[Other]]\n", author=member, owner=member
            )
        client.get(reverse(name))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(reverse(name)).status_code == 200
        costs.append(len(captured))

    assert len(set(costs)) == 1
    assert costs[0] <= 15


def test_wanted_pages_are_ranked_by_how_many_ask_for_them(client):
    make_page(path="A", text="[[Once]] [[Twice]]\n")
    make_page(path="B", text="[[Twice]]\n")
    client.force_login(make_member())

    body = client.get(reverse("wiki:page_wanted")).content.decode()

    assert body.index("Twice") < body.index("Once")
    assert "/wiki/new/?path=Twice" in body


def test_wanted_pages_begin_with_a_template(client):
    make_page(path="Basics/A", text="[[Once]]\n")
    client.force_login(make_member())
    body = client.get(reverse("wiki:page_wanted")).content.decode()
    assert "/wiki/new/?path=Basics/Once&amp;template=concept" in body
    assert (
        "What it is, in one sentence" in client.get("/wiki/new/?path=Once&template=concept").content.decode()
    )


def test_officers_give_pages_to_somebody_else_in_the_admin(client):
    officer, heir = make_officer(slug="library"), make_member(name="Hera Example")
    pages = [make_page(path=f"P{number}") for number in range(3)]
    client.force_login(officer)
    url = reverse("admin:wiki_page_changelist")
    choice = {"action": "change_owner", "_selected_action": [page.pk for page in pages]}
    assert b"Give them over" in client.post(url, choice).content

    client.post(url, {**choice, "confirmed": "1", "owner": heir.pk})

    assert {page.owner for page in editing.Page.objects.all()} == {heir}


@pytest.mark.parametrize(
    "model",
    [
        "page",
        "revision",
        "paper",
        "redirect",
        "attachment",
        "requirement",
        "requirementproposal",
        "learningpath",
    ],
)
@pytest.mark.parametrize("size", [1, 5])
def test_the_admin_lists_cost_few_queries(client, model, size, django_assert_max_num_queries):
    for number in range(size):
        page = make_page(path=f"P{number}", author=make_member())
        editing.rename(page, f"Q{number}", by=None, now=timezone.now())
    client.force_login(make_officer(slug="library"))
    with django_assert_max_num_queries(12):
        assert client.get(reverse(f"admin:wiki_{model}_changelist")).status_code == 200


@pytest.mark.parametrize(
    "care", ["stale", "broken", "picture", "orphan", "short", "ownerless", "left", "trash"]
)
def test_the_admin_filters_answer(client, care):
    make_page(path="A", author=make_member())
    client.force_login(make_officer(slug="library"))
    assert client.get(reverse("admin:wiki_page_changelist"), {"care": care}).status_code == 200
