"""Events in search, calendars, profiles, numbers and on the front page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Avg,
    BigIntegerField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    FloatField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, Substr
from django.urls import reverse
from django.utils import timezone

from events import feeds
from events.gathered.programme import PROGRAMME
from events.models import Attendance, Event, Kind, Material, Registration, SpeakerVisit, Talk
from members.models import Term, User
from mlclub.gather import Contribution, Figure, FrontItem, Hit, Occurrence
from mlclub.search import Source
from mlclub.search.meaning import Subject

#: From then on an event counts as one of an earlier term.
LONG_AGO = timedelta(days=120)

#: So many of the events that somebody hosted stand on their page.
HOSTED = 10
#: And so many of those that they were thanked for.
THANKED = 20


def findable(user: Any, now: datetime) -> list[Source]:
    """Events, those with a recording as recordings; and for whoever looks after speakers, these.

    What is to come stands above what is over, and that above what is long over.
    """
    weight = Case(
        When(ends_at__gte=now, then=1.0),
        When(ends_at__gte=now - LONG_AGO, then=0.8),
        default=0.6,
        output_field=FloatField(),
    )
    reads = user.is_authenticated and user.standing.reads_members_area
    recordings = Material.objects.recordings_for(now, reads_members_area=reads)
    sources = [
        Source(
            kind="Event",
            rows=Event.objects.visible_to(user),
            body="description",
            weight=weight,
            newest_by="starts_at",
            beside=lambda asked: Q(pk__in=Talk.objects.filter(search=asked).values("event")),
            facts={name: name for name in ("title", "slug", "summary", "kind", "starts_at")}
            | {"is_recorded": Exists(recordings.filter(event=OuterRef("pk")))},
            hit=_event,
            in_term=lambda rows, term: rows.filter(term=term),
        )
    ]
    if user.is_authenticated and (user.standing.writes or user.has_perm("events.view_speakervisit")):
        sources.append(
            Source(
                kind="Speaker",
                rows=SpeakerVisit.objects.visible_to(user),
                matching=_speakers,
                title="contact__name",
                newest_by="since",
                facts={
                    "name": "contact__name",
                    "affiliation": "affiliation",
                    "organization": "contact__organization__name",
                    "title": "title",
                    "state": "state",
                },
                hit=_speaker,
            )
        )
    return sources


def _event(row: dict[str, Any]) -> Hit:
    starts_at = datetime.fromisoformat(row["starts_at"])
    return Hit(
        kind="Recording" if row["is_recorded"] else "Event",
        title=row["title"],
        url=reverse("events:event_detail", args=[row["pk"], row["slug"] or "event"]),
        headline=row["summary"],
        meta=(
            str(Kind(row["kind"]).label),
            f"{timezone.localtime(starts_at):%-d %b %Y}",
            *(("with a recording",) if row["is_recorded"] else ()),
        ),
    )


def _speakers(rows: Any, query: str) -> Any:
    """Speakers by name, place of work and what they speak about."""
    for word in query.split()[:4]:
        rows = rows.filter(
            Q(contact__name__unaccent__icontains=word)
            | Q(contact__organization__name__icontains=word)
            | Q(affiliation__icontains=word)
            | Q(title__icontains=word)
        )
    by_name = When(contact__name__unaccent__icontains=query, then=0.6)
    return rows.annotate(fit=Case(by_name, default=0.2, output_field=FloatField()))


def _speaker(row: dict[str, Any]) -> Hit:
    return Hit(
        kind="Speaker",
        title=row["name"],
        url=reverse("events:speaker_detail", args=[row["pk"]]),
        headline=row["title"],
        meta=tuple(
            filter(
                None,
                [row["affiliation"] or row["organization"], SpeakerVisit.State(row["state"]).label.lower()],
            )
        ),
    )


def subjects() -> list[Subject]:
    """Events are found by what they say."""
    return [Subject(model=Event, body=("summary", "description"))]


def names_of_things() -> Iterator[str]:
    """What events and their talks are called."""
    for title, summary in Event.objects.values_list("title", "summary").iterator():
        yield f"{title} {summary}"
    for title, speakers in Talk.objects.values_list("title", "speaker_names").iterator():
        yield f"{title} {speakers}"


def calendar(user: User, since: datetime, until: datetime) -> list[Occurrence]:
    return feeds.entries_of(user, since, until, timezone.now())


def contributions(person: User, viewer: User) -> list[Contribution]:
    """Talks given and events hosted, as far as the viewer may see them."""
    visible = Event.objects.visible_to(viewer).scheduled().filter(starts_at__lte=timezone.now())
    talks = (
        Talk.objects.filter(speakers=person, event__in=visible)
        .select_related("event")
        .order_by("-event__starts_at")
    )
    given = [
        Contribution(
            verb="taught" if talk.event.kind in PROGRAMME else "spoke at",
            title=talk.title or talk.event.title,
            url=talk.event.get_absolute_url(),
            on=talk.event.starts_at,
        )
        for talk in talks[:20]
    ]
    return given + _hosted(person, visible)


def _hosted(person: User, visible: Any) -> list[Contribution]:
    """The last events that the person hosted, and those that they were thanked for last; one query."""
    hosts = Event.hosts.through.objects.filter(event=OuterRef("pk"), user=person)
    thanks = person.thanks_got.about("events.event")
    number = Cast(Substr("about", len("events.event:") + 1), BigIntegerField())
    last = thanks.annotate(event=number).order_by("-at", "-pk").values("event")[:THANKED]
    about_it = thanks.filter(about=Concat(Value("events.event:"), Cast(OuterRef("pk"), CharField())))
    first = Case(When(pk__in=last, then=Subquery(about_it.order_by("at").values("at")[:1])))
    rows = (
        visible.annotate(is_host=Exists(hosts), thanked_at=first)
        .filter(Q(is_host=True) | Q(pk__in=last))
        # All that they were thanked for come first, so that the rest holds the last that they hosted.
        .order_by(F("thanked_at").asc(nulls_last=True), "-starts_at")[: THANKED + HOSTED]
    )
    hosted = sorted((row for row in rows if row.is_host), key=lambda row: row.starts_at, reverse=True)
    said = [("hosted", row, row.starts_at) for row in hosted[:HOSTED]]
    said += [("was thanked for", row, row.thanked_at) for row in rows if row.thanked_at]
    return [
        Contribution(verb=verb, title=row.title, url=row.get_absolute_url(), on=on) for verb, row, on in said
    ]


def numbers(term: Term) -> list[Figure]:
    """How many events a term had, and how full the general meetings were."""
    events = Event.objects.scheduled().filter(term=term, starts_at__lte=timezone.now())
    meetings = events.filter(kind=Kind.MEETING).annotate(there=Count("attendances")).filter(there__gt=0)
    mean = meetings.aggregate(mean=Avg("there"), n=Count("pk"))
    counts = (
        Registration.objects.live()
        .filter(event__in=events, user__isnull=False)
        .aggregate(
            n=Count("pk"),
            came=Count(
                "pk", filter=Exists(Attendance.objects.filter(event=OuterRef("event"), user=OuterRef("user")))
            ),
        )
    )
    figures = [
        Figure(
            name="events",
            value=events.count(),
            n=events.count(),
            definition="Events that took place in the term.",
        )
    ]
    if mean["n"]:
        figures.append(
            Figure(
                name="people at a general meeting",
                value=round(mean["mean"], 1),
                n=mean["n"],
                definition="Mean number of people checked in; n is how many meetings.",
            )
        )
    if counts["n"]:
        figures.append(
            Figure(
                name="show rate",
                value=round(counts["came"] / counts["n"], 3),
                n=counts["n"],
                definition="Of those registered with an account, the share that was checked in.",
            )
        )
    return figures


def front(now: datetime) -> list[FrontItem]:
    """The next public events."""
    events = Event.objects.public().scheduled().upcoming(now).filter(starts_at__lte=now + timedelta(days=60))
    return [
        FrontItem(
            kind="event",
            title=event.title,
            url=event.get_absolute_url(),
            when=event.starts_at,
            meta=tuple(filter(None, [event.get_kind_display(), event.where])),
        )
        for event in events.defer("description", "search")[:5]
    ]
