"""A symposium with other clubs: the call, the review, the programme, the seats of guests, and the counts afterwards.

Every change of a symposium's abstracts and sessions locks its row first, so that no two of them put one person into two
rooms at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Avg, Count, Max, Q
from django.utils import timezone

from events import notifications, registrations
from events.models import (
    Abstract,
    AbstractAuthor,
    AbstractReview,
    Attendance,
    CoHost,
    ProgrammeSession,
    Registration,
    Symposium,
    SymposiumGuest,
)
from events.models.symposium import presenting
from members import audit, magic_links
from members.ledger import Due, tell, tell_many
from members.models import MagicLink, Organization, Topic, User
from mlclub.refusal import Refused as Refused

State, Decision = Abstract.State, Abstract.Decision
#: Pages by a link stay for so long after the day; what nobody confirms goes after so long.
PAGE_KEPT = timedelta(days=180)
UNCONFIRMED_KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Author:
    name: str
    email: str
    organization: Organization | None = None
    presents: bool = False


def _locked(symposium: Symposium) -> Symposium:
    return Symposium.objects.select_for_update(of=("self",)).select_related("event").get(pk=symposium.pk)


def link_to(
    purpose: magic_links.Purpose, about: Any, symposium: Symposium, now: datetime, **whose: Any
) -> MagicLink:
    """The link of an author, a guest or the lead of a club: good for half a year after the day."""
    until = max(symposium.event.ends_at, now) + PAGE_KEPT
    return magic_links.issue(purpose, about=about, now=now, expires_at=until, **whose)


# ── The call ──


@transaction.atomic
def submit(
    symposium: Symposium,
    *,
    title: str,
    text: str,
    wants: str,
    email: str,
    authors: Iterable[Author],
    topics: Iterable[Topic] = (),
    is_proven: bool = False,
    now: datetime,
) -> tuple[Abstract, bool]:
    """Hand an abstract in. Without a proven address it waits for the link in its mail. A second click gets the
    first one's answer, and False. Raises Refused after the deadline."""
    symposium = _locked(symposium)
    if not symposium.is_open(now):
        raise Refused("Abstracts are no longer taken.")
    email = email.strip().lower()
    known = (
        symposium.abstracts.filter(email__iexact=email, title__iexact=title.strip())
        .exclude(state=State.WITHDRAWN)
        .first()
    )
    is_new = known is None
    abstract = known or Abstract.objects.create(
        symposium=symposium,
        title=title.strip(),
        text=text.strip(),
        wants=wants,
        email=email,
        state=State.SUBMITTED if is_proven else State.UNCONFIRMED,
        created_at=now,
        updated_at=now,
    )
    if is_new:
        abstract.topics.set(topics)
        _write_authors(abstract, authors)
    link_to(notifications.ABSTRACT, abstract, symposium, now, address=email)
    tell(
        notifications.AbstractReceived,
        None,
        address=email,
        about=abstract,
        slot=timezone.localtime(now).date().isoformat(),
        now=now,
    )
    return abstract, is_new


def _write_authors(abstract: Abstract, authors: Iterable[Author]) -> None:
    rows = list(authors)
    if not rows:
        raise Refused("Name an author at least.")
    if not any(row.presents for row in rows):
        raise Refused("Say who presents.")
    if len({row.email.strip().lower() for row in rows}) < len(rows):
        raise Refused("Each author has an address of their own.")
    abstract.authors.all().delete()
    AbstractAuthor.objects.bulk_create(
        AbstractAuthor(
            abstract=abstract,
            name=row.name.strip(),
            email=row.email.strip().lower(),
            organization=row.organization,
            presents=row.presents,
            position=number,
        )
        for number, row in enumerate(rows)
    )


@transaction.atomic
def confirm(abstract: Abstract, *, now: datetime) -> bool:
    """The address is proven: the abstract counts. False where it did already."""
    return bool(
        Abstract.objects.filter(pk=abstract.pk, state=State.UNCONFIRMED).update(
            state=State.SUBMITTED, updated_at=now
        )
    )


