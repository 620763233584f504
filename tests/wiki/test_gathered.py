from datetime import timedelta

import pytest
from django.utils import timezone

from mlclub.gather import Section
from tests.factories import make_member, make_officer, make_page, make_revision, make_user
from wiki import gathered

pytestmark = pytest.mark.django_db


def test_home_names_my_pages_that_need_care_and_what_others_wrote(django_assert_max_num_queries):
    now = timezone.now()
    me, other = make_member(), make_member(name="Ona Example")
    make_page(path="Mine", at=now - timedelta(days=500), owner=me)
    make_page(path="Theirs", author=other, owner=other)
    make_page(path="My new one", author=me)
    assert me.standing.reads_members_area

    with django_assert_max_num_queries(2):
        cards = gathered.home(me, timezone.now())

    assert [(card.section, card.title) for card in cards] == [
        (Section.NEEDED, "Mine"),
        (Section.NEW, "Theirs"),
    ]
    assert cards[1].meta[:2] == ("wiki", "by Ona Example")


def test_home_says_nothing_to_strangers():
    make_page()
    assert gathered.home(make_user(), timezone.now()) == []


def test_the_desk_counts_what_needs_a_librarian(django_assert_max_num_queries):
    make_page(path="A", text="[[Nowhere]]\n")
    officer = make_officer(slug="library")
    assert officer.has_perm("wiki.trash_page")
    with django_assert_max_num_queries(3):
        items = gathered.desk(officer, timezone.now())
    assert [(item.title, item.count) for item in items] == [
        ("Wiki pages with links to nowhere", 1),
        ("Wiki pages without an owner", 1),
        ("Wiki pages that nothing leads to", 1),
    ]
    assert gathered.desk(make_member(), timezone.now()) == []


def test_the_digest_tells_readers_what_is_new_and_not_what_they_wrote_themselves():
    now = timezone.now()
    me, other, stranger = make_member(), make_member(), make_user()
    make_page(path="New one", author=me)
    old = make_page(path="Old one", author=other, at=now - timedelta(days=90))
    make_revision(page=old, text="Better\n", author=other)

    told = gathered.digest([me, other, stranger], now + timedelta(seconds=5), now + timedelta(days=7))

    assert [item.text for item in told[me.pk]] == ["Old one was worked on"]
    assert [item.text for item in told[other.pk]] == [
        "New in the wiki: New one",
    ]
    assert stranger.pk not in told


def test_contributions_name_the_pages_the_viewer_may_see():
    writer = make_member()
    page = make_page(path="A", author=writer)
    make_revision(page=page, text="Other\n", author=make_member())
    edited = make_page(path="B", author=make_member(), is_public=True)
    make_revision(page=edited, text="More\n", author=writer)

    assert {(row.verb, row.title) for row in gathered.contributions(writer, make_member())} == {
        ("Wrote", "A"),
        ("Edited", "B"),
    }
    assert [row.title for row in gathered.contributions(writer, make_user())] == ["B"]


def test_a_copy_of_ones_data_holds_every_version_one_wrote():
    writer = make_member()
    make_page(path="A", text="Mine\n", author=writer)

    data = gathered.personal_data(writer)

    assert [(row["page"], row["text"]) for row in data["wiki_changes"]] == [("A", "Mine\n")]
    assert data["wiki_pages_owned"] == ["A"]


def test_the_front_page_shows_public_pages_only():
    make_page(path="Secret")
    make_page(path="Open", is_public=True)
    assert [item.title for item in gathered.front(timezone.now())] == ["Open"]
