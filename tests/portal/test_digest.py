from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command

from events import registrations
from members import offices
from members.ledger import kinds as kinds_of_mail
from members.ledger import stopping
from members.models import Membership, Notification, Office, OfficeTerm, User
from mlclub import gather
from mlclub.portal import digest, readers
from mlclub.portal.notifications import AlumniDigest, CourseDigest, OfficerDigest, WeeklyDigest
from nmep.models import Program
from tests.factories.capstones import make_topic
from tests.factories.events import make_event
from tests.factories.members import (
    make_alumnus,
    make_club,
    make_member,
    make_new_member,
    make_officer,
    make_term,
    make_user,
)
from tests.factories.nmep import make_enrolment, make_offering, make_session
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
    assert readers.sent_at(now) == expected


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        (datetime(2026, 10, 18, 19, tzinfo=PACIFIC), date(2026, 10, 19)),
        (datetime(2026, 10, 19, 8, tzinfo=PACIFIC), date(2026, 10, 19)),
        (datetime(2026, 10, 24, 8, tzinfo=PACIFIC), date(2026, 10, 19)),
    ],
)
def test_a_digest_looks_at_the_week_that_comes(term, now, monday):
    assert readers.week_of(now) == (monday, monday + timedelta(days=6))


def test_active_members_get_it_and_alumni_and_those_on_a_break_do_not(term):
    with time_machine.travel(SUNDAY, tick=False):
        member = make_member(term=term)
        make_member(term=term, status=Membership.Status.ON_BREAK)
        make_alumnus()
        assert list(readers.recipients(SUNDAY)) == [member]


def a_course(term):
    program = Program.objects.create(name="Nets for all", slug="nets", kind=Program.Kind.COURSE)
    return make_offering(term=term, program=program, slug="nets")


def kinds(now):
    return dict(readers.recipients(now).values_list("pk", "digest"))


def lines(built, heading):
    return [item.text for part in built.parts if part.heading == heading for item in part.items]


def test_whoever_is_several_things_gets_the_first_digest_of_the_list_alone(term):
    with time_machine.travel(SUNDAY, tick=False):
        programme = make_offering(term=term)
        course = a_course(term)
        member, new = make_member(term=term), make_new_member(term=term)
        learner, guest, helper = make_member(term=term), make_user(), make_user()
        officer = make_officer(term=term)
        make_enrolment(offering=programme, person=learner)
        make_enrolment(offering=programme, person=helper, role="helper")
        make_enrolment(offering=course, person=guest)
        # Several things at once: an officer who leads and learns, a member in a course, a learner in both.
        make_enrolment(offering=programme, person=officer, role="lead")
        make_enrolment(offering=course, person=officer)
        make_enrolment(offering=course, person=member)
        make_enrolment(offering=course, person=learner)
        make_user()
        assert kinds(SUNDAY) == {
            officer.pk: "officer-digest",
            new.pk: "new-member-digest",
            learner.pk: "new-member-digest",
            member.pk: "weekly-digest",
            helper.pk: "weekly-digest",
            guest.pk: "course-digest",
        }


def test_an_officer_who_was_written_to_as_a_member_gets_no_second_one_that_week(term):
    with time_machine.travel(SUNDAY, tick=False):
        person = make_member(term=term)
        call_command("notify", "--once")
    monday = SUNDAY + timedelta(hours=14)
    with time_machine.travel(monday, tick=False):
        offices.seed()
        OfficeTerm.objects.create(
            person=person,
            office=Office.objects.get(slug="president"),
            starts_on=monday.date(),
            ends_on=monday.date() + timedelta(days=90),
        )
        assert kinds(monday) == {person.pk: "officer-digest"}
        assert list(OfficerDigest().due(monday)) == []


def test_officers_are_written_to_an_hour_after_the_others(term):
    with time_machine.travel(SUNDAY, tick=False):
        officer = make_officer(term=term)
        assert list(OfficerDigest().due(SUNDAY)) == []
        assert [due.person for due in OfficerDigest().due(SUNDAY + timedelta(hours=1))] == [officer.pk]


def test_alumni_get_theirs_twice_a_term_if_they_asked(term):
    past = make_term(starts_on=date(2026, 1, 12))
    asked, silent = (make_member(term=past, status=Membership.Status.ALUMNUS) for _ in range(2))
    stopping.choose(kinds_of_mail.find("alumni-digest"), person=asked, is_wanted=True, now=SUNDAY)
    sundays = [term.starts_on + timedelta(days=6 + 7 * n) for n in range(15)]
    told = []
    for number, day in enumerate(sundays, start=1):
        now = datetime.combine(day, time(19, 1), tzinfo=PACIFIC)
        with time_machine.travel(now, tick=False):
            told += [(number, due.person) for due in AlumniDigest().due(now)]
    assert told == [(5, asked.pk), (14, asked.pk)]
    assert silent.pk not in [person for _, person in told]


def test_a_course_writes_on_the_evening_before_its_first_class_of_the_week_and_only_once(term):
    with time_machine.travel(SUNDAY, tick=False):
        course = a_course(term)
        guest = make_enrolment(offering=course, person=make_user()).person
        for day in (20, 22):  # Tuesday and Thursday
            make_session(offering=course, starts_at=datetime(2026, 10, day, 17, tzinfo=PACIFIC), title="Nets")
    sent = []
    for hours in range(8 * 24):
        now = SUNDAY + timedelta(hours=hours)
        with time_machine.travel(now, tick=False):
            if list(CourseDigest().due(now)):
                call_command("notify", "--once")
                sent += [(f"{now:%a %H}", to, mail.subject) for mail in outbox() for to in mail.to]
    assert sent == [("Mon 18", guest.email, "Tomorrow 17:00: Class, week 1 of 2: Nets")]


