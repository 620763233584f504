from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_alumnus, make_member, make_page, make_revision, make_user
from wiki import editing
from wiki.models import Link, Page

pytestmark = pytest.mark.django_db


def detail(path):
    return reverse("wiki:page_detail", args=[path])


def test_a_member_reads_a_page_with_its_links_and_formulas(client):
    member = make_member(name="Ada Example")
    make_page(path="Basics/Gradient", text="The slope.\n", author=member)
    make_page(
        path="Basics/Momentum",
        text="# Momentum\n\nSee [[gradient]] and [[Nesterov]]. $v_t = \\mu v_{t-1}$\n\n## In code\n\nx\n",
        author=member,
    )
    client.force_login(make_member())

    page = client.get(detail("Basics/Momentum")).content.decode()

    assert page.count("<h1") == 1
    assert 'href="/wiki/Basics/Gradient/"' in page
    assert 'class="wikilink missing" href="/wiki/new/?path=Basics/Nesterov"' in page
    assert "<math" in page
    assert "Ada Example" in page
    assert page.count(">In code<") >= 2  # the heading, and its line in the column beside


def test_a_page_says_which_pages_lead_to_it(client):
    make_page(path="Basics/Gradient")
    make_page(path="Basics/Momentum", text="See [[Gradient]].\n")
    client.force_login(make_member())

    page = client.get(detail("Basics/Gradient")).content.decode()

    assert "Pages that lead here" in page
    assert page.index("Pages that lead here") < page.index("Momentum", page.index("Pages that lead here"))


def test_alumni_read_and_do_not_edit(client):
    make_page(path="Basics/Gradient")
    client.force_login(make_alumnus())

    assert "/-/edit/" not in client.get(detail("Basics/Gradient")).content.decode()
    assert client.get(reverse("wiki:page_edit", args=["Basics/Gradient"])).status_code == 404


def test_a_stranger_is_sent_to_sign_in_whether_the_page_is_there_or_not(client):
    make_page(path="Basics/Gradient")

    there, absent = client.get(detail("Basics/Gradient")), client.get(detail("Basics/Nothing"))

    assert (there.status_code, absent.status_code) == (302, 302)
    assert "/accounts/login/" in there.url
    assert "/accounts/login/" in absent.url


def test_an_account_without_membership_meets_a_404(client):
    make_page(path="Basics/Gradient")
    client.force_login(make_user())

    assert client.get(detail("Basics/Gradient")).status_code == 404


def test_anyone_reads_a_public_page_without_learning_who_wrote_it(client):
    make_page(
        path="Guides/Join", text="Come on Tuesday.\n", author=make_member(name="Ada Example"), is_public=True
    )

    page = client.get(detail("Guides/Join")).content.decode()

    assert "Come on Tuesday." in page
    assert "Ada Example" not in page


def test_a_page_from_the_trash_is_nobodys_and_links_to_it_turn_red(client):
    gone = make_page(path="Basics/Old")
    make_page(path="Basics/New", text="[[Old]]\n")
    editing.trash(gone, by=make_member(), now=timezone.now())
    client.force_login(make_member())

    assert client.get(detail("Basics/Old")).status_code == 404
    assert Link.objects.get(name="Old").target is None


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("basics/gradient descent", "/wiki/Basics/Gradient%20descent/"),
        ("Basics/Gradient-descent", "/wiki/Basics/Gradient%20descent/"),
        ("Basics/Gradient descent.md", "/wiki/Basics/Gradient%20descent/"),
        ("CV", "/wiki/CV/Home/"),
    ],
)
def test_other_ways_of_writing_an_address_lead_to_the_page(client, asked, found):
    make_page(path="Basics/Gradient descent")
    make_page(path="CV/Home")
    client.force_login(make_member())

    answer = client.get(detail(asked))

    assert (answer.status_code, answer.url) == (302, found)


@pytest.mark.parametrize(
    "path",
    [
        "C++ and you",
        "Größe/Maß",
        "v1.2",
        "a/b/c/d",
        "50% of it",
        "What?",
        "NLP/S4 (state space)",
        "Guides/edit",
    ],
)
def test_a_page_of_any_allowed_name_can_be_read_and_edited(client, path):
    make_page(path=path)
    client.force_login(make_member())

    page = client.get(detail(path))

    assert page.status_code == 200
    assert client.get(reverse("wiki:page_edit", args=[path])).status_code == 200
    assert reverse("wiki:page_edit", args=[path]).encode() in page.content


def test_an_encoded_slash_is_a_slash(client):
    make_page(path="Basics/Gradient")
    client.force_login(make_member())

    assert client.get("/wiki/Basics%2FGradient/").status_code == 200


def test_a_folder_without_a_home_lists_its_pages(client):
    make_page(path="Basics/Gradient")
    client.force_login(make_member())

    page = client.get(detail("Basics"))

    assert page.status_code == 200
    assert b"/wiki/Basics/Gradient/" in page.content


def test_a_missing_page_offers_to_be_written_and_names_what_is_alike(client):
    make_page(path="Basics/Gradient descent")
    client.force_login(make_member())

    page = client.get(detail("Basics/Gradiant decent"))

    assert page.status_code == 404
    assert b"/wiki/new/?path=Basics/Gradiant%20decent" in page.content
    assert b"/wiki/Basics/Gradient%20descent/" in page.content


def test_markdowns_own_links_lead_to_pages_too(client):
    make_page(path="CV/Home", text="Start.\n")
    make_page(
        path="Home", text="[Vision](/CV/Home) and [again](./CV/) and [out](https://x.example/CV/Home)\n"
    )
    client.force_login(make_member())

    page = client.get(detail("Home")).content.decode()

    assert page.count('href="/wiki/CV/Home/"') >= 2
    assert 'href="https://x.example/CV/Home"' in page


def test_a_page_nobody_looked_over_for_a_year_asks_for_it_and_one_click_answers(client):
    page = make_page(path="Basics/Old", at=timezone.now() - timedelta(days=500), owner=make_member())
    member = make_member()
    client.force_login(member)
    assert b"This page needs care." in client.get(detail("Basics/Old")).content

    client.post(reverse("wiki:page_check", args=["Basics/Old"]))

    page.refresh_from_db()
    assert page.checked_by == member
    assert b"This page needs care." not in client.get(detail("Basics/Old")).content


def test_a_page_without_an_owner_can_be_adopted_once(client):
    page = make_page(path="Basics/Orphan")
    first, second = make_member(), make_member()
    client.force_login(first)
    client.post(reverse("wiki:page_adopt", args=[page.path]))
    client.force_login(second)
    client.post(reverse("wiki:page_adopt", args=[page.path]))

    assert Page.objects.get(pk=page.pk).owner == first


@pytest.mark.parametrize("size", [1, 5, 50])
def test_a_page_costs_the_same_whatever_it_links_to(client, size, django_assert_num_queries):
    writers = [make_member() for _ in range(min(size, 5))]
    for number in range(size):
        make_page(path=f"Basics/Target {number}", text="[[Main]]\n", author=writers[number % len(writers)])
    links = " ".join(f"[[Target {number}]] [[Red {number}]]" for number in range(size))
    page = make_page(path="Basics/Main", text="Nothing\n", author=writers[0])
    for number, writer in enumerate(writers):
        make_revision(page=page, text=f"{links} {number}\n", author=writer)
    client.force_login(make_member())
    client.get(detail("Basics/Main"))

    with django_assert_num_queries(12, exact=False):
        answer = client.get(detail("Basics/Main"))

    assert len(answer.content) < 60_000
