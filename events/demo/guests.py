"""The demo club's speakers in every stage, and this term's symposium with two other clubs."""

from __future__ import annotations

from datetime import datetime, timedelta

from events import speakers
from events.models import (
    Abstract,
    AbstractAuthor,
    CoHost,
    Event,
    Kind,
    ProgrammeSession,
    SpeakerVisit,
    Symposium,
    Track,
)
from members import contacts
from members.demo import People
from members.models import Organization, Term

State = SpeakerVisit.State
#: (stage, name, address, role, organization, kind of it, what we would learn)
SPEAKERS = [
    (State.IDEA, "Ilse Marlowe", "", "field engineer", "Brine Instruments", "company", "How buoys learn where they are."),
    (State.IDEA, "Tomas Reed", "tomas@reedlab.example", "doctoral student", "Reed Lab", "lab", "Small models that forecast fog."),
    (State.INVITED, "Noor Ashby", "noor@ashby.example", "research scientist", "Ashby Robotics", "company", "Grippers that ask before they close."),
    (State.PUT_OFF, "Wen Calder", "wen@calder.example", "professor", "Harbour University", "university", "Proofs about training that hold in practice."),
    (State.CONFIRMED, "Pia Lindqvist", "pia@lindqvist.example", "data lead", "Ferry Works", "company", "Timetables from a model, and who complains."),
    (State.SPOKE, "Sol Okonjo", "sol@okonjo.example", "founder", "Kelp Analytics", "company", "What broke when the model left the laptop."),
    (State.THANKED, "Ruth Hale", "ruth@hale.example", "staff scientist", "Coast Lab", "lab", "Reading the sea floor from sound."),
    (State.DECLINED, "Arno Vale", "arno@vale.example", "editor", "Vale Review", "other", "How to read a paper that oversells."),
]  # fmt: skip
CLUBS = [
    ("Harbour Data Society", "Lin Abara", "lin@harbourdata.example"),
    ("Northgate Robotics Club", "Jo Mercer", "jo@northgate.example"),
]
ABSTRACTS = [
    ("Tides from twelve buoys", "talk", "Mara Quill", 0),
    ("A dictionary of fog", "poster", "Dev Anand Rao", 0),
    ("Grasping wet things", "talk", "Sam Hollis", 1),
    ("Counting gulls without counting twice", "either", "Ines Prado", 1),
    ("What our homework reviews taught us", "poster", "Kit Sorrel", None),
    ("Smaller nets for smaller boats", "talk", "Theo Banks", None),
]
PAST_ABSTRACTS = [
    ("What the lighthouse saw", "talk", "Bea Norrell", 0),
    ("Forecasting the ferry queue", "talk", "Otis Pell", None),
    ("Two hundred labelled knots", "poster", "Gwen Ashdown", 1),
    ("A chess engine that loses kindly", "poster", "Ravi Menon", None),
]
TEXT = (
    "We asked one question, took the data that we could measure ourselves, and compared three simple models with what "
    "people do today. The simplest was nearly as good as the largest. We show where it fails, and what we would do next."
)


def seed(people: People, terms: list[Term], now: datetime) -> None:
    """Make them; `terms` are the four of the demo, oldest first, and the events are there already."""
    host = people.cast.get("officer") or people.officers[0]
    _speakers(people, now)
    day = Event.objects.filter(
        term=terms[-1], kind=Kind.OTHER, title__icontains="symposium", starts_at__gt=now
    ).first()
    if day is not None:
        day.hosts.add(host)
        _symposium(day, now)
    last = (
        Event.objects.scheduled()
        .filter(term=terms[-2], kind=Kind.OTHER, title__icontains="symposium", ends_at__lt=now)
        .first()
    )
    if last is not None:
        last.hosts.add(host)
        _past_symposium(last)


def _speakers(people: People, now: datetime) -> None:
    meetings = Event.objects.scheduled().filter(kind=Kind.MEETING)
    coming = list(meetings.filter(starts_at__gt=now + timedelta(days=8)).order_by("starts_at")[:2])
    past = list(
        meetings.filter(ends_at__lt=now, talks__speaker_names__gt="", talks__visit=None)
        .order_by("-starts_at")
        .distinct()[:2]
    )
    for at, (stage, name, address, role, where, kind, why) in enumerate(SPEAKERS):
        officer = people.officers[at % len(people.officers)]
        club = contacts.organization_called(where, kind=kind)
        then = now - timedelta(days=4 + 3 * at)
        if address:
            contact = contacts.keep(
                name,
                address,
                organization=club,
                role=role,
                source="Met at a conference",
                by=officer,
                now=then,
            )
        else:
            contact = club.contacts.create(name=name, role=role, added_by=officer, created_at=then)
        event = None
        if stage in (State.INVITED, State.CONFIRMED) and coming:
            event = coming.pop(0)
        elif stage in (State.SPOKE, State.THANKED) and past:
            event = past.pop(0)
        asked = stage not in (State.IDEA,)
        visit = SpeakerVisit.objects.create(
            contact=contact,
            event=event,
            host=officer if asked else None,
            suggested_by=people.everyone[at],
            why=why,
            state=stage,
            since=then,
            created_at=then - timedelta(days=20),
            invited_at=then - timedelta(days=12) if asked else None,
            answered_at=then if asked and stage != State.INVITED else None,
            thanked_at=then if stage == State.THANKED else None,
            subject="Would you speak to us?" if asked else "",
            letter=f"Dear {name},\n\nwould you come and speak to us? {why}" if asked else "",
            audience="About forty students who have trained a model before." if asked else "",
            getting_in="The side door on Ferry Street is open; ring for room 306." if asked else "",
            title=why.rstrip(".") if stage in (State.CONFIRMED, State.SPOKE, State.THANKED) else "",
            recording=SpeakerVisit.Recording.AUDIO if stage == State.CONFIRMED else "",
            answer="Gladly, but not before spring." if stage == State.PUT_OFF else "",
        )
        if stage == State.SPOKE:
            visit.thanks = speakers.template_thanks(visit)
            visit.save(update_fields=["thanks"])


