"""The people of the demo club: four terms of arrivals, alumni, officers, and a face for each sign-in button.

Every floor has a `demo.py` with a `seed` of its own; `manage.py seed_demo` calls them in order. All is invented,
deterministic for a seed, and relative to the day it is made on, which is always in week 7 of the current term.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from faker import Faker

from members import offices
from members.models import Break, Club, Membership, Office, OfficeTerm, Term, Topic, User

MAIL_DOMAIN = "club.example"
LOCALES = ["en_US", "en_IN", "es_MX", "fr_FR", "pt_BR", "en_GB"]
ZONE = "America/Los_Angeles"

#: The accounts behind the sign-in buttons of the demo: role → what the button says; the role is also the handle.
ROLES = {
    "officer": "Officer",
    "lead": "Programme lead",
    "new-member": "New member",
    "member": "Member",
    "mentor": "Mentor",
    "project-lead": "Project lead",
    "fellow": "Fellow",
    "alumnus": "Alumnus",
    "course-participant": "Course participant",
}

#: term index (0 is the oldest) → (new members, new fellows, graduated, lapsed, not completed) of product/demo-club.md
FLOW = [(12, 0, 8, 3, 2), (16, 2, 2, 4, 1), (13, 1, 12, 4, 1), (15, 2, 0, 0, 0)]
#: The second office of the first officer ends in so many days: the asking of the fourteenth day before is due.
HANDED_OVER_IN = 13
MEMBERS_AT_START = 54
ALUMNI_AT_START = 30

TOPICS = [
    "Reinforcement learning",
    "Diffusion models",
    "Computer vision",
    "Language models",
    "Optimisation",
    "Probability",
    "Linear algebra",
    "Robotics",
    "Graph networks",
    "Speech",
    "Causality",
    "Data engineering",
    "Teaching",
    "Writing",
    "Organising",
    "Plots",
]
STUDIES = [
    "Computer science",
    "Mathematics",
    "Statistics",
    "Electrical engineering",
    "Cognitive science",
    "Physics",
    "Economics",
    "Biology",
    "Linguistics",
    "Mechanical engineering",
]


@dataclass
class People:
    """Who is who in the demo club. Lists keep the order in which people joined."""

    everyone: list[User] = field(default_factory=list)
    cast: dict[str, User] = field(default_factory=dict)  # by the roles of ROLES
    officers: list[User] = field(default_factory=list)
    fellows: list[User] = field(default_factory=list)
    alumni: list[User] = field(default_factory=list)
    course: list[User] = field(default_factory=list)  # 40 participants of the open course, no membership
    active_in: dict[int, list[User]] = field(default_factory=dict)  # by term pk
    new_in: dict[int, list[User]] = field(default_factory=dict)  # by term pk

    def seniors(self, term: Term) -> list[User]:
        """Active in `term` and not new in it."""
        new = {person.pk for person in self.new_in[term.pk]}
        return [person for person in self.active_in[term.pk] if person.pk not in new]


def terms_around(today: date) -> list[tuple[str, str, date, date]]:
    """(name, slug, first day, last day) of four terms, the last in its week 7 on `today`, and of the one after."""
    start = today - timedelta(days=today.weekday(), weeks=6)
    # Half-years counted from year 0, so that two terms never get the same name: even is spring, odd is fall.
    middle = start + timedelta(weeks=7)
    half = middle.year * 2 + (middle.month >= 7)
    rows = []
    for step in (-3, -2, -1, 0, 1):
        year, is_fall = divmod(half + step, 2)
        season, short = ("Fall", "fa") if is_fall else ("Spring", "sp")
        first = start + timedelta(weeks=26 * step)
        rows.append(
            (f"{season} {year}", f"{short}{year % 100:02d}", first, first + timedelta(days=7 * 15 - 3))
        )
    return rows


def seed(today: date, rng: random.Random) -> tuple[Club, list[Term], People]:
    """Make the club, its terms (oldest first, the current one last but one) and its 145 members and 40 guests."""
    club, _ = Club.objects.update_or_create(
        pk=1,
        defaults={
            "name": "Tidewater Machine Learning Club",
            "short_name": "Tidewater ML",
            "claim": "Learn it this term. Teach it the next.",
            "about": "Tidewater is a student machine-learning club. New members take an eleven-week programme taught by "
            "older members, then join research, company projects and competitions, and come back to teach.",
            "how_to_join": "Come to any meeting that is open to everyone; you need not sign up. Applications open in the "
            "second week of every term: four short questions, about half an hour, any field of study. Then a "
            "conversation with two members about something you made or read. You hear from us, whatever the answer.",
            "time_zone": ZONE,
            "programme_name": "NMEP",
            "contact_email": f"officers@{MAIL_DOMAIN}",
            "postal_address": "Marlow Hall, Harbour University",
            "set_up_at": datetime.combine(today, time(9), tzinfo=Club(time_zone=ZONE).zone)
            - timedelta(days=900),
        },
    )
    terms = [
        Term.objects.create(name=name, slug=slug, starts_on=first, ends_on=last)
        for name, slug, first, last in terms_around(today)
    ]
    for term in terms:
        week9 = term.starts_on + timedelta(weeks=8)
        Break.objects.create(term=term, name="Recess", starts_on=week9, ends_on=week9 + timedelta(days=6))
    topics = [Topic(name=name, slug=name.lower().replace(" ", "-")) for name in TOPICS]
    Topic.objects.bulk_create(topics)
    people = _people(terms[:4], club, rng)
    _learn_and_give(people, terms[3], topics, rng)
    _offices(people, terms[:4], today)
    return club, terms, people


def _people(terms: list[Term], club: Club, rng: random.Random) -> People:
    fake = Faker(LOCALES)
    fake.seed_instance(rng.randrange(10**6))
    password = make_password(None)
    taken: set[str] = set()
    people = People()

    def person(joined: date) -> User:
        while True:
            name = f"{fake.first_name()} {fake.last_name()}"
            base = "".join(part[0] for part in name.split()).lower()
            if name not in taken and base.isascii() and base.isalpha():
                break
        taken.add(name)
        number = sum(1 for user in people.everyone if user.handle.startswith(base)) + 1
        handle = f"{base}{number}"
        user = User(
            email=f"{handle}@{MAIL_DOMAIN}",
            name=name,
            handle=handle,
            password=password,
            study=rng.choice(STUDIES),
            about=rng.choice(ABOUT),
            created_at=datetime.combine(joined, time(12), tzinfo=club.zone),
        )
        people.everyone.append(user)
        return user

    start = terms[0].starts_on
    old_alumni = [person(start - timedelta(days=rng.randrange(300, 900))) for _ in range(ALUMNI_AT_START)]
    active = [person(start - timedelta(days=rng.randrange(60, 400))) for _ in range(MEMBERS_AT_START)]
    rows: list[tuple[User, Term, str, str]] = []
    rows += [(user, terms[0], Membership.Kind.MEMBER, Membership.Status.ALUMNUS) for user in old_alumni]
    people.alumni += old_alumni
    fellows = active[:2]  # seven ever: these two and five who come; one goes after each term
    for term, (new, new_fellows, graduated, lapsed, dropped), following in zip(
        terms, FLOW, [*terms[1:], None], strict=True
    ):
        arrivals = [person(term.starts_on) for _ in range(new)]
        fresh_fellows = [person(term.starts_on) for _ in range(new_fellows)]
        fellows += fresh_fellows
        rows += [
            (
                user,
                term,
                Membership.Kind.FELLOW if user in fellows else Membership.Kind.MEMBER,
                Membership.Status.ACTIVE,
            )
            for user in [*active, *fresh_fellows]
        ]
        rows += [(user, term, Membership.Kind.NEW, Membership.Status.ACTIVE) for user in arrivals]
        active = [*active, *fresh_fellows, *arrivals]
        people_in_term = list(active)
        people.active_in[id(term)] = people_in_term
        people.new_in[id(term)] = arrivals
        if following is None:
            break
        others = [user for user in active if user not in arrivals and user not in fellows]
        leaving = [
            next(user for user in active if user in fellows),
            *rng.sample(others, graduated + lapsed - 1),
        ]
        leaving += rng.sample(arrivals, dropped)
        for at, user in enumerate(leaving):
            is_alumnus = at < graduated
            status = Membership.Status.ALUMNUS if is_alumnus else Membership.Status.LEFT
            rows.append((user, following, Membership.Kind.MEMBER, status))
            if is_alumnus:
                people.alumni.append(user)
        active = [user for user in active if user not in leaving]
    people.course = [person(terms[3].starts_on) for _ in range(40)]
    User.objects.bulk_create(people.everyone)
    Membership.objects.bulk_create(
        Membership(
            person=user,
            term=term,
            kind=kind,
            status=status,
            joined_at=datetime.combine(term.starts_on, time(12), tzinfo=club.zone),
        )
        for user, term, kind, status in rows
    )
    people.active_in = {term.pk: people.active_in[id(term)] for term in terms}
    people.new_in = {term.pk: people.new_in[id(term)] for term in terms}
    people.fellows = [user for user in fellows if user in people.active_in[terms[3].pk]]
    _cast(people, terms[3])
    return people


def _cast(people: People, term: Term) -> None:
    seniors = [user for user in people.seniors(term) if user not in people.fellows]
    people.officers = seniors[:9]
    people.cast = {
        "officer": people.officers[0],
        "lead": people.officers[1],
        "member": seniors[20],
        "mentor": seniors[12],
        "project-lead": seniors[14],
        "new-member": people.new_in[term.pk][0],
        "fellow": people.fellows[0],
        "alumnus": people.alumni[-1],
        "course-participant": people.course[0],
    }
    for role, user in people.cast.items():
        user.email = f"{role}@{MAIL_DOMAIN}"
        user.handle = role
    User.objects.bulk_update(people.cast.values(), ["email", "handle"])
    # Everybody has confirmed their address, so that a second factor can be tried.
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in people.everyone
    )


def _learn_and_give(people: People, term: Term, topics: list[Topic], rng: random.Random) -> None:
    """Most members have said what they want and give; some have not, so that the desk has something to say."""
    experts, learns, gives = [], [], []
    rows = {row.person_id: row for row in Membership.objects.filter(term=term)}
    for at, user in enumerate(people.active_in[term.pk]):
        mine = rng.sample(topics, 3)
        experts += [User.expertise.through(user_id=user.pk, topic_id=topic.pk) for topic in mine[:2]]
        if at % 8 == 7 or user is people.cast["new-member"]:
            continue
        row = rows[user.pk]
        row.hours_a_week = rng.choice([1, 2, 2, 3, 4])
        learns.append(Membership.learn.through(membership_id=row.pk, topic_id=mine[2].pk))
        gives.append(Membership.give.through(membership_id=row.pk, topic_id=mine[0].pk))
    User.expertise.through.objects.bulk_create(experts)
    Membership.learn.through.objects.bulk_create(learns)
    Membership.give.through.objects.bulk_create(gives)
    Membership.objects.bulk_update(rows.values(), ["hours_a_week"])


def _offices(people: People, terms: list[Term], today: date) -> None:
    offices.seed()
    by_slug: dict[str, Any] = {office.slug: office for office in Office.objects.all()}
    order = [
        "president",
        "education",
        "events",
        "projects",
        "library",
        "recruiting",
        "webmaster",
        "events",
        "education",
    ]
    current = terms[3]
    second = OfficeTerm(
        # The first officer looks after education too, as in many a small club, and is about to hand it over.
        person=people.officers[0],
        office=by_slug["education"],
        starts_on=current.starts_on - timedelta(days=14),
        ends_on=today + timedelta(days=HANDED_OVER_IN),
    )
    following = OfficeTerm(
        person=people.seniors(current)[25],
        office=second.office,
        starts_on=second.ends_on + timedelta(days=1),
        ends_on=current.ends_on + timedelta(days=28),
    )
    OfficeTerm.objects.bulk_create([second, following])
    OfficeTerm.objects.bulk_create(
        OfficeTerm(
            person=person,
            office=by_slug[slug],
            starts_on=current.starts_on - timedelta(days=14),
            ends_on=current.ends_on + timedelta(days=28),
        )
        for person, slug in zip(people.officers, order, strict=True)
    )
    # Those before them: their rights ended with their terms.
    for term in terms[:3]:
        seniors = [
            user
            for user in people.seniors(term)
            if user not in people.officers and user not in people.fellows
        ]
        OfficeTerm.objects.bulk_create(
            OfficeTerm(person=person, office=by_slug[slug], starts_on=term.starts_on, ends_on=term.ends_on)
            for person, slug in zip(seniors[-7:], order[:7], strict=True)
        )


ABOUT = [
    "I like small models and long walks. Ask me about learning rates.",
    "Second year. Came for the homework parties, stayed for the reading groups.",
    "I draw every derivation before I believe it.",
    "Robots on weekdays, choir at the weekend.",
    "I read proofs slowly and am happy to read them with you.",
    "Interested in how people learn, with and without gradients.",
    "I keep the cluster alive and write down how.",
    "Statistics by training, plots by conviction.",
    "Working on speech for languages with little data.",
    "I collect failed experiments; the wiki has most of them.",
]
