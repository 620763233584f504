"""A new offering, and the classes of one made from picked modules: a class a week, around the breaks of its term."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Max

from events.models import Event, Kind, Talk, Visibility
from members import audit
from members.models import Break, Club, Term, User
from mlclub.graphs import way
from nmep import deadlines, enrolling, people, planning
from nmep.models import Enrolment, Module, ModuleNeed, Offering, Program, Session

WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Wish:
    """Which modules, from which day on, at what hour."""

    modules: tuple[Module, ...]
    first_on: date
    begins: time
    minutes: int
    place: str = ""
    #: Classes of which nobody knows yet what they are about.
    empty: int = 0


@dataclass
class Filled:
    """The days that the modules fall on. `problem` says why they cannot be made."""

    days: list[tuple[date, Module | None]] = field(default_factory=list)
    skipped: list[tuple[date, str]] = field(default_factory=list)
    problem: str = ""


def in_order(modules: Iterable[Module]) -> list[Module]:
    """Fundamentals first, and each after what it builds on, also by way of modules that were not picked."""
    edges = list(ModuleNeed.objects.values_list("module", "needed"))
    ranks = {value: n for n, value in enumerate(Module.Level.values)}
    waiting = sorted(modules, key=lambda module: (ranks[module.level], module.title))
    ordered: list[Module] = []
    while waiting:
        ready = next(
            module
            for module in waiting
            if not any(other is not module and way(edges, module.pk, other.pk) for other in waiting)
        )
        waiting.remove(ready)
        ordered.append(ready)
    return ordered


def fill(offering: Offering, wish: Wish) -> Filled:
    """The days of the classes: weekly from the first day on, without the breaks of the term and days on which the
    offering has a class already."""
    term: Term = offering.term
    filled = Filled()
    wanted: list[Module | None] = [*in_order(wish.modules), *([None] * wish.empty)]
    if not wanted:
        filled.problem = "Pick at least one module, or ask for a class without one."
        return filled
    if not term.starts_on <= wish.first_on <= term.ends_on:
        filled.problem = (
            f"{term} is from {term.starts_on:%-d %b %Y} to {term.ends_on:%-d %b %Y}. Choose a day in it."
        )
        return filled
    breaks = list(Break.objects.filter(term=term))
    zone = offering.zone
    taken = {row.event.starts_at.astimezone(zone).date() for row in planning.classes(offering)}
    day = wish.first_on
    while len(filled.days) < len(wanted):
        if day > term.ends_on:
            filled.problem = (
                f"Only {len(filled.days)} of {len(wanted)} classes fit before {term} ends on "
                f"{term.ends_on:%-d %b %Y}. Begin earlier, or take fewer."
            )
            return filled
        pause = next((row for row in breaks if row.starts_on <= day <= row.ends_on), None)
        if pause is not None:
            filled.skipped.append((day, pause.name))
        elif day in taken:
            filled.skipped.append((day, "a class already"))
        else:
            filled.days.append((day, wanted[len(filled.days)]))
        day += WEEK
    return filled


@transaction.atomic
def make_classes(offering: Offering, wish: Wish, *, seen: str, by: User, now: datetime) -> list[Session]:
    """Make the classes with their events. While the offering is a draft, its events are seen by its leads only.

    Raises `planning.Changed` if its plan is not the one that was `seen` (so a second click makes nothing), and
    `planning.Closed` for an archived offering. A wish that cannot be filled makes nothing.
    """
    held = (
        Offering.objects.select_for_update(of=("self",)).select_related("program", "term").get(pk=offering.pk)
    )
    if held.state == Offering.State.ARCHIVED:
        raise planning.Closed
    if planning.seal(planning.classes(held)) != seen:
        raise planning.Changed
    filled = fill(held, wish)
    if filled.problem:
        return []
    opens_to = opens_to_of(held.program)
    last = held.sessions.aggregate(seq=Max("seq"), week=Max("week"))
    seq, week = last["seq"] or 0, last["week"] or 0
    leads = people.leads_of(held)
    made = []
    for n, (day, module) in enumerate(filled.days, start=1):
        starts_at = datetime.combine(day, wish.begins, tzinfo=held.zone)
        title = module.title if module else planning.TO_BE_PLANNED
        event = Event.objects.create(
            kind=Kind.LECTURE,
            title=title,
            term=held.term,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=wish.minutes),
            original_starts_at=starts_at,
            place=wish.place,
            visibility=Visibility.INVITED if held.state == Offering.State.DRAFT else opens_to,
        )
        event.hosts.set(leads)
        Talk.objects.create(event=event, title=title)
        made.append(
            Session.objects.create(
                offering=held,
                seq=seq + n,
                week=week + n,
                title=title,
                summary=module.overview if module else "",
                module=module,
                event=event,
                opens_to=opens_to if held.state == Offering.State.DRAFT else "",
            )
        )
    deadlines.reconcile(now, offering=held)
    audit.record(
        by, "classes-made", held, after={"classes": len(made), "first_on": wish.first_on.isoformat()}
    )
    return made


def opens_to_of(program: Program) -> str:
    """For whom the meetings of a programme are: the members' own for members, courses for everybody."""
    return Visibility.MEMBERS if program.kind == Program.Kind.NMEP else Visibility.PUBLIC


# ── A new offering ──


def free_slug(program: Program, term: Term) -> str:
    """The term's own word if nobody has it, else with the programme's before it."""
    taken = set(Offering.objects.values_list("slug", flat=True)) | {"new"}
    wishes = [
        term.slug,
        f"{program.slug[:38]}-{term.slug}",
        *(f"{program.slug[:30]}-{term.slug}-{n}" for n in range(2, 99)),
    ]
    return next(slug for slug in wishes if slug not in taken)


def terms_to_plan(now: datetime) -> list[Term]:
    """The term of today and those to come."""
    today = now.astimezone(Club.current().zone).date()
    current = Term.objects.current(today)
    return [*([current] if current else []), *Term.objects.upcoming(today)]


@transaction.atomic
def create_offering(
    program: Program, term: Term, *, leads: Sequence[User], by: User, now: datetime
) -> tuple[Offering, bool]:
    """A draft of `program` in `term` with its leads; the second click, or officer, gets the first one's. Says whether
    it is new."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    standing = Offering.objects.filter(program=program, term=term).first()
    if standing is not None:
        return standing, False
    offering = Offering.objects.create(program=program, term=term, slug=free_slug(program, term))
    for person in leads:
        enrolling.enrol(offering, person, role=Enrolment.Role.LEAD, now=now)
    audit.record(by, "offering-created", offering, after={"leads": [person.pk for person in leads]})
    return offering, True
