"""Where else the blog is seen: digests, the desk, profiles, the front page, a copy of one's own data."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_member, make_officer, make_post, make_term
from wiki import gathered, post_news

pytestmark = pytest.mark.django_db


def test_the_digest_tells_members_of_the_weeks_posts_but_not_their_own():
    now = timezone.now()
    author, reader = make_member(name="Ada Quill"), make_member()
    make_post(title="Noise first", authors=[author], state="published", published_at=now - timedelta(days=2))
    make_post(title="Old", authors=[author], state="published", published_at=now - timedelta(days=20))
    make_post(title="Draft", authors=[author])

    told = gathered.digest([author, reader], now, now + timedelta(days=7))

    assert [(item.text, item.detail) for item in told[reader.pk]] == [
        ("On the blog: Noise first", "Ada Quill")
    ]
    assert told.get(author.pk, []) == []


def test_the_digest_costs_the_same_for_any_number_of_posts(django_assert_max_num_queries):
    now = timezone.now()
    readers = [make_member() for _ in range(4)]
    for _ in range(8):
        make_post(authors=[readers[0]], state="published", published_at=now - timedelta(days=2))
    post_news.digest(readers, now, now + timedelta(days=7))
    with django_assert_max_num_queries(5):
        post_news.digest(readers, now, now + timedelta(days=7))


def test_the_editor_hears_of_what_waits_in_the_digest_and_on_the_desk():
    now = timezone.now()
    editor, member = make_officer(slug="library"), make_member()
    assert post_news.desk(editor, now) == []
    post = make_post(state="review", at=now - timedelta(days=4))

    assert [(item.title, item.count, item.url) for item in post_news.desk(editor, now)] == [
        ("Posts that wait for your review", 1, "/blog/desk/")
    ]
    assert post_news.desk(member, now) == []
    assert [item.text for item in post_news.officer_digest([editor], now, now)[editor.pk]] == [
        "A post waits for your review"
    ]
    assert post.state == "review"


def test_a_profile_names_what_is_out_and_no_draft():
    author = make_member()
    make_post(title="Noise first", authors=[author], state="published")
    make_post(title="Draft", authors=[author])

    shown = gathered.contributions(author, make_member())
    assert [(row.verb, row.title) for row in shown] == [("Wrote on the blog", "Noise first")]


def test_the_front_page_shows_the_newest_posts(client):
    make_post(title="Noise first", state="published")
    make_post(title="Draft")

    page = client.get("/").content.decode()
    assert "From the blog" in page
    assert "Noise first" in page
    assert "Draft" not in page


def test_a_person_takes_their_posts_and_notes_along():
    author = make_member()
    post = make_post(title="Noise first", authors=[author], text="My words.\n")

    held = gathered.personal_data(author)
    assert [row["title"] for row in held["posts"]] == ["Noise first"]
    assert [(row["post"], row["text"]) for row in held["post_changes"]] == [(post.slug, "My words.\n")]


def test_the_numbers_of_a_term_count_posts_and_people():
    term = make_term()
    ada, bo = make_member(), make_member()
    make_post(authors=[ada, bo], state="published")
    make_post(authors=[ada], state="published")

    figure = post_news.numbers(term)
    assert (figure.value, figure.n) == (2, 2)