def _symposium(day: Event, now: datetime) -> None:
    symposium = Symposium.objects.create(
        event=day,
        slug="students",
        deadline=now.replace(hour=7, minute=0, second=0, microsecond=0) + timedelta(days=17),
        call="Show what you did this term, finished or not. A talk takes 15 minutes, a poster an evening of questions.",
        created_at=now - timedelta(days=6),
    )
    clubs = []
    for name, lead, address in CLUBS:
        club = contacts.organization_called(name, kind=Organization.Kind.CAMPUS_CLUB)
        contact = contacts.keep(lead, address, organization=club, source="Lead of a co-host", now=now)
        CoHost.objects.create(symposium=symposium, organization=club, lead=contact)
        clubs.append(club)
    for at, (title, wants, author, club_at) in enumerate(ABSTRACTS):
        when = now - timedelta(days=5, hours=-at)
        address = f"{author.split()[0].lower()}@students.example"
        abstract = Abstract.objects.create(
            symposium=symposium,
            title=title,
            text=TEXT,
            wants=wants,
            email=address,
            state=Abstract.State.SUBMITTED if at < 5 else Abstract.State.UNCONFIRMED,
            created_at=when,
            updated_at=when,
        )
        AbstractAuthor.objects.create(
            abstract=abstract,
            name=author,
            email=address,
            organization=None if club_at is None else clubs[club_at],
            presents=True,
        )
    hours = (("Atrium", "talks", "Morning talks"), ("Gallery", "posters", "Posters"))
    for at, (room, kind, title) in enumerate(hours):
        track = Track.objects.create(
            symposium=symposium, name=room, place=f"{room}, Marlow Hall", position=at
        )
        ProgrammeSession.objects.create(
            track=track,
            kind=kind,
            title=title,
            starts_at=day.starts_at,
            ends_at=day.starts_at + timedelta(hours=2),
        )


def _past_symposium(day: Event) -> None:
    """Last term's: decided, told, and its programme still to be read."""
    symposium = Symposium.objects.create(
        event=day,
        slug=f"students-{day.term.slug}" if day.term else "students-before",
        deadline=day.starts_at - timedelta(days=28),
        call="Show what you did this term, finished or not.",
        created_at=day.starts_at - timedelta(days=60),
        released_at=day.starts_at - timedelta(days=14),
        published_at=day.starts_at - timedelta(days=7),
    )
    clubs = [contacts.organization_called(name, kind=Organization.Kind.CAMPUS_CLUB) for name, _, _ in CLUBS]
    for club in clubs:
        CoHost.objects.create(symposium=symposium, organization=club, lead=club.contacts.first())
    hours = (("Atrium", "talks", "Talks", ["talk"]), ("Gallery", "posters", "Posters", ["poster", "either"]))
    for at, (room, kind, title, wanted) in enumerate(hours):
        track = Track.objects.create(
            symposium=symposium, name=room, place=f"{room}, Marlow Hall", position=at
        )
        session = ProgrammeSession.objects.create(
            track=track,
            kind=kind,
            title=title,
            starts_at=day.starts_at,
            ends_at=day.starts_at + timedelta(hours=1),
        )
        shown = [row for row in PAST_ABSTRACTS if row[1] in wanted]
        for position, (name, _, author, club_at) in enumerate(shown):
            address = f"{author.split()[0].lower()}@students.example"
            abstract = Abstract.objects.create(
                symposium=symposium,
                session=session,
                position=position,
                poster_number=position + 1 if kind == "posters" else None,
                title=name,
                text=TEXT,
                wants=kind.removesuffix("s"),
                decision=kind.removesuffix("s"),
                email=address,
                state=Abstract.State.SUBMITTED,
                created_at=day.starts_at - timedelta(days=30),
                updated_at=day.starts_at - timedelta(days=30),
            )
            AbstractAuthor.objects.create(
                abstract=abstract,
                name=author,
                email=address,
                organization=None if club_at is None else clubs[club_at],
                presents=True,
            )
