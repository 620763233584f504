"""The programme of a symposium: tracks side by side, and in each one session after the other.

Whoever presents or chairs is in one room at a time: every change locks the symposium's row and looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Prefetch
from django.utils import timezone

from events.locking import locked_symposium
from events.models import Abstract, AbstractAuthor, ProgrammeSession, Symposium, Track
from mlclub.refusal import Refused


def _persons_of(session: ProgrammeSession, *, without: Abstract | None = None) -> dict[str, str]:
    """Who has to be in a session: address to name."""
    people = {}
    if session.chair_email:
        people[session.chair_email.lower()] = session.chair_name
    authors = AbstractAuthor.objects.filter(
        abstract__session=session, abstract__state=Abstract.State.SUBMITTED, presents=True
    ).exclude(email="")
    if without is not None:
        authors = authors.exclude(abstract=without)
    people.update({author.email.lower(): author.name for author in authors})
    return people


def presenting(abstract: Abstract) -> dict[str, str]:
    """Who has to be in the room when it is shown: address to name."""
    return {
        author.email.lower(): author.name
        for author in abstract.authors.all()
        if author.presents and author.email
    }


def clash_of(session: ProgrammeSession, wanted: dict[str, str], *, moving: Abstract | None = None) -> str:
    """A sentence where somebody of `wanted` (address to name) would be in two rooms at once; else nothing."""
    beside = (
        ProgrammeSession.objects.filter(
            track__symposium=session.track.symposium_id,
            starts_at__lt=session.ends_at,
            ends_at__gt=session.starts_at,
        )
        .exclude(pk=session.pk)
        .select_related("track")
    )
    for other in beside:
        for address in _persons_of(other, without=moving):
            if address in wanted:
                return (
                    f"{wanted[address]} is in “{other.title}” ({other.track.name}) at the same time, "
                    f"{timezone.localtime(other.starts_at):%H:%M} to {timezone.localtime(other.ends_at):%H:%M}."
                )
    return ""


@transaction.atomic
def place(abstract: Abstract, session: ProgrammeSession | None) -> None:
    """Put an accepted abstract at the end of a session, or take it off the programme. Raises Refused where it does not
    fit, or a person who presents would be in two rooms at once."""
    locked_symposium(abstract.symposium)
    abstract = Abstract.objects.prefetch_related("authors").get(pk=abstract.pk)
    if session is None:
        Abstract.objects.filter(pk=abstract.pk).update(session=None)
        return
    session = ProgrammeSession.objects.select_related("track__symposium").get(pk=session.pk)
    if session.track.symposium_id != abstract.symposium_id:
        raise Refused("This session belongs to another symposium.")
    wanted = {"talk": ProgrammeSession.Kind.TALKS, "poster": ProgrammeSession.Kind.POSTERS}.get(
        abstract.decision
    )
    if abstract.state != Abstract.State.SUBMITTED or wanted is None:
        raise Refused("Only what is accepted comes on the programme.")
    if session.kind != wanted:
        raise Refused("Talks come into sessions of talks, posters into sessions of posters.")
    if session.kind == ProgrammeSession.Kind.TALKS:
        there = session.abstracts.live().exclude(pk=abstract.pk).count()
        minutes = (session.ends_at - session.starts_at).total_seconds() / 60
        if (there + 1) * session.track.symposium.talk_minutes > minutes:
            raise Refused(f"“{session.title}” is full: there is time for {there} talks.")
    if problem := clash_of(session, presenting(abstract), moving=abstract):
        raise Refused(problem)
    last = session.abstracts.exclude(pk=abstract.pk).aggregate(last=Max("position"))["last"]
    Abstract.objects.filter(pk=abstract.pk).update(session=session, position=0 if last is None else last + 1)


@transaction.atomic
def move_within(abstract: Abstract, *, up: bool) -> bool:
    """One place earlier or later in its session. False at the end of the line."""
    locked_symposium(abstract.symposium)
    abstract.refresh_from_db()
    if abstract.session_id is None:
        return False
    rows = list(Abstract.objects.live().filter(session=abstract.session_id).order_by("position", "pk"))
    here = next((at for at, row in enumerate(rows) if row.pk == abstract.pk), None)
    if here is None:
        return False
    there = here + (-1 if up else 1)
    if not 0 <= there < len(rows):
        return False
    rows[here], rows[there] = rows[there], rows[here]
    for position, row in enumerate(rows):
        row.position = position
    Abstract.objects.bulk_update(rows, ["position"])
    return True


@transaction.atomic
def save_session(session: ProgrammeSession) -> ProgrammeSession:
    """Make or change a session. Raises Refused where its track is taken, or somebody would be in two rooms at once."""
    symposium = locked_symposium(session.track.symposium)
    # A few days' symposium begins with its event's day and ends with it.
    if session.starts_at < symposium.event.starts_at or session.ends_at > symposium.event.ends_at:
        raise Refused("A session lies within the symposium's hours.")
    wanted = _persons_of(session) if session.pk else {}
    if session.chair_email:
        wanted[session.chair_email.lower()] = session.chair_name
    if problem := clash_of(session, wanted):
        raise Refused(problem)
    try:
        with transaction.atomic():
            session.save()
    except IntegrityError as clash:
        if "one_session_at_a_time" in str(clash):
            raise Refused("This track has a session at that time already.") from clash
        raise
    return session


@transaction.atomic
def remove_session(session: ProgrammeSession) -> None:
    """Delete a session in which nothing is shown. Raises Refused for any other."""
    locked_symposium(session.track.symposium)
    there = session.abstracts.live().count()
    if there:
        raise Refused(
            f"“{session.title}” has {there} on its list. Take them off or place them elsewhere first."
        )
    session.delete()


@transaction.atomic
def remove_track(track: Track) -> None:
    """Delete a track without sessions. Raises Refused for any other."""
    locked_symposium(track.symposium)
    there = track.sessions.count()
    if there:
        raise Refused(f"“{track.name}” has {there} session{'' if there == 1 else 's'}. Delete those first.")
    track.delete()


@transaction.atomic
def publish(symposium: Symposium, *, is_public: bool, now: datetime) -> None:
    """Show the programme to everybody, or take it back."""
    symposium = locked_symposium(symposium)
    symposium.published_at = (symposium.published_at or now) if is_public else None
    symposium.save(update_fields=["published_at"])


@dataclass(frozen=True)
class Slot:
    """A talk of the programme with its minutes."""

    abstract: Abstract
    starts_at: datetime
    ends_at: datetime


def slots_of(session: ProgrammeSession, symposium: Symposium, abstracts: list[Abstract]) -> list[Slot]:
    """The talks of a session one after the other; posters all have the session's own time."""
    if session.kind != ProgrammeSession.Kind.TALKS:
        return [Slot(abstract, session.starts_at, session.ends_at) for abstract in abstracts]
    step = timedelta(minutes=symposium.talk_minutes)
    return [
        Slot(abstract, session.starts_at + step * at, session.starts_at + step * (at + 1))
        for at, abstract in enumerate(abstracts)
    ]


@dataclass(frozen=True)
class Shown:
    """A session of the programme with its talks or posters, and their times."""

    session: ProgrammeSession
    slots: list[Slot]


def programme_of(symposium: Symposium) -> list[tuple[Any, list[Shown]]]:
    """Every track with its sessions in order; three queries."""
    shown = Abstract.objects.accepted().prefetch_related("authors__organization").order_by("position", "pk")
    sessions = ProgrammeSession.objects.order_by("starts_at", "pk").prefetch_related(
        Prefetch("abstracts", shown, to_attr="placed")
    )
    tracks = symposium.tracks.prefetch_related(Prefetch("sessions", sessions, to_attr="in_order"))
    return [
        (track, [Shown(each, slots_of(each, symposium, each.placed)) for each in track.in_order])
        for track in tracks
    ]