@transaction.atomic
def change(
    abstract: Abstract,
    *,
    title: str,
    text: str,
    wants: str,
    authors: Iterable[Author],
    topics: Iterable[Topic] = (),
    now: datetime,
) -> None:
    """Edit an abstract until the deadline. Raises Refused later."""
    symposium = _locked(abstract.symposium)
    abstract = Abstract.objects.select_for_update(of=("self",)).get(pk=abstract.pk)
    if not symposium.is_open(now) or abstract.state == State.WITHDRAWN:
        raise Refused("The deadline is over: nothing is changed any more.")
    abstract.title, abstract.text, abstract.wants, abstract.updated_at = (
        title.strip(),
        text.strip(),
        wants,
        now,
    )
    if abstract.state == State.UNCONFIRMED:
        abstract.state = State.SUBMITTED
    try:
        with transaction.atomic():
            abstract.save()
    except IntegrityError as clash:
        raise Refused("You have handed in an abstract with this title already.") from clash
    abstract.topics.set(topics)
    _write_authors(abstract, authors)
    if abstract.session is not None:
        # Whoever presents now may be in another room at that time: then the officer places it anew.
        names = {author.email.lower(): author.name for author in abstract.authors.all()}
        if clash_of(abstract.session, {key: names[key] for key in presenting(abstract)}, moving=abstract):
            Abstract.objects.filter(pk=abstract.pk).update(session=None)


@transaction.atomic
def withdraw(abstract: Abstract, *, now: datetime) -> bool:
    """Take an abstract back, also off the programme. False where it had been taken back."""
    _locked(abstract.symposium)
    return bool(
        Abstract.objects.filter(pk=abstract.pk)
        .exclude(state=State.WITHDRAWN)
        .update(state=State.WITHDRAWN, session=None, updated_at=now)
    )


def add_link(abstract: Abstract, link: str, *, now: datetime) -> None:
    """Slides, poster or recording, for the page of afterwards."""
    Abstract.objects.filter(pk=abstract.pk).update(link=link, updated_at=now)


# ── The review ──


def conflict(abstract: Abstract, reviewer: User) -> str:
    """Why `reviewer` may not, or should not, review it: "author", "club" or nothing. Ours is the club of accounts."""
    authors = list(abstract.authors.all())
    if any(author.email.lower() == reviewer.email.lower() for author in authors):
        return "author"
    if abstract.email.lower() == reviewer.email.lower():
        return "author"
    return "club" if any(author.organization_id is None for author in authors) else ""


@transaction.atomic
def assign(abstract: Abstract, reviewer: User) -> bool:
    """Give an abstract to a reviewer. False where they have it already. Raises Refused for an author."""
    if conflict(abstract, reviewer) == "author":
        raise Refused(f"{reviewer.display_name} is an author of it.")
    _, made = AbstractReview.objects.get_or_create(abstract=abstract, reviewer=reviewer)
    return made


@transaction.atomic
def deal(symposium: Symposium, reviewers: list[User]) -> int:
    """Give every abstract as many reviewers as it needs, to those with the fewest first, and to none of its authors;
    work with authors of our own club goes to whoever is left over. Says how many were dealt."""
    symposium = _locked(symposium)
    load = {person.pk: 0 for person in reviewers}
    for pk, count in (
        AbstractReview.objects.filter(abstract__symposium=symposium)
        .values_list("reviewer")
        .annotate(n=Count("pk"))
    ):
        if pk in load:
            load[pk] = count
    made = 0
    for abstract in symposium.abstracts.live().prefetch_related("authors", "reviews"):
        have = {row.reviewer_id for row in abstract.reviews.all()}
        free = [
            person for person in reviewers if person.pk not in have and conflict(abstract, person) != "author"
        ]
        free.sort(key=lambda person: (load[person.pk], person.pk))
        for person in free[: max(0, symposium.reviews_each - len(have))]:
            AbstractReview.objects.create(abstract=abstract, reviewer=person)
            load[person.pk] += 1
            made += 1
    return made


def review(row: AbstractReview, *, score: int, comment: str, now: datetime) -> None:
    """Write down what a reviewer thinks. Raises Refused once the decisions are out."""
    if row.abstract.symposium.released_at is not None:
        raise Refused("The decisions are out; reviews are closed.")
    row.score, row.comment, row.done_at = score, comment.strip(), now
    row.save()


@transaction.atomic
def decide(abstract: Abstract, decision: str) -> None:
    """Accept as a talk or a poster, or decline. Nobody is told before the release; after it nothing changes."""
    symposium = _locked(abstract.symposium)
    if symposium.released_at is not None:
        raise Refused("The decisions are out. Write to the authors yourself.")
    if decision and decision not in Decision.values:
        raise Refused("Accept it as a talk or a poster, or decline it.")
    changes: dict[str, Any] = {"decision": decision}
    if decision != Decision.TALK and decision != Decision.POSTER:
        changes["session"] = None
    Abstract.objects.filter(pk=abstract.pk).update(**changes)


