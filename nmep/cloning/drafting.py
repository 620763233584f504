"""Making the draft that a plan shows. What belongs to the term that was stays behind: people, rooms, meeting links,
slides, recordings, codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import models, transaction
from django.utils.text import slugify

from events.models import Event, Material, Visibility
from members import audit
from members.models import Term, User
from mlclub.refusal import Refused
from nmep import deadlines, enrolling
from nmep.cloning.copying import Maps, fresh
from nmep.cloning.planning import Plan, carried_work
from nmep.cloning.sheets import clone_sheets
from nmep.models import (
    Assignment,
    Check,
    Enrolment,
    Milestone,
    Offering,
    Part,
    RubricCriterion,
    Session,
    SpecRevision,
)
from nmep.models.assignments import DatedByMeeting

Dated = TypeVar("Dated", bound=DatedByMeeting)

#: From these a term is cloned: what is not held yet has shown nobody how it works.
SOURCES = (Offering.State.RUNNING, Offering.State.CLOSING, Offering.State.ARCHIVED)
#: What an event tells about the meeting as such. Room, meeting link, series, people and codes are the old term's.
OF_EVENT = (
    "kind",
    "title",
    "slug",
    "summary",
    "description",
    "capacity",
    "guests_allowed",
    "uses_offers",
    "asks_note",
)
#: Materials that the teaching needs again; slides, notes and recordings are what a lecturer left behind.
LASTING = (Material.Kind.READING, Material.Kind.EXERCISE, Material.Kind.WORKSHEET)
#: What goes along with an assignment, and by which column it belongs to what was copied before it.
OF_ASSIGNMENT: list[tuple[type[models.Model], str, type[models.Model]]] = [
    (Part, "assignment", Assignment),
    (RubricCriterion, "assignment", Assignment),
    (Check, "part", Part),
]
#: Of an offering, what its clone has of its own.
OWN = ("slug", "state", "term", "imported_from", "cloned_from", "kept_lines")


@dataclass(frozen=True)
class Outcome:
    """The offering that stands; `is_new` is false for the second click."""

    offering: Offering
    is_new: bool


@transaction.atomic
def clone(made: Plan, *, by: User, now: datetime) -> Outcome:
    """Make the draft that the plan shows. The second click, or the second officer, gets the first one's draft.

    Raises `Refused` where the source may not be cloned, or the term has an offering of another origin.
    """
    source, wish = made.source, made.wish
    # One at a time for a programme, whichever of its terms somebody starts from.
    type(source.program).objects.select_for_update(no_key=True).get(pk=source.program_id)
    standing = Offering.objects.filter(program=source.program_id, term=wish.term).first()
    if standing is not None:
        if standing.cloned_from_id == source.pk:
            return Outcome(standing, is_new=False)
        raise Refused(f"{source.program} already has an offering in {wish.term}.")
    if source.state not in SOURCES:
        raise Refused("A term is cloned from one that runs or has run, not from a plan.")
    if not made.sessions:
        raise Refused("There is no meeting to begin with.")
    draft = fresh(
        source,
        {},
        leave=OWN,
        slug=_free_slug(source, wish.term),
        state=Offering.State.DRAFT,
        term=wish.term,
        cloned_from=source,
    )
    draft.save()
    if Enrolment.objects.leading(by).filter(offering=source).exists():
        enrolling.enrol(draft, by, role=Enrolment.Role.LEAD, now=now)
    maps: Maps = {Offering: {source.pk: draft.pk}}
    _clone_meetings(made, draft, maps, by, now)
    _clone_work(made, maps, now)
    clone_sheets(made, draft, maps)
    deadlines.reconcile(now, offering=draft)
    audit.record(
        by,
        "offering-cloned",
        draft,
        after={"from": source.slug, "term": wish.term.slug, "first_on": wish.first_on.isoformat()},
    )
    return Outcome(draft, is_new=True)


def _free_slug(source: Offering, term: Term) -> str:
    """The old address with the new term in it: fa26 → sp27, by-hand-fa26 → by-hand-sp27."""
    if source.term.slug in source.slug:
        wanted = source.slug.replace(source.term.slug, term.slug)
    else:
        wanted = f"{slugify(source.program.name)[:30]}-{term.slug}"
    slug, n = wanted[:60], 2
    while Offering.objects.filter(slug=slug).exists():
        slug, n = f"{wanted[:56]}-{n}", n + 1
    return slug


def _clone_meetings(made: Plan, draft: Offering, maps: Maps, by: User, now: datetime) -> None:
    """The sessions with their events."""
    events, sessions = [], []
    order = sorted(made.sessions, key=lambda session: made.starts[session.pk])
    for seq, old in enumerate(order, start=1):
        event = _event(old.event, made.starts[old.pk], draft, now)
        events.append(event)
        opens_to = old.opens_to or old.event.visibility
        new = fresh(old, maps, leave=["event"], seq=seq, opens_to=opens_to)
        sessions.append((old, new, event))
    Event.objects.bulk_create(events)
    for _, new, event in sessions:
        new.event = event
    Session.objects.bulk_create([new for _, new, _ in sessions])
    if Enrolment.objects.leading(by).filter(offering=draft).exists():
        invited = Event.invited.through
        invited.objects.bulk_create([invited(event_id=event.pk, user_id=by.pk) for event in events])
    _clone_materials({old.event_id: (old.event, event) for old, _, event in sessions})
    maps[Session] = {old.pk: new.pk for old, new, _ in sessions}
    maps[Event] = {old.event_id: event.pk for old, _, event in sessions}


def _event(old: Event, starts_at: datetime, draft: Offering, now: datetime) -> Event:
    """The meeting of the new term: by invitation until the draft is opened, its length as on the wall."""
    zone = draft.zone

    def along(moment: datetime) -> datetime:
        """As far from the start, on the wall, as in the old term."""
        far = moment.astimezone(zone).replace(tzinfo=None) - old.starts_at.astimezone(zone).replace(
            tzinfo=None
        )
        return (starts_at.replace(tzinfo=None) + far).replace(tzinfo=zone)

    return Event(
        **{name: getattr(old, name) for name in OF_EVENT},
        term=draft.term,
        starts_at=starts_at,
        ends_at=along(old.ends_at),
        original_starts_at=starts_at,
        registration_opens_at=old.registration_opens_at and along(old.registration_opens_at),
        registration_closes_at=old.registration_closes_at and along(old.registration_closes_at),
        cancel_until=old.cancel_until and along(old.cancel_until),
        visibility=Visibility.INVITED,
        created_at=now,
        updated_at=now,
    )


def _clone_materials(pairs: Mapping[int, tuple[Event, Event]]) -> None:
    rows = []
    for old in Material.objects.filter(event__in=pairs, kind__in=LASTING):
        before, after = pairs[old.event_id]
        shown = old.visible_from and old.visible_from + (after.starts_at - before.starts_at)
        rows.append(fresh(old, {Event: {before.pk: after.pk}}, visible_from=shown))
    Material.objects.bulk_create(rows)


def _clone_work(made: Plan, maps: Maps, now: datetime) -> None:
    """Assignments with what belongs to them, and milestones."""
    work = list(carried_work(made.source).defer("search"))
    copies = [_redue(made, old, fresh(old, maps)) for old in work]
    Assignment.objects.bulk_create(copies)
    maps[Assignment] = {old.pk: new.pk for old, new in zip(work, copies, strict=True)}
    SpecRevision.objects.bulk_create(
        [
            SpecRevision(
                assignment=new, n=1, text=new.text, note=f"As in {made.source.term}"[:200], created_at=now
            )
            for new in copies
        ]
    )
    for model, column, owner in OF_ASSIGNMENT:
        olds = list(model._default_manager.filter(**{f"{column}__in": maps[owner]}).order_by("pk"))
        news = model._default_manager.bulk_create([fresh(old, maps) for old in olds])
        maps[model] = {old.pk: new.pk for old, new in zip(olds, news, strict=True)}
    dates = list(Milestone.objects.filter(offering=made.source).order_by("pk"))
    Milestone.objects.bulk_create([_redue(made, old, fresh(old, maps)) for old in dates])


def _redue(made: Plan, old: Dated, new: Dated) -> Dated:
    """With the days that keep it off the holidays of the new term."""
    new.due_days = made.due_days.get((type(old), old.pk), old.due_days)
    return new
