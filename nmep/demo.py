"""The demo club's programme over four terms: classes, parties, homework, reviews, and states that want an officer."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.text import slugify
from PIL import Image, ImageDraw
from simple_history.utils import bulk_create_with_history

from events.models import Attendance, Event, Kind, Material, Talk, Visibility
from members.demo import People
from members.models import Club, Term, User
from nmep import demo_texts as texts
from nmep.models import (
    Assignment,
    Comment,
    Enrolment,
    MarkChange,
    Milestone,
    Module,
    Offering,
    Part,
    Piece,
    Program,
    Review,
    RubricCriterion,
    RubricMark,
    Session,
    SpecRevision,
    Submission,
    SubmissionAuthor,
)

RECESS = 8  # weeks of the term, counted from 0
UNSTAFFED = 9
CLASS, PARTY = time(20), time(18)

#: term → learner → the homeworks (1 to 5) that never came because they had left, or that were not handed in.
WITHDREW: dict[int, dict[int, tuple[int, ...]]] = {
    0: {10: (3, 4, 5), 11: (4, 5)},
    1: {15: (2, 3, 4, 5)},
    2: {12: (4, 5)},
    3: {},
}
MISSING: dict[int, dict[int, tuple[int, ...]]] = {
    0: {2: (4,), 5: (5,)},
    1: {14: (3, 4, 5), 6: (2,)},
    2: {3: (5,), 8: (4,)},
    3: {13: (2,)},
}
LATE, MENDED, WAITING = 31, 6, 6
FLAGGED = 13
THE_NEW_MEMBER = 0


@dataclass
class Run:
    """One term of the programme while it is being made."""

    index: int
    offering: Offering
    learners: list[Enrolment] = field(default_factory=list)
    staff: list[User] = field(default_factory=list)
    sessions: dict[int, Session] = field(default_factory=dict)  # classes by week
    parties: list[Session] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)


def seed(people: People, terms: list[Term], now: datetime, rng: random.Random) -> None:
    """Make it; `terms` are the four of the demo, oldest first."""
    program = Program.objects.create(
        name="New-member programme",
        slug="programme",
        kind=Program.Kind.NMEP,
        description="Eleven weeks from linear algebra to diffusion models, taught by members who took it before.",
    )
    modules = [
        Module.objects.create(title=title, slug=slugify(title), level=level, outline=outline)
        for title, level, outline in texts.CLASSES
    ]
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
        _homework(run, now)
        runs.append(run)
    _hand_in(runs, now, rng)
    _course(people, terms[-1], now)


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


# ── Homework ──


def _homework(run: Run, now: datetime) -> None:
    for n, (title, opens, due, text, _) in enumerate(texts.HOMEWORKS, start=1):
        assignment = Assignment(
            offering=run.offering,
            key=f"hw{n}",
            title=title,
            text=text,
            position=n,
            state=Assignment.State.PUBLISHED,
            open_session=run.sessions[opens],
            open_time=CLASS,
            due_session=run.sessions[due],
            due_time=CLASS,
        )
        assignment.opens_at = assignment.opens_by_rule()
        assignment.due_at = assignment.promised_at = assignment.due_by_rule()
        run.assignments.append(assignment)
    Assignment.objects.bulk_create(run.assignments)
    SpecRevision.objects.bulk_create(
        [
            SpecRevision(assignment=row, n=1, text=row.text, created_at=row.opens_at or now)
            for row in run.assignments
        ]
    )
    parts = []
    for n, row in enumerate(run.assignments, start=1):
        parts.append(Part(assignment=row, position=0, kind=Part.Kind.NOTEBOOK, title="Notebook"))
        if n == 4:
            parts.append(
                Part(
                    assignment=row,
                    position=1,
                    kind=Part.Kind.TEXT,
                    title="Two paragraphs",
                    hint="Which cure would you use, and why?",
                    max_words=250,
                )
            )
    Part.objects.bulk_create(parts)
    RubricCriterion.objects.bulk_create(
        [
            RubricCriterion(assignment=row, position=n, title=title, description=description)
            for row in run.assignments
            for n, (title, description) in enumerate(texts.CRITERIA)
        ]
    )
    for title, week in (("Final project proposal", 9), ("Final project checkpoint", 10)):
        Milestone.objects.create(
            offering=run.offering,
            kind=Milestone.Kind.CAPSTONE,
            title=title,
            due_session=run.sessions[week],
            due_time=CLASS,
        )


@dataclass
class Rows:
    """Everything that hangs on a submission, in bulk."""

    submissions: list[Submission] = field(default_factory=list)
    authors: list[SubmissionAuthor] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    rubric: list[RubricMark] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    journal: list[MarkChange] = field(default_factory=list)

    def save(self) -> None:
        tables: list[list[Any]] = [
            self.submissions,
            self.authors,
            self.pieces,
            self.reviews,
            self.rubric,
            self.comments,
            self.journal,
        ]
        for rows in tables:
            if rows:
                type(rows[0])._default_manager.bulk_create(rows)


def _hand_in(runs: list[Run], now: datetime, rng: random.Random) -> None:
    """235 first versions, 31 of them late, 6 of them mended after a review, 6 waiting too long."""
    expected: list[tuple[Run, int, int]] = []
    for run in runs:
        past = [n for n, row in enumerate(run.assignments, start=1) if row.due_at and row.due_at <= now]
        for at in range(len(run.learners)):
            gone = WITHDREW[run.index].get(at, ()) + MISSING[run.index].get(at, ())
            expected += [(run, at, n) for n in past if n not in gone]
    older = [row for row in expected if row[0].index < 3]
    late = set(_keys(rng.sample(older, LATE)))
    mended = set(_keys(rng.sample([row for row in older if _key(row) not in late], MENDED)))
    newest = [row for row in expected if row[0].index == 3 and row[2] == 3 and row[1] != THE_NEW_MEMBER]
    waiting = set(_keys(newest[:WAITING]))
    returned = {(3, THE_NEW_MEMBER, 3), *_keys(newest[WAITING : WAITING + 1])}
    files = Files()
    rows = Rows()
    for row in expected:
        _first_version(
            rows,
            files,
            row,
            now,
            rng,
            is_late=_key(row) in late,
            fate="waiting" if _key(row) in waiting else "returned" if _key(row) in returned else "done",
            is_mended=_key(row) in mended,
        )
    _draft(rows, files, runs[-1], now)
    rows.save()


def _key(row: tuple[Run, int, int]) -> tuple[int, int, int]:
    return row[0].index, row[1], row[2]


def _keys(rows: Iterable[tuple[Run, int, int]]) -> list[tuple[int, int, int]]:
    return [_key(row) for row in rows]


class Files:
    """A few small notebooks, written once and pointed to by many pieces."""

    def __init__(self) -> None:
        self.written: dict[tuple[int, int], tuple[str, bytes]] = {}

    def give(self, n: int, version: int) -> tuple[str, bytes]:
        if (n, version) not in self.written:
            content = _notebook(n, version)
            name = default_storage.save(f"nmep/demo-{n}-{version}", ContentFile(content))
            self.written[n, version] = (name, content)
        return self.written[n, version]


def _notebook(n: int, version: int) -> bytes:
    """A valid notebook with a heading, the code of the homework, a line of output and a curve."""
    title, _, _, _, code = texts.HOMEWORKS[n - 1]
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {}, "source": f"# {title}\n\nWhat I tried, and what came out."}
    ]
    for count, source in enumerate(code, start=1):
        source = source.replace("eps=1e-2", "eps=1e-5") if version > 1 else source
        cells.append(
            {"cell_type": "code", "execution_count": count, "metadata": {}, "outputs": [], "source": source}
        )
    loss = "0.02" if version > 1 else "0.31"
    cells[-1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": f"loss after training: {loss}\n"}
    ]
    cells.append(
        {
            "cell_type": "code",
            "execution_count": len(code) + 1,
            "metadata": {},
            "outputs": [
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"image/png": _curve(n), "text/plain": "Loss by step"},
                }
            ],
            "source": "plt.plot(history)",
        }
    )
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 2}).encode()


def _curve(n: int) -> str:
    picture = Image.new("RGB", (360, 160), "white")
    points = [(x, 10 + int(140 * (1 - 0.5 ** (x / (30 + 12 * n))))) for x in range(10, 350, 4)]
    ImageDraw.Draw(picture).line(points, fill=(11, 92, 173), width=3)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def _version(
    rows: Rows,
    files: Files,
    run: Run,
    at: int,
    n: int,
    version: int,
    handed_in_at: datetime | None,
    state: str,
    late_by: timedelta,
    reviewer: User | None,
) -> tuple[Submission, list[Piece]]:
    assignment, learner = run.assignments[n - 1], run.learners[at]
    stamp = handed_in_at or assignment.opens_at or run.offering.term.starts_on
    submission = Submission(
        assignment=assignment,
        n=version,
        state=state,
        spec=next(iter(assignment.specs.all())),
        handed_in_at=handed_in_at,
        handed_in_by=learner.person if handed_in_at else None,
        reviewer=reviewer,
        created_at=stamp,
        updated_at=stamp,
    )
    rows.submissions.append(submission)
    rows.authors.append(
        SubmissionAuthor(
            submission=submission, enrolment=learner, assignment=assignment, n=version, late_by=late_by
        )
    )
    pieces = []
    for part in assignment.parts.all():
        if part.kind == Part.Kind.TEXT:
            values = {"text": "Early stopping: it needs no second run, and the gauges fail in storms anyway."}
            content = values["text"].encode()
        else:
            name, content = files.give(n, version)
            values = {"file": name, "name": f"{run.assignments[n - 1].key}.ipynb"}
        pieces.append(
            Piece(
                submission=submission,
                part=part,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                **values,
            )
        )
    rows.pieces += pieces
    return submission, pieces


def _first_version(
    rows: Rows,
    files: Files,
    row: tuple[Run, int, int],
    now: datetime,
    rng: random.Random,
    *,
    is_late: bool,
    fate: str,
    is_mended: bool,
) -> None:
    run, at, n = row
    assignment = run.assignments[n - 1]
    due_at = assignment.due_at or now
    late_by = timedelta(hours=rng.randint(3, 80)) if is_late else timedelta(0)
    handed_in_at = due_at + late_by if is_late else due_at - timedelta(hours=rng.randint(1, 70))
    reviewer = run.staff[(at + n) % len(run.staff)]
    if fate == "waiting":
        state = Submission.State.HANDED_IN
        _version(rows, files, run, at, n, 1, handed_in_at, state, late_by, None)
        return
    if fate == "returned":
        reviewer = run.staff[0]
    reviewed_at = min(handed_in_at + timedelta(hours=rng.randint(40, 160)), now - timedelta(hours=3))
    goes_back = fate == "returned" or is_mended
    state = Submission.State.RETURNED if goes_back else Submission.State.DONE
    submission, pieces = _version(rows, files, run, at, n, 1, handed_in_at, state, late_by, reviewer)
    _review(rows, run, at, submission, pieces, reviewer, reviewed_at, rng, is_done=not goes_back)
    if is_mended:
        again = reviewed_at + timedelta(days=2)
        second, pieces = _version(rows, files, run, at, n, 2, again, Submission.State.DONE, late_by, reviewer)
        _review(rows, run, at, second, pieces, reviewer, again + timedelta(days=3), rng, is_done=True)


def _review(
    rows: Rows,
    run: Run,
    at: int,
    submission: Submission,
    pieces: list[Piece],
    reviewer: User,
    when: datetime,
    rng: random.Random,
    *,
    is_done: bool,
) -> None:
    review = Review(
        submission=submission,
        reviewer=reviewer,
        state=Review.State.POSTED,
        outcome=Review.Outcome.DONE if is_done else Review.Outcome.RETURN,
        summary=rng.choice(texts.PRAISE if is_done else texts.RETURNS),
        created_at=when,
        posted_at=when,
    )
    rows.reviews.append(review)
    levels = [RubricMark.Level.MASTERED, RubricMark.Level.MASTERED, RubricMark.Level.CLOSE]
    for criterion, level in zip(submission.assignment.criteria.all(), levels, strict=True):
        rows.rubric.append(
            RubricMark(review=review, criterion=criterion, level=level if is_done else RubricMark.Level.CLOSE)
        )
    rows.journal.append(
        MarkChange(
            enrolment=run.learners[at],
            assignment=submission.assignment,
            submission=submission,
            kind=MarkChange.Kind.DONE if is_done else MarkChange.Kind.NOT_YET,
            by=reviewer,
            at=when,
        )
    )
    if not is_done or rng.random() < 0.2:
        rows.comments.append(
            Comment(
                submission=submission,
                piece=pieces[0],
                cell_index=1,
                cell_key="",
                author=reviewer,
                text=rng.choice(texts.REMARKS),
                asks_for_change=not is_done,
                created_at=when,
                posted_at=when,
            )
        )


def _draft(rows: Rows, files: Files, run: Run, now: datetime) -> None:
    """The new member of the demo has begun the homework that is due next."""
    _version(rows, files, run, THE_NEW_MEMBER, 4, 1, None, Submission.State.DRAFT, timedelta(0), None)
    rows.submissions[-1].updated_at = now - timedelta(hours=5)


# ── The open course ──


def _course(people: People, term: Term, now: datetime) -> None:
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
