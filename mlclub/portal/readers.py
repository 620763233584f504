"""Who gets which digest, and when. Nobody gets two a week: the first of the list that fits is the one.

1. Officers: the officers' digest, with their own lines in it, whatever else they are.
2. Alumni who asked for it: twice a term the alumni digest.
3. New members, and learners of the new-member programme: the new members' digest.
4. Active members, and those who teach, help or lead in a running offering: the members' digest.
5. Learners of a course who are none of these: the course's, on the evening before its first class of a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, Value, When

from events.models import Event
from members import standing
from members.ledger import Due
from members.models import Club, Membership, Notification, OfficeTerm, Preference, Term, User
from nmep.models import Enrolment, Offering, Program, Session

MEMBER, NEW_MEMBER, OFFICER = "weekly-digest", "new-member-digest", "officer-digest"
ALUMNI, COURSE = "alumni-digest", "course-digest"
EVERY = [MEMBER, NEW_MEMBER, OFFICER, ALUMNI, COURSE]

#: Sunday, at this hour on the wall.
WEEKDAY = 6
HOURS = {MEMBER: time(19), NEW_MEMBER: time(19), OFFICER: time(20), ALUMNI: time(19)}
#: On the day before a class; it is stale when the class begins.
COURSE_HOUR = time(18)
#: After so long it is stale: Monday evening.
STALE_AFTER = timedelta(hours=24)


def sent_at(now: datetime, kind: str = MEMBER) -> datetime:
    """The last instant up to `now` at which digests of `kind` fell due: a Sunday evening on the club's wall clock."""
    zone = Club.current().zone
    today = now.astimezone(zone).date()
    sunday = today - timedelta(days=(today.weekday() - WEEKDAY) % 7)
    instant = datetime.combine(sunday, HOURS[kind], tzinfo=zone)
    if instant > now:
        instant = datetime.combine(sunday - timedelta(days=7), HOURS[kind], tzinfo=zone)
    return instant


def week_of(now: datetime) -> tuple[date, date]:
    """Monday and Sunday of the week that a digest sent next (or just now) looks forward to."""
    tomorrow = standing.today(now) + timedelta(days=1)  # on a Sunday the week begins with it
    monday = tomorrow - timedelta(days=tomorrow.weekday())
    return monday, monday + timedelta(days=6)


def week_after(slot: str) -> tuple[date, date]:
    """Monday and Sunday after the Sunday whose date is `slot`."""
    sunday = date.fromisoformat(slot)
    return sunday + timedelta(days=1), sunday + timedelta(days=7)


def is_for_alumni(sunday: date, term: Term | None) -> bool:
    """Whether alumni are written to on this Sunday: after a third of the term, and in its last but one week."""
    if term is None or not term.starts_on <= sunday <= term.ends_on:
        return False
    weeks = len(term.weeks(sunday))
    return term.week_of(sunday) in (max(weeks // 3, 1), weeks - 1)


def recipients(now: datetime, term: Term | None = None) -> Any:
    """Everybody who gets a digest in the week of `now`: a queryset of accounts, the kind as `digest` on each. `term` is
    the current one, where it is known."""
    today = standing.today(now)
    term = term or Term.objects.current(today)
    active = Membership.objects.active().filter(person=OuterRef("pk"), term=term)
    enrolled = Enrolment.objects.active().filter(
        person=OuterRef("pk"), offering__in=Offering.objects.live(), offering__term=term
    )
    learning = enrolled.filter(role__in=Enrolment.PARTICIPANTS)
    held = OfficeTerm.objects.held_on(today).filter(person=OuterRef("pk"))
    asked = Preference.objects.filter(
        person=OuterRef("pk"), kind=ALUMNI, channel=Notification.Channel.MAIL, is_wanted=True
    )
    people = User.objects.real()
    cases = [When(Exists(held), then=Value(OFFICER))]
    if is_for_alumni(sent_at(now).date(), term):
        people = people.with_latest_status(today)
        cases.append(When(Exists(asked) & Q(latest_status=Membership.Status.ALUMNUS), then=Value(ALUMNI)))
    cases += [
        When(
            Exists(active.filter(kind=Membership.Kind.NEW))
            | Exists(learning.filter(offering__program__kind=Program.Kind.NMEP)),
            then=Value(NEW_MEMBER),
        ),
        When(Exists(active) | Exists(enrolled.filter(role__in=Enrolment.STAFF)), then=Value(MEMBER)),
        When(Exists(learning), then=Value(COURSE)),
    ]
    return people.annotate(digest=Case(*cases, default=Value(""), output_field=CharField())).exclude(
        digest=""
    )


def kind_for(person: User, now: datetime) -> str:
    """The kind of digest that `person` gets now; empty where they get none."""
    of_person = recipients(now, standing.of(person, now).term).filter(pk=person.pk)
    return str(of_person.values_list("digest", flat=True).first() or "")


def _without_one(now: datetime, kind: str, slot: str) -> Any:
    """Whoever gets digests of `kind` and has none of any kind for the week of `slot` yet."""
    made = Notification.objects.filter(kind__in=EVERY, person=OuterRef("pk"), slot=slot)
    return recipients(now).filter(digest=kind).exclude(Exists(made))


def due(kind: str, now: datetime) -> Iterator[Due]:
    """Digests of `kind` for the Sunday evening that has just been."""
    at = sent_at(now, kind)
    if now >= at + STALE_AFTER:
        return
    slot = at.date().isoformat()
    people = _without_one(now, kind, slot).values_list("pk", flat=True)
    for pk in people.iterator(chunk_size=2000):
        yield Due(person=pk, slot=slot, due_at=at, expires_at=at + STALE_AFTER)


def class_day(due_at: datetime) -> date:
    """The day of the class before which a course's digest fell due."""
    return due_at.astimezone(Club.current().zone).date() + timedelta(days=1)


def due_in_courses(now: datetime) -> Iterator[Due]:
    """For whoever has a class on the day after the evening that has just been: once a week."""
    zone = Club.current().zone
    at = datetime.combine(now.astimezone(zone).date(), COURSE_HOUR, tzinfo=zone)
    if at > now:
        at = datetime.combine(at.date() - timedelta(days=1), COURSE_HOUR, tzinfo=zone)
    day = class_day(at)
    midnight = datetime.combine(day, time.min, tzinfo=zone)
    following = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    begins = dict(
        Session.objects.classes()
        .filter(event__state=Event.State.SCHEDULED, offering__in=Offering.objects.live())
        .filter(event__starts_at__gte=midnight, event__starts_at__lt=following, event__starts_at__gt=now)
        .order_by("-event__starts_at")
        .values_list("offering", "event__starts_at")
    )
    if not begins:
        return
    slot = (day - timedelta(days=day.weekday() + 1)).isoformat()
    places = Enrolment.objects.active().filter(offering__in=begins, role__in=Enrolment.PARTICIPANTS)
    rows = places.filter(person__in=_without_one(now, COURSE, slot).values("pk")).order_by("person")
    first: dict[int, datetime] = {}
    for person, offering in rows.values_list("person", "offering"):
        first[person] = min(begins[offering], first.get(person, begins[offering]))
    for person, starts_at in first.items():
        yield Due(person=person, slot=slot, due_at=at, expires_at=starts_at)
