from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import feeds, following
from events.models import CalendarFeed, Event
from members import audiences
from members.models import Membership
from tests.factories import (
    make_alumnus,
    make_club,
    make_event,
    make_member,
    make_officer,
    make_series,
    make_user,
)

pytestmark = pytest.mark.django_db


def feed_of(person):
    now = timezone.now()
    token = feeds.renew(person, now)
    feed = feeds.find(token)
    return feed, feeds.personal_body(feed, now).decode()


def test_the_dates_of_a_followed_series_stand_in_the_calendar_without_their_meeting_link():
    make_club()
    person = make_member()
    series = make_series(name="Papers on Tuesday", times=3, online_url="https://meet.club.example/room")
    make_series(name="Something else")
    following.follow(series, person, now=timezone.now())
    _, body = feed_of(person)
    assert body.count("SUMMARY:Papers on Tuesday") == 3
    assert "Something else" not in body
    assert "meet.club.example" not in body


def test_following_twice_is_following_once_and_no_more_when_one_stops():
    series, person = make_series(), make_member()
    assert [following.follow(series, person, now=timezone.now()) for _ in range(2)] == [True, False]
    assert following.of([person]) == {person.pk: {series.pk}}
    assert [following.unfollow(series, person) for _ in range(2)] == [True, False]
    assert following.of([person]) == {}


def test_what_somebody_may_not_see_any_more_leaves_their_calendar():
    make_club()
    person = make_member()
    series = make_series(name="Inner circle", visibility="members")
    following.follow(series, person, now=timezone.now())
    assert "Inner circle" in feed_of(person)[1]
    Membership.objects.filter(person=person).update(status=Membership.Status.LEFT)
    person = type(person).objects.get(pk=person.pk)
    assert "Inner circle" not in feed_of(person)[1]


def test_the_feed_notices_when_somebody_follows_another_series_of_equally_many_dates():
    make_club()
    person, now = make_member(), timezone.now()
    first, second = make_series(times=2), make_series(times=2)
    Event.objects.update(updated_at=now)
    feeds.renew(person, now)
    feed = CalendarFeed.objects.get(user=person)
    following.follow(first, person, now=now)
    before = feeds.personal_mark(feed, now).digest
    following.unfollow(first, person)
    following.follow(second, person, now=now)
    assert feeds.personal_mark(feed, now).digest != before


def test_a_single_event_is_not_followed_along():
    make_club()
    person = make_member()
    following.follow(make_series(times=1), person, now=timezone.now())
    make_event(title="Alone", starts_at=timezone.now() + timedelta(days=2))
    assert "Alone" not in feed_of(person)[1]


def test_a_host_writes_to_those_who_follow_the_series_and_still_see_it(client):
    make_club()
    now, host = timezone.now(), make_member()
    inner, outer = make_series(name="Inner", hosts=[host]), make_series(name="Outer", visibility="public")
    inner.visibility = "members"
    inner.save()
    member, alumnus, left, account = make_member(), make_alumnus(), make_member(), make_user()
    for person in (member, alumnus, left, account):
        following.follow(inner, person, now=now)
        following.follow(outer, person, now=now)
    left.memberships.update(status=Membership.Status.LEFT)

    def reached(series, user):
        found = audiences.find(f"events.series:{series.pk}:followers", user, now)
        return set(found.people) if found else None

    assert reached(inner, host) == {member, alumnus}
    assert reached(outer, make_officer(slug="events")) == {member, alumnus, left, account}
    assert reached(outer, host) is None, "not theirs"
    client.force_login(host)
    page = client.get(reverse("members:announcement_create")).content.decode()
    assert "Those who follow Inner" in page
    assert "Regulars of Inner" in page
