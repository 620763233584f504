"""Where else the blog is seen: digests, the desk, profiles, the front page, a copy of one's own data."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_member, make_officer, make_page, make_post, make_reader_note, make_term
from wiki import gathered, post_news, publishing
from wiki.models import Mirror, ReaderNote

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
    assert posts_on_the_desk(editor, now) == []
    post = make_post(state="review", at=now - timedelta(days=4))

    assert posts_on_the_desk(editor, now) == [("Posts that wait for your review", 1, "/blog/desk/")]
    assert posts_on_the_desk(member, now) == []
    assert [item.text for item in post_news.officer_digest([editor], now, now)[editor.pk]] == [
        "A post waits for your review"
    ]
    assert post.state == "review"


def posts_on_the_desk(user, now):
    return [
        (item.title, item.count, item.url)
        for item in gathered.desk(user, now)
        if item.url == reverse("wiki:post_desk")
    ]


def test_the_desk_asks_twice_whatever_there_is(django_assert_num_queries):
    now, editor = timezone.now(), make_officer(slug="library")
    gathered.desk(editor, now)
    with django_assert_num_queries(2):
        assert gathered.desk(editor, now) == []
    for _ in range(3):
        make_post(state="review", at=now - timedelta(days=4))
    Mirror.objects.update_or_create(pk=1, defaults={"problem": "The disk is full"})
    with django_assert_num_queries(2):
        told = [(item.title, item.count, item.detail) for item in gathered.desk(editor, now)]
    assert told == [
        ("The mirror of the library is behind", 1, "The disk is full"),
        ("Posts that wait for your review", 3, "The first came 4 days ago."),
    ]


def test_home_tells_authors_of_what_their_posts_wait_for(django_assert_max_num_queries):
    now = timezone.now()
    author, editor, reader = make_member(), make_officer(slug="library"), make_member()
    back = make_post(title="Asked back", authors=[author], state="review", at=now - timedelta(days=4))
    publishing.give_back(back, "A figure, please.", by=editor, now=now - timedelta(days=1))
    make_post(title="With the editor", authors=[author], state="review", at=now - timedelta(days=2))
    out = make_post(title="Out", authors=[author], state="published", at=now - timedelta(days=9))
    make_reader_note(post=out, author=reader)
    make_reader_note(post=out, author=author)
    make_post(title="Mine alone", authors=[author])
    make_post(title="Others", authors=[reader], state="review")
    make_page(path="News", author=reader, at=now - timedelta(days=1))

    author.standing.reads_members_area  # noqa: B018  (what home knows already)
    with django_assert_max_num_queries(2):
        cards = gathered.home(author, now)

    assert [(card.title, card.meta, card.action) for card in cards] == [
        ("Asked back", ("your post", "the editor asks for changes"), "Go on writing"),
        ("With the editor", ("your post", "waits for the editor, asked 2 days ago"), ""),
        ("Out", ("your post", "a reader's note waits for an answer"), "Read and answer"),
        ("News", ("wiki", f"by {reader.display_name}"), ""),
    ]
    publishing.answer_note(ReaderNote.objects.get(author=reader), by=author, now=now)
    publishing.ask_review(back, by=author, now=now)
    assert [(card.title, card.meta[-1]) for card in gathered.home(author, now)[:2]] == [
        ("Asked back", "waits for the editor, asked now"),
        ("With the editor", "waits for the editor, asked 2 days ago"),
    ]


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