def outbox():
    """The mails since it was asked last."""
    found = list(mail.outbox)
    mail.outbox.clear()
    return found


def test_in_a_break_only_those_are_written_to_who_have_something_of_their_own(term):
    after = datetime.combine(term.ends_on + timedelta(days=9), time(19, 1), tzinfo=PACIFIC)
    sunday = after - timedelta(days=(after.weekday() - 6) % 7)
    with time_machine.travel(sunday, tick=False):
        registered, idle = make_member(term=term), make_member(term=term)
        event = make_event(title="Study in the break", starts_at=sunday + timedelta(days=2))
        registrations.register(event, registered)
        call_command("notify", "--once")
    outcomes = {
        row.person: (row.status, row.reason) for row in Notification.objects.filter(kind="weekly-digest")
    }
    assert outcomes == {
        registered: ("sent", ""),
        idle: ("skipped", "a break, and nothing in it that you take part in or follow"),
    }


def test_a_week_that_is_a_break_of_the_term_is_quiet_too(term):
    term.breaks.create(name="Recess", starts_on=date(2026, 10, 19), ends_on=date(2026, 10, 23))
    with time_machine.travel(SUNDAY, tick=False):
        member = make_member(term=term)
        built = digest.build([member], readers.week_of(SUNDAY), SUNDAY)[member.pk]
        assert built.is_break
        assert built.why_not == digest.NOTHING_IN_THE_BREAK


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
        built = digest.build([officer], readers.week_of(SUNDAY), SUNDAY, readers.OFFICER)[officer.pk]
        assert "Project silent for three weeks" in lines(built, "Needs a person")
        (line,) = [
            item
            for part in built.parts
            for item in part.items
            if item.text == "Project silent for three weeks"
        ]
        assert (line.lead, line.detail) == ("1", initiative.name)


def test_nobody_is_told_of_what_they_may_not_see(term):
    with time_machine.travel(SUNDAY, tick=False):
        lead, _ = make_member(term=term), None
        secret = make_initiative(name="Quiet one", lead=lead, visibility="team")
        secret.roles.update(term=term)
        make_update(initiative=secret, author=lead, created_at=SUNDAY - timedelta(days=2))
        other = make_member(term=term)
        built = digest.build([other], readers.week_of(SUNDAY), SUNDAY)[other.pk]
        assert "Quiet one" not in str(built.parts)


@pytest.mark.parametrize("size", [2, 12])
def test_a_batch_costs_the_same_for_any_number_of_people(term, size, django_assert_max_num_queries):
    with time_machine.travel(SUNDAY, tick=False):
        news(term)
        people = [make_member(term=term) for _ in range(size)]
        with django_assert_max_num_queries(30) as queries:
            digest.build(people, readers.week_of(SUNDAY), SUNDAY)
    test_a_batch_costs_the_same_for_any_number_of_people.counts = {
        **getattr(test_a_batch_costs_the_same_for_any_number_of_people, "counts", {}),
        size: len(queries),
    }
    assert len(set(test_a_batch_costs_the_same_for_any_number_of_people.counts.values())) == 1


def test_a_batch_says_to_everybody_what_each_would_be_told_alone(term):
    """Ten thousand are built two hundred at a time: what is looked up for all must not reach the wrong reader."""
    with time_machine.travel(SUNDAY, tick=False):
        lead, helper = news(term)
        lead.expertise.add(topic := make_topic("Robots"))
        officer, new, alumnus = make_officer(term=term), make_new_member(term=term), make_alumnus()
        stranger, teacher = make_user(), make_member(term=term)
        offering = make_offering(term=term)
        make_enrolment(offering=offering, person=new)
        make_enrolment(offering=offering, person=teacher, role="lead")
        make_session(offering=offering, starts_at=SUNDAY + timedelta(days=2), title="Convolutions")
        hosted = make_event(
            title="Robots at work", starts_at=SUNDAY + timedelta(days=3), hosts=[helper], place="Hall"
        )
        make_event(
            title="Board", starts_at=SUNDAY + timedelta(days=4), visibility="invited", invited=[teacher]
        )
        registrations.register(hosted, new, now=SUNDAY - timedelta(days=1))
        other = make_initiative(name="Tides", lead=teacher)
        other.topics.add(topic)
        other.roles.update(term=term)
        make_update(initiative=other, author=teacher, created_at=SUNDAY - timedelta(days=1))
        people = [lead, helper, officer, new, alumnus, stranger, teacher]
        week = readers.week_of(SUNDAY)

        for kind in readers.EVERY:
            together = digest.build(fresh(people), week, SUNDAY, kind)
            alone = {}
            for person in fresh(people):
                alone.update(digest.build([person], week, SUNDAY, kind))
            assert together == alone
        assert len({repr(found) for found in together.values()}) >= 4  # they are not all told the same


def fresh(people):
    """The same accounts as they come from the database: nothing is kept on them yet."""
    return list(User.objects.filter(pk__in=[person.pk for person in people]))


def test_a_class_that_is_an_event_too_is_told_once(term):
    at = datetime(2026, 11, 4, 17, tzinfo=ZoneInfo("UTC"))
    whole, short, same_hour = (
        gather.Item(section=gather.THIS_WEEK, text=text, when=at)
        for text in ("Class, week 7 of 10: Pictures as numbers", "Pictures as numbers", "Climbing")
    )
    later = gather.Item(section=gather.THIS_WEEK, text="Pictures as numbers", when=at + timedelta(days=1))

    assert digest.told_once([short, whole, same_hour, later]) == [whole, same_hour, later]
