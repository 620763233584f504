"""The demo club's events over four terms, with who signed up and who came.

Classes and homework parties of the programme are made by the app that owns it. Hours are chosen so that nobody has
to be in two places at once: Mondays 17:00 and 18:00, Tuesdays 17:00 and 18:30, Wednesdays 19:00, Thursdays 16:30,
Fridays 12:00, 17:00 and 20:00, Saturdays in the daytime.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.text import slugify

from events.demo import afterwards, fairs, guests, rooms, rotas, sign_up, texts
from events.models import Attendance, Event, Kind, Material, Registration, Room, Series, Talk, Visibility
from members.demo import People
from members.models import Club, Term, User

RECESS = 8  # weeks are counted from 0
SHOW_RATE, LEAVE_RATE = 0.71, 0.06
WAITING = 4
MON, TUE, WED, THU, FRI, SAT = range(6)


@dataclass(frozen=True)
class Plan:
    """What takes place how often in a term, and how many sign up and drop in."""

    kind: str
    weekday: int
    begins: time
    minutes: int
    weeks: tuple[int, ...]
    titles: tuple[str, ...]
    place: str
    signups: tuple[int, int]  # in the first and in the last week of the term
    walk_ins: int = 1
    series: str = ""  # name; empty: single events
    visibility: str = Visibility.MEMBERS
    capacity: int | None = None
    outsiders: int = 0  # walk-ins without an account
    is_course: bool = False
    speakers: int = 0  # of the weeks, how many have a talk by a guest
    only_fall: bool = False


@dataclass
class Rows:
    """Everything to be written, in bulk."""

    rooms: dict[str, Room]
    events: list[Event] = field(default_factory=list)
    plans: list[tuple[Plan, int, int]] = field(default_factory=list)  # plan, term, week; one for each event
    registrations: list[Registration] = field(default_factory=list)
    attendances: list[Attendance] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    speaking: list[tuple[Talk, User]] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    hosting: list[tuple[Event, User]] = field(default_factory=list)


def every_week(first: int, last: int) -> tuple[int, ...]:
    return tuple(week for week in range(first, last + 1) if week != RECESS)


PLANS = [
    Plan(Kind.MEETING, WED, time(19), 90, every_week(0, 12), texts.MEETINGS, "Hall 306, Marlow Hall", (72, 50), 5,
         "General meetings", Visibility.PUBLIC, outsiders=2, speakers=6),
    Plan(Kind.READING_GROUP, TUE, time(18, 30), 60, every_week(1, 11), texts.PAPERS, "Room 112, Marlow Hall", (15, 11), 1,
         "Papers on Tuesday"),
    Plan(Kind.READING_GROUP, THU, time(16, 30), 60, every_week(1, 11), texts.BOOK, "Room 112, Marlow Hall", (12, 8), 1,
         "One chapter a week"),
    Plan(Kind.RESEARCH, MON, time(17), 60, (1, 3, 5, 7, 9, 11), texts.RESEARCH, "Room 204, Marlow Hall", (20, 15), 2,
         "Research meetings"),
    Plan(Kind.WORKSHOP, SAT, time(11), 120, (2, 4, 7, 10, 12), texts.WORKSHOPS, "Lab 2, Marlow Hall", (24, 22), 2,
         capacity=24),
    Plan(Kind.SOCIAL, FRI, time(20), 150, (1, 3, 5, 7, 10, 12), texts.SOCIALS, "Club room, 14 Ferry Street", (34, 24), 4),
    Plan(Kind.INFO_SESSION, MON, time(18), 60, (0, 1), texts.INFO, "Hall 101, Marlow Hall", (9, 9), 3,
         visibility=Visibility.PUBLIC, outsiders=14),
    Plan(Kind.STUDY_GROUP, TUE, time(17), 80, every_week(1, 11), texts.COURSE, "Hall 202, Marlow Hall", (36, 28), 0,
         "Open course: machine learning by hand", Visibility.PUBLIC, is_course=True),
    Plan(Kind.SHOWCASE, FRI, time(17), 120, (13,), texts.SHOWCASE, "Atrium, Marlow Hall", (56, 56), 4,
         visibility=Visibility.PUBLIC, outsiders=6),
    Plan(Kind.OTHER, SAT, time(10), 360, (14,), texts.SYMPOSIUM, "Atrium, Marlow Hall", (52, 52), 5,
         visibility=Visibility.PUBLIC, outsiders=16),
    Plan(Kind.OTHER, FRI, time(12), 240, (12,), texts.FAIR, "Sports hall, Harbour University", (48, 48), 5,
         visibility=Visibility.PUBLIC, outsiders=60, only_fall=True),
]  # fmt: skip


def seed(people: People, terms: list[Term], now: datetime, rng: random.Random) -> None:
    """Make them; `terms` are the four of the demo, oldest first, `now` an aware instant."""
    zone = Club.current().zone
    rows = Rows(rooms=rooms.make())
    for index, term in enumerate(terms):
        for plan in PLANS:
            if plan.only_fall and not term.name.startswith("Fall"):
                continue
            _events(rows, plan, index, term, people, zone, now)
    _plant(rows, now, rng)
    Event.objects.bulk_create(rows.events)
    for event, (plan, index, week) in zip(rows.events, rows.plans, strict=True):
        term = terms[index]
        members = people.active_in[term.pk]
        _host(rows, event, plan, index, week, people, term)
        _talk(rows, event, plan, index, week, people, term, now, rng)
        _sign_up(
            rows, event, plan, week, people.course if plan.is_course and index == 3 else members, now, rng
        )
    _write(rows)
    fairs.seed([event for event in rows.events if event.title in texts.FAIR], people, terms, now)
    rooms.write_agendas(sorted(rows.events, key=lambda event: event.starts_at), now)
    # A generator of its own, so that what follows comes out as it did.
    rotas.seed(people, terms, now, random.Random(2022))  # noqa: S311
    afterwards.seed(rows.events, rows.speaking, rows.hosting, now)
    sign_up.seed(people, terms[-1], now)
    guests.seed(people, terms, now)


def _events(
    rows: Rows, plan: Plan, index: int, term: Term, people: People, zone: ZoneInfo, now: datetime
) -> None:
    """The events of one plan in one term, with their series."""
    room = rows.rooms.get(plan.place)
    series = _series(plan, term, people, index, room) if plan.series else None
    monday = term.starts_on - timedelta(days=term.starts_on.weekday())
    for at, week in enumerate(plan.weeks):
        starts_at = datetime.combine(
            monday + timedelta(weeks=week, days=plan.weekday), plan.begins, tzinfo=zone
        )
        title = plan.titles[(index * len(plan.weeks) + at) % len(plan.titles)]
        created_at = min(now, datetime.combine(term.starts_on, time(9), tzinfo=zone) - timedelta(days=5))
        rows.plans.append((plan, index, week))
        rows.events.append(
            Event(
                series=series,
                kind=plan.kind,
                title=title,
                slug=slugify(title)[:100],
                summary=texts.SUMMARIES[plan.kind],
                description=texts.DESCRIPTIONS.get(plan.kind, ""),
                term=term,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=plan.minutes),
                original_starts_at=starts_at if series else None,
                room=room,
                place=plan.place,
                helpers_wanted=2 if plan.kind in {Kind.SOCIAL, Kind.WORKSHOP} else 0,
                online_url="https://meet.club.example/hall" if plan.kind == Kind.MEETING else "",
                visibility=plan.visibility,
                capacity=plan.capacity,
                guests_allowed=1 if plan.kind == Kind.SOCIAL else 0,
                asks_note=plan.kind in {Kind.SOCIAL, Kind.SHOWCASE},
                created_at=created_at,
                updated_at=created_at,
            )
        )


def _series(plan: Plan, term: Term, people: People, index: int, room: Room | None) -> Series:
    monday = term.starts_on - timedelta(days=term.starts_on.weekday())
    series = Series.objects.create(
        name=f"{plan.series}, {term.name}",
        slug=slugify(f"{plan.series} {term.slug}"),
        kind=plan.kind,
        description=texts.DESCRIPTIONS.get(plan.kind, ""),
        visibility=plan.visibility,
        first_on=monday + timedelta(weeks=plan.weeks[0], days=plan.weekday),
        start_time=plan.begins,
        duration=timedelta(minutes=plan.minutes),
        interval_weeks=plan.weeks[1] - plan.weeks[0],
        count=len(plan.weeks),
        room=room,
        place=plan.place,
    )
    series.hosts.add(_officer(people, term, index, plan))
    return series


def _officer(people: People, term: Term, index: int, plan: Plan) -> User:
    """Who hosts a plan in a term: an officer of today, or somebody senior of back then."""
    if index == 3:
        return people.officers[(PLANS.index(plan) * 2 + 2) % len(people.officers)]
    return people.seniors(term)[PLANS.index(plan)]


def _host(rows: Rows, event: Event, plan: Plan, index: int, week: int, people: People, term: Term) -> None:
    rows.hosting.append((event, _officer(people, term, index, plan)))
    if plan.kind == Kind.WORKSHOP:
        seniors = people.seniors(term)
        rows.hosting.append((event, seniors[(week * 3 + 15) % len(seniors)]))


def _plant(rows: Rows, now: datetime, rng: random.Random) -> None:
    """What the desk and the pages have to show: no room, a full workshop, a cancelled evening, a moved one."""
    coming = [event for event in rows.events if event.starts_at > now]
    research = next(event for event in coming if event.kind == Kind.RESEARCH)
    research.room, research.place = None, ""
    full = next(event for event in coming if event.kind == Kind.WORKSHOP)
    full.title, full.slug = "Your first fine-tune", "your-first-fine-tune"
    full.cancel_until = full.starts_at - timedelta(hours=30)
    off = [event for event in coming if event.kind == Kind.READING_GROUP][2]
    _cancel(off, "The presenter is ill; it comes back next term.", now - timedelta(hours=5))
    past = [event for event in rows.events if event.ends_at < now and event.kind == Kind.READING_GROUP]
    for event in rng.sample(past, 3):
        _cancel(event, "Too few could come in exam week.", event.starts_at - timedelta(days=1))


def _cancel(event: Event, reason: str, at: datetime) -> None:
    event.state, event.cancelled_reason, event.cancelled_at = Event.State.CANCELLED, reason, at
    event.schedule_version, event.updated_at = 1, at


def _talk(
    rows: Rows, event: Event, plan: Plan, index: int, week: int, people: People, term: Term, now: datetime,
    rng: random.Random,
) -> None:  # fmt: skip
    """Who speaks, and what was left of it."""
    is_past = event.ends_at < now and not event.is_cancelled
    seniors = people.seniors(term)
    has_guest = bool(plan.speakers) and plan.weeks.index(week) % 2 == 1
    if has_guest:
        name = texts.GUESTS[(index * 6 + plan.weeks.index(week) // 2) % len(texts.GUESTS)]
        rows.talks.append(Talk(event=event, title=event.title, speaker_names=name, may_record=True))
    elif plan.kind in {Kind.READING_GROUP, Kind.WORKSHOP, Kind.RESEARCH}:
        talk = Talk(event=event, title=event.title, may_record=None)
        rows.talks.append(talk)
        rows.speaking.append((talk, seniors[(week * 7 + PLANS.index(plan) * 5) % len(seniors)]))
    else:
        return
    if not is_past:
        return
    added = event.ends_at + timedelta(days=2)
    is_public = plan.visibility == Visibility.PUBLIC
    audience = Material.Visibility.PUBLIC if is_public else Material.Visibility.MEMBERS
    address = f"https://files.club.example/{term.slug}/{event.slug}-{week}"
    if rng.random() < 0.85:
        rows.materials.append(
            Material(
                event=event,
                kind=Material.Kind.SLIDES,
                title="Slides",
                url=f"{address}.pdf",
                visibility=audience,
            )
        )
    # The latest recording that was promised has not come: the desk says so.
    is_missing = index == 3 and week == 3
    is_recorded = has_guest or plan.kind == Kind.RESEARCH or (plan.kind == Kind.WORKSHOP and week != 12)
    if is_recorded and not is_missing and added < now:
        rows.materials.append(
            Material(
                event=event,
                kind=Material.Kind.RECORDING,
                title="Recording",
                url=f"{address}.mp4",
                visibility=audience,
                position=1,
            )
        )


def _sign_up(
    rows: Rows, event: Event, plan: Plan, week: int, pool: list[User], now: datetime, rng: random.Random
) -> None:
    """Who registered, who left again, who came, and who came without."""
    is_past = event.ends_at < now
    first, last = plan.signups
    wanted = round(first + (last - first) * week / 14) + rng.randrange(-2, 3)
    if not is_past:
        days = (event.starts_at - now).days
        wanted = round(wanted * max(0.0, 0.85 - days / 24))
    is_full = event.slug == "your-first-fine-tune" and not is_past
    if plan.capacity:
        wanted = plan.capacity + WAITING if is_full else min(wanted, plan.capacity)
    going = rng.sample(pool, min(wanted, len(pool)))
    arrivals = []
    for order, person in enumerate(going):
        created_at = event.starts_at - timedelta(days=9) + timedelta(hours=rng.uniform(0, 200))
        if created_at > now:
            created_at = now - timedelta(days=rng.uniform(0.1, 6))
        leaves = not is_full and not event.is_cancelled and rng.random() < LEAVE_RATE
        rows.registrations.append(
            Registration(
                event=event,
                user=person,
                created_at=created_at,
                updated_at=created_at,
                state=Registration.State.CANCELLED if leaves else Registration.State.GOING,
                cancelled_at=min(now, created_at + timedelta(hours=9)) if leaves else None,
                reason=texts.REASONS[order % len(texts.REASONS)] if leaves else "",
                note=texts.NOTES[order % len(texts.NOTES)]
                if event.asks_note and not is_past and order % 6 == 0
                else "",
            )
        )
        if not leaves and rng.random() < SHOW_RATE:
            arrivals.append(person)
    if not is_past or event.is_cancelled:
        return
    others = [person for person in pool if person not in set(going)]
    arrivals += rng.sample(others, min(plan.walk_ins, len(others)))
    for person in arrivals:
        rows.attendances.append(
            Attendance(
                event=event, user=person, at=event.starts_at + timedelta(minutes=rng.randrange(-9, 21))
            )
        )
    rows.attendances.extend(_outsiders(event, plan, rng))


def _outsiders(event: Event, plan: Plan, rng: random.Random) -> Iterator[Attendance]:
    """People without an account who gave their name at the door."""
    for number in range(plan.outsiders):
        given = texts.GIVEN[(number * 5 + event.pk) % len(texts.GIVEN)]
        family = texts.FAMILY[(number * 3 + event.pk // 7) % len(texts.FAMILY)]
        yield Attendance(
            event=event,
            name=f"{given} {family}",
            email=f"{given}.{family}.{number}@post.example".lower(),
            at=event.starts_at + timedelta(minutes=rng.randrange(-5, 25)),
            source=Attendance.Source.WALK_IN,
        )


def _write(rows: Rows) -> None:
    Event.hosts.through.objects.bulk_create(
        [Event.hosts.through(event_id=event.pk, user_id=user.pk) for event, user in rows.hosting],
        ignore_conflicts=True,
    )
    Registration.objects.bulk_create(
        sorted(rows.registrations, key=lambda row: row.created_at), batch_size=2000
    )
    Attendance.objects.bulk_create(rows.attendances, batch_size=2000)
    Talk.objects.bulk_create(rows.talks)
    Talk.speakers.through.objects.bulk_create(
        [Talk.speakers.through(talk_id=talk.pk, user_id=user.pk) for talk, user in rows.speaking]
    )
    Material.objects.bulk_create(rows.materials)
