from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command

from members.models import Membership, Notification
from mlclub.portal import digest
from mlclub.portal.notifications import WeeklyDigest
from tests.factories.members import make_alumnus, make_club, make_member, make_officer, make_term
from tests.factories.projects import make_initiative, make_update

pytestmark = pytest.mark.django_db

PACIFIC = ZoneInfo("America/Los_Angeles")
SUNDAY = datetime(2026, 10, 18, 19, 1, tzinfo=PACIFIC)


@pytest.fixture
def term():
    make_club()
    return make_term(starts_on=date(2026, 9, 7))


def news(term):
    """An update in a team, so that its members have something to be told."""
    lead, helper = make_member(term=term), make_member(term=term)
    initiative = make_initiative(name="Gauges", lead=lead, team=[helper])
    initiative.roles.update(term=term)
    make_update(initiative=initiative, author=lead, created_at=SUNDAY - timedelta(days=2))
    return lead, helper


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 10, 18, 18, 59, tzinfo=PACIFIC), datetime(2026, 10, 11, 19, tzinfo=PACIFIC)),
        (datetime(2026, 10, 18, 19, 0, tzinfo=PACIFIC), datetime(2026, 10, 18, 19, tzinfo=PACIFIC)),
        # The clocks went back that morning; it is 19:00 on the wall all the same.
        (datetime(2026, 11, 1, 19, 0, tzinfo=PACIFIC), datetime(2026, 11, 2, 3, 0, tzinfo=ZoneInfo("UTC"))),
        (datetime(2026, 10, 25, 19, 0, tzinfo=PACIFIC), datetime(2026, 10, 26, 2, 0, tzinfo=ZoneInfo("UTC"))),
    ],
)
def test_digests_fall_due_on_sunday_evening_by_the_clubs_wall_clock(term, now, expected):
    assert digest.sent_at(now) == expected


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        (datetime(2026, 10, 18, 19, tzinfo=PACIFIC), date(2026, 10, 19)),
        (datetime(2026, 10, 19, 8, tzinfo=PACIFIC), date(2026, 10, 19)),
        (datetime(2026, 10, 24, 8, tzinfo=PACIFIC), date(2026, 10, 19)),
    ],
)
def test_a_digest_looks_at_the_week_that_comes(term, now, monday):
    assert digest.week_of(now) == (monday, monday + timedelta(days=6))


def test_active_members_get_it_and_alumni_and_those_on_a_break_do_not(term):
    with time_machine.travel(SUNDAY, tick=False):
        member = make_member(term=term)
        make_member(term=term, status=Membership.Status.ON_BREAK)
        make_alumnus()
        assert list(digest.recipients(SUNDAY)) == [member]


def test_nobody_gets_one_after_the_last_day_of_term(term):
    make_member(term=term)
    after = datetime.combine(term.ends_on + timedelta(days=2), datetime.min.time(), tzinfo=PACIFIC)
    assert list(digest.recipients(after)) == []


def test_everybody_gets_one_row_however_often_it_is_asked(term):
    with time_machine.travel(SUNDAY, tick=False):
        member = make_member(term=term)
        assert [due.person for due in WeeklyDigest().due(SUNDAY)] == [member.pk]
        call_command("notify", "--once")
        assert list(WeeklyDigest().due(SUNDAY)) == []
        call_command("notify", "--once")
    assert Notification.objects.filter(kind="weekly-digest").count() == 1


def test_a_digest_with_news_is_sent_once_and_an_empty_one_is_skipped_with_its_reason(term):
    with time_machine.travel(SUNDAY, tick=False) as clock:
        _, helper = news(term)
        loner = make_member(term=term)
        clock.move_to(SUNDAY)
        for _ in range(3):
            call_command("notify", "--once")
    outcomes = {
        row.person: (row.status, row.reason) for row in Notification.objects.filter(kind="weekly-digest")
    }
    assert outcomes[helper] == ("sent", "")
    assert outcomes[loner][0] == "skipped"
    assert "nothing for you" in outcomes[loner][1]
    to = [message.to for message in mail.outbox if "Your week" in message.subject]
    assert to == [[helper.email]]


def test_a_digest_of_last_sunday_is_not_sent_on_tuesday(term):
    tuesday = SUNDAY + timedelta(days=2)
    make_member(term=term)
    assert list(WeeklyDigest().due(tuesday)) == []


def test_an_officers_digest_names_what_needs_a_person(term):
    with time_machine.travel(SUNDAY, tick=False):
        officer = make_officer(term=term)
        initiative = make_initiative(name="Marigold", created_at=SUNDAY - timedelta(days=40))
        built = digest.build([officer], digest.week_of(SUNDAY), SUNDAY)[officer.pk]
        sections = dict(built.sections)
        assert any(initiative.name in item.text for item in sections["Needs a person"])


def test_nobody_is_told_of_what_they_may_not_see(term):
    with time_machine.travel(SUNDAY, tick=False):
        lead, _ = make_member(term=term), None
        secret = make_initiative(name="Quiet one", lead=lead, visibility="team")
        secret.roles.update(term=term)
        make_update(initiative=secret, author=lead, created_at=SUNDAY - timedelta(days=2))
        other = make_member(term=term)
        built = digest.build([other], digest.week_of(SUNDAY), SUNDAY)[other.pk]
        assert "Quiet one" not in str(built.sections)


@pytest.mark.parametrize("size", [2, 12])
def test_a_batch_costs_the_same_for_any_number_of_people(term, size, django_assert_max_num_queries):
    with time_machine.travel(SUNDAY, tick=False):
        news(term)
        people = [make_member(term=term) for _ in range(size)]
        with django_assert_max_num_queries(30) as queries:
            digest.build(people, digest.week_of(SUNDAY), SUNDAY)
    test_a_batch_costs_the_same_for_any_number_of_people.counts = {
        **getattr(test_a_batch_costs_the_same_for_any_number_of_people, "counts", {}),
        size: len(queries),
    }
    assert len(set(test_a_batch_costs_the_same_for_any_number_of_people.counts.values())) == 1
