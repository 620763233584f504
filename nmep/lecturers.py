"""Who teaches which class. It is written in `events.Talk.speakers` and nowhere else; this asks, takes and gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from events.locking import locked_event
from events.models import Material, Talk
from members import audit
from members.audit import subject_of
from members.ledger import Due, at, tell_many
from members.models import Membership, Notification, Topic, User
from mlclub.refusal import Refused
from nmep import notifications, people
from nmep.models import Enrolment, Offering, Session
from nmep.notifications.sheets import is_taught

#: What members say they give when they would teach any class.
TEACHING = "teaching"


@dataclass(frozen=True)
class Class:
    """A class with who teaches it and what is ready."""

    session: Session
    teachers: tuple[User, ...]
    others: tuple[str, ...]
    has_slides: bool
    has_exercise: bool
    is_over: bool

    @property
    def is_unstaffed(self) -> bool:
        return (
            not self.teachers and not self.others and not self.is_over and not self.session.event.is_cancelled
        )


def classes(offering: Offering, now: datetime) -> list[Class]:
    """Every class of the offering in order; four queries."""
    materials = Material.objects.filter(event=OuterRef("event"))
    rows = (
        Session.objects.classes()
        .filter(offering=offering)
        .select_related("event", "module")
        .annotate(
            slides=Exists(materials.filter(kind=Material.Kind.SLIDES)),
            exercise=Exists(materials.filter(kind=Material.Kind.EXERCISE)),
        )
        .order_by("event__starts_at", "seq")
    )
    sessions: list[Any] = list(rows)
    teachers: dict[int, list[User]] = {}
    others: dict[int, list[str]] = {}
    talks = Talk.objects.filter(event__in=[session.event_id for session in sessions])
    for talk in talks.prefetch_related("speakers"):
        known = list(talk.speakers.all())
        teachers.setdefault(talk.event_id, []).extend(known)
        others.setdefault(talk.event_id, []).extend(talk.names[len(known) :])
    return [
        Class(
            session,
            tuple(dict.fromkeys(teachers.get(session.event_id, ()))),
            tuple(others.get(session.event_id, ())),
            session.slides,
            session.exercise,
            session.has_ended(now),
        )
        for session in sessions
    ]


def volunteers(offering: Offering, sessions: Sequence[Session]) -> list[User]:
    """Members of the term who know what these classes are about, or give teaching; not its learners."""
    words = Q(name__iexact=TEACHING)
    for session in sessions:
        words |= Q(name__iexact=session.title)
        if session.module:
            words |= Q(name__iexact=session.module.title)
    topics = Topic.objects.filter(words)
    gives = Membership.objects.filter(
        person=OuterRef("pk"), term=offering.term, status=Membership.Status.ACTIVE, give__in=topics
    )
    knows = User.expertise.through.objects.filter(user=OuterRef("pk"), topic__in=topics)
    learning = Enrolment.objects.learners().filter(offering=offering)
    found = (
        User.objects.real()
        .active_in(offering.term)
        .filter(Exists(gives) | Exists(knows))
        .exclude(pk__in=learning.values("person"))
    )
    return list(found.distinct())


@transaction.atomic
def ask(offering: Offering, *, by: User, now: datetime) -> int:
    """Ask those who could teach the open classes, one mail each however many classes; who was asked for the same
    classes before is not asked again. How many that were."""
    Offering.objects.select_for_update(of=("self",), no_key=True).get(pk=offering.pk).check_changes()
    wanted = [row.session for row in classes(offering, now) if row.is_unstaffed]
    if not wanted:
        raise Refused("Every class that is still to come has somebody.")
    keys = [session.pk for session in wanted]
    before = _asked_before(offering)
    dues = []
    for person in volunteers(offering, wanted):
        new = [key for key in keys if key not in before.get(person.pk, set())]
        if new and person != by:
            dues.append(
                Due(
                    person,
                    offering,
                    slot=" ".join(str(key) for key in new)[:200],
                    expires_at=max(session.event.starts_at for session in wanted),
                    data={"sessions": new},
                )
            )
    return tell_many(notifications.LectureWanted, dues, now=now)


def _asked_before(offering: Offering) -> dict[int, set[int]]:
    """The classes that each person was asked for."""
    rows = Notification.objects.filter(kind=notifications.LectureWanted.slug, about=subject_of(offering))
    asked: dict[int, set[int]] = {}
    for person, data in rows.values_list("person", "data"):
        asked.setdefault(person or 0, set()).update(data.get("sessions", []))
    return asked


@transaction.atomic
def take(session: Session, person: User, *, now: datetime) -> bool:
    """`person` teaches the class; False when they did already. Raises Refused when somebody else was first."""
    session.offering.check_changes()
    event = locked_event(session.event)
    if event.is_cancelled or event.has_begun(now):
        raise Refused("This class is over or does not take place.")
    if Talk.objects.filter(event=event, speakers=person).exists():
        return False
    if is_taught(session):
        raise Refused("Somebody took this class just now. Thank you all the same.")
    talk = Talk.objects.filter(event=event).order_by("position", "pk").first()
    if talk is None:
        talk = Talk.objects.create(event=event, title=session.title)
    talk.speakers.add(person)
    audit.record(person, "class.taken", session)
    return True


@transaction.atomic
def drop(session: Session, person: User, *, now: datetime) -> bool:
    """`person` does not teach the class after all; the leads are told. False when they did not. Raises Refused."""
    session.offering.check_changes()
    event = locked_event(session.event)
    if event.has_begun(now):
        raise Refused("This class has begun. Tell the leads.")
    talks = Talk.objects.filter(event=event, speakers=person)
    if not talks.exists():
        return False
    for talk in talks:
        talk.speakers.remove(person)
    audit.record(person, "class.given-back", session)
    tell_many(
        notifications.LectureDropped,
        [
            Due(lead, session, slot=at(now), expires_at=event.starts_at, data={"who": person.display_name})
            for lead in people.leads_of(session.offering)
            if lead != person
        ],
        now=now,
    )
    return True


def may_take(user: User, offering: Offering) -> bool:
    """Members of the term and staff of the offering; nobody teaches a class that they sit in as a learner."""
    if not offering.is_live:
        return False
    roles = people.roles(user, offering)
    return not roles.learns and (roles.reviews or roles.leads or user.standing.writes)
