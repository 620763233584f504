"""The demo club's programme over four terms: classes, parties, homework, reviews, and states that want an officer."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta

from django.utils.text import slugify
from simple_history.utils import bulk_create_with_history

from events.models import Attendance, Event, Kind, Material, Talk, Visibility
from members.demo import People
from members.models import Club, Term, User
from nmep.demo import (
    boards,
    capstones,
    checks,
    course,
    library,
    mastery,
    partners,
    reviewing,
    sheets,
    teaching,
    texts,
)
from nmep.demo import terms as next_term
from nmep.demo.work import FLAGGED, THE_NEW_MEMBER, WITHDREW, Run, hand_in, homework
from nmep.models import (
    Assignment,
    Enrolment,
    Module,
    Offering,
    Part,
    Program,
    Session,
    SpecRevision,
)

RECESS = 8  # weeks of the term, counted from 0
UNSTAFFED = 9
CLASS, PARTY = time(20), time(18)


def seed(people: People, terms: list[Term], now: datetime, rng: random.Random) -> None:
    """Make it; `terms` are the four of the demo, oldest first."""
    program = Program.objects.create(
        name="New-member programme",
        slug="programme",
        kind=Program.Kind.NMEP,
        description="Eleven weeks from linear algebra to diffusion models, taught by members who took it before.",
    )
    modules = library.seed(people, now)
    runs = []
    carried: User | None = None
    for index, term in enumerate(terms):
        is_current = index == len(terms) - 1
        offering = Offering.objects.create(
            program=program,
            term=term,
            slug=term.slug,
            state=Offering.State.RUNNING if is_current else Offering.State.ARCHIVED,
            intro="Class is on **Mondays at 20:00**, the homework party on Thursdays at 18:00. Come hungry to learn.",
        )
        run = Run(index, offering)
        _enrol(run, people, term, carried, now)
        carried = run.learners[14].person if index == 1 else None
        _sessions(run, term, modules)
        _teachers(run, now, rng)
        _attend(run, now, rng)
        homework(run, now)
        runs.append(run)
    hand_in(runs, now, rng)
    partners.seed(runs, now)
    sheets.seed(runs, now)
    reviewing.seed(runs[-1], now)
    teaching.seed(runs[-1], now, rng)
    boards.seed(runs[-1], now, rng)
    checks.seed(runs[-1], now)
    capstones.seed(runs, people, now)
    mastery.seed(runs, terms, now)
    _course(people, terms[-1], now, rng)
    next_term.seed(runs[-1], people.cast["lead"], now)


def _at(term: Term, week: int, weekday: int, hour: time) -> datetime:
    """A weekday of a week of the term (from 0) at an hour on the wall."""
    monday = term.starts_on - timedelta(days=term.starts_on.weekday())
    return datetime.combine(monday + timedelta(weeks=week, days=weekday), hour, tzinfo=Club.current().zone)


# ── People ──


def _enrol(run: Run, people: People, term: Term, carried: User | None, now: datetime) -> None:
    """The new members, and whoever did not finish last time; leads and helpers from the older members."""
    begins = _at(term, 0, 0, time(9))
    new = list(people.new_in[term.pk])
    cast = people.cast.get("new-member")
    if cast in new:
        new.remove(cast)
        new.insert(THE_NEW_MEMBER, cast)
    learners = new + ([carried] if carried else [])
    rows = []
    for at, person in enumerate(learners):
        state = Enrolment.State.ACTIVE
        if run.index < 3:
            state = Enrolment.State.COMPLETED
            if at in WITHDREW[run.index]:
                state = Enrolment.State.WITHDREW
            elif run.index == 1 and at == 14:
                state = Enrolment.State.DID_NOT_FINISH
        rows.append(Enrolment(offering=run.offering, person=person, state=state, created_at=begins))
    seniors = people.seniors(term)
    lead = people.cast["lead"] if people.cast["lead"] in seniors or run.index == 3 else seniors[0]
    mentor = people.cast["mentor"]
    helpers = [person for person in seniors if person not in (lead, mentor, *people.cast.values())]
    start = (run.index * 5) % max(len(helpers) - 6, 1)
    run.staff = [
        lead,
        *([mentor] if mentor in seniors or run.index == 3 else []),
        *helpers[start : start + 4],
    ]
    roles = [Enrolment.Role.LEAD, *([Enrolment.Role.HELPER] * (len(run.staff) - 1))]
    rows += [
        Enrolment(offering=run.offering, person=person, role=role, created_at=begins)
        for person, role in zip(run.staff, roles, strict=True)
    ]
    made = bulk_create_with_history(rows, Enrolment, default_date=begins)
    run.learners = [row for row in made if row.role == Enrolment.Role.LEARNER]


# ── Meetings ──


def _sessions(run: Run, term: Term, modules: list[Module]) -> None:
    """Eleven classes and nine parties. The class of the recess week is brought forward by six days."""
    rows: list[tuple[Session, Event]] = []
    for number, (title, _, summary) in enumerate(texts.CLASSES, start=1):
        week, weekday = number - 1, 0
        note = summary
        if number - 1 == RECESS:
            week, weekday, note = RECESS - 1, 1, f"{summary} Brought forward because of the recess."
        rows.append(
            _meeting(run, term, number, Session.Kind.CLASS, title, note, _at(term, week, weekday, CLASS))
        )
        rows[-1][0].module = modules[number - 1]
        # Where it was planned: whoever makes the next term from this one starts from there.
        rows[-1][1].original_starts_at = _at(term, number - 1, 0, CLASS)
    for week in range(10):
        if week != RECESS:
            rows.append(
                _meeting(
                    run, term, week + 1, Session.Kind.PARTY, "Homework party", "", _at(term, week, 3, PARTY)
                )
            )
    Event.objects.bulk_create([event for _, event in rows])
    for seq, (session, event) in enumerate(sorted(rows, key=lambda row: row[1].starts_at), start=1):
        session.seq, session.event = seq, event
    Session.objects.bulk_create([session for session, _ in rows])
    for session, _ in rows:
        if session.kind == Session.Kind.CLASS:
            run.sessions[session.week] = session
        else:
            run.parties.append(session)


def _meeting(
    run: Run, term: Term, week: int, kind: str, title: str, summary: str, starts_at: datetime
) -> tuple[Session, Event]:
    is_class = kind == Session.Kind.CLASS
    event = Event(
        kind=Kind.LECTURE if is_class else Kind.HOMEWORK_PARTY,
        title=title,
        slug=slugify(title),
        summary=f"Week {week} of the new-member programme.",
        term=term,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        original_starts_at=starts_at,
        place="Hall 306, Marlow Hall" if is_class else "Lab 2, Marlow Hall",
        visibility=Visibility.MEMBERS,
        created_at=_at(term, 0, 0, time(9)),
    )
    return Session(offering=run.offering, week=week, kind=kind, title=title, summary=summary), event


def _teachers(run: Run, now: datetime, rng: random.Random) -> None:
    """A lecturer each, two in week 5, nobody yet for one class of the current term; slides once it was held."""
    talks, materials, speaking = [], [], []
    for week, session in run.sessions.items():
        talk = Talk(event=session.event, title=session.title)
        talks.append(talk)
        if not (run.index == 3 and week == UNSTAFFED):
            teachers = [run.staff[week % len(run.staff)]]
            if week == 5:
                teachers.append(run.staff[(week + 1) % len(run.staff)])
            speaking += [(talk, teacher) for teacher in teachers]
        if session.event.ends_at <= now:
            materials.append(
                Material(
                    event=session.event,
                    kind="slides",
                    title="Slides",
                    url=f"https://files.club.example/{run.offering.slug}/week-{week}.pdf",
                )
            )
            if rng.random() < 0.5:
                materials.append(
                    Material(
                        event=session.event,
                        kind="notes",
                        title="Notes",
                        url=f"https://files.club.example/{run.offering.slug}/notes-{week}",
                        position=1,
                    )
                )
    Talk.objects.bulk_create(talks)
    Material.objects.bulk_create(materials)
    through = Talk.speakers.through
    through.objects.bulk_create([through(talk_id=talk.pk, user_id=person.pk) for talk, person in speaking])


def _attend(run: Run, now: datetime, rng: random.Random) -> None:
    """Nobody but the flagged one misses more than two classes; half come to the parties."""
    rows = []
    for at, learner in enumerate(run.learners):
        held = [session for session in run.sessions.values() if session.event.ends_at <= now]
        misses = 3 if run.index == 3 and at == FLAGGED else rng.choice([0, 0, 0, 1, 1, 2])
        missed = set(rng.sample(range(len(held)), min(misses, len(held))))
        last = min(WITHDREW[run.index].get(at, (6,))) * 2
        for n, session in enumerate(held):
            if n not in missed and not (at in WITHDREW[run.index] and session.week > last):
                rows.append(_there(session, learner.person, rng))
        for session in run.parties:
            if (
                session.event.ends_at <= now
                and rng.random() < 0.5
                and not (at in WITHDREW[run.index] and session.week > last)
            ):
                rows.append(_there(session, learner.person, rng))
    Attendance.objects.bulk_create(rows)


def _there(session: Session, person: User, rng: random.Random) -> Attendance:
    return Attendance(
        event=session.event,
        user=person,
        at=session.event.starts_at + timedelta(minutes=rng.randint(-8, 15)),
        source=Attendance.Source.CODE,
    )


# ── The open course ──


def _course(people: People, term: Term, now: datetime, rng: random.Random) -> None:
    """The open course of the term on the events that it has, with its participants and one assignment."""
    events = list(
        Event.objects.filter(
            term=term, kind=Kind.STUDY_GROUP, series__name__startswith="Open course"
        ).order_by("starts_at")
    )
    if not events:
        return
    program = Program.objects.create(
        name="Machine learning by hand",
        slug="by-hand",
        kind=Program.Kind.COURSE,
        description="An open course for everybody at the university. No experience needed.",
    )
    offering = Offering.objects.create(
        program=program,
        term=term,
        slug=f"by-hand-{term.slug}",
        state=Offering.State.RUNNING,
        shows_materials=True,
    )
    sessions = Session.objects.bulk_create(
        [
            Session(offering=offering, seq=n, week=n, title=event.title, event=event)
            for n, event in enumerate(events, start=1)
        ]
    )
    taught = set(Talk.objects.filter(event__in=events).values_list("event", flat=True))
    for event in events:
        if event.pk not in taught:
            Talk.objects.create(event=event, title=event.title).speakers.add(people.cast["lead"])
    begins = events[0].starts_at - timedelta(days=3)
    rows = [Enrolment(offering=offering, person=person, created_at=begins) for person in people.course]
    rows += [
        Enrolment(offering=offering, person=people.cast["lead"], role=Enrolment.Role.LEAD, created_at=begins)
    ]
    bulk_create_with_history(rows, Enrolment, default_date=begins)
    coming = next((n for n, event in enumerate(events) if event.starts_at > now), len(events) - 1)
    assignment = Assignment(
        offering=offering,
        key="hw1",
        title="A neuron on paper",
        position=1,
        state=Assignment.State.PUBLISHED,
        text="Draw one neuron, choose two weights, and compute $\\sigma(w_1 x_1 + w_2 x_2 + b)$ for four inputs by hand.",
        due_session=sessions[coming],
        due_time=time(17),
    )
    assignment.due_at = assignment.promised_at = assignment.due_by_rule()
    assignment.save()
    SpecRevision.objects.create(assignment=assignment, n=1, text=assignment.text)
    Part.objects.create(
        assignment=assignment, kind=Part.Kind.FILE, title="A photo or a PDF", endings="pdf png jpg jpeg"
    )
    course.seed(offering, now, rng)
