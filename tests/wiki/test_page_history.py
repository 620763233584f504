import pytest
from django.urls import reverse

from tests.factories import make_member, make_page, make_revision, make_user
from wiki import diffs

pytestmark = pytest.mark.django_db


def test_history_names_everybody_with_what_they_said_about_it(client):
    page = make_page(path="A", author=make_member(name="Ada Example"))
    make_revision(page=page, text="More\n", author=make_member(name="Bo Example"), summary="Said more")
    client.force_login(make_member())

    body = client.get(reverse("wiki:page_history", args=["A"])).content.decode()

    assert body.index("Bo Example") < body.index("Ada Example")
    assert "Said more" in body


def test_a_diff_shows_words_within_a_long_line(client):
    page = make_page(path="A", text="The quick brown fox jumps over the dog.\n")
    make_revision(page=page, text="The quick red fox jumps over the <b>dog</b>.\n", author=make_member())
    client.force_login(make_member())

    body = client.get(reverse("wiki:page_diff", args=["A"]), {"from": "1", "to": "2"}).content.decode()

    assert "<del>brown</del>" in body
    assert "<ins>red</ins>" in body
    assert "<b>dog" not in body


@pytest.mark.parametrize(
    ("query", "status"),
    [("from=0&to=1", 200), ("", 200), ("from=1&to=9", 404), ("from=x", 400), ("to=-1", 400), ("to=²", 400)],
)
def test_a_diff_between_versions_that_are_not_there(client, query, status):
    make_page(path="A")
    client.force_login(make_member())

    assert client.get(f"{reverse('wiki:page_diff', args=['A'])}?{query}").status_code == status


def test_the_history_of_a_public_page_is_for_members(client):
    make_page(path="A", is_public=True)
    assert client.get(reverse("wiki:page_history", args=["A"])).status_code == 302
    client.force_login(make_user())
    assert client.get(reverse("wiki:page_history", args=["A"])).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_history_costs_the_same_for_any_number_of_versions(client, size, django_assert_max_num_queries):
    page = make_page(path="A")
    for number in range(size):
        make_revision(page=page, text=f"{number}\n", author=make_member())
    client.force_login(make_member())
    client.get("/wiki/A/-/history/")
    with django_assert_max_num_queries(10):
        client.get("/wiki/A/-/history/")


def test_a_diff_of_a_very_long_page_takes_no_time():
    old = "\n".join(f"{number} the same words again and again" for number in range(4000))
    new = old.replace("2000 the same", "2000 other")

    [hunk] = diffs.compare(old, new)

    assert [line.kind for line in hunk.lines].count("added") == 1
    assert diffs.size(old, new) == (5, 8)


def test_equal_texts_have_no_difference():
    assert diffs.compare("a\nb\n", "a\nb\n") == []
    assert diffs.size("", "") == (0, 0)
