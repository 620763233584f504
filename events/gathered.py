"""What events tell the pages that gather: see `mlclub.gather` for the shapes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Case, Count, Exists, FloatField, OuterRef, Q, When
from django.urls import reverse
from django.utils import timezone

from events import feeds, helping, registrations, slot_cards
from events.models import (
    Attendance,
    CalendarFeed,
    Claim,
    Event,
    HelperOffer,
    HelpTicket,
    Kind,
    Material,
    Registration,
    SlotQuestion,
    Talk,
)
from events.seats import seats_of
from members.models import Club, Term, User
from mlclub import search as text_search
from mlclub.gather import Card, Contribution, DeskItem, Figure, FrontItem, Hit, Item, Occurrence, Section

#: What belongs to the programme is told by the app that knows it.
PROGRAMME = [Kind.LECTURE, Kind.HOMEWORK_PARTY]
SOON = timedelta(days=7)
RECORDING_AFTER = timedelta(days=7)
#: Older ones are no longer asked for.
RECORDING_UNTIL = timedelta(days=60)
#: From then on an event counts as one of an earlier term.
LONG_AGO = timedelta(days=120)


def office_permissions() -> dict[str, list[str]]:
    """Every office may make and run events; the records of people belong to those who look after events."""
    own = [
        f"events.{verb}_{model}"
        for model in ("event", "series", "slotsheet")
        for verb in ("add", "change", "view")
    ]
    own += [
        f"events.{verb}_{model}"
        for model in ("talk", "material", "slot")
        for verb in ("add", "change", "delete", "view")
    ]
    own.append("events.view_feedbackform")
    records = [
        "events.change_feedbackform",
        "events.delete_feedbackform",
        "events.view_registration",
        "events.view_attendance",
        "events.add_attendance",
        "events.change_attendance",
        "events.delete_attendance",
        "events.export_registration",
        "events.delete_event",
        "events.delete_series",
        "events.view_claim",
        "events.change_claim",
        "events.view_swap",
        "events.view_slotquestion",
        "events.delete_slotquestion",
        "events.delete_slotsheet",
    ]
    return {"*": own, "president": records, "events": records}


def home(user: User, now: datetime) -> list[Card]:
    """The next events, those one goes to and those one could, each with its button; and slots, in a third query."""
    events = Event.objects.visible_to(user).scheduled().upcoming(now).filter(starts_at__lte=now + SOON)
    rows = list(events.exclude(kind__in=PROGRAMME).with_counts().defer("description", "search")[:8])
    cards = []
    for seat in seats_of(rows, user, now).values():
        event = seat.event
        meta = [event.get_kind_display(), event.where or "no place yet"]
        if seat.is_full or seat.is_scarce:
            meta.append(seat.fullness)
        elif seat.live:
            meta.append(f"{seat.live} going")
        cards.append(
            Card(
                section=Section.NEXT,
                title=event.title,
                url=event.get_absolute_url(),
                when=event.starts_at,
                meta=tuple(meta),
                icon="calendar",
                template="events/_going_card.html",
                data=seat,
            )
        )
    return cards + slot_cards.cards(user, now)


def desk(user: User, now: datetime) -> list[DeskItem]:
    """Events of the next days without a place or a host, and recordings that never came."""
    if not user.has_perm("events.change_event"):
        return []
    hosted = Event.hosts.through.objects.filter(event=OuterRef("pk"))
    midnight = now.astimezone(Club.current().zone).replace(hour=0, minute=0, second=0, microsecond=0)
    soon = (
        Event.objects.scheduled()
        .filter(starts_at__gt=now, starts_at__lt=midnight + SOON + timedelta(days=1))
        .annotate(is_hosted=Exists(hosted))
        .filter(Q(place="", online_url="") | Q(is_hosted=False))
        .order_by("starts_at")
    )
    rows = list(soon.values_list("pk", "slug", "title", "place", "online_url", "is_hosted", "kind"))
    placeless = [row for row in rows if not row[3] and not row[4]]
    # A class has its lecturer; the programme's own desk says when it has none.
    hostless = [row for row in rows if not row[5] and row[6] not in PROGRAMME]
    items = []
    for found, title, action, icon in (
        (placeless, "Event in the next 7 days without a place", "Give it one", "map-pin"),
        (hostless, "Event in the next 7 days without a host", "Name one", "user-minus"),
    ):
        if found:
            pk, slug = found[0][:2]
            page = "events:event_move" if icon == "map-pin" else "events:event_edit"
            one = reverse(page, args=[pk])
            items.append(
                DeskItem(
                    group="Events",
                    title=title,
                    count=len(found),
                    url=one if len(found) == 1 else reverse("events:event_detail", args=[pk, slug]),
                    detail=", ".join(row[2] for row in found[:3]),
                    action=action,
                    icon=icon,
                )
            )
    missing = list(without_recording(now).values_list("pk", "title")[:20])
    if missing:
        items.append(
            DeskItem(
                group="Events",
                title="Recording missing for more than 7 days",
                count=len(missing),
                url=reverse("events:material_create", args=[missing[0][0]]),
                detail=", ".join(title for _, title in missing[:3]),
                action="Add it",
                icon="film",
            )
        )
    return items


def without_recording(now: datetime) -> Any:
    """Past events whose speakers agreed to a recording that is not there."""
    recorded = Material.objects.filter(event=OuterRef("pk"), kind=Material.Kind.RECORDING)
    agreed = Talk.objects.filter(event=OuterRef("pk"), may_record=True)
    return (
        Event.objects.scheduled()
        .filter(ends_at__lt=now - RECORDING_AFTER, ends_at__gt=now - RECORDING_UNTIL)
        .filter(Exists(agreed), ~Exists(recorded))
        .order_by("-starts_at")
    )


def digest(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """The events of the coming days that each person may see; their own are no filler."""
    events = list(
        Event.objects.scheduled()
        .between(since, until)
        .exclude(kind__in=PROGRAMME)
        .with_counts()
        .prefetch_related("hosts")
        .defer("description", "search")
    )
    keys = [event.pk for event in events]
    by_key = {event.pk: event for event in events}
    going: dict[int, set[int]] = {}
    for person, key in (
        Registration.objects.live().filter(event__in=keys, user__in=users).values_list("user", "event")
    ):
        going.setdefault(person or 0, set()).add(key)
    invited: dict[int, set[int]] = {}
    for person, key in Event.invited.through.objects.filter(event__in=keys, user__in=users).values_list(
        "user", "event"
    ):
        invited.setdefault(person, set()).add(key)
    speaking: dict[int, list[int]] = {}
    talks = Talk.speakers.through.objects.filter(talk__event__in=keys, user__in=users)
    for person, key in talks.values_list("user", "talk__event"):
        speaking.setdefault(person, []).append(key)
    answer = {}
    slots = slot_cards.lines(users, since, until)
    for user in users:
        mine = going.get(user.pk, set())
        known = mine | invited.get(user.pk, set())
        hosted = {event.pk for event in events if event.is_hosted_by(user)}
        items = slots.get(user.pk, []) + [
            Item(
                section="For you",
                text=f"You speak at {by_key[key].title}",
                url=by_key[key].get_absolute_url(),
                when=by_key[key].starts_at,
                weight=5,
            )
            for key in speaking.get(user.pk, [])
        ]
        for event in events:
            open_to = event.is_public or (event.visibility == "members" and user.standing.reads_members_area)
            if not (open_to or event.pk in known or event.pk in hosted):
                continue
            is_mine = event.pk in mine
            words = [event.title, event.where or "no place yet"]
            count = getattr(event, "live_count", 0)
            if count:
                words.append(f"{count} going")
            items.append(
                Item(
                    section="This week",
                    text=", ".join(words),
                    url=event.get_absolute_url(),
                    action="" if is_mine else "Going",
                    when=event.starts_at,
                    weight=1 if is_mine else 0,
                    is_filler=not is_mine,
                )
            )
        if items:
            answer[user.pk] = items
    return answer


def search(query: str, user: Any, limit: int) -> list[Hit]:
    """Events that fit; what is to come stands above what is over, and that above what is long over."""
    now = timezone.now()
    weight = Case(
        When(ends_at__gte=now, then=1.0),
        When(ends_at__gte=now - LONG_AGO, then=0.8),
        default=0.6,
        output_field=FloatField(),
    )
    rows = text_search.rank(
        Event.objects.visible_to(user),
        query,
        body_field="description",
        weight=weight,
        newest_by="starts_at",
        limit=limit,
    )
    return [
        Hit(
            kind="Event",
            title=row.title,
            url=row.get_absolute_url(),
            headline=row.headline if "<mark>" in row.headline else row.summary,
            rank=row.rank,
            meta=(row.get_kind_display(), f"{timezone.localtime(row.starts_at):%-d %b %Y}"),
        )
        for row in rows
    ]


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
    hosted = [
        Contribution(verb="hosted", title=event.title, url=event.get_absolute_url(), on=event.starts_at)
        for event in visible.filter(hosts=person).order_by("-starts_at")[:10]
    ]
    return given + hosted


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


def address_verified(user: User, email: str) -> None:
    """What was written under a now verified address belongs to the account."""
    registrations.merge_into_account(user, email)


def tick(now: datetime) -> None:
    """Offers that ran out, help that nobody needs any more, and notes that are to be forgotten."""
    registrations.expire_offers(now)
    helping.close_over(now)
    registrations.erase_notes(now)


def personal_data(person: User) -> dict[str, Any]:
    return {
        "event registrations": [
            {
                "event": row.event.title,
                "starts_at": row.event.starts_at.isoformat(),
                "state": row.get_state_display(),
                "registered_at": row.created_at.isoformat(),
                "cancelled_at": row.cancelled_at.isoformat() if row.cancelled_at else None,
                "reason": row.reason,
                "note": row.note,
            }
            for row in Registration.objects.filter(user=person).select_related("event")
        ],
        "event attendance": [
            {"event": row.event.title, "at": row.at.isoformat(), "source": row.get_source_display()}
            for row in Attendance.objects.filter(user=person).select_related("event")
        ],
        "help asked for": [
            {
                "event": row.event.title,
                "about": row.about,
                "text": row.text,
                "state": row.get_state_display(),
                "at": row.created_at.isoformat(),
            }
            for row in HelpTicket.objects.filter(person=person).select_related("event")
        ],
        "help offered": [
            {"event": row.event.title, "at": row.said_at.isoformat()}
            for row in HelperOffer.objects.filter(person=person).select_related("event")
        ],
        "talks": [
            {"event": talk.event.title, "at": talk.event.starts_at.isoformat(), "title": talk.title}
            for talk in Talk.objects.filter(speakers=person).select_related("event")
        ],
        "slots": list(
            Claim.objects.filter(person=person).values(
                "slot__sheet__title", "slot__title", "state", "rank", "topic", "claimed_at", "ended_at"
            )
        ),
        "questions before talks": list(
            SlotQuestion.objects.filter(author=person).values("slot__sheet__title", "text", "asked_at")
        ),
        "calendar addresses": [
            {
                "created_at": feed.created_at.isoformat(),
                "revoked_at": feed.revoked_at.isoformat() if feed.revoked_at else None,
            }
            for feed in CalendarFeed.objects.filter(user=person)
        ],
    }
