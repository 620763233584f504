"""What home and the desk say of speakers: whom to thank, who has not answered, who has nobody to write to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, Value
from django.urls import reverse

from events.models import SpeakerVisit
from events.slot_cards import columns
from members.models import User
from mlclub.gather import Card, DeskItem, Section

State = SpeakerVisit.State
#: An invitation without an answer is asked about after so long.
UNANSWERED = timedelta(days=7)
#: What home says of a speaker.
TOLD = ("thank", "silent")


def _silent(now: datetime) -> Q:
    return Q(state=State.INVITED, since__lte=now - UNANSWERED)


def parts(user: User, now: datetime) -> list[Any]:
    """For the one query of home: the speakers whom `user` hosts and is to thank, or to write to again."""
    mine = SpeakerVisit.objects.filter(host=user)
    return [
        columns(rows, what, F("contact__name"), Value(""), F("since"))
        for rows, what in zip((mine.filter(state=State.SPOKE), mine.filter(_silent(now))), TOLD, strict=True)
    ]


def card(what: str, pk: int, name: str) -> Card:
    page = reverse("events:speaker_detail", args=[pk])
    if what == "thank":
        thank = reverse("events:speaker_thank", args=[pk])
        return Card(
            section=Section.DUE,
            title=f"Thank {name}",
            url=page,
            meta=("a draft is there",),
            icon="heart",
            action="Read and send",
            action_url=thank,
            weight=3,
        )
    return Card(
        section=Section.DUE,
        title=f"{name} has not answered for a week",
        url=page,
        meta=("you invited them",),
        icon="envelope",
        action="Look",
        action_url=page,
        weight=2,
    )


def desk(now: datetime) -> list[DeskItem]:
    """Of all speakers, in one query."""
    open_ = SpeakerVisit.objects.open()
    rows = list(
        open_.filter(Q(state=State.SPOKE) | _silent(now) | Q(host=None))
        .order_by("since", "pk")
        .values_list("pk", "contact__name", "state", "host_id")
    )
    items = []
    for found, title, action, icon in (
        ([row for row in rows if row[2] == State.SPOKE], "Speaker to thank", "Thank them", "heart"),
        (
            [row for row in rows if row[2] == State.INVITED and row[3] is not None],
            "Speaker who has not answered for a week",
            "Look",
            "envelope",
        ),
        (
            [row for row in rows if row[3] is None and row[2] != State.SPOKE],
            "Speaker without a host",
            "Find one",
            "user-minus",
        ),
    ):
        if found:
            one = reverse("events:speaker_detail", args=[found[0][0]])
            items.append(
                DeskItem(
                    group="Events",
                    title=title,
                    count=len(found),
                    url=one if len(found) == 1 else reverse("events:speaker_list"),
                    detail=", ".join(row[1] for row in found[:3]),
                    action=action,
                    icon=icon,
                )
            )
    return items