@transaction.atomic
def release(symposium: Symposium, *, by: User, now: datetime) -> int:
    """Tell every author what was decided, once, and number the posters. Says how many mails go out.

    Raises Refused while something is undecided.
    """
    symposium = _locked(symposium)
    if symposium.released_at is not None:
        return 0
    if now < symposium.deadline:
        raise Refused("The deadline is still to come.")
    undecided = symposium.abstracts.live().filter(decision="").count()
    if undecided:
        raise Refused(f"{undecided} {'is' if undecided == 1 else 'are'} not decided yet.")
    number_posters(symposium)
    symposium.released_at = now
    symposium.save(update_fields=["released_at"])
    audit.record(by, "symposium-decisions-released", symposium)
    return tell_many(
        notifications.AbstractDecided,
        (
            Due(about=abstract, slot="decision", address=abstract.email)
            for abstract in symposium.abstracts.live()
            if abstract.email
        ),
        now=now,
    )


def number_posters(symposium: Symposium) -> int:
    """Give every accepted poster without a number the next one; a number once given stays."""
    last = symposium.abstracts.aggregate(last=Max("poster_number"))["last"] or 0
    rows = (
        symposium.abstracts.live()
        .filter(decision=Decision.POSTER, poster_number=None)
        .order_by("created_at", "pk")
    )
    for number, abstract in enumerate(rows, last + 1):
        Abstract.objects.filter(pk=abstract.pk).update(poster_number=number)
    return len(rows)


# ── The programme ──


def _persons_of(session: ProgrammeSession, *, without: Abstract | None = None) -> dict[str, str]:
    """Who has to be in a session: address to name."""
    people = {}
    if session.chair_email:
        people[session.chair_email.lower()] = session.chair_name
    authors = AbstractAuthor.objects.filter(
        abstract__session=session, abstract__state=State.SUBMITTED, presents=True
    ).exclude(email="")
    if without is not None:
        authors = authors.exclude(abstract=without)
    people.update({author.email.lower(): author.name for author in authors})
    return people


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
    _locked(abstract.symposium)
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
    if abstract.state != State.SUBMITTED or wanted is None:
        raise Refused("Only what is accepted comes on the programme.")
    if session.kind != wanted:
        raise Refused("Talks come into sessions of talks, posters into sessions of posters.")
    if session.kind == ProgrammeSession.Kind.TALKS:
        there = session.abstracts.live().exclude(pk=abstract.pk).count()
        minutes = (session.ends_at - session.starts_at).total_seconds() / 60
        if (there + 1) * session.track.symposium.talk_minutes > minutes:
            raise Refused(f"“{session.title}” is full: there is time for {there} talks.")
    names = {author.email.lower(): author.name for author in abstract.authors.all()}
    if problem := clash_of(session, {key: names[key] for key in presenting(abstract)}, moving=abstract):
        raise Refused(problem)
    last = session.abstracts.exclude(pk=abstract.pk).aggregate(last=Max("position"))["last"]
    Abstract.objects.filter(pk=abstract.pk).update(session=session, position=0 if last is None else last + 1)


@transaction.atomic
def move_within(abstract: Abstract, *, up: bool) -> bool:
    """One place earlier or later in its session. False at the end of the line."""
    _locked(abstract.symposium)
    abstract.refresh_from_db()
    if abstract.session_id is None:
        return False
    rows = list(Abstract.objects.live().filter(session=abstract.session_id).order_by("position", "pk"))
    here = next((at for at, row in enumerate(rows) if row.pk == abstract.pk), None)
    there = None if here is None else here + (-1 if up else 1)
    if here is None or there is None or not 0 <= there < len(rows):
        return False
    rows[here], rows[there] = rows[there], rows[here]
    for position, row in enumerate(rows):
        Abstract.objects.filter(pk=row.pk).update(position=position)
    return True


@transaction.atomic
def save_session(session: ProgrammeSession) -> ProgrammeSession:
    """Make or change a session. Raises Refused where its track is taken, or somebody would be in two rooms at once."""
    symposium = _locked(session.track.symposium)
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
def publish(symposium: Symposium, *, is_public: bool, now: datetime) -> None:
    """Show the programme to everybody, or take it back."""
    symposium = _locked(symposium)
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


# ── Co-hosts and guests ──


@transaction.atomic
def invite_lead(co_host: CoHost, *, now: datetime) -> bool:
    """Mail the lead of another club the link to their page; at most once a day."""
    lead = co_host.lead
    if lead is None or not lead.email:
        raise Refused("Give the club a lead with a mail address.")
    link_to(notifications.CO_HOST, co_host, co_host.symposium, now, contact=lead)
    day = timezone.localtime(now).date().isoformat()
    return tell(notifications.CoHostInvited, None, address=lead.email, about=co_host, slot=day, now=now)


