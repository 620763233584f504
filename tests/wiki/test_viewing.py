"""How often pages are read, and what is looked for in vain: counted by the day, and never who."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members import standing
from tests.factories import make_alumnus, make_member, make_officer, make_page
from wiki import care, viewing
from wiki.models import Page, PageViews, SearchMiss

pytestmark = pytest.mark.django_db

LONG = "Words of a page that is longer than a mere beginning. " * 40


@pytest.fixture(autouse=True)
def fresh():
    """No counts of other tests."""
    cache.delete_many([viewing._READ, viewing._MISSED, viewing._PACE])


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def add_up():
    cache.delete(viewing._PACE)
    return viewing.keep(timezone.now())


def test_a_page_that_readers_open_is_counted_and_whoever_looks_after_it_is_not():
    owner, reader = make_member(), make_member()
    page = make_page(path="Adam", owner=owner, is_public=True)
    for _ in range(3):
        signed_in(reader).get(page.get_absolute_url())
    signed_in(make_alumnus()).get(page.get_absolute_url())
    signed_in(owner).get(page.get_absolute_url())
    signed_in(reader).head(page.get_absolute_url())
    Client().get(page.get_absolute_url())  # whoever is not signed in may be a robot

    assert add_up() == 1

    assert list(PageViews.objects.values_list("page", "day", "times")) == [(page.pk, standing.today(), 4)]
    assert Page.objects.get().seen == 4
    assert {field.name for field in PageViews._meta.get_fields()} == {"id", "page", "day", "times"}


def test_counts_of_a_day_add_up_and_every_ten_minutes_is_often_enough():
    page, reader = make_page(path="Adam"), signed_in(make_member())
    reader.get(page.get_absolute_url())
    assert add_up() == 1
    reader.get(page.get_absolute_url())

    assert viewing.keep(timezone.now()) == 0
    assert add_up() == 1

    assert PageViews.objects.get().times == 2


def test_opening_a_page_asks_and_writes_no_more_in_the_database(django_assert_max_num_queries):
    page, reader = make_page(path="Adam"), make_member()
    with django_assert_max_num_queries(0):
        viewing.read(page, reader, today=standing.today())


def test_a_page_is_read_while_redis_is_down(settings):
    settings.CACHES = {
        "default": {
            **settings.CACHES["default"],
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }
    page = make_page(path="Adam")
    viewing.read(page, make_member(), today=standing.today())
    assert viewing.keep(timezone.now()) == 0


def test_what_the_database_refuses_is_counted_the_next_time(monkeypatch):
    page = make_page(path="Adam")
    signed_in(make_member()).get(page.get_absolute_url())

    def refuse(rows):
        raise DatabaseError("full")

    with monkeypatch.context() as broken:
        broken.setattr(viewing, "_store_views", refuse)
        with pytest.raises(DatabaseError):
            add_up()
    assert add_up() == 1
    assert PageViews.objects.get().times == 1


def test_a_page_that_is_gone_is_not_counted():
    page = make_page(path="Adam")
    signed_in(make_member()).get(page.get_absolute_url())
    Page.objects.update(head=None)
    page.revisions.all().delete()
    page.delete()
    assert add_up() == 1
    assert not PageViews.objects.exists()


def test_of_pages_that_want_somebody_the_one_that_is_read_comes_first(client):
    quiet, read = make_page(path="Quiet", text=LONG), make_page(path="Read", text=LONG)
    now = timezone.now()
    PageViews.objects.create(page=read, day=standing.today(now), times=57)
    PageViews.objects.create(page=read, day=standing.today(now) - timedelta(days=91), times=900)
    viewing.tend(now)
    member = make_member()

    rows = care.queue(member, now=now)

    assert [(row.title, row.demand) for row in rows] == [("Read", 6), (quiet.title, 1)]
    client.force_login(member)
    assert "opened 57 times in 90 days" in client.get(reverse("wiki:page_care")).content.decode()


def test_how_often_a_page_is_opened_is_told_to_whoever_keeps_it():
    owner = make_member()
    page = make_page(path="Adam", owner=owner, is_public=True)
    Page.objects.update(seen=57)
    words = "opened 57 times in 90 days"
    for person, is_told in ((owner, True), (make_officer(slug="library"), True), (make_member(), False)):
        body = signed_in(person).get(page.get_absolute_url()).content.decode()
        assert (words in body) is is_told
    assert words not in Client().get(page.get_absolute_url()).content.decode()


def test_what_is_older_than_it_counts_is_forgotten():
    page, now = make_page(path="Adam"), timezone.now()
    for days in (1, 365, 366):
        PageViews.objects.create(page=page, day=standing.today(now) - timedelta(days=days), times=1)
    for days in (1, 90):
        SearchMiss.objects.create(words="x", key="x", day=standing.today(now) - timedelta(days=days), times=1)

    viewing.tend(now)

    assert (PageViews.objects.count(), SearchMiss.objects.count()) == (2, 1)


def test_what_readers_look_for_in_vain_is_wanted_until_a_page_is_called_by_it():
    make_page(path="Adam", text="Words")
    reader = signed_in(make_member())
    for words in ("Quux  Frobnication", "quux frobnication", "quux frobnication", "adam", "zorble"):
        reader.get(reverse("portal:search"), {"q": words})
    reader.get(reverse("portal:search"), {"q": "quux frobnication", "page": "2"})
    Client().get(reverse("portal:search"), {"q": "zorble"})
    assert add_up() == 2

    assert list(SearchMiss.objects.order_by("words").values_list("words", "times")) == [
        ("quux frobnication", 3),
        ("zorble", 1),
    ]
    body = reader.get(reverse("wiki:page_wanted")).content.decode()
    assert "quux frobnication" in body
    assert "looked for 3 times" in body
    assert "zorble" not in body
    make_page(path="Basics/Quux Frobnication")
    assert "looked for 3 times" not in reader.get(reverse("wiki:page_wanted")).content.decode()


def test_so_many_words_wait_and_no_more(monkeypatch):
    monkeypatch.setattr(viewing, "MOST_WORDS", 2)
    for words in ("one thing", "two things", "three things", "one thing", "ab", "x" * 81):
        viewing.missed(words, today=standing.today())
    add_up()
    assert dict(SearchMiss.objects.values_list("words", "times")) == {"one thing": 2, "two things": 1}
