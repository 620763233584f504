"""Invented rows in large numbers, for measuring: a club of any size, written past the processes in bulk.

Nothing here is told to anybody, and no history or audit trail is kept: the rows are only there to be read.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from events.models import Attendance, Event, Registration, Talk
from members.models import Club, Membership, Notification, Term, User
from mlclub import planner
from nmep.models import (
    Assignment,
    Enrolment,
    Offering,
    Part,
    Program,
    Session,
    SpecRevision,
    Submission,
    SubmissionAuthor,
)
from projects.models import Initiative, Role, Update
from wiki.models import Link, Page, Revision

MAIL_DOMAIN = "club.example"
BATCH = 2000

VOCABULARY = (
    "model data gradient learning network loss weight layer train test batch sample feature label noise kernel "
    "matrix vector norm prior posterior likelihood token attention encoder decoder image text speech policy reward "
    "state action value graph node edge tree forest margin bound proof lemma variance bias epoch optimiser momentum "
    "schedule dropout residual embedding cluster distance similarity metric score rank query index search log cache "
    "memory budget paper figure table appendix baseline ablation result claim evidence question answer exercise"
)
WORDS = VOCABULARY.split()
FORMULAS = (
    r"$\hat{y} = \sigma(w^\top x + b)$",
    r"$$\nabla_\theta J(\theta) = \mathbb{E}\left[\sum_t \nabla_\theta \log \pi_\theta(a_t \mid s_t) R_t\right]$$",
    r"$\operatorname{softmax}(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$",
)

chance = random.Random(2022)
number = count(1)


def sentence(length: int = 14) -> str:
    """Words as language has them: a few are everywhere, most are rare."""
    last = len(WORDS) - 1
    chosen = [WORDS[min(last, int(chance.paretovariate(0.7)) - 1)] for _ in range(length)]
    chosen[chance.randrange(length)] = f"{chance.choice(WORDS)}{chance.randrange(3000)}"
    return " ".join(chosen).capitalize() + "."


def text(sentences: int) -> str:
    return " ".join(sentence() for _ in range(sentences))


# ── People and terms ──


def club() -> tuple[Club, Term]:
    """The club that is there, or a new one, with the term of today."""
    found = Club.objects.filter(pk=1).first() or Club.objects.create(
        pk=1, name="A large club", time_zone="America/Los_Angeles", set_up_at=timezone.now()
    )
    today = timezone.now().astimezone(found.zone).date()
    term = Term.objects.current(today)
    if term is None:
        start = today - timedelta(days=today.weekday(), weeks=6)
        term = Term.objects.create(
            name="This term", slug="now", starts_on=start, ends_on=start + timedelta(days=102)
        )
    return found, term


def old_terms(how_many: int) -> list[Term]:
    """Terms before the oldest there is, each half a year before the one after it."""
    oldest = Term.objects.order_by("starts_on").first()
    assert oldest is not None
    rows = [
        Term(
            name=f"Long ago {step} {oldest.slug}",
            slug=f"old{step}-{oldest.slug}"[:20],
            starts_on=oldest.starts_on - timedelta(weeks=26 * step),
            ends_on=oldest.starts_on - timedelta(weeks=26 * step) + timedelta(days=102),
        )
        for step in range(1, how_many + 1)
    ]
    return Term.objects.bulk_create(rows)


def people(
    how_many: int, terms: Sequence[Term], *, kind: str = Membership.Kind.MEMBER, prefix: str = "crowd"
) -> list[User]:
    """Active members of one of `terms` each, in turn."""
    password = make_password(None)
    first = User.objects.count()
    rows = [
        User(
            email=f"{prefix}{first + n}@{MAIL_DOMAIN}",
            handle=f"{prefix}{first + n}",
            name=f"{WORDS[n % len(WORDS)].title()} {WORDS[n * 7 % len(WORDS)].title()} {first + n}",
            password=password,
        )
        for n in range(how_many)
    ]
    User.objects.bulk_create(rows, batch_size=BATCH)
    Membership.objects.bulk_create(
        (
            Membership(person=user, term=terms[n % len(terms)], kind=kind, status=Membership.Status.ACTIVE)
            for n, user in enumerate(rows)
        ),
        batch_size=BATCH,
    )
    return rows


# ── Events ──


def events(
    how_many: int,
    since: datetime,
    until: datetime,
    *,
    hosts: Sequence[User],
    term: Term | None = None,
    kind: str = "meeting",
    **fields: Any,
) -> list[Event]:
    """Evenings of two hours spread evenly from `since` to `until`, each with a host and a talk."""
    step = (until - since) / max(how_many, 1)
    rows = []
    for n in range(how_many):
        starts_at = (since + n * step).replace(minute=0, second=0, microsecond=0)
        rows.append(
            Event(
                title=f"{sentence(4)[:-1]} {next(number)}",
                slug=f"evening-{next(number)}",
                summary=sentence(),
                description=text(12),
                kind=kind,
                term=term,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=2),
                place="Hall 3",
                **{
                    "visibility": "members" if n % 3 else "public",
                    "capacity": 40 if n % 2 else None,
                    **fields,
                },
            )
        )
    Event.objects.bulk_create(rows, batch_size=BATCH)
    Event.hosts.through.objects.bulk_create(
        Event.hosts.through(event_id=row.pk, user_id=chance.choice(hosts).pk) for row in rows
    )
    talks = Talk.objects.bulk_create(Talk(event=row, title=sentence(5)) for row in rows)
    Talk.speakers.through.objects.bulk_create(
        Talk.speakers.through(talk_id=talk.pk, user_id=chance.choice(hosts).pk) for talk in talks
    )
    return rows


def registrations(found: Sequence[Event], crowd: Sequence[User], each: int) -> int:
    """`each` people want to go to each of the events; those who did go to past ones were there."""
    now = timezone.now()
    rows, there = [], []
    for event in found:
        taken = set(Registration.objects.live().filter(event=event).values_list("user", flat=True))
        for n, user in enumerate(chance.sample(crowd, min(each, len(crowd)))):
            if user.pk in taken:
                continue
            at = min(now, event.starts_at) - timedelta(days=3) + timedelta(seconds=n)
            rows.append(Registration(event=event, user=user, created_at=at, updated_at=at))
            if event.ends_at < now and n % 3:
                there.append(Attendance(event=event, user=user, at=event.starts_at))
    Registration.objects.bulk_create(rows, batch_size=BATCH)
    Attendance.objects.bulk_create(there, batch_size=BATCH, ignore_conflicts=True)
    return len(rows) + len(there)


# ── The library ──


def pages(how_many: int, authors: Sequence[User], *, revisions: int = 3, sentences: int = 60) -> list[Page]:
    """Pages of some hundred words in folders of twenty, a third of them with formulas, each linking to two others."""
    now = timezone.now()
    rows = []
    for n in range(how_many):
        mark = next(number)
        title = f"{WORDS[n % len(WORDS)].title()} {WORDS[n * 11 % len(WORDS)]} {mark}"
        rows.append(
            Page(
                path=f"Folder {mark // 20}/{title}",
                key=title.lower(),
                title=title,
                names=title.split()[0],
                headings=sentence(3),
                plain_text=text(sentences),
                owner=chance.choice(authors),
                content_at=now - timedelta(hours=chance.randrange(1, 24 * 700)),
                created_at=now - timedelta(days=701),
            )
        )
    Page.objects.bulk_create(rows, batch_size=500)
    written = []
    for n, row in enumerate(rows):
        body = f"# {row.title}\n\n{row.plain_text}\n\n" + (FORMULAS[n // 3 % 3] if n % 3 == 0 else "")
        written += [
            Revision(
                page=row,
                number=step,
                base_number=step - 1,
                text=f"{body}\n\nVersion {step}.\n",
                author=chance.choice(authors),
                at=row.content_at - timedelta(days=revisions - step),
            )
            for step in range(1, revisions + 1)
        ]
    Revision.objects.bulk_create(written, batch_size=500)
    newest = Revision.objects.filter(page=OuterRef("pk")).order_by("-number").values("pk")[:1]
    Page.objects.filter(head=None).update(head=Subquery(newest))
    Link.objects.bulk_create(
        (
            Link(source=row, name=goal.title, key=goal.key, target=goal)
            for row in rows
            for goal in chance.sample(rows, min(2, len(rows)))
        ),
        batch_size=BATCH,
    )
    return rows


# ── The programme ──


@dataclass(frozen=True)
class Course:
    offering: Offering
    assignments: list[Assignment]
    enrolments: list[Enrolment]


def offering(
    term: Term, learners: Sequence[User], leads: Sequence[User], *, state: str, program: Program | None = None
) -> Course:
    """Eleven weeks and five assignments; every learner has handed in what was due, in two versions."""
    program = program or Program.objects.create(
        name=f"Programme {next(number)}", slug=f"programme-{next(number)}"
    )
    row = Offering.objects.create(program=program, term=term, slug=f"course-{next(number)}", state=state)
    zone = Club.current().zone
    first = datetime.combine(term.starts_on + timedelta(days=2), time(18), tzinfo=zone)
    classes = events(
        11, first, first + timedelta(weeks=11), hosts=leads, term=term, kind="lecture", capacity=None
    )
    sessions = Session.objects.bulk_create(
        Session(offering=row, seq=n, week=n, title=event.title, summary=text(3), event=event)
        for n, event in enumerate(classes, 1)
    )
    now = timezone.now()
    assignments = Assignment.objects.bulk_create(
        Assignment(
            offering=row,
            key=f"hw{n}",
            title=sentence(3)[:-1],
            text=f"{text(20)}\n\n{FORMULAS[n % 3]}\n",
            position=n,
            state=Assignment.State.PUBLISHED,
            due_session=sessions[n * 2],
            due_at=classes[n * 2].starts_at,
            promised_at=classes[n * 2].starts_at,
        )
        for n in range(1, 6)
    )
    specs = SpecRevision.objects.bulk_create(
        SpecRevision(assignment=each, n=1, text=each.text) for each in assignments
    )
    Part.objects.bulk_create(Part(assignment=each, title="Notebook") for each in assignments)
    enrolments = Enrolment.objects.bulk_create(
        [Enrolment(offering=row, person=user, created_at=first) for user in learners]
        + [Enrolment(offering=row, person=user, role=Enrolment.Role.LEAD) for user in leads[:3]],
        batch_size=BATCH,
    )
    Attendance.objects.bulk_create(
        (
            Attendance(event=event, user=user, at=event.starts_at)
            for event in classes
            if event.ends_at < now
            for user in learners
            if chance.random() < 0.8
        ),
        batch_size=BATCH,
    )
    submissions(assignments, specs, enrolments[: len(learners)], now)
    return Course(row, assignments, enrolments)


def submissions(
    assignments: Sequence[Assignment],
    specs: Sequence[SpecRevision],
    enrolments: Sequence[Enrolment],
    now: datetime,
) -> None:
    whose = [
        (assignment, spec, enrolment, n)
        for assignment, spec in zip(assignments, specs, strict=True)
        if assignment.due_at and assignment.due_at < now
        for enrolment in enrolments
        for n in (1, 2)
    ]
    made = Submission.objects.bulk_create(
        (
            Submission(
                assignment=assignment,
                n=n,
                state=Submission.State.RETURNED if n == 1 else Submission.State.DONE,
                spec=spec,
                handed_in_at=assignment.due_at,
                handed_in_by_id=enrolment.person_id,
            )
            for assignment, spec, enrolment, n in whose
        ),
        batch_size=BATCH,
    )
    SubmissionAuthor.objects.bulk_create(
        (
            SubmissionAuthor(submission=row, enrolment=enrolment, assignment=assignment, n=n)
            for row, (assignment, _, enrolment, n) in zip(made, whose, strict=True)
        ),
        batch_size=BATCH,
    )


# ── Projects and mail ──


def initiatives(how_many: int, crowd: Sequence[User], term: Term) -> None:
    rows = Initiative.objects.bulk_create(
        Initiative(
            name=f"{sentence(3)[:-1]} {next(number)}",
            slug=f"initiative-{next(number)}",
            kind=Initiative.Kind.RESEARCH,
            summary=sentence(),
            description=text(15),
            state=Initiative.State.RUNNING if n % 4 == 0 else Initiative.State.DONE,
        )
        for n in range(how_many)
    )
    teams = {row.pk: chance.sample(crowd, min(5, len(crowd))) for row in rows}
    Role.objects.bulk_create(
        Role(initiative=row, term=term, person=user, kind=Role.Kind.LEAD if place == 0 else "contributor")
        for row in rows
        for place, user in enumerate(teams[row.pk])
    )
    Update.objects.bulk_create(
        Update(
            initiative=row,
            author=teams[row.pk][0],
            done=text(2),
            created_at=timezone.now() - timedelta(days=10 * step),
        )
        for row in rows
        for step in range(6)
    )


def notifications(how_many: int, crowd: Sequence[User]) -> None:
    """What was sent long ago."""
    now = timezone.now()
    Notification.objects.bulk_create(
        (
            Notification(
                person=crowd[n % len(crowd)],
                kind="event-reminder",
                slot=f"crowd-{next(number)}",
                due_at=(at := now - timedelta(days=chance.randrange(10, 900))),
                try_at=at,
                created_at=at,
                sent_at=at,
                status=Notification.Status.SENT,
                subject=sentence(6),
            )
            for n in range(how_many)
        ),
        batch_size=BATCH,
    )


def small_club(members: int = 60, events_soon: int = 12, library: int = 30) -> None:
    """A club with somebody behind each address that the measured pages are asked by, where no demo is seeded."""
    _, term = club()
    cast = people(2, [term])
    for user, role in zip(cast, ("member", "new-member"), strict=True):
        user.email, user.handle = f"{role}@{MAIL_DOMAIN}", role
        user.save()
    Membership.objects.filter(person=cast[1]).update(kind=Membership.Kind.NEW)
    others = people(members, [term])
    now = timezone.now()
    past = events(events_soon * 3, now - timedelta(days=60), now - timedelta(days=1), hosts=others, term=term)
    soon = events(events_soon, now + timedelta(days=1), now + timedelta(weeks=4), hosts=others, term=term)
    registrations([*past, *soon], [*cast, *others], max(1, members // 2))
    pages(library, others)
    learners = [cast[1], *others[: members // 4]]
    offering(term, learners, others[-3:], state=Offering.State.RUNNING)
    initiatives(max(1, members // 8), others, term)
    notifications(members * 5, others)
    planner.look_again()


def sizes() -> dict[str, int]:
    """How many rows of each thing there are."""
    models = [User, Event, Registration, Attendance, Page, Revision, Assignment, Submission, Notification]
    return {model._meta.verbose_name_plural.replace(" ", "_"): model.objects.count() for model in models}
