"""A week of the club, minute by minute: what people do in it, and every mail that comes of it, by person and minute.

The table at the end of `arrives` is the whole truth: a mail that is not in it fails the test, and so does one that does
not come. A new kind of mail gets its line there, and, where somebody must act for it, its line in `ACTS`.
It is the week in which the clocks go back (Sunday 1 November 2026, in Los Angeles), the last but one of a term.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.db import transaction

from events import following, registrations, schedule, slots
from events.models import Claim, Event, Registration
from members import thanking
from members.ledger import kinds, sending, stopping
from members.models import Membership, Notification, Term
from mlclub.portal import tasks
from nmep import enrolling, handing_in, reviewing
from nmep.models import Program, Submission
from projects.models import Role
from tests.factories.events import make_event, make_series, make_talk
from tests.factories.members import make_club, make_member, make_officer, make_term, make_user
from tests.factories.nmep import given, make_assignment, make_enrolment, make_offering, make_session
from tests.factories.projects import make_initiative, make_update
from tests.factories.slots import make_sheet, make_slot
from tests.factories.wiki import make_page

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

ZONE = ZoneInfo("America/Los_Angeles")
MONDAY = date(2026, 10, 26)
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
#: What stands in the club's tables and in no mail: a reviewer's words, food, a note for leads, what a team waits for.
CANARIES = ["canary-review", "canary-nuts", "canary-note", "canary-blocked"]
#: The meeting link goes to whoever is going, and to nobody else.
LINK = "canary-link"
NIGHT = (time(22), time(8))
#: These may come at night: somebody is waiting for them, or they are due within hours.
COMES_AT_NIGHT = {"event-registered", "event-promoted", "nmep-receipt", "nmep-homework-reminder"}


def at(moment: str) -> datetime:
    """ "Tue 12:00" as an instant of the week; "next Tue 12:00" in the one after it."""
    *following_week, day, hour = moment.split()
    on = MONDAY + timedelta(days=DAYS.index(day) + (7 if following_week else 0))
    return datetime.combine(on, time.fromisoformat(hour), tzinfo=ZONE)


def the_club() -> SimpleNamespace:
    """Everybody a club has, each with an address that says who they are, and what stands in its calendar."""
    make_club(time_zone=ZONE.key)
    past = make_term(starts_on=date(2026, 1, 12), weeks=15)
    term = make_term(starts_on=date(2026, 8, 31), weeks=10, name="Fall 2026", slug="fa26")

    def person(name: str, make=make_member, **fields):
        return make(name=name.title(), email=f"{name}@club.example", **fields)

    c = SimpleNamespace(term=term)
    c.officer = person("officer", make_officer, term=term)
    c.lead = person("lead", term=term)
    c.member, c.idle = person("member", term=term), person("idle", term=term)
    c.fellow = person("fellow", term=term, kind=Membership.Kind.FELLOW)
    c.new, c.late = (person(name, term=term, kind=Membership.Kind.NEW) for name in ("new", "late"))
    c.alumnus, c.quiet = (
        person(name, term=past, status=Membership.Status.ALUMNUS) for name in ("alumnus", "quiet")
    )
    c.guest, c.stranger = person("guest", make_user), person("stranger", make_user)
    stopping.choose(kinds.find("alumni-digest"), person=c.alumnus, is_wanted=True, now=at("Mon 00:00"))

    programme = Program.objects.create(name="New-member programme", slug="nmp", kind=Program.Kind.NMEP)
    c.offering = make_offering(term=term, program=programme, slug="fa26")
    make_enrolment(offering=c.offering, person=c.lead, role="lead")
    make_enrolment(offering=c.offering, person=c.member, role="lecturer")
    for learner in (c.new, c.late):
        make_enrolment(offering=c.offering, person=learner, note="canary-note")
    c.klass = make_session(offering=c.offering, starts_at=at("Thu 20:00"), title="Convolutions", week=9)
    c.next_class = make_session(
        offering=c.offering, starts_at=at("next Thu 20:00"), title="Attention", week=10
    )
    c.taught = make_talk(event=c.klass.event, title="Convolutions", speakers=[c.member])
    c.homework = make_assignment(
        offering=c.offering, key="hw4", title="Backprop", due_at=at("Fri 20:00"), now=at("Mon 00:00")
    )
    course = Program.objects.create(name="Nets for all", slug="nets", kind=Program.Kind.COURSE)
    c.course = make_offering(term=term, program=course, slug="nets")
    make_enrolment(offering=c.course, person=c.guest)
    make_session(offering=c.course, starts_at=at("Wed 17:00"), title="Perceptrons", place="Room 7")

    c.workshop = make_event(
        title="Profiling", kind="workshop", starts_at=at("Wed 19:00"), capacity=1, place="Lab 2"
    )
    c.social = make_event(title="Soup", kind="social", starts_at=at("Sat 19:00"), visibility="members")
    c.reading = make_event(
        title="Quiet reading", starts_at=at("Wed 20:30"), visibility="members", place="Lab 2"
    )
    c.hike = make_event(title="A walk", kind="social", starts_at=at("Sat 15:00"), visibility="members")
    c.games = make_event(title="Board games", kind="social", starts_at=at("Fri 20:00"))
    c.meeting = make_event(
        title="General meeting",
        starts_at=at("Sun 12:00"),
        online_url="https://meet.club.example/canary-link",
    )
    c.group = make_series(
        name="Scaling laws", slug="scaling", kind="reading_group", visibility="members", times=2,
        first_on=at("next Tue 18:30").date(), start_time=time(18, 30), place="Room 112",
    )  # fmt: skip
    c.sheet = make_sheet(title="Talks", hosts=[c.officer])
    c.slot = make_slot(sheet=c.sheet, title="Diffusion", starts_at=at("next Thu 18:00"))
    c.gauges = make_initiative(name="Gauges", lead=c.lead, team=[c.fellow])
    Role.objects.create(initiative=c.gauges, term=term, person=c.quiet, kind=Role.Kind.ADVISOR)
    c.gauges.roles.update(term=term)
    Term.objects.exclude(pk__in=[term.pk, past.pk]).delete()  # those that the factories made by themselves
    return c


# ── What people do: (when, what). The clock stands at that minute.


def registers(event: str, who: str, **more):
    def act(c, now):
        registrations.register(getattr(c, event), getattr(c, who), now=now, **more)

    return act


def cancels(event: str, who: str):
    def act(c, now):
        row = Registration.objects.get(event=getattr(c, event), user=getattr(c, who), state="going")
        registrations.cancel(row, now=now)

    return act


def hands_in(c, now):
    enrolment = c.offering.enrolments.get(person=c.new)
    handing_in.hand_in(enrolment, c.homework, given(c.homework), n=1, now=now)


def reviews(c, now):
    reviewing.post(
        Submission.objects.get(), c.lead, summary="canary-review", outcome="done", marks={}, now=now
    )


def writes_an_update(c, now):
    make_update(
        initiative=c.gauges,
        author=c.lead,
        done="Cleaned the labels.",
        blocked="canary-blocked",
        created_at=now,
    )


def writes_a_page(c, now):
    make_page(path="Flow matching in ten minutes", author=c.lead, at=now, created_at=now)


def thanks(c, now):
    thanking.thank(
        [c.member], by=c.lead, about=c.klass.event, title="the class", sentence="For the class.", now=now
    )


ACTS = [
    ("Mon 09:00", registers("meeting", "member")),
    ("Mon 10:00", registers("workshop", "member", note="canary-nuts")),
    ("Mon 10:05", registers("workshop", "fellow")),  # the one seat is taken: in line
    ("Mon 11:00", registers("reading", "fellow")),
    ("Mon 11:30", registers("hike", "late")),
    ("Mon 23:30", registers("games", "idle")),
    ("Tue 11:00", hands_in),
    ("Tue 12:00", cancels("workshop", "member")),
    ("Wed 09:00", lambda c, now: slots.claim(c.slot, c.fellow, now=now)),
    ("Wed 15:10", reviews),
    ("Thu 12:00", registers("social", "new")),
    (
        "Thu 12:30",
        lambda c, now: schedule.move(c.social, starts_at=at("Sat 20:00"), ends_at=at("Sat 22:00"), now=now),
    ),
    ("Thu 13:00", lambda c, now: schedule.cancel(c.games, "No room.", now=now)),
    ("Thu 14:00", lambda c, now: enrolling.enrol(c.course, c.stranger, now=now)),
    ("Fri 10:00", thanks),
    ("Sat 10:00", writes_an_update),
    ("Sat 11:00", writes_a_page),
    ("Sun 10:00", lambda c, now: following.follow(c.group, c.idle, now=now)),
    ("Sun 18:00", lambda c, now: slots.release(Claim.objects.held().get(), by=c.fellow, now=now)),
]

#: Every mail of the week: when, to whom, of which kind.
ARRIVES = [
    ("Mon 09:00", "member", "event-registered"),
    ("Mon 10:00", "member", "event-registered"),
    ("Mon 10:05", "fellow", "event-registered"),
    ("Mon 11:00", "fellow", "event-registered"),
    ("Mon 11:30", "late", "event-registered"),
    ("Mon 19:00", "officer", "slot-empty"),  # ten days before the slot, whose hour is that of the winter
    ("Mon 23:30", "idle", "event-registered"),
    ("Tue 11:00", "new", "nmep-receipt"),
    ("Tue 12:00", "fellow", "event-promoted"),
    ("Tue 12:00", "member", "event-left"),
    ("Tue 18:00", "guest", "course-digest"),  # the class is on Wednesday
    ("Tue 19:00", "fellow", "event-reminder"),  # of both events of Wednesday evening
    ("Tue 20:00", "member", "nmep-lecture-reminder"),
    ("Wed 15:10", "new", "nmep-review-posted"),
    ("Wed 20:00", "late", "nmep-homework-reminder"),
    ("Thu 12:00", "new", "event-registered"),
    ("Thu 12:30", "new", "event-moved"),
    ("Thu 13:00", "idle", "event-cancelled"),
    ("Thu 14:00", "stranger", "nmep-welcome"),
    ("Thu 19:00", "fellow", "slot-reminder"),  # a week before the slot
    ("Fri 10:00", "member", "thanked"),
    (
        "Fri 14:00",
        "late",
        "reminders",
    ),  # six hours before the homework, and a day and an hour before the walk
    ("Fri 20:00", "new", "event-reminder"),  # of the hour it was moved to
    ("Sat 13:00", "member", "event-reminder"),  # 24 hours before noon on the day of 25 hours
    ("Sun 09:00", "quiet", "advisor-monthly"),  # the first of the month
    ("Sun 11:00", "member", "event-reminder"),  # it is online: an hour before too
    ("Sun 18:00", "officer", "slot-released"),
    ("Sun 19:00", "alumnus", "alumni-digest"),
    ("Sun 19:00", "fellow", "weekly-digest"),
    ("Sun 19:00", "idle", "weekly-digest"),
    ("Sun 19:00", "late", "new-member-digest"),
    ("Sun 19:00", "lead", "weekly-digest"),
    ("Sun 19:00", "member", "weekly-digest"),
    ("Sun 19:00", "new", "new-member-digest"),
    ("Sun 20:00", "officer", "officer-digest"),
]


def due_until(now: datetime, end: datetime) -> list[datetime]:
    """The minutes after `now`, up to `end`, at which the ledger has something to do: asked and taken back."""
    with transaction.atomic():
        sending.tick(end)
        waiting = Notification.objects.filter(
            status__in=["pending", "failed"], try_at__gt=now, try_at__lte=end
        )
        found = sorted(set(waiting.values_list("try_at", flat=True)))
        transaction.set_rollback(True)
    return found


def stops(start: datetime, end: datetime) -> list[datetime]:
    """When it is asked what falls due: at every act, around every event, and four times a day. What falls due between
    two of them is sent at its own minute."""
    quarters = {start + timedelta(hours=6 * n) for n in range(1, 28)}
    begins = set(Event.objects.between(start, end + timedelta(days=1)).values_list("starts_at", flat=True))
    around = {moment + gap for moment in begins for gap in (-timedelta(minutes=30), timedelta(hours=3))}
    found = {at(when) for when, _ in ACTS} | quarters | around | {end}
    return sorted(moment for moment in found if start < moment <= end)


def stand_at(
    c: SimpleNamespace, now: datetime, clock
) -> list[tuple[str, str, str, mail.EmailMultiAlternatives]]:
    """Let the clock show `now`: people act, the portal keeps house, the ledger sends. Returns what came."""
    clock.move_to(now)
    for when, act in ACTS:
        if at(when) == now:
            act(c, now)
    tasks.tick()
    sending.sweep(now)
    local = now.astimezone(ZONE)
    came = sorted(
        (
            (
                f"{local:%a %H:%M}",
                message.to[0].partition("@")[0],
                message.extra_headers["List-Id"].rpartition("<")[2].partition(".")[0],
                message,
            )
            for message in mail.outbox
        ),
        key=lambda row: row[:3],
    )
    mail.outbox.clear()
    return came


def played(c: SimpleNamespace) -> list[tuple[str, str, str, mail.EmailMultiAlternatives]]:
    """Everything that was sent from Monday 00:00 to Sunday 23:59, in the order in which it came."""
    now, end, arrived = at("Mon 00:00"), at("Sun 23:59"), []
    with time_machine.travel(now, tick=False) as clock:
        # The digests of the Sunday before have been sent before the week begins.
        for hours in (5, 4):
            stand_at(c, now - timedelta(hours=hours), clock)
        for stop in stops(now, end):
            for due in due_until(now, stop):
                if due < stop:
                    arrived += stand_at(c, due, clock)
            arrived += stand_at(c, stop, clock)
            now = stop
    return arrived


def test_a_week_of_the_club_sends_exactly_what_the_table_says():
    with time_machine.travel(at("Mon 00:00") - timedelta(hours=6), tick=False):
        c = the_club()
    arrived = played(c)
    assert [row[:3] for row in arrived] == ARRIVES

    for moment, name, slug, message in arrived:
        whole = "\n".join([message.subject, message.body, *(text for text, _ in message.alternatives)])
        assert [word for word in CANARIES if word in whole] == [], (moment, name, slug)
        assert LINK not in whole or name == "member", (moment, name, slug)
        hour = time.fromisoformat(moment.split()[1])
        assert NIGHT[1] <= hour < NIGHT[0] or slug in COMES_AT_NIGHT, (moment, name, slug)
    skipped = Notification.objects.filter(status=Notification.Status.SKIPPED)
    assert set(skipped.values_list("reason", flat=True)) == {"nothing for you this week"}
    assert not Notification.objects.exclude(status__in=["sent", "skipped"]).exists()
