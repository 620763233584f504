"""What needs an officer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from events import fairs, helping, rooms, speaker_cards
from events.gathered.programme import PROGRAMME
from events.models import Event, Material, Talk
from members.models import Club, User
from mlclub.gather import DeskItem

SOON = timedelta(days=7)
#: From when on a fair stands on the desk.
FAIR_NEAR = timedelta(days=14)
RECORDING_AFTER = timedelta(days=7)
#: Older ones are no longer asked for.
RECORDING_UNTIL = timedelta(days=60)


def desk(user: User, now: datetime) -> list[DeskItem]:
    """Events of the next days without a place or a host, two in one room, too few helpers; recordings that never came;
    speakers to thank, to ask again, or to host; fairs. In three queries."""
    if not user.has_perm("events.change_event"):
        return []
    hosted = Event.hosts.through.objects.filter(event=OuterRef("pk"))
    midnight = now.astimezone(Club.current().zone).replace(hour=0, minute=0, second=0, microsecond=0)
    soon = (
        Event.objects.scheduled()
        .annotate(
            is_hosted=Exists(hosted),
            is_crowded=rooms.with_another(),
            helper_count=helping.count_of_helpers(),
        )
        .filter(
            Q(
                Q(place="", online_url="")
                | Q(is_hosted=False)
                | Q(is_crowded=True)
                | Q(helpers_wanted__gt=F("helper_count")),
                starts_at__gt=now,
                starts_at__lt=midnight + SOON + timedelta(days=1),
            )
            | Q(pk__in=without_recording(now).order_by("-starts_at").values("pk")[:20])
        )
        .order_by("starts_at")
    )
    columns = ("pk", "slug", "title", "starts_at", "place", "online_url", "kind", "is_hosted", "is_crowded")
    found_rows = list(soon.values_list(*columns, "helpers_wanted", "helper_count", named=True))
    rows = [row for row in found_rows if row.starts_at > now]
    placeless = [row for row in rows if not row.place and not row.online_url]
    # A class has its lecturer; the programme's own desk says when it has none.
    hostless = [row for row in rows if not row.is_hosted and row.kind not in PROGRAMME]
    crowded = [row for row in rows if row.is_crowded]
    short = [row for row in rows if row.helpers_wanted > row.helper_count]
    items = []
    for found, title, action, icon in (
        (placeless, "Event in the next 7 days without a place", "Give it one", "map-pin"),
        (hostless, "Event in the next 7 days without a host", "Name one", "user-minus"),
        (crowded, "Events in the next 7 days with another in the same room", "Move one", "building-office"),
        (short, "Event in the next 7 days with too few helpers", "Ask somebody", "hand-raised"),
    ):
        if found:
            pk, slug = found[0].pk, found[0].slug
            page = {"user-minus": "events:event_edit", "hand-raised": ""}.get(icon, "events:event_move")
            one = reverse(page, args=[pk]) if page else reverse("events:event_detail", args=[pk, slug])
            items.append(
                DeskItem(
                    group="Events",
                    title=title,
                    count=len(found),
                    url=one if len(found) == 1 else reverse("events:event_detail", args=[pk, slug]),
                    detail=", ".join(row.title for row in found[:3]),
                    action=action,
                    icon=icon,
                )
            )
    missing = [row for row in reversed(found_rows) if row.starts_at <= now]
    if missing:
        items.append(
            DeskItem(
                group="Events",
                title="Recording missing for more than 7 days",
                count=len(missing),
                url=reverse("events:material_create", args=[missing[0].pk]),
                detail=", ".join(row.title for row in missing[:3]),
                action="Add it",
                icon="film",
            )
        )
    return items + speaker_cards.desk(now) + fair_items(now)


def fair_items(now: datetime) -> list[DeskItem]:
    """Companies that wait for an answer or a booth, and a fair that is near; in one query."""
    items = []
    for fair in fairs.open_matters(now):
        url = reverse("events:fair_companies", args=[fair["slug"]])
        title = fair["event__title"]
        waiting, boothless = fair["waiting"], fair["boothless"]
        if waiting:
            items.append(
                DeskItem(
                    group="Events",
                    title="Company waits for an answer",
                    count=waiting,
                    url=url,
                    detail=title,
                    action="Answer",
                    icon="building-office-2",
                )
            )
        if boothless:
            items.append(
                DeskItem(
                    group="Events",
                    title="Accepted company without a booth",
                    count=boothless,
                    url=url,
                    detail=title,
                    action="Give it one",
                    icon="map-pin",
                )
            )
        if now < fair["event__starts_at"] <= now + FAIR_NEAR:
            items.append(
                DeskItem(
                    group="Events",
                    title="Career fair in the next 14 days",
                    count=1,
                    url=url,
                    detail=title,
                    action="Look",
                    tone="info",
                    icon="calendar",
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