@transaction.atomic
def ask_for_seat(
    symposium: Symposium, *, name: str, email: str, organization: Organization | None, now: datetime
) -> SymposiumGuest:
    """Somebody without an account asks for a seat: the link in their mail takes it. The same words for a known one."""
    email = email.strip().lower()
    try:
        with transaction.atomic():
            guest, _ = SymposiumGuest.objects.get_or_create(
                symposium=symposium,
                email=email,
                defaults={"name": name.strip(), "organization": organization, "created_at": now},
            )
    except IntegrityError:
        guest = SymposiumGuest.objects.get(symposium=symposium, email__iexact=email)
    link_to(notifications.SEAT, guest, symposium, now, address=email)
    day = timezone.localtime(now).date().isoformat()
    tell(notifications.SeatToConfirm, None, address=email, about=guest, slot=day, now=now)
    return guest


@transaction.atomic
def take_seat(guest: SymposiumGuest, *, now: datetime) -> registrations.Outcome:
    """The address is proven: register the guest as everybody is, in the line if it is full."""
    outcome = registrations.register(guest.symposium.event, name=guest.name, email=guest.email, now=now)
    if outcome.registration is not None and guest.registration_id != outcome.registration.pk:
        SymposiumGuest.objects.filter(pk=guest.pk).update(registration=outcome.registration)
    return outcome


@transaction.atomic
def give_seat_back(guest: SymposiumGuest, *, now: datetime) -> bool:
    registration = guest.registration
    if registration is None or not registration.is_live:
        return False
    registrations.cancel(registration, now=now)
    SymposiumGuest.objects.filter(pk=guest.pk).update(registration=None)
    return True


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What one club brought: `club` is None for our own members and whoever named no club."""

    club: Organization | None
    registered: int
    came: int
    handed_in: int
    accepted: int


def counts_of(symposium: Symposium) -> list[Counts]:
    """Registrations, attendance and abstracts of each co-host, and of everybody else in the last row."""
    guests: dict[Any, int] = {
        row["organization"]: row["n"]
        for row in SymposiumGuest.objects.filter(symposium=symposium, registration__state="going")
        .order_by()
        .values("organization")
        .annotate(n=Count("pk"))
    }
    came_addresses = Attendance.objects.filter(event=symposium.event_id, user=None).values("email")
    came: dict[Any, int] = {
        row["organization"]: row["n"]
        for row in SymposiumGuest.objects.filter(symposium=symposium, email__in=came_addresses)
        .order_by()
        .values("organization")
        .annotate(n=Count("pk"))
    }
    accepted = Q(decision__in=[Decision.TALK, Decision.POSTER])
    work: dict[Any, Any] = {
        row["authors__organization"]: row
        for row in symposium.abstracts.live()
        .order_by()
        .values("authors__organization")
        .annotate(n=Count("pk", distinct=True), ok=Count("pk", filter=accepted, distinct=True))
    }
    clubs = [row.organization for row in symposium.co_hosts.select_related("organization")]
    rows = [
        Counts(
            club=club,
            registered=guests.get(club.pk, 0),
            came=came.get(club.pk, 0),
            handed_in=work.get(club.pk, {}).get("n", 0),
            accepted=work.get(club.pk, {}).get("ok", 0),
        )
        for club in clubs
    ]
    everybody = Registration.objects.live().filter(event=symposium.event_id).count()
    all_came = Attendance.objects.filter(event=symposium.event_id).count()
    ours = work.get(None, {})
    rows.append(
        Counts(
            club=None,
            registered=everybody - sum(row.registered for row in rows),
            came=all_came - sum(row.came for row in rows),
            handed_in=ours.get("n", 0),
            accepted=ours.get("ok", 0),
        )
    )
    return rows


def abstracts_with_scores(symposium: Symposium) -> list[Abstract]:
    """What was handed in, best first, with `mean_score`, `done` and `dealt`."""
    return list(
        symposium.abstracts.live()
        .annotate(
            mean_score=Avg("reviews__score"),
            done=Count("reviews", filter=Q(reviews__score__isnull=False), distinct=True),
            dealt=Count("reviews", distinct=True),
        )
        .select_related("session__track")
        .prefetch_related("authors__organization")
        .order_by("-mean_score", "created_at", "pk")
    )


def forget_unproven(now: datetime) -> int:
    """Abstracts and guests whose address nobody proved go after a month; the tick calls it."""
    old = now - UNCONFIRMED_KEPT
    gone = Abstract.objects.filter(state=State.UNCONFIRMED, updated_at__lt=old).delete()[0]
    return gone + SymposiumGuest.objects.filter(registration=None, created_at__lt=old).delete()[0]
